import dataclasses
import hashlib
import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load, load_file, save

from contract.adapter import ADAPTER_FILE, MANIFEST_FILE, AdapterManifest
from contract.base_model import BaseModel, Family
from contract.generation import AdapterReference
from contract.generation_result import GenerationProgress
from contract.s3_location import S3Location
from inference.errors import ServingError
from inference.server import Server
from inference.settings import TierLimits
from inference.sweeping import Sweeper
from tests.ml.serving import (
    ADAPTERS,
    REQUEST_URI,
    MemoryStore,
    answer,
    images,
    refusal,
    request,
    serve,
)
from tests.ml.training_runs import Run, train

Damage = Callable[[MemoryStore, AdapterReference], AdapterReference]


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def server(sd_base: Path, store: MemoryStore, tmp_path: Path) -> Server:
    return serve(sd_base, store, tmp_path / "cache")


@pytest.fixture(scope="session")
def short(sd_base: Path, photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = train(sd_base, photos, tmp_path_factory.mktemp("short"), max_steps=2)
    assert run.code == 0, run.stderr
    return run


def republished(
    store: MemoryStore, uri: S3Location, manifest: AdapterManifest, content: bytes
) -> AdapterReference:
    """The adapter with another manifest or content, checksums in order."""
    fitting = dataclasses.replace(
        manifest, sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content)
    )
    store.objects[str(uri.child(ADAPTER_FILE))] = content
    store.objects[str(uri.child(MANIFEST_FILE))] = fitting.to_json().encode()
    return AdapterReference(uri, fitting.sha256)


def parts(
    store: MemoryStore, adapter: AdapterReference
) -> tuple[AdapterManifest, dict[str, torch.Tensor], bytes]:
    content = store.objects[str(adapter.uri.child(ADAPTER_FILE))]
    manifest = AdapterManifest.from_json(store.objects[str(adapter.uri.child(MANIFEST_FILE))])
    return manifest, load(content), content


def missing(store: MemoryStore, adapter: AdapterReference) -> AdapterReference:
    del store.objects[str(adapter.uri.child(ADAPTER_FILE))]
    return adapter


def cut_off(store: MemoryStore, adapter: AdapterReference) -> AdapterReference:
    key = str(adapter.uri.child(ADAPTER_FILE))
    store.objects[key] = store.objects[key][:-10]
    return adapter


def altered(store: MemoryStore, adapter: AdapterReference) -> AdapterReference:
    key = str(adapter.uri.child(ADAPTER_FILE))
    store.objects[key] = store.objects[key][:-1] + b"\x01"
    return adapter


def not_the_asked_one(store: MemoryStore, adapter: AdapterReference) -> AdapterReference:
    return AdapterReference(adapter.uri, "0" * 64)


def manifest_of_another_format(store: MemoryStore, adapter: AdapterReference) -> AdapterReference:
    key = str(adapter.uri.child(MANIFEST_FILE))
    store.objects[key] = json.dumps({**json.loads(store.objects[key]), "format": 2}).encode()
    return adapter


def for_another_base(store: MemoryStore, adapter: AdapterReference) -> AdapterReference:
    manifest, _, content = parts(store, adapter)
    other = BaseModel(manifest.base_model.id, "f" * 64, manifest.base_model.family)
    return republished(store, adapter.uri, dataclasses.replace(manifest, base_model=other), content)


def of_another_family(store: MemoryStore, adapter: AdapterReference) -> AdapterReference:
    manifest, _, content = parts(store, adapter)
    other = dataclasses.replace(manifest.base_model, family=Family.SDXL)
    return republished(store, adapter.uri, dataclasses.replace(manifest, base_model=other), content)


def with_other_targets(store: MemoryStore, adapter: AdapterReference) -> AdapterReference:
    manifest, _, content = parts(store, adapter)
    other = dataclasses.replace(manifest, targets=("conv_in",))
    return republished(store, adapter.uri, other, content)


def no_safetensors(store: MemoryStore, adapter: AdapterReference) -> AdapterReference:
    manifest, _, _ = parts(store, adapter)
    return republished(store, adapter.uri, manifest, b"\x80\x04not tensors")


def of_another_rank(store: MemoryStore, adapter: AdapterReference) -> AdapterReference:
    manifest, _, content = parts(store, adapter)
    return republished(store, adapter.uri, dataclasses.replace(manifest, rank=8), content)


def with_infinity(store: MemoryStore, adapter: AdapterReference) -> AdapterReference:
    manifest, tensors, _ = parts(store, adapter)
    next(iter(tensors.values())).view(-1)[0] = torch.inf
    return republished(store, adapter.uri, manifest, save(tensors))


def with_a_tensor_too_many(store: MemoryStore, adapter: AdapterReference) -> AdapterReference:
    manifest, tensors, _ = parts(store, adapter)
    tensors["vae.decoder.conv_in.weight"] = torch.zeros(1)
    return republished(store, adapter.uri, manifest, save(tensors))


