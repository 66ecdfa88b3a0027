"""A server over objects in memory, adapters for it, and requests: what the parts share."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from pathlib import Path

import torch

from bases.source import SHIPPED
from benchmarks.serving.random_adapters import lora_shapes, random_adapter
from benchmarks.training.watched import ROOT
from contract.base_model import BaseModel
from contract.generation import AdapterReference, GenerationRequest, Prompt, Sampler
from contract.s3_location import S3Location
from inference.adapter_cache import AdapterCache
from inference.base import Base, load_base
from inference.generator import Generator
from inference.object_store import ObjectMissingError
from inference.phase_metrics import PhaseMetrics
from inference.server import Server
from inference.settings import Precision, ServingSettings, TierLimits
from training.local_base import local_base

WORK = ROOT / ".local" / "bench-serving"
_ADAPTERS = "s3://models/adapters/"
_GENERATIONS = "s3://work/generations/"
_ID = "gen_01ARZ3NDEKTSV4RRFFQ69G5FAV"
CPU = torch.device("cpu")


@dataclass
class Objects:
    """The store in memory; every call takes `seconds`, as a bucket's would."""

    seconds: float = 0.0
    objects: dict[str, bytes] = field(
        default_factory=lambda: {f"{_GENERATIONS}usr/{_ID}/request.json": b"{}"}
    )

    def read(self, location: S3Location, maximum_bytes: int) -> bytes:
        """See ObjectStore."""
        time.sleep(self.seconds)
        if str(location) not in self.objects:
            raise ObjectMissingError
        return self.objects[str(location)][:maximum_bytes]

    def exists(self, location: S3Location) -> bool:
        """See ObjectStore."""
        time.sleep(self.seconds)
        return str(location) in self.objects

    def download(self, location: S3Location, path: Path) -> None:
        """See ObjectStore."""
        path.write_bytes(self.read(location, 1 << 40))

    def write(self, location: S3Location, content: str) -> None:
        """See ObjectStore."""
        time.sleep(self.seconds)
        self.objects[str(location)] = content.encode()


def folder_of(name: str) -> tuple[Path, BaseModel]:
    """A shipped base model's folder with base.json, and its description."""
    found = local_base(str(SHIPPED[name]), WORK, WORK / "bases" / name)
    return found.folder, found.description


def base_of(name: str, precision: Precision = Precision.FP32) -> Base:
    """A shipped base model, loaded as the endpoint loads it."""
    folder, description = folder_of(name)
    return load_base(folder, description.id, precision, CPU)


def published(base: Base, store: Objects, count: int, rank: int) -> list[AdapterReference]:
    """So many random adapters in the store; the base's slot must still be empty."""
    shapes = lora_shapes(base.unet, rank)
    widths = [int(each.get_input_embeddings().weight.shape[1]) for each in base.text_encoders]
    references = []
    for seed in range(count):
        manifest, files = random_adapter(
            base.description, shapes, widths, seed, dtype=torch.float16
        )
        uri = S3Location.parse(f"{_ADAPTERS}usr/sub{seed}/trn/")
        store.objects.update({str(uri.child(name)): content for name, content in files.items()})
        references.append(AdapterReference(uri, manifest.sha256))
    return references


def server_of(
    base: Base, store: Objects, name: str, *, disk_bytes: int = 1 << 34, host_bytes: int = 1 << 32
) -> Server:
    """A server that keeps its disk tier in a folder of its own; its log lines are not shown."""
    logging.getLogger("inference").setLevel(logging.ERROR)
    settings = ServingSettings(
        adapter_prefix=S3Location.parse(_ADAPTERS),
        work_prefix=S3Location.parse(_GENERATIONS),
        base_model_id=base.description.id,
        precision=Precision.FP32,
        cache_bytes=disk_bytes,
        cache_folder=WORK / "cache" / name,
        tiers=TierLimits(host_bytes=host_bytes),
    )
    cache = AdapterCache(store, settings.cache_folder, settings.cache_bytes)
    generator = Generator(base, cache, settings.tiers)
    return Server(settings, store, generator, metrics=PhaseMetrics(Path("/dev/null")))


def request_for(
    base: Base,
    adapter: AdapterReference | None,
    *,
    seed: int = 1,
    steps: int = 2,
    side: int = 64,
    prompts: tuple[Prompt, ...] = (Prompt("a photo of <subject>"),),
    cfg_scale: float = 5.0,
    sampler: Sampler = Sampler.K_DPMPP_2M,
) -> GenerationRequest:
    """One picture."""
    return GenerationRequest(
        generation_id=_ID,
        progress_uri=S3Location.parse(f"{_GENERATIONS}usr/{_ID}/progress.json"),
        base_model=base.description.id,
        adapter=adapter,
        prompts=prompts,
        style=None,
        cfg_scale=cfg_scale,
        steps=steps,
        seeds=(seed,),
        width=side,
        height=side,
        sampler=sampler,
    )


def resident_mib() -> float:
    """Memory that this process holds now (proc_pid_statm(5), second field, pages of 4 KiB)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4 / 1024
