"""What the endpoint is told by its environment variables."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from contract.s3_location import S3Location
from inference.sweeping import SWEEP_SECONDS

_GIB = 1024**3
# What the model server allows an answer (MMS, its documented default), and what of it a generation
# may use: the last step, the encoding and the way back have to fit into the rest.
_RESPONSE_SECONDS = 120
_GENERATION_SHARE = 0.9


class Precision(StrEnum):
    """Number format of weights and computation."""

    FP32 = "fp32"
    FP16 = "fp16"
    BF16 = "bf16"


@dataclass(frozen=True)
class TierLimits:
    """Bytes of adapters in memory. Without an accelerator, the device's would be a second host."""

    host_bytes: int = 2 * _GIB
    device_bytes: int = _GIB


@dataclass(frozen=True)
class ServingSettings:
    """Typed environment. The prefixes are all that requests may point into.

    `cache_bytes` are the adapters' on disk, `tiers` those in memory. `compile_blocks` compiles the
    UNet's repeated blocks: the first image waits for it, later ones are faster.
    """

    adapter_prefix: S3Location
    work_prefix: S3Location
    base_model_id: str
    precision: Precision
    cache_bytes: int
    cache_folder: Path
    sweep_seconds: float = SWEEP_SECONDS
    generation_seconds: float = _GENERATION_SHARE * _RESPONSE_SECONDS
    tiers: TierLimits = field(default_factory=TierLimits)
    compile_blocks: bool = False
    metrics_file: Path | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "ServingSettings":
        """Read and check; raises at start, so that a wrong deployment never becomes healthy."""
        missing = [
            name
            for name in ("ADAPTER_PREFIX_URI", "WORK_PREFIX_URI", "BASE_MODEL_ID")
            if not environment.get(name)
        ]
        if missing:
            raise ValueError(f"environment variable(s) missing: {', '.join(missing)}")
        cache_bytes = int(environment.get("ADAPTER_CACHE_BYTES", 10 * _GIB))
        if cache_bytes <= 0:
            raise ValueError("ADAPTER_CACHE_BYTES must be positive")
        tiers = TierLimits(
            host_bytes=int(environment.get("ADAPTER_HOST_BYTES", TierLimits.host_bytes)),
            device_bytes=int(environment.get("ADAPTER_DEVICE_BYTES", TierLimits.device_bytes)),
        )
        if min(tiers.host_bytes, tiers.device_bytes) < 0:
            raise ValueError("ADAPTER_HOST_BYTES and ADAPTER_DEVICE_BYTES must not be negative")
        sweep_seconds = float(environment.get("ADAPTER_SWEEP_SECONDS", SWEEP_SECONDS))
        if sweep_seconds <= 0:
            raise ValueError("ADAPTER_SWEEP_SECONDS must be positive")
        response_seconds = float(environment.get("MMS_DEFAULT_RESPONSE_TIMEOUT", _RESPONSE_SECONDS))
        if response_seconds <= 0:
            raise ValueError("MMS_DEFAULT_RESPONSE_TIMEOUT must be positive")
        folder = environment.get("ADAPTER_CACHE_FOLDER")
        metrics_file = environment.get("METRICS_FILE")
        return cls(
            adapter_prefix=S3Location.parse(environment["ADAPTER_PREFIX_URI"]),
            work_prefix=S3Location.parse(environment["WORK_PREFIX_URI"]),
            base_model_id=environment["BASE_MODEL_ID"],
            precision=Precision(environment.get("PRECISION", Precision.FP16)),
            cache_bytes=cache_bytes,
            cache_folder=Path(folder) if folder else Path(tempfile.gettempdir()) / "adapters",
            sweep_seconds=sweep_seconds,
            generation_seconds=_GENERATION_SHARE * response_seconds,
            tiers=tiers,
            compile_blocks=environment.get("COMPILE_BLOCKS") == "1",
            metrics_file=Path(metrics_file) if metrics_file else None,
        )
