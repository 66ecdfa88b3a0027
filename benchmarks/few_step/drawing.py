"""Pictures by the endpoint's own code, adapters from a folder, and the processor time they took."""

from __future__ import annotations

import io
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from benchmarks.few_step.arms import Arm
from contract.adapter import MANIFEST_FILE, AdapterManifest
from contract.base_model import BASE_FILE, BaseModel
from contract.generation import AdapterReference, GenerationRequest, Prompt
from contract.s3_location import S3Location
from inference.adapter_cache import AdapterCache
from inference.base import load_base
from inference.generator import Generator
from inference.object_store import ObjectMissingError
from inference.settings import Precision

_BUCKET = "bench"
_GENERATION = "gen_01ARZ3NDEKTSV4RRFFQ69G5FAV"
_CACHE_BYTES = 2**30


class FolderStore:
    """The port of `inference.object_store`, over a folder; requests leave no sign of life here."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, location: S3Location, maximum_bytes: int) -> bytes:
        """See ObjectStore."""
        path = self._folder / location.key
        if not path.is_file():
            raise ObjectMissingError
        return path.read_bytes()[:maximum_bytes]

    def exists(self, location: S3Location) -> bool:
        """See ObjectStore."""
        return (self._folder / location.key).is_file()

    def download(self, location: S3Location, path: Path) -> None:
        """See ObjectStore."""
        shutil.copyfile(self._folder / location.key, path)

    def write(self, location: S3Location, content: str) -> None:
        """See ObjectStore."""
        (self._folder / location.key).write_text(content, encoding="utf-8")


class Studio:
    """One base model, as the endpoint loads it; adapters lie in folders below `adapters`."""

    def __init__(self, base: Path, adapters: Path, side: int) -> None:
        description = BaseModel.from_json((base / BASE_FILE).read_bytes())
        self._adapters, self._side, self._id = adapters, side, description.id
        loaded = load_base(base, description.id, Precision.FP32, torch.device("cpu"))
        self._generator = Generator(
            loaded, AdapterCache(FolderStore(adapters), adapters / "cache", _CACHE_BYTES)
        )

    def draw(
        self, arm: Arm, words: Sequence[str], seeds: Sequence[int], adapter: str | None
    ) -> tuple[torch.Tensor, float]:
        """(n, 3, side, side) in −1…1, and seconds of processor time for each.

        `adapter` names a folder; one picture per request, the first of them drawn once before.
        """
        asked = [
            self._request(arm, text, seed, adapter) for text, seed in zip(words, seeds, strict=True)
        ]
        self._generator.generate(asked[0])
        began = time.process_time()
        answers = [self._generator.generate(one) for one in asked]
        spent = time.process_time() - began
        pictures = [_pixels(answer.artifacts[0].image) for answer in answers]
        return torch.stack(pictures), spent / len(asked)

    def _request(self, arm: Arm, text: str, seed: int, adapter: str | None) -> GenerationRequest:
        return GenerationRequest(
            generation_id=_GENERATION,
            progress_uri=S3Location(_BUCKET, "progress.json"),
            base_model=self._id,
            adapter=self._reference(adapter) if adapter else None,
            prompts=(Prompt(text),),
            style=None,
            cfg_scale=arm.cfg_scale,
            steps=arm.steps,
            seeds=(seed,),
            width=self._side,
            height=self._side,
            sampler=arm.sampler,
            few_step=arm.few_step,
        )

    def _reference(self, adapter: str) -> AdapterReference:
        text = (self._adapters / adapter / MANIFEST_FILE).read_bytes()
        sha256 = AdapterManifest.from_json(text).sha256
        return AdapterReference(S3Location(_BUCKET, f"{adapter}/"), sha256)


def _pixels(png: bytes) -> torch.Tensor:
    array = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), np.float32)
    return torch.from_numpy(array / 127.5 - 1).permute(2, 0, 1)
