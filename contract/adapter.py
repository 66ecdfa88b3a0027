"""The adapter: what a training leaves behind and the endpoint swaps in.

`adapter.safetensors` holds, in one file, fp32 or fp16 tensors under these keys:

- `unet.<module>.lora_A.weight` of shape (rank, in) and `unet.<module>.lora_B.weight` of shape
  (out, rank): LoRA on the modules named by the manifest's `targets`, which are the attention
  projections; or these and the convolutions, with shapes (rank, in, 3, 3) and (out, rank, 1, 1).
  This is the naming of peft and diffusers: a stock pipeline reads it with
  `load_lora_weights({key: t for key, t in tensors.items() if key.startswith("unet.")})`.
  A transformer's keys begin with `transformer.` instead (`contract/architecture.py`).
  LoRA's alpha equals its rank, so its scale is 1 and no alpha is stored.
- `clip_l` of shape (vectors, width) and, for SDXL, `clip_g`: the learned embeddings of the
  subject's token for the first and second text encoder (pivotal tuning; also the names that
  diffusers' `load_textual_inversion` recipes use).

No other keys. `manifest.json` beside it says for which base model it was made, and its checksum.
Both are immutable: a new training writes a new prefix.
"""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from contract.base_model import SHA256_PATTERN, BaseModel
from contract.document import FORMAT, Fields, Scalar, parse_object, write_object
from contract.errors import ChecksumError

ADAPTER_FILE = "adapter.safetensors"
MANIFEST_FILE = "manifest.json"
METRICS_FILE = "metrics.json"
# Beside them where the run had to make class images: for other runs on the same base and class.
CLASS_IMAGES_FILE = "class-images.safetensors"

UNET_PREFIX = "unet."
# Self- and cross-attention projections, the same for every adapter of a recipe: so the endpoint can
# copy tensors in place instead of rebuilding the model.
TARGETS = ("to_k", "to_out.0", "to_q", "to_v")
# Those of a UNet's residual blocks. Where the finest level has no attention, they are what can
# learn its small features.
CONVOLUTIONS = ("conv1", "conv2")
TOKEN_KEYS = ("clip_l", "clip_g")

MAX_RANK = 256
MAX_TOKEN_VECTORS = 8
MAX_ADAPTER_BYTES = 2 * 1024**3
TOKEN_PATTERN = r"<[a-z0-9][a-z0-9_-]{0,30}>"  # noqa: S105 - the word that stands for the subject
NOUN_PATTERN = r"\w(?:[\w '’-]{0,62}\w)?"
_TARGET_PATTERN = r"[a-z0-9_]+(?:\.[a-z0-9_]+)*"
_MIB = 1024 * 1024


@dataclass(frozen=True)
class AdapterScores:
    """How the published checkpoint did, as `metrics` say; `training/evaluation.py` defines them.

    `measure` names the encoder, `prompt_fidelity` is None where it knows no texts.
    """

    measure: str
    step: int
    identity: float
    prompt_fidelity: float | None
    likeness: float
    score: float


@dataclass(frozen=True)
class AdapterManifest:
    """What `manifest.json` says. `training` and `metrics` are open, flat objects."""

    base_model: BaseModel
    rank: int
    targets: tuple[str, ...]
    token: str
    class_noun: str
    training: Mapping[str, Scalar]
    metrics: Mapping[str, Scalar]
    sha256: str
    size_bytes: int

    @property
    def has_finite_loss(self) -> bool:
        """Whether the training measured its loss at the end, and it was a number."""
        loss = self.metrics.get("loss_last")
        return isinstance(loss, int | float) and not isinstance(loss, bool)

    @property
    def scores(self) -> AdapterScores | None:
        """The scores, or None where the training was not measured, or not so."""
        metrics = self.metrics
        names = ("identity", "likeness", "score")
        numbers = [_number(metrics.get(name)) for name in names]
        measure, step = metrics.get("measure"), metrics.get("chosen_step")
        if not isinstance(measure, str) or not isinstance(step, int) or None in numbers:
            return None
        identity, likeness, score = (float(number or 0.0) for number in numbers)
        fidelity = _number(metrics.get("prompt_fidelity"))
        return AdapterScores(measure, step, identity, fidelity, likeness, score)

    @property
    def kind(self) -> str:
        """The subject's kind as the training was told, empty if the manifest does not say."""
        return str(self.training.get("kind") or "")

    @classmethod
    def from_json(cls, text: str | bytes) -> "AdapterManifest":
        """Read a manifest; raises InvalidDocumentError for anything but an exact one."""
        fields = parse_object(text, "adapter manifest")
        fields.format()
        targets = fields.items("targets", 1, 64)
        manifest = cls(
            base_model=BaseModel.from_fields(fields.fields("base_model")),
            rank=fields.integer("rank", 1, MAX_RANK),
            targets=tuple(
                Fields({"target": target}, "adapter manifest: 'targets'").text(
                    "target", pattern=_TARGET_PATTERN
                )
                for target in targets
            ),
            token=fields.text("token", pattern=TOKEN_PATTERN),
            class_noun=fields.text("class_noun", maximum=64, pattern=NOUN_PATTERN),
            training=fields.scalars("training"),
            metrics=fields.scalars("metrics"),
            sha256=fields.text("sha256", pattern=SHA256_PATTERN),
            size_bytes=fields.integer("size_bytes", 1, MAX_ADAPTER_BYTES),
        )
        fields.finish()
        return manifest

    def to_json(self) -> str:
        """Write the manifest; what the reader would refuse is refused here."""
        text = write_object(
            {
                "format": FORMAT,
                "base_model": self.base_model.to_document(),
                "rank": self.rank,
                "targets": list(self.targets),
                "token": self.token,
                "class_noun": self.class_noun,
                "training": dict(self.training),
                "metrics": dict(self.metrics),
                "sha256": self.sha256,
                "size_bytes": self.size_bytes,
            }
        )
        AdapterManifest.from_json(text)
        return text

    def verify(self, path: Path) -> None:
        """Raise ChecksumError unless the file at `path` is the one that was published."""
        if path.stat().st_size != self.size_bytes:
            raise ChecksumError("the adapter's size differs from its manifest")
        if file_sha256(path) != self.sha256:
            raise ChecksumError("the adapter's checksum differs from its manifest")


def _number(value: Scalar) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)


def file_sha256(path: Path) -> str:
    """SHA-256 of a file as 64 hex digits, read piece by piece."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_MIB):
            digest.update(piece)
    return digest.hexdigest()


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file so that a reader sees the old one or the new one, never a part.

    Where that fails, nothing is left behind: on a full disk, the part would take the last room.
    """
    data = content.encode() if isinstance(content, str) else content
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
