"""A server over an in-memory store, and requests for it."""

import hashlib
import io
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from contract.generation import AdapterReference, GenerationRequest, Prompt, Sampler
from contract.generation_result import GenerationError, GenerationResponse
from contract.generation_source import ImageReference
from contract.s3_location import S3Location
from inference.adapter_cache import AdapterCache
from inference.base import load_base
from inference.errors import ServingError
from inference.generator import Generator
from inference.object_store import ObjectMissingError, StoreUnavailableError
from inference.server import Server
from inference.settings import Precision, ServingSettings, TierLimits
from tests.ml.training_runs import ULID, Run

ADAPTERS = "s3://models/adapters/"
WORK = "s3://work/generations/"
Pixels = NDArray[np.uint8]
REQUEST_URI = f"{WORK}usr/gen_{ULID}/request.json"


class MemoryStore:
    """Objects by address; `broken` makes every call fail."""

    def __init__(self) -> None:
        # The document of `request`: a request is withdrawn by removing it.
        self.objects: dict[str, bytes] = {REQUEST_URI: b"{}"}
        self.reads: list[str] = []
        self.broken = False

    def add(self, run: Run, name: str) -> AdapterReference:
        """Publish a run's adapter as `name`."""
        uri = S3Location.parse(f"{ADAPTERS}usr/{name}/trn/")
        for file in run.artifacts.iterdir():
            self.objects[str(uri.child(file.name))] = file.read_bytes()
        return AdapterReference(uri, run.manifest.sha256)

    def add_image(self, name: str, content: Pixels | bytes) -> ImageReference:
        """Keep a picture, or bytes that should be one, beside the request."""
        uri = S3Location.parse(f"{WORK}usr/gen_{ULID}/{name}.png")
        data = content if isinstance(content, bytes) else png(content)
        self.objects[str(uri)] = data
        return ImageReference(uri, hashlib.sha256(data).hexdigest())

    def read(self, location: S3Location, maximum_bytes: int) -> bytes:
        self._check()
        self.reads.append(str(location))
        if str(location) not in self.objects:
            raise ObjectMissingError
        return self.objects[str(location)][:maximum_bytes]

    def exists(self, location: S3Location) -> bool:
        self._check()
        return str(location) in self.objects

    def download(self, location: S3Location, path: Path) -> None:
        path.write_bytes(self.read(location, 2**40))

    def write(self, location: S3Location, content: str) -> None:
        self._check()
        self.objects[str(location)] = content.encode()

    def _check(self) -> None:
        if self.broken:
            raise StoreUnavailableError("SlowDown")


def serve(
    base: Path,
    store: MemoryStore,
    cache: Path,
    *,
    precision: Precision = Precision.FP32,
    cache_bytes: int = 10**9,
    generation_seconds: float = 1e9,
    clock: Callable[[], float] = time.monotonic,
    tiers: TierLimits | None = None,
) -> Server:
    settings = ServingSettings(
        adapter_prefix=S3Location.parse(ADAPTERS),
        work_prefix=S3Location.parse(WORK),
        base_model_id=f"tiny-{'sdxl' if (base / 'text_encoder_2').exists() else 'sd'}",
        precision=precision,
        cache_bytes=cache_bytes,
        cache_folder=cache,
        generation_seconds=generation_seconds,
        tiers=tiers or TierLimits(),
    )
    shutil.rmtree(cache, ignore_errors=True)
    model = load_base(base, settings.base_model_id, precision, torch.device("cpu"))
    generator = Generator(model, AdapterCache(store, cache, cache_bytes), settings.tiers)
    return Server(settings, store, generator, clock)


def request(
    base: Path,
    adapter: AdapterReference | None = None,
    *,
    text: str = "a photo of <subject>",
    seeds: tuple[int, ...] = (1,),
    sampler: Sampler = Sampler.DDIM,
    steps: int = 4,
    prompts: tuple[Prompt, ...] | None = None,
    cfg_scale: float = 3.0,
    width: int = 64,
    height: int = 64,
) -> GenerationRequest:
    return GenerationRequest(
        generation_id=f"gen_{ULID}",
        progress_uri=S3Location.parse(f"{WORK}usr/gen_{ULID}/progress.json"),
        base_model=f"tiny-{'sdxl' if (base / 'text_encoder_2').exists() else 'sd'}",
        adapter=adapter,
        prompts=prompts or (Prompt(text),),
        style=None,
        cfg_scale=cfg_scale,
        steps=steps,
        seeds=seeds,
        width=width,
        height=height,
        sampler=sampler,
    )


def refusal(server: Server, asked: GenerationRequest | str) -> GenerationError:
    with pytest.raises(ServingError) as caught:
        server.answer(asked if isinstance(asked, str) else asked.to_json())
    # The toolkit passes on the exception's text, so the text is the document.
    return GenerationError.from_json(str(caught.value))


def answer(server: Server, asked: GenerationRequest) -> GenerationResponse:
    return GenerationResponse.from_json(server.answer(asked.to_json()))


def images(server: Server, asked: GenerationRequest) -> list[bytes]:
    return [artifact.image for artifact in answer(server, asked).artifacts]


def array(png: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """(height, width, 3) in 0…1."""
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), np.float64) / 255


def pixels(content: bytes) -> Pixels:
    """(height, width, 3), 0 to 255."""
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


def png(content: Pixels) -> bytes:
    """(height, width), (height, width, 3) or with alpha as PNG."""
    buffer = io.BytesIO()
    Image.fromarray(content).save(buffer, "PNG")
    return buffer.getvalue()