def without_a_tensor(store: MemoryStore, adapter: AdapterReference) -> AdapterReference:
    manifest, tensors, _ = parts(store, adapter)
    del tensors[max(tensors)]
    return republished(store, adapter.uri, manifest, save(tensors))


def without_its_word(store: MemoryStore, adapter: AdapterReference) -> AdapterReference:
    manifest, tensors, _ = parts(store, adapter)
    del tensors["clip_l"]
    return republished(store, adapter.uri, manifest, save(tensors))


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (missing, "adapter_missing"),
        (cut_off, "adapter_invalid"),
        (altered, "adapter_invalid"),
        (not_the_asked_one, "adapter_invalid"),
        (manifest_of_another_format, "adapter_invalid"),
        (for_another_base, "adapter_mismatch"),
        (of_another_family, "adapter_mismatch"),
        (with_other_targets, "adapter_mismatch"),
        (no_safetensors, "adapter_invalid"),
        (of_another_rank, "adapter_mismatch"),
        (with_infinity, "adapter_invalid"),
        (with_a_tensor_too_many, "adapter_mismatch"),
        (without_a_tensor, "adapter_mismatch"),
        (without_its_word, "adapter_mismatch"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_an_unusable_adapter_fails_its_request_and_no_other(
    server: Server, store: MemoryStore, sd_base: Path, short: Run, damage: Damage, code: str
) -> None:
    good = store.add(short, "good")
    before = images(server, request(sd_base, good, steps=2))
    bad = damage(store, store.add(short, "bad"))
    if bad.sha256 == good.sha256:
        # Otherwise the cache would rightly serve the good file of the same checksum.
        server._generator.adapters._forget(good.sha256)
    for _ in range(2):
        assert refusal(server, request(sd_base, bad, steps=2)).code == code
    assert images(server, request(sd_base, good, steps=2)) == before


@pytest.mark.parametrize("body", ["", "{}", "[]", "\x00", '{"format": 2}'])
def test_a_document_that_is_no_request_is_refused(server: Server, sd_base: Path, body: str) -> None:
    assert refusal(server, body).code == "request_invalid"
    assert images(server, request(sd_base, steps=2))


@pytest.mark.parametrize(
    "uri", ["s3://models/base/tiny-sd/", "s3://other/adapters/a/", "s3://models/adapters/"]
)
def test_an_adapter_from_elsewhere_is_refused_unread(
    server: Server, store: MemoryStore, sd_base: Path, uri: str
) -> None:
    adapter = AdapterReference(S3Location.parse(uri), "0" * 64)
    assert refusal(server, request(sd_base, adapter)).code == "address_refused"
    assert store.reads == []


@pytest.mark.parametrize(
    "uri",
    ["s3://models/adapters/x/manifest.json", "s3://work/trainings/x", "s3://work/generations/"],
)
def test_a_progress_address_elsewhere_is_refused_unwritten(
    server: Server, store: MemoryStore, sd_base: Path, uri: str
) -> None:
    asked = dataclasses.replace(request(sd_base), progress_uri=S3Location.parse(uri))
    assert refusal(server, asked).code == "address_refused"
    assert set(store.objects) == {REQUEST_URI}


def test_another_base_model_is_refused(server: Server, sd_base: Path) -> None:
    asked = dataclasses.replace(request(sd_base), base_model="sdxl-base-1.0")
    assert refusal(server, asked).code == "base_model_mismatch"


def test_a_request_leaves_a_sign_of_life(server: Server, store: MemoryStore, sd_base: Path) -> None:
    asked = request(sd_base, steps=2)
    answer(server, asked)
    GenerationProgress.from_json(store.objects[str(asked.progress_uri)])


def test_a_store_that_is_down_costs_only_what_needs_it(
    server: Server, store: MemoryStore, sd_base: Path, short: Run
) -> None:
    adapter = store.add(short, "a")
    store.broken = True
    assert images(server, request(sd_base, steps=2))
    assert refusal(server, request(sd_base, adapter)).code == "storage_unavailable"
    store.broken = False
    assert images(server, request(sd_base, adapter, steps=2))


def test_an_unexpected_error_is_reported_without_its_words(
    server: Server, sd_base: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pipeline = server._generator._base.pipeline
    decode = pipeline.vae.decode

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a secret prompt")

    pipeline.vae.decode = fail
    error = refusal(server, request(sd_base, steps=2))
    pipeline.vae.decode = decode
    assert error.code == "internal_error"
    assert "secret" not in error.message + caplog.text
    assert images(server, request(sd_base, steps=2))


def test_an_adapter_is_fetched_once_and_the_least_recently_used_leaves(
    sd_base: Path, store: MemoryStore, short: Run, tmp_path: Path
) -> None:
    a = store.add(short, "a")
    manifest, tensors, content = parts(store, a)
    others = []
    for name in ("b", "c"):
        tensors["clip_l"] = tensors["clip_l"] + 0.01
        uri = S3Location.parse(f"{ADAPTERS}usr/{name}/trn/")
        others.append(republished(store, uri, manifest, save(tensors)))
    b, c = others
    server = serve(
        sd_base,
        store,
        tmp_path / "small",
        cache_bytes=2 * len(content) + 100,
        tiers=TierLimits(host_bytes=0),
    )

    def fetches(adapter: AdapterReference) -> int:
        answer(server, request(sd_base, adapter, steps=1))
        return store.reads.count(str(adapter.uri.child(ADAPTER_FILE)))

    assert [fetches(one) for one in (a, b, a, c)] == [1, 1, 1, 1]
    assert [fetches(one) for one in (a, b)] == [1, 2]
    assert server._generator.adapters._disk.size_bytes <= 2 * len(content) + 100


def test_an_adapter_larger_than_the_cache_is_refused(
    sd_base: Path, store: MemoryStore, short: Run, tmp_path: Path
) -> None:
    server = serve(sd_base, store, tmp_path / "tiny", cache_bytes=1000)
    asked = request(sd_base, store.add(short, "a"))
    assert refusal(server, asked).code == "adapter_too_large"


def test_the_file_is_what_the_format_says(short: Run) -> None:
    for name in load_file(short.adapter):
        assert name == "clip_l" or (name.startswith("unet.") and ".lora_" in name)


def test_an_erased_adapter_is_not_served_again_and_leaves_disk_and_slot(
    server: Server, store: MemoryStore, sd_base: Path, short: Run, tmp_path: Path
) -> None:
    adapter = store.add(short, "a")
    images(server, request(sd_base, adapter, steps=2))
    assert (tmp_path / "cache" / adapter.sha256).is_dir()
    for name in (ADAPTER_FILE, MANIFEST_FILE):
        del store.objects[str(adapter.uri.child(name))]
    assert refusal(server, request(sd_base, adapter)).code == "adapter_missing"
    assert list((tmp_path / "cache").iterdir()) == []
    assert nothing_in_memory(server, adapter.sha256)
    assert images(server, request(sd_base, steps=2))


def test_an_erased_adapter_that_nobody_asks_for_leaves_with_the_next_sweep(
    server: Server, store: MemoryStore, sd_base: Path, short: Run, tmp_path: Path
) -> None:
    erased, kept = store.add(short, "a"), store.add(short, "b")
    manifest = AdapterManifest.from_json(store.objects[str(kept.uri.child(MANIFEST_FILE))])
    other = save(
        {k: v + 1e-3 for k, v in load(store.objects[str(kept.uri.child(ADAPTER_FILE))]).items()}
    )
    kept = republished(store, kept.uri, manifest, other)
    for adapter in (kept, erased):
        images(server, request(sd_base, adapter, steps=2))
    server.sweep()
    assert len(list((tmp_path / "cache").iterdir())) == 2
    del store.objects[str(erased.uri.child(MANIFEST_FILE))]
    store.broken = True
    with pytest.raises(ServingError):
        server.sweep()
    store.broken = False
    server.sweep()
    assert [entry.name for entry in (tmp_path / "cache").iterdir()] == [kept.sha256]
    assert nothing_in_memory(server, erased.sha256)
    assert images(server, request(sd_base, kept, steps=2))


def nothing_in_memory(server: Server, sha256: str) -> bool:
    adapters = server._generator.adapters
    tiers = (adapters._host, adapters._device)
    kept = any(sha256 in tier.sources() for tier in tiers)
    return adapters._slot.is_empty and adapters._active is None and not kept


def test_a_withdrawn_request_begins_nothing(
    server: Server, store: MemoryStore, sd_base: Path
) -> None:
    asked = request(sd_base, steps=2)
    del store.objects[str(asked.own_uri)]
    assert refusal(server, asked).code == "request_withdrawn"
    assert str(asked.progress_uri) not in store.objects


def test_the_pictures_of_a_request_that_is_withdrawn_meanwhile_are_dropped(
    server: Server, store: MemoryStore, sd_base: Path
) -> None:
    asked = request(sd_base, steps=2)
    decode = server._generator._base.pipeline.vae.decode

    def withdraw(*given: object, **more: object) -> object:
        store.objects.pop(str(asked.own_uri), None)
        return decode(*given, **more)

    server._generator._base.pipeline.vae.decode = withdraw
    assert refusal(server, asked).code == "request_withdrawn"
    server._generator._base.pipeline.vae.decode = decode


def test_the_sweeper_sweeps_again_after_a_sweep_that_failed() -> None:
    swept, twice = [0], threading.Event()

    def sweep() -> None:
        swept[0] += 1
        if swept[0] > 1:
            twice.set()
        raise OSError

    sweeper = Sweeper(sweep, seconds=0.001)
    sweeper.start()
    assert twice.wait(5)
    sweeper.end()
    sweeper.join(5)
    assert not sweeper.is_alive()
