"""Making the pictures of one request."""

import io
import time

from PIL import Image

from contract.generation import GenerationRequest
from contract.generation_result import Artifact, FinishReason, GenerationResponse, Timings
from contract.subject_phrase import SUBJECT_TOKEN
from inference.active_adapters import ActiveAdapters
from inference.adapter_cache import AdapterCache
from inference.adapters import ActiveAdapter, Adapters
from inference.base import Base
from inference.canvas import Canvas, Pixels
from inference.denoising import Guidance, Watch
from inference.errors import RequestRefusedError
from inference.few_step import FewStep
from inference.painting import Painter
from inference.prompts import texts_of, unwanted_of
from inference.settings import TierLimits
from inference.text_encoding import Encoded, TextEncoding

_DEFAULT_LIMITS = TierLimits()


def _unwatched() -> None:
    """Let the generation go on."""


class Generator:
    """One base model, one slot for adapters; requests one after the other."""

    def __init__(
        self, base: Base, cache: AdapterCache, limits: TierLimits = _DEFAULT_LIMITS
    ) -> None:
        self._base = base
        self._painter = Painter(base)
        switches = ActiveAdapters(base.unet, is_compiled=base.is_compiled)
        self._few_step = FewStep(base.unet, base.few_step, switches)
        self._texts = TextEncoding(base)
        self.adapters = Adapters(base, self._texts.widths, cache, limits, switches)

    def prefetch(self, request: GenerationRequest) -> None:
        """Begin to fetch what the request will need."""
        if request.adapter is not None:
            self.adapters.prefetch(request.adapter)

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
        # Meanwhile the adapter comes (`prefetch`).
        early = self._encoded_without_adapter(request)
        since = time.perf_counter()
        active = self._activate(request)
        loaded = time.perf_counter()
        vectors = active.vectors if active else None
        texts = texts_of(request, active.manifest if active else None)
        guidance = Guidance(
            self._texts.encode(texts.wanted, vectors),
            early or self._texts.encode(texts.unwanted, vectors),
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
            adapter=active.manifest.sha256 if active else None,
            artifacts=artifacts,
            timings=Timings(
                adapter_load_s=round(loaded - since, 4),
                denoise_s=round(done - loaded + since - begun, 4),
                total_s=round(done - begun, 4),
            ),
        )

    def _encoded_without_adapter(self, request: GenerationRequest) -> Encoded | None:
        """What is unwanted, as no adapter changes it; None where its learned word is among it."""
        unwanted = unwanted_of(request)
        if any(SUBJECT_TOKEN in prompt.text for prompt in unwanted):
            return None
        return self._texts.encode(unwanted, None)

    def _activate(self, request: GenerationRequest) -> ActiveAdapter | None:
        """Put the request's adapter in place, or switch adapters off."""
        if request.adapter is None:
            self.adapters.deactivate()
            return None
        return self.adapters.activate(request.adapter)


def _artifact(index: int, seed: int, pixels: Pixels | None) -> Artifact:
    """As PNG without metadata; an error where a pixel is no number."""
    if pixels is None:
        return Artifact(index, seed, FinishReason.ERROR, b"")
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return Artifact(index, seed, FinishReason.SUCCESS, buffer.getvalue())
