"""From the bucket to the slot and back out: which tier serves, and what leaves which."""

import io
import json
import sys
from pathlib import Path

import pytest
import torch

from benchmarks.serving.random_adapters import lora_shapes, random_adapter
from contract.adapter import MANIFEST_FILE
from contract.base_folder import described
from contract.generation import AdapterReference
from contract.generation_result import GenerationError
from contract.s3_location import S3Location
from inference.adapters import Tier
from inference.errors import ServingError
from inference.handler import model_fn
from inference.phase_metrics import PhaseMetrics, process_age
from inference.server import Server
from inference.settings import ServingSettings, TierLimits
from tests.ml.serving import ADAPTERS, WORK, MemoryStore, images, request, serve


def publish(base: Path, server: Server, store: MemoryStore, seed: int) -> AdapterReference:
    generator = server._generator
    shapes = lora_shapes(generator._base.unet, 2)
    manifest, files = random_adapter(described(base), shapes, generator._texts.widths, seed)
    uri = S3Location.parse(f"{ADAPTERS}usr/sub{seed}/trn/")
    store.objects.update({str(uri.child(name)): content for name, content in files.items()})
    return AdapterReference(uri, manifest.sha256)


@pytest.fixture(scope="module")
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture(scope="module")
def server(sd_base: Path, store: MemoryStore, tmp_path_factory: pytest.TempPathFactory) -> Server:
    return serve(sd_base, store, tmp_path_factory.mktemp("tiers") / "cache")


@pytest.fixture(scope="module")
def adapters(sd_base: Path, server: Server, store: MemoryStore) -> list[AdapterReference]:
    return [publish(sd_base, server, store, seed) for seed in range(6)]


def served_from(server: Server, base: Path, adapter: AdapterReference) -> Tier | None:
    images(server, request(base, adapter, steps=1))
    return server._generator.adapters.latest


def test_every_tier_serves_what_the_one_above_it_has_not(
    server: Server, sd_base: Path, adapters: list[AdapterReference]
) -> None:
    one, other = adapters[:2]
    held = server._generator.adapters
    assert served_from(server, sd_base, one) is Tier.STORE
    assert served_from(server, sd_base, one) is Tier.SLOT
    assert served_from(server, sd_base, other) is Tier.STORE
    assert served_from(server, sd_base, one) is Tier.HOST
    held._host.clear()
    assert served_from(server, sd_base, other) is Tier.DISK


def test_subjects_in_turn_get_the_pictures_of_a_server_that_knows_no_other(
    server: Server,
    sd_base: Path,
    store: MemoryStore,
    adapters: list[AdapterReference],
    tmp_path: Path,
) -> None:
    asked = [request(sd_base, adapter, steps=2, seeds=(9,)) for adapter in (*adapters[:2], None)]
    alone = [
        images(serve(sd_base, store, tmp_path / str(number)), one)
        for number, one in enumerate(asked)
    ]
    assert len({pictures[0] for pictures in alone}) == 3
    for number in (0, 1, 2, 0, 2, 1, 1, 0, 0, 2, 1, 2, 0, 1):
        assert images(server, asked[number]) == alone[number]


def test_an_erased_adapter_leaves_memory_whether_or_not_it_lies_on_disk(
    server: Server, sd_base: Path, store: MemoryStore, adapters: list[AdapterReference]
) -> None:
    erased, in_use = adapters[2:4]
    held = server._generator.adapters
    for adapter in (erased, in_use):
        images(server, request(sd_base, adapter, steps=1))
        held._disk.drop(adapter.sha256)
    tensors = held._host.get(erased.sha256)
    assert tensors is not None
    for adapter in (erased, in_use):
        del store.objects[str(adapter.uri.child(MANIFEST_FILE))]
    server.sweep()
    assert not {erased.sha256, in_use.sha256} & held._host.sources().keys()
    assert not tensors.flat.any()
    assert held._slot.is_empty


def test_an_erased_adapter_in_memory_is_refused_before_any_sweep(
    server: Server, sd_base: Path, store: MemoryStore, adapters: list[AdapterReference]
) -> None:
    erased = adapters[4]
    images(server, request(sd_base, erased, steps=1))
    images(server, request(sd_base, adapters[0], steps=1))
    del store.objects[str(erased.uri.child(MANIFEST_FILE))]
    with pytest.raises(ServingError, match="adapter_missing"):
        server.answer(request(sd_base, erased).to_json())
    assert erased.sha256 not in server._generator.adapters._host.sources()


