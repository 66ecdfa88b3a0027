"""The few-step tier at the endpoint: its adapter beside a subject's."""

import dataclasses
import hashlib
from pathlib import Path

import pytest
import torch
from diffusers import LCMScheduler
from safetensors.torch import save

from contract.adapter import ADAPTER_FILE, MANIFEST_FILE, TARGETS, TOKEN_KEYS, AdapterManifest
from contract.base_model import BASE_FILE, BaseModel
from contract.errors import BaseFolderError, ContractError
from contract.few_step import FEW_STEP_FOLDER, TENSORS_FILE
from contract.generation import AdapterReference, GenerationRequest
from contract.generation_result import GenerationError
from contract.s3_location import S3Location
from inference.errors import ServingError
from inference.server import Server
from tests.ml.few_step_tier import RANK, lora_for, with_few_step, write_few_step
from tests.ml.serving import ADAPTERS, MemoryStore, images, request, serve
from training.tiny_models import TEXT_WIDTH


@pytest.fixture(scope="module")
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture(scope="module")
def offering(sd_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The base with a tier."""
    return with_few_step(sd_base, tmp_path_factory.mktemp("offering") / "model")


@pytest.fixture(scope="module")
def subject(sd_base: Path, store: MemoryStore) -> AdapterReference:
    """A subject's adapter of random numbers: what it shows does not matter here."""
    content = save(
        {**lora_for(sd_base, TARGETS, seed=6), TOKEN_KEYS[0]: torch.full((2, TEXT_WIDTH), 0.1)}
    )
    manifest = AdapterManifest(
        base_model=BaseModel.from_json((sd_base / BASE_FILE).read_bytes()),
        rank=RANK,
        targets=TARGETS,
        token="<subject>",
        class_noun="person",
        training={},
        metrics={},
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
    )
    uri = S3Location.parse(f"{ADAPTERS}usr/few-step/trn/")
    store.objects[str(uri.child(ADAPTER_FILE))] = content
    store.objects[str(uri.child(MANIFEST_FILE))] = manifest.to_json().encode()
    return AdapterReference(uri, manifest.sha256)


@pytest.fixture(scope="module")
def server(offering: Path, store: MemoryStore, tmp_path_factory: pytest.TempPathFactory) -> Server:
    return serve(offering, store, tmp_path_factory.mktemp("cache"))


def few(asked: GenerationRequest, steps: int = 2, cfg_scale: float = 1.0) -> GenerationRequest:
    return dataclasses.replace(asked, few_step=True, steps=steps, cfg_scale=cfg_scale)


def refused(server: Server, asked: GenerationRequest) -> str:
    with pytest.raises(ServingError) as caught:
        server.answer(asked.to_json())
    return GenerationError.from_json(str(caught.value)).code


def test_switched_off_it_leaves_no_trace(
    server: Server,
    sd_base: Path,
    store: MemoryStore,
    subject: AdapterReference,
    tmp_path: Path,
) -> None:
    plain = serve(sd_base, store, tmp_path)
    wishes = [request(sd_base), request(sd_base, subject)]
    untouched = [images(plain, asked) for asked in wishes]
    images(server, few(request(sd_base, subject)))
    assert [images(server, asked) for asked in wishes] == untouched


def test_it_composes_with_a_subject_whatever_came_before(
    offering: Path, server: Server, store: MemoryStore, subject: AdapterReference, tmp_path: Path
) -> None:
    plain, own = request(offering), request(offering, subject)
    wishes = {"base": plain, "few": few(plain), "own": own, "own few": few(own)}
    fresh = {
        name: images(serve(offering, store, tmp_path / name), asked)
        for name, asked in wishes.items()
    }
    assert len({pictures[0] for pictures in fresh.values()}) == len(wishes)
    for name in ("own few", "few", "own", "few", "base", "own few", "base", "own", "own few"):
        assert images(server, wishes[name]) == fresh[name], name


def test_both_adapters_add_up(server: Server, offering: Path, subject: AdapterReference) -> None:
    images(server, few(request(offering, subject)))
    layers = dict(server._generator._base.unet.named_modules())
    layer = next(
        module
        for name, module in layers.items()
        if name.endswith("attn1.to_q") and hasattr(module, "lora_A")
    )
    with torch.no_grad():
        given = torch.ones(1, 3, layer.in_features)
        wanted = layer.base_layer(given)
        for name in ("few_step", "subject"):
            wanted = wanted + layer.lora_B[name](layer.lora_A[name](given))
        torch.testing.assert_close(layer(given), wanted)


def test_it_samples_as_it_was_distilled(server: Server, offering: Path) -> None:
    scheduler = server._generator._painter._sampler(few(request(offering)))
    scheduler.set_timesteps(4)
    assert isinstance(scheduler, LCMScheduler)
    assert scheduler.config.original_inference_steps == 50
    assert scheduler.timesteps.tolist() == [999, 759, 499, 259]


@pytest.mark.parametrize(("steps", "cfg_scale"), [(9, 1.0), (4, 2.5)])
def test_more_than_the_tier_offers_is_refused(
    server: Server, offering: Path, steps: int, cfg_scale: float
) -> None:
    assert refused(server, few(request(offering), steps, cfg_scale)) == "few_step_out_of_bounds"
    assert images(server, few(request(offering)))


def test_a_base_without_the_tier_says_so(sd_base: Path, store: MemoryStore, tmp_path: Path) -> None:
    server = serve(sd_base, store, tmp_path)
    assert refused(server, few(request(sd_base))) == "few_step_not_offered"
    assert images(server, request(sd_base, steps=2))


def of_another_base(folder: Path) -> None:
    write_few_step(folder, lora_for(folder), base_hash="f" * 64)


def altered(folder: Path) -> None:
    path = folder / FEW_STEP_FOLDER / TENSORS_FILE
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")


def half_there(folder: Path) -> None:
    (folder / FEW_STEP_FOLDER / TENSORS_FILE).unlink()


def of_another_shape(folder: Path) -> None:
    lora = lora_for(folder)
    lora = {name: torch.cat([t, t]) if ".lora_B." in name else t for name, t in lora.items()}
    write_few_step(folder, lora)


def of_unknown_modules(folder: Path) -> None:
    lora = lora_for(folder)
    write_few_step(folder, lora | {"unet.nowhere.lora_A.weight": torch.zeros(4, 4)})


def without_one_side(folder: Path) -> None:
    lora = lora_for(folder)
    del lora[max(name for name in lora if ".lora_B." in name)]
    write_few_step(folder, lora)


@pytest.mark.parametrize(
    "damage",
    [of_another_base, altered, half_there, of_another_shape, of_unknown_modules, without_one_side],
)
def test_a_tier_that_cannot_be_used_keeps_the_endpoint_from_becoming_healthy(
    sd_base: Path, store: MemoryStore, tmp_path: Path, damage: object
) -> None:
    folder = with_few_step(sd_base, tmp_path / "model")
    assert callable(damage)
    damage(folder)
    with pytest.raises(ContractError) as caught:
        serve(folder, store, tmp_path / "cache")
    assert isinstance(caught.value, BaseFolderError) or "differs" in str(caught.value)
