"""What the endpoint is asked for. Its answers are in `generation_result`."""

from dataclasses import dataclass
from enum import StrEnum

from contract.base_model import ID_PATTERN, SHA256_PATTERN
from contract.document import FORMAT, Fields, parse_object, write_object
from contract.errors import InvalidDocumentError
from contract.generation_source import (
    UPSCALE_FACTORS,
    Mask,
    Outpaint,
    SourceImage,
    mask_object,
    outpaint_object,
    read_mask,
    read_outpaint,
    read_source,
    source_object,
)
from contract.s3_location import MAX_URI_CHARACTERS, S3Location
from contract.training_job import ULID_PATTERN

MAX_PROMPTS = 20
MAX_PROMPT_CHARACTERS = 2000
MAX_WEIGHT = 10.0
MAX_CFG_SCALE = 35.0
MAX_SAMPLING_STEPS = 150
MAX_SAMPLES = 4
MAX_SEED = 2**32 - 1
MIN_SIDE, MAX_SIDE, SIDE_MULTIPLE = 64, 2048, 8
STYLE_SLOT = "{prompt}"

GENERATION_ID_PATTERN = rf"gen_{ULID_PATTERN}"


class Sampler(StrEnum):
    """The sampler names of the API."""

    DDIM = "DDIM"
    DDPM = "DDPM"
    K_DPMPP_2M = "K_DPMPP_2M"
    K_DPMPP_2S_ANCESTRAL = "K_DPMPP_2S_ANCESTRAL"
    K_DPM_2 = "K_DPM_2"
    K_DPM_2_ANCESTRAL = "K_DPM_2_ANCESTRAL"
    K_EULER = "K_EULER"
    K_EULER_ANCESTRAL = "K_EULER_ANCESTRAL"
    K_HEUN = "K_HEUN"
    K_LMS = "K_LMS"


@dataclass(frozen=True)
class Prompt:
    """A text and its weight; a negative weight makes a negative prompt."""

    text: str
    weight: float = 1.0


@dataclass(frozen=True)
class Style:
    """A style preset: `prompt` holds `{prompt}` where the caller's own goes."""

    name: str
    prompt: str
    negative_prompt: str


@dataclass(frozen=True)
class AdapterReference:
    """Which adapter to use: the folder in S3, and the checksum that its file must have."""

    uri: S3Location
    sha256: str


# The name of a request's document; it lies beside its progress, and is gone when it is withdrawn.
REQUEST_FILE = "request.json"


