"""Leaving the result: adapter, manifest and metrics in the model folder."""

import json
from collections.abc import Mapping

import torch
from safetensors.torch import save

from contract.adapter import (
    ADAPTER_FILE,
    CLASS_IMAGES_FILE,
    MANIFEST_FILE,
    METRICS_FILE,
    AdapterManifest,
    file_sha256,
    write_whole,
)
from contract.architecture import ARCHITECTURES
from contract.base_model import BaseModel
from contract.document import FORMAT, Scalar
from contract.training_job import Hyperparameters
from training.settings import Folders


def publish(
    folders: Folders,
    tensors: Mapping[str, torch.Tensor],
    base: BaseModel,
    settings: Hyperparameters,
    metrics: Mapping[str, Scalar],
) -> AdapterManifest:
    """Write the three files, the manifest last: where it lies, the adapter is whole.

    Class images that this run had to make lie beside them.
    """
    folder = folders.artifacts
    folder.mkdir(parents=True, exist_ok=True)
    adapter = folder / ADAPTER_FILE
    write_whole(adapter, save(dict(tensors), metadata={"format": "pt"}))
    manifest = AdapterManifest(
        base_model=base,
        rank=settings.rank,
        targets=ARCHITECTURES[base.family].adapted(convolutions=settings.adapt_convolutions),
        token=settings.token,
        class_noun=settings.class_noun,
        training=settings.to_scalars(),
        metrics=dict(metrics),
        sha256=file_sha256(adapter),
        size_bytes=adapter.stat().st_size,
    )
    text = manifest.to_json()
    class_images = folders.checkpoints / CLASS_IMAGES_FILE
    if class_images.exists():
        write_whole(folder / CLASS_IMAGES_FILE, class_images.read_bytes())
    write_whole(folder / METRICS_FILE, json.dumps({"format": FORMAT, **metrics}, indent=1))
    write_whole(folder / MANIFEST_FILE, text)
    return manifest
