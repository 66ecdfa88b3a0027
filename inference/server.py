"""One worker's state, and how it answers a request document."""

import logging
import threading
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import torch

from contract.errors import ContractError
from contract.generation import GenerationRequest
from contract.generation_result import GenerationProgress, GenerationResponse
from contract.generation_source import ImageReference
from inference.canvas import canvas_for
from inference.errors import GenerationFailedError, RequestRefusedError, ServingError
from inference.generator import Generator
from inference.object_store import ObjectStore, StoreUnavailableError
from inference.phase_metrics import ADAPTER_FROM, PhaseMetrics
from inference.settings import ServingSettings
from inference.sources import Sources
from inference.sweeping import return_freed_memory
from inference.watching import RequestWatch

_log = logging.getLogger(__name__)


class Server:
    """One worker's state: the base model, the adapter cache, and a lock around them."""

    def __init__(
        self,
        settings: ServingSettings,
        store: ObjectStore,
        generator: Generator,
        clock: Callable[[], float] = time.monotonic,
        metrics: PhaseMetrics | None = None,
    ) -> None:
        self._settings = settings
        self._store = store
        self._sources = Sources(store)
        self._generator = generator
        self._clock = clock
        self._metrics = metrics or PhaseMetrics(settings.metrics_file)
        self._has_answered = False
        self._one_at_a_time = threading.Lock()

    def answer(self, body: str | bytes) -> str:
        """The response document for a request document. Raises ServingError only."""
        try:
            request = GenerationRequest.from_json(body)
        except ContractError as error:
            raise RequestRefusedError("request_invalid", f"{error}") from None
        self._check_addresses(request)
        watch = RequestWatch(
            lambda: self._demand_wanted(request), self._settings.generation_seconds, self._clock
        )
        with self._one_at_a_time:
            # Two calls to the store follow: an adapter that comes from there comes meanwhile.
            self._generator.prefetch(request)
            watch()
            self._report_running(request)
            try:
                canvas = canvas_for(request, self._sources)
                response = self._generator.generate(request, canvas, watch)
            except ServingError as error:
                _log.warning(
                    "event=refused generation_id=%s code=%s",
                    request.generation_id,
                    error.error.code,
                )
                raise
            except Exception as error:  # noqa: BLE001 - the worker must live on
                failure = self._unexpected(error, request.generation_id)
                raise failure from None
            self._demand_wanted(request)
            self._measure(request, response)
        _log.info(
            "event=generated generation_id=%s samples=%d adapter_load_s=%.3f denoise_s=%.3f",
            request.generation_id,
            len(response.artifacts),
            response.timings.adapter_load_s,
            response.timings.denoise_s,
        )
        return response.to_json()

    def _unexpected(self, error: Exception, generation_id: str) -> GenerationFailedError:
        """Log where it happened, not what it was about: messages may repeat a prompt."""
        place = traceback.extract_tb(error.__traceback__)[-1]
        _log.error(
            "event=failed generation_id=%s error=%s at=%s:%s",
            generation_id,
            type(error).__name__,
            Path(place.filename).name,
            place.lineno,
        )
        # The frames hold what the request had allocated, for as long as the error lives.
        traceback.clear_frames(error.__traceback__)
        if not _is_out_of_memory(error):
            return GenerationFailedError("internal_error", "The generation failed unexpectedly.")
        self._generator.adapters.relieve()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        self._metrics.emit({}, {"OutOfMemory": 1})
        return GenerationFailedError("out_of_memory", "The machine's memory is too small.")

    def _measure(self, request: GenerationRequest, response: GenerationResponse) -> None:
        timings, tier = response.timings, self._generator.adapters.latest
        seconds = {
            "AdapterSeconds": timings.adapter_load_s,
            "ImagesSeconds": timings.denoise_s,
            "RequestSeconds": timings.total_s,
        }
        if not self._has_answered:
            self._has_answered = True
            seconds["StartFirstImageSeconds"] = timings.total_s
        is_from = {ADAPTER_FROM[tier]: 1} if request.adapter and tier else {}
        self._metrics.emit(seconds, is_from)

    def _check_addresses(self, request: GenerationRequest) -> None:
        adapter, progress = request.adapter, request.progress_uri
        if adapter is not None and not adapter.uri.is_inside(self._settings.adapter_prefix):
            raise RequestRefusedError("address_refused", "The adapter's address is not allowed.")
        if not progress.is_inside(self._settings.work_prefix) or progress.key.endswith("/"):
            raise RequestRefusedError("address_refused", "The progress address is not allowed.")
        for image in _images_of(request):
            if not image.uri.is_inside(self._settings.work_prefix):
                raise RequestRefusedError("address_refused", "A source's address is not allowed.")

    def sweep(self) -> None:
        """Let go of what was erased, between two generations."""
        with self._one_at_a_time:
            self._generator.adapters.sweep()
            return_freed_memory()

    def _demand_wanted(self, request: GenerationRequest) -> None:
        """A request whose document was removed is withdrawn: it begins nothing, and shows nothing.

        If the store does not say, the generation goes on: whoever takes the answer looks as well.
        """
        try:
            if self._store.exists(request.own_uri):
                return
        except StoreUnavailableError:
            return
        _log.info("event=withdrawn generation_id=%s", request.generation_id)
        raise RequestRefusedError("request_withdrawn", "The request was withdrawn.")

    def _report_running(self, request: GenerationRequest) -> None:
        """A sign of life; a generation does not fail for want of it."""
        document = GenerationProgress(datetime.now(UTC)).to_json()
        try:
            self._store.write(request.progress_uri, document)
        except StoreUnavailableError as error:
            _log.warning(
                "event=progress_not_written generation_id=%s reason=%s",
                request.generation_id,
                error,
            )


def _images_of(request: GenerationRequest) -> list[ImageReference]:
    images = [] if request.source is None else [request.source.image]
    if request.mask is not None and request.mask.image is not None:
        images.append(request.mask.image)
    return images


def _is_out_of_memory(error: Exception) -> bool:
    # On the CPU, torch raises a plain RuntimeError that names its allocator.
    kinds = (torch.OutOfMemoryError, MemoryError)
    return isinstance(error, kinds) or "DefaultCPUAllocator" in str(error)