@dataclass(frozen=True)
class GenerationRequest:
    """`request.json`: one image per seed, sides in pixels.

    `width` and `height` are those of what is drawn, before `outpaint` adds its sides and `upscale`
    (2 or 4) multiplies them. `mask` and `outpaint` need a `source`, and exclude each other.
    `few_step` asks for the base's distilled adapter (Luo et al. 2023, arXiv:2311.05556).
    """

    generation_id: str
    progress_uri: S3Location
    base_model: str
    adapter: AdapterReference | None
    prompts: tuple[Prompt, ...]
    style: Style | None
    cfg_scale: float
    steps: int
    seeds: tuple[int, ...]
    width: int
    height: int
    sampler: Sampler
    source: SourceImage | None = None
    mask: Mask | None = None
    outpaint: Outpaint | None = None
    upscale: int | None = None
    few_step: bool = False

    @property
    def own_uri(self) -> S3Location:
        """Where the request itself lies."""
        folder = self.progress_uri.key.rpartition("/")[0]
        return S3Location(self.progress_uri.bucket, f"{folder}/{REQUEST_FILE}")

    @classmethod
    def from_json(cls, text: str | bytes) -> "GenerationRequest":
        """Read a request; raises InvalidDocumentError for anything but an exact one."""
        fields = parse_object(text, "generation request")
        fields.format()
        request = cls(
            generation_id=fields.text("generation_id", pattern=GENERATION_ID_PATTERN),
            progress_uri=_location(fields, "progress_uri"),
            base_model=fields.text("base_model", pattern=ID_PATTERN),
            adapter=_adapter(fields.optional_fields("adapter")),
            prompts=tuple(
                _prompt(Fields.of(entry, "generation request: 'prompts'"))
                for entry in fields.items("prompts", 1, MAX_PROMPTS)
            ),
            style=_style(fields.optional_fields("style")),
            cfg_scale=fields.number("cfg_scale", 0.0, MAX_CFG_SCALE),
            steps=fields.integer("steps", 1, MAX_SAMPLING_STEPS),
            seeds=tuple(
                Fields({"seed": seed}, "generation request: 'seeds'").integer("seed", 0, MAX_SEED)
                for seed in fields.items("seeds", 1, MAX_SAMPLES)
            ),
            width=_side(fields, "width"),
            height=_side(fields, "height"),
            sampler=fields.choice("sampler", Sampler),
            source=read_source(fields.optional_fields("source")),
            mask=read_mask(fields.optional_fields("mask")),
            outpaint=read_outpaint(fields.optional_fields("outpaint")),
            upscale=fields.optional_integer("upscale", min(UPSCALE_FACTORS), max(UPSCALE_FACTORS)),
            few_step=fields.boolean("few_step"),
        )
        fields.finish()
        _check(request)
        return request

    def to_json(self) -> str:
        """Write it; what the reader would refuse is refused here."""
        adapter, style = self.adapter, self.style
        text = write_object(
            {
                "format": FORMAT,
                "generation_id": self.generation_id,
                "progress_uri": str(self.progress_uri),
                "base_model": self.base_model,
                "adapter": adapter and {"uri": str(adapter.uri), "sha256": adapter.sha256},
                "prompts": [{"text": p.text, "weight": p.weight} for p in self.prompts],
                "style": style
                and {
                    "name": style.name,
                    "prompt": style.prompt,
                    "negative_prompt": style.negative_prompt,
                },
                "cfg_scale": self.cfg_scale,
                "steps": self.steps,
                "seeds": list(self.seeds),
                "width": self.width,
                "height": self.height,
                "sampler": self.sampler.value,
                "source": source_object(self.source),
                "mask": mask_object(self.mask),
                "outpaint": outpaint_object(self.outpaint),
                "upscale": self.upscale,
                "few_step": self.few_step,
            }
        )
        GenerationRequest.from_json(text)
        return text


def _check(request: GenerationRequest) -> None:
    """What two fields must agree on."""
    if all(prompt.weight <= 0 for prompt in request.prompts):
        raise InvalidDocumentError("generation request: 'prompts' needs one of weight above 0")
    if request.source is None and (request.mask or request.outpaint):
        raise InvalidDocumentError("generation request: 'mask' and 'outpaint' need a 'source'")
    if request.mask and request.outpaint:
        raise InvalidDocumentError("generation request: 'mask' and 'outpaint' exclude each other")
    if request.upscale is not None and request.upscale not in UPSCALE_FACTORS:
        raise InvalidDocumentError("generation request: 'upscale' must be 2 or 4")


def _location(fields: Fields, name: str) -> S3Location:
    text = fields.text(name, maximum=MAX_URI_CHARACTERS)
    try:
        return S3Location.parse(text)
    except InvalidDocumentError as error:
        raise fields.wrong(name, "must be an address s3://bucket/key") from error


def _adapter(fields: Fields | None) -> AdapterReference | None:
    if fields is None:
        return None
    adapter = AdapterReference(
        _location(fields, "uri"), fields.text("sha256", pattern=SHA256_PATTERN)
    )
    fields.finish()
    return adapter


def _prompt(fields: Fields) -> Prompt:
    prompt = Prompt(
        fields.text("text", maximum=MAX_PROMPT_CHARACTERS),
        fields.number("weight", -MAX_WEIGHT, MAX_WEIGHT),
    )
    fields.finish()
    return prompt


def _style(fields: Fields | None) -> Style | None:
    if fields is None:
        return None
    style = Style(
        name=fields.text("name", maximum=64),
        prompt=fields.text("prompt", maximum=MAX_PROMPT_CHARACTERS),
        negative_prompt=fields.text("negative_prompt", minimum=0, maximum=MAX_PROMPT_CHARACTERS),
    )
    fields.finish()
    if STYLE_SLOT not in style.prompt:
        raise fields.wrong("prompt", f"must hold {STYLE_SLOT}")
    return style


def _side(fields: Fields, name: str) -> int:
    side = fields.integer(name, MIN_SIDE, MAX_SIDE)
    if side % SIDE_MULTIPLE:
        raise fields.wrong(name, f"must be a multiple of {SIDE_MULTIPLE}")
    return side
