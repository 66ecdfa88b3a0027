"""`few_step/` beside a base model's parts: an adapter that lets it draw in a few steps.

It is a LoRA distilled from the base (LCM-LoRA: Luo et al. 2023, arXiv:2311.05556), in the format of
`contract/adapter.py` without a learned word: fp32 or fp16 tensors `unet.<module>.lora_A.weight` and
`…lora_B.weight`, here on any module, of one rank, with scale 1.

It is published with the base and no part of its hash: subjects' adapters do not depend on it, and a
base gets one later without losing them. `config.json` binds it the other way: it names the hash of
the base that it was distilled from, and the checksum of the adapter.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from contract.adapter import MAX_ADAPTER_BYTES, MAX_RANK, file_sha256, write_whole
from contract.base_model import SHA256_PATTERN, BaseModel
from contract.document import FORMAT, MAX_DOCUMENT_BYTES, Fields, parse_object, write_object
from contract.errors import BaseFolderError, ChecksumError, InvalidDocumentError

FEW_STEP_FOLDER = "few_step"
CONFIG_FILE = "config.json"
TENSORS_FILE = "adapter.safetensors"
MAX_FEW_STEPS = 50
MAX_FEW_STEP_CFG_SCALE = 10.0
_MAX_TRAIN_STEPS = 1000


class FewStepSolver(StrEnum):
    """How to sample with it: diffusers' names."""

    LCM = "LCMScheduler"


@dataclass(frozen=True)
class Range:
    """What a number may be, and what it is unless given."""

    minimum: float
    maximum: float
    default: float


@dataclass(frozen=True)
class FewStepTier:
    """`few_step/config.json`.

    `original_steps`: in how many leaps the teacher's way was divided; as many steps are the most.
    """

    base_hash: str
    rank: int
    solver: FewStepSolver
    original_steps: int
    steps: Range
    cfg_scale: Range
    sha256: str
    size_bytes: int

    @classmethod
    def from_json(cls, text: str | bytes) -> "FewStepTier":
        """Read it; raises InvalidDocumentError for anything but an exact one."""
        fields = parse_object(text, "few-step tier")
        fields.format()
        tier = cls(
            base_hash=fields.text("base_hash", pattern=SHA256_PATTERN),
            rank=fields.integer("rank", 1, MAX_RANK),
            solver=fields.choice("solver", FewStepSolver),
            original_steps=fields.integer("original_steps", 1, _MAX_TRAIN_STEPS),
            steps=_steps(fields.fields("steps")),
            cfg_scale=_cfg_scale(fields.fields("cfg_scale")),
            sha256=fields.text("sha256", pattern=SHA256_PATTERN),
            size_bytes=fields.integer("size_bytes", 1, MAX_ADAPTER_BYTES),
        )
        fields.finish()
        if tier.steps.maximum > tier.original_steps:
            raise InvalidDocumentError("few-step tier: 'steps' go beyond 'original_steps'")
        return tier

    def to_json(self) -> str:
        """Write it; what the reader would refuse is refused here."""
        text = write_object(
            {
                "format": FORMAT,
                "base_hash": self.base_hash,
                "rank": self.rank,
                "solver": self.solver.value,
                "original_steps": self.original_steps,
                "steps": vars(self.steps),
                "cfg_scale": vars(self.cfg_scale),
                "sha256": self.sha256,
                "size_bytes": self.size_bytes,
            }
        )
        FewStepTier.from_json(text)
        return text


def write_config(
    inside: Path, base_hash: str, rank: int, original_steps: int, steps: Range, cfg_scale: Range
) -> FewStepTier:
    """Describe the tensors that lie in `inside`, the tier's folder, and write that beside them."""
    tensors = inside / TENSORS_FILE
    tier = FewStepTier(
        base_hash=base_hash,
        rank=rank,
        solver=FewStepSolver.LCM,
        original_steps=original_steps,
        steps=steps,
        cfg_scale=cfg_scale,
        sha256=file_sha256(tensors),
        size_bytes=tensors.stat().st_size,
    )
    write_whole(inside / CONFIG_FILE, tier.to_json())
    return tier


def few_step_files(names: Collection[str]) -> list[str]:
    """The tier's files among a base's, by path from its root; none unless it is whole."""
    inside = [f"{FEW_STEP_FOLDER}/{name}" for name in (CONFIG_FILE, TENSORS_FILE)]
    return inside if all(name in names for name in inside) else []


def checked_tier(folder: Path, base: BaseModel) -> FewStepTier | None:
    """The tier in a base model's folder, None if there is none.

    Raises InvalidDocumentError, BaseFolderError if it is half there or of another base, and
    ChecksumError if its adapter is another file.
    """
    inside = folder / FEW_STEP_FOLDER
    config, tensors = inside / CONFIG_FILE, inside / TENSORS_FILE
    if not config.exists() and not tensors.exists():
        return None
    for path in (config, tensors):
        if not path.exists():
            raise BaseFolderError(f"{FEW_STEP_FOLDER}/{path.name} is missing")
    with config.open("rb") as file:
        tier = FewStepTier.from_json(file.read(MAX_DOCUMENT_BYTES + 1))
    if tier.base_hash != base.hash:
        raise BaseFolderError(f"{FEW_STEP_FOLDER}/ was distilled from another base model")
    if tensors.stat().st_size != tier.size_bytes or file_sha256(tensors) != tier.sha256:
        raise ChecksumError(f"{FEW_STEP_FOLDER}/{TENSORS_FILE} differs from its {CONFIG_FILE}")
    return tier


def _steps(fields: Fields) -> Range:
    minimum = fields.integer("minimum", 1, MAX_FEW_STEPS)
    maximum = fields.integer("maximum", minimum, MAX_FEW_STEPS)
    found = Range(minimum, maximum, fields.integer("default", minimum, maximum))
    fields.finish()
    return found


def _cfg_scale(fields: Fields) -> Range:
    minimum = fields.number("minimum", 0, MAX_FEW_STEP_CFG_SCALE)
    maximum = fields.number("maximum", minimum, MAX_FEW_STEP_CFG_SCALE)
    found = Range(minimum, maximum, fields.number("default", minimum, maximum))
    fields.finish()
    return found