def test_a_slot_that_was_cleared_takes_an_adapter_of_another_rank(
    sd_base: Path, store: MemoryStore, adapters: list[AdapterReference], tmp_path: Path
) -> None:
    wide = serve(sd_base, store, tmp_path / "wide")
    shapes = lora_shapes(wide._generator._base.unet, 4)
    manifest, files = random_adapter(described(sd_base), shapes, wide._generator._texts.widths, 50)
    uri = S3Location.parse(f"{ADAPTERS}usr/wide/trn/")
    store.objects.update({str(uri.child(name)): content for name, content in files.items()})
    asked = request(sd_base, AdapterReference(uri, manifest.sha256), steps=2)
    alone = images(wide, asked)
    busy = serve(sd_base, store, tmp_path / "busy")
    images(busy, request(sd_base, adapters[5], steps=1))
    gone = store.objects.pop(str(adapters[5].uri.child(MANIFEST_FILE)))
    busy.sweep()
    store.objects[str(adapters[5].uri.child(MANIFEST_FILE))] = gone
    assert images(busy, asked) == alone


@pytest.mark.parametrize(
    "failure",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"),
        MemoryError(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_request_that_needs_too_much_memory_fails_alone(
    server: Server, sd_base: Path, adapters: list[AdapterReference], failure: Exception
) -> None:
    asked = request(sd_base, adapters[0], steps=2)
    before = images(server, asked)
    calls = [0]

    def exhausted(*_: object) -> None:
        calls[0] += 1
        if calls[0] == 2:  # in the middle: the first step is done
            raise failure

    hook = server._generator._base.unet.register_forward_pre_hook(exhausted)
    with pytest.raises(ServingError, match="out_of_memory"):
        server.answer(asked.to_json())
    hook.remove()
    assert images(server, asked) == before


def test_tiers_are_set_by_the_environment() -> None:
    told = {
        "ADAPTER_PREFIX_URI": ADAPTERS,
        "WORK_PREFIX_URI": WORK,
        "BASE_MODEL_ID": "tiny-sd",
    }
    assert ServingSettings.from_environment(told).tiers == TierLimits()
    told |= {"ADAPTER_HOST_BYTES": "5", "ADAPTER_DEVICE_BYTES": "0", "COMPILE_BLOCKS": "1"}
    settings = ServingSettings.from_environment(told)
    assert settings.tiers == TierLimits(5, 0)
    assert settings.compile_blocks
    told["ADAPTER_HOST_BYTES"] = "-1"
    with pytest.raises(ValueError, match="ADAPTER_HOST_BYTES"):
        ServingSettings.from_environment(told)


def test_a_generation_tells_its_phases_in_the_embedded_metric_format(
    server: Server,
    sd_base: Path,
    adapters: list[AdapterReference],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    written = io.StringIO()
    monkeypatch.setattr(sys, "stdout", written)
    images(server, request(sd_base, adapters[0], steps=1))
    document = json.loads(written.getvalue())
    (directive,) = document["_aws"]["CloudWatchMetrics"]
    names = {metric["Name"] for metric in directive["Metrics"]}
    assert names >= {"AdapterSeconds", "ImagesSeconds", "RequestSeconds"}
    assert all(isinstance(document[name], int | float) for name in names)
    assert sum(document[name] for name in names if name.startswith("AdapterFrom")) == 1
    assert (directive["Namespace"], document["service"]) == ("Avatar", "endpoint")
    file = tmp_path / "stream"
    PhaseMetrics(file).emit({"StartBaseSeconds": 1.0})
    assert json.loads(file.read_text())["StartBaseSeconds"] == 1.0
    PhaseMetrics(tmp_path / "nowhere" / "stream").emit({"StartBaseSeconds": 1.0})
    age = process_age()
    assert age is None or age > 0


def test_a_base_that_cannot_be_loaded_is_an_error_of_the_contract(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # The toolkit would answer the next request with this very text.
    for name, value in (
        ("ADAPTER_PREFIX_URI", ADAPTERS),
        ("WORK_PREFIX_URI", WORK),
        ("BASE_MODEL_ID", "tiny-sd"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(name, value)
    with pytest.raises(ServingError) as caught:
        model_fn(str(tmp_path))
    assert GenerationError.from_json(str(caught.value)).code == "base_unavailable"
