"""The functions that the Hugging Face inference toolkit calls.

`model_fn(model_dir)` once at start; `transform_fn(model, input_data, content_type, accept)` for
each request. Whatever transform_fn raises becomes status 400 with the exception's text:
github.com/aws/sagemaker-huggingface-inference-toolkit, handler_service.py.

Importing this module costs nothing: the libraries, which take longer to import than anything else
at start, come once the weights are being read.
"""

import logging
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from contract.importing import uncollected
from inference.errors import GenerationFailedError
from inference.phase_metrics import PhaseMetrics, process_age
from inference.reading_ahead import read_ahead
from inference.settings import ServingSettings
from inference.sweeping import Sweeper

if TYPE_CHECKING:
    from inference.server import Server

_log = logging.getLogger(__name__)


def model_fn(model_dir: str) -> "Server":
    """Load the base model. Raises ServingError: without it nothing can be served.

    SageMaker's container then still answers /ping with 200, as it does while the model loads
    (multi-model-server, ModelManager.workerStatus), and the toolkit calls this again with the next
    request, which fails with this error's text. So the error is one of the contract's.
    """
    if not logging.getLogger().handlers:
        logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    try:
        return _started(Path(model_dir))
    except Exception as error:
        _log.exception("event=start_failed error=%s", type(error).__name__)
        message = "The base model could not be loaded."
        raise GenerationFailedError("base_unavailable", message) from error


def _started(model_dir: Path) -> "Server":
    settings = ServingSettings.from_environment(os.environ)
    read_ahead(model_dir)
    with uncollected():
        import torch

        from inference.adapter_cache import AdapterCache
        from inference.base import load_base
        from inference.generator import Generator
        from inference.object_store import S3Store
        from inference.server import Server

    seconds = {}
    if (age := process_age()) is not None:
        seconds["StartImportSeconds"] = age
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    store = S3Store()
    began = time.perf_counter()
    base = load_base(
        model_dir,
        settings.base_model_id,
        settings.precision,
        device,
        compile_blocks=settings.compile_blocks,
    )
    seconds["StartBaseSeconds"] = time.perf_counter() - began
    cache = AdapterCache(store, settings.cache_folder, settings.cache_bytes)
    _log.info("event=ready base=%s device=%s", base.description.id, device.type)
    server = Server(settings, store, Generator(base, cache, settings.tiers))
    PhaseMetrics(settings.metrics_file).emit(seconds)
    Sweeper(server.sweep, settings.sweep_seconds).start()
    return server


def transform_fn(model: "Server", input_data: str | bytes, content_type: str, accept: str) -> str:
    """Answer one request; the answer is JSON whatever is accepted."""
    del content_type, accept
    return model.answer(input_data)
