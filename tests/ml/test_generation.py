import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from contract.generation import Prompt, Sampler, Style
from contract.generation_result import FinishReason
from contract.training_job import Precision as TrainingPrecision
from contract.training_job import SubjectKind
from inference.base import load_base as load_served
from inference.prompts import texts_of
from inference.server import Server
from inference.settings import Precision
from inference.text_encoding import TextEncoding
from tests.ml.serving import MemoryStore, answer, array, images, request, serve
from tests.ml.training_runs import Run
from training.base import load_base
from training.captions import subject_captions
from training.conditioning import encode
from training.subject_token import learned_tokens


@pytest.fixture(scope="module")
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture(scope="module")
def server(base: Path, store: MemoryStore, tmp_path_factory: pytest.TempPathFactory) -> Server:
    return serve(base, store, tmp_path_factory.mktemp("cache"))


@pytest.mark.parametrize("sampler", Sampler)
def test_every_sampler_makes_a_picture_that_the_seed_decides(
    server: Server, base: Path, sampler: Sampler
) -> None:
    first = images(server, request(base, sampler=sampler, seeds=(7,)))[0]
    again = images(server, request(base, sampler=sampler, seeds=(7,)))[0]
    other = images(server, request(base, sampler=sampler, seeds=(8,)))[0]
    assert first == again
    assert first != other
    assert array(first).shape == (64, 64, 3)
    assert array(first).std() > 0.01


def test_samplers_differ_from_each_other(server: Server, base: Path) -> None:
    made = {sampler: images(server, request(base, sampler=sampler))[0] for sampler in Sampler}
    # DDPM and Euler ancestral are one process in two notations: they may agree to the last bit.
    made.pop(Sampler.DDPM)
    assert len(set(made.values())) == len(Sampler) - 1


def test_a_sample_is_the_same_alone_and_among_others(server: Server, base: Path) -> None:
    together = images(server, request(base, seeds=(1, 2, 3)))
    alone = [images(server, request(base, seeds=(seed,)))[0] for seed in (1, 2, 3)]
    assert together == alone


def test_sizes_are_honoured(server: Server, base: Path) -> None:
    picture = images(server, request(base, width=96, height=64))[0]
    assert array(picture).shape == (64, 96, 3)


def test_negative_prompts_weights_and_styles_change_the_picture(server: Server, base: Path) -> None:
    plain = request(base, text="a red circle")
    wishes = [
        plain,
        dataclasses.replace(plain, prompts=(*plain.prompts, Prompt("blue", -1.0))),
        dataclasses.replace(plain, prompts=(*plain.prompts, Prompt("a blue house", 1.0))),
        dataclasses.replace(plain, prompts=(*plain.prompts, Prompt("a blue house", 0.2))),
        dataclasses.replace(plain, style=Style("anime", "anime drawing of {prompt}", "")),
        dataclasses.replace(plain, style=Style("anime", "anime drawing of {prompt}", "photo")),
        dataclasses.replace(plain, cfg_scale=7.0),
    ]
    assert len({images(server, wish)[0] for wish in wishes}) == len(wishes)


def test_one_prompts_weight_alone_changes_nothing(server: Server, base: Path) -> None:
    heavy = request(base, prompts=(Prompt("a red circle", 3.0),))
    assert images(server, heavy) == images(server, request(base, text="a red circle"))


def test_a_pixel_that_is_no_number_is_an_error_of_that_sample_only(
    base: Path, tmp_path: Path
) -> None:
    server = serve(base, MemoryStore(), tmp_path)
    bias = server._generator._base.vae.decoder.conv_out.bias
    with torch.no_grad():
        bias.fill_(float("nan"))
    artifact = answer(server, request(base)).artifacts[0]
    assert (artifact.finish_reason, artifact.image) == (FinishReason.ERROR, b"")
    with torch.no_grad():
        bias.zero_()
    assert answer(server, request(base)).artifacts[0].finish_reason is FinishReason.SUCCESS


def test_half_precision_serves_nearly_the_same_picture(
    base: Path, store: MemoryStore, server: Server, trained: Run, tmp_path: Path
) -> None:
    reference = store.add(trained, "a")
    half = serve(base, store, tmp_path, precision=Precision.FP16)
    pictures = [array(images(one, request(base, reference))[0]) for one in (server, half)]
    assert np.abs(pictures[0] - pictures[1]).mean() < 0.05


def test_an_adapter_moves_the_picture_and_the_answer_names_it(
    server: Server, store: MemoryStore, base: Path, trained: Run
) -> None:
    reference = store.add(trained, "a")
    with_adapter = answer(server, request(base, reference))
    without = answer(server, request(base))
    assert (with_adapter.adapter, without.adapter) == (reference.sha256, None)
    apart = np.abs(array(with_adapter.artifacts[0].image) - array(without.artifacts[0].image))
    assert apart.mean() > 0.02


def test_the_subject_is_meant_even_where_no_text_names_it(
    server: Server, store: MemoryStore, base: Path, trained: Run
) -> None:
    reference = store.add(trained, "a")
    silent = images(server, request(base, reference, text="riding a horse"))
    spoken = images(server, request(base, reference, text="<subject>, riding a horse"))
    assert silent == spoken


def test_subjects_do_not_leak_into_each_other_or_into_the_base(
    base: Path, trained: Run, another: Run, tmp_path: Path
) -> None:
    store = MemoryStore()
    a, b = store.add(trained, "a"), store.add(another, "b")
    asked = {"a": request(base, a), "b": request(base, b), "base": request(base)}
    fresh = {name: images(serve(base, store, tmp_path / name), one) for name, one in asked.items()}
    assert len({picture[0] for picture in fresh.values()}) == 3
    busy = serve(base, store, tmp_path / "busy")
    for name in ("a", "b", "a", "base", "a", "base", "b", "b", "base"):
        assert images(busy, asked[name]) == fresh[name], name


def test_text_cannot_call_up_another_subjects_word(
    base: Path, trained: Run, tmp_path: Path
) -> None:
    store = MemoryStore()
    server = serve(base, store, tmp_path)
    asked = request(base, text="a photo of \ue000 \ue001")
    before = images(server, asked)
    images(server, request(base, store.add(trained, "a")))
    assert images(server, asked) == before == images(server, request(base, text="a photo of  "))


def test_serving_encodes_the_subjects_captions_as_training_did(base: Path, trained: Run) -> None:
    manifest = trained.manifest
    tensors = load_file(trained.adapter)
    loaded = load_base(base, manifest.base_model.id, TrainingPrecision.FP32, torch.device("cpu"))
    tokens = learned_tokens(loaded, manifest.token, manifest.class_noun, 2)
    with torch.no_grad():
        for key, token in tokens.items():
            token.vectors.copy_(tensors[key])
        caption = subject_captions(SubjectKind.PERSON, manifest.token, manifest.class_noun)[0]
        taught = encode(loaded, tokens, [caption])
    served = load_served(base, manifest.base_model.id, Precision.FP32, torch.device("cpu"))
    texts = texts_of(request(base, text="a photo of <subject>"), manifest)
    vectors = [tensors[key] for key in tokens]
    said = TextEncoding(served).encode(texts.wanted, vectors)
    assert torch.equal(said.hidden, taught.hidden)
    assert (said.pooled is None) == (taught.pooled is None)
    if said.pooled is not None and taught.pooled is not None:
        assert torch.equal(said.pooled, taught.pooled)
