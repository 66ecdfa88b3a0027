"""Making the pictures of one request."""

import io
import time
from dataclasses import dataclass

import torch
from PIL import Image

from contract.generation import GenerationRequest
from contract.generation_result import Artifact, FinishReason, GenerationResponse, Timings
from inference.active_adapters import ActiveAdapters
from inference.adapter_cache import AdapterCache, CachedAdapter
from inference.adapter_slot import AdapterSlot
from inference.adapter_tensors import AdapterTensors, check_manifest, read_adapter
from inference.base import Base
from inference.canvas import Canvas, Pixels
from inference.denoising import Guidance, Watch
from inference.errors import AdapterError, RequestRefusedError
from inference.few_step import FewStep
from inference.painting import Painter
from inference.prompts import texts_of
from inference.text_encoding import TextEncoding


def _unwatched() -> None:
    """Let the generation go on."""


@dataclass(frozen=True)
class _Active:
    """The adapter of a request, in place."""

    cached: CachedAdapter
    vectors: list[torch.Tensor]


class Generator:
    """One base model, one slot for adapters; requests one after the other."""

    def __init__(self, base: Base, cache: AdapterCache) -> None:
        self._base = base
        self._cache = cache
        self._painter = Painter(base)
        switches = ActiveAdapters(base.unet)
        self._few_step = FewStep(base.unet, base.few_step, switches)
        self._slot = AdapterSlot(base.unet, switches)
        self._texts = TextEncoding(base)
        self._vectors: list[torch.Tensor] = []

    def generate(
        self, request: GenerationRequest, canvas: Canvas | None = None, watch: Watch = _unwatched
    ) -> GenerationResponse:
        """All samples of a request; `canvas` is its source's, `watch` is called between steps.

        Raises ServingError; the next request is not affected.
        """
        begun = time.perf_counter()
        if request.base_model != self._base.description.id:
            raise RequestRefusedError("base_model_mismatch", "Another base model is served here.")
        self._few_step.prepare(request)
        active = self._activate(request)
        loaded = time.perf_counter()
        vectors = active.vectors if active else None
        texts = texts_of(request, active.cached.manifest if active else None)
        guidance = Guidance(
            self._texts.encode(texts.wanted, vectors),
            self._texts.encode(texts.unwanted, vectors),
            request.cfg_scale,
        )
        artifacts = tuple(
            _artifact(index, seed, self._painter.painted(request, canvas, seed, guidance, watch))
            for index, seed in enumerate(request.seeds)
        )
        done = time.perf_counter()
        return GenerationResponse(
            generation_id=request.generation_id,
            base_model=self._base.description.id,
            adapter=active.cached.manifest.sha256 if active else None,
            artifacts=artifacts,
            timings=Timings(
                adapter_load_s=round(loaded - begun, 4),
                denoise_s=round(done - loaded, 4),
                total_s=round(done - begun, 4),
            ),
        )

    def sweep(self) -> None:
        """Let go of adapters that are no longer in the store. Raises GenerationFailedError."""
        gone = self._cache.sweep()
        if self._slot.held is not None and self._slot.held.sha256 in gone:
            self._slot.clear()
            self._vectors = []

    def _activate(self, request: GenerationRequest) -> _Active | None:
        """Put the request's adapter in place, or switch adapters off."""
        if request.adapter is None:
            self._slot.switch(on=False)
            return None
        try:
            cached = self._cache.get(request.adapter)
        except AdapterError:
            if self._slot.held is not None and self._slot.held.sha256 == request.adapter.sha256:
                self._slot.clear()
                self._vectors = []
            raise
        try:
            check_manifest(cached.manifest, self._base.description)
            if self._slot.held == cached.manifest:
                self._slot.switch(on=True)
                return _Active(cached, self._vectors)
            tensors = read_adapter(cached, self._texts.widths)
            self._slot.put(cached.manifest, tensors)
        except AdapterError:
            self._cache.drop(request.adapter.sha256)
            raise
        self._vectors = self._on_device(tensors)
        return _Active(cached, self._vectors)

    def _on_device(self, tensors: AdapterTensors) -> list[torch.Tensor]:
        return [table.to(self._base.unet.device) for table in tensors.vectors]


def _artifact(index: int, seed: int, pixels: Pixels | None) -> Artifact:
    """As PNG without metadata; an error where a pixel is no number."""
    if pixels is None:
        return Artifact(index, seed, FinishReason.ERROR, b"")
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return Artifact(index, seed, FinishReason.SUCCESS, buffer.getvalue())
