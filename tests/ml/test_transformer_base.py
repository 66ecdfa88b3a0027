"""A transformer base (a tiny Stable Diffusion 3 of random weights) trains as a UNet does."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from diffusers import StableDiffusion3Pipeline
from peft import set_peft_model_state_dict
from safetensors.torch import load_file
from transformers import CLIPTextModelWithProjection, CLIPTokenizer

from bases.publish import NotServedError, publish
from contract.adapter import AdapterManifest
from contract.architecture import ARCHITECTURES
from contract.base_folder import content_hash
from contract.base_model import BaseModel, Family
from contract.training_job import Precision
from inference.base import load_base as load_served
from inference.settings import Precision as ServedPrecision
from tests.ml.buckets import MemoryBucket
from tests.ml.clip_pair import save_clip
from tests.ml.training_runs import Run, train
from training.base import Base, load_base
from training.conditioning import encode
from training.encoders import encoder_for
from training.lora import ADAPTER, inject
from training.sampling import denoise
from training.subject_token import learned_tokens
from training.tiny_sd3 import make_tiny_sd3

SIDE, STEPS = 64, 3
CAPTION, PLAIN = "a photo of <subject> person", "a photo of person"


@pytest.fixture(scope="module")
def sd3_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base-sd3")
    make_tiny_sd3(folder)
    base = BaseModel("tiny-sd3", content_hash(folder), Family.SD3)
    (folder / "base.json").write_text(base.to_json())
    return folder


@pytest.fixture(scope="module")
def sd3_run(sd3_base: Path, photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("run-sd3")
    run = train(sd3_base, photos, folder, max_steps=20, learning_rate=0.02, batch_size=2)
    assert run.code == 0, run.stderr
    return run


def loaded(folder: Path) -> Base:
    return load_base(folder, "tiny-sd3", Precision.FP32, torch.device("cpu"))


def test_training_lowers_the_loss_on_fixed_noise(sd3_run: Run) -> None:
    metrics = sd3_run.manifest.metrics
    assert float(str(metrics["loss_last"])) < 0.9 * float(str(metrics["loss_first"]))


def test_the_adapter_holds_lora_of_both_streams_and_two_learned_words(sd3_run: Run) -> None:
    sd3_run.manifest.verify(sd3_run.adapter)
    targets = ARCHITECTURES[Family.SD3].targets
    assert sd3_run.manifest.targets == targets
    tensors = load_file(sd3_run.adapter)
    words = {name for name in tensors if name.startswith("clip_")}
    assert words == {"clip_l", "clip_g"}
    modules = {name.partition(".lora_")[0] for name in set(tensors) - words}
    assert all(module.startswith("transformer.transformer_blocks.") for module in modules)
    assert {t for t in targets if any(m.endswith(f".{t}") for m in modules)} == set(targets)
    assert all(torch.isfinite(tensor).all() for tensor in tensors.values())


def test_stock_diffusers_makes_the_same_latents_with_the_adapter(
    sd3_base: Path, sd3_run: Run
) -> None:
    tensors, manifest = load_file(sd3_run.adapter), sd3_run.manifest
    noise = torch.randn((1, 4, 16, 16), generator=torch.Generator().manual_seed(1))
    stock = StableDiffusion3Pipeline.from_pretrained(
        sd3_base, dtype=torch.float32, local_files_only=True
    )
    stock.set_progress_bar_config(disable=True)
    stock.load_lora_weights({n: t for n, t in tensors.items() if n.startswith("transformer.")})
    words = teach(stock.tokenizer, stock.text_encoder, tensors["clip_l"])
    assert words == teach(stock.tokenizer_2, stock.text_encoder_2, tensors["clip_g"])
    theirs = stock(
        CAPTION.replace("<subject>", words),
        prompt_3=PLAIN,
        num_inference_steps=STEPS,
        guidance_scale=1.0,
        width=SIDE,
        height=SIDE,
        latents=noise.clone(),
        output_type="latent",
    ).images
    assert torch.allclose(
        theirs, own_latents(loaded(sd3_base), tensors, manifest, noise), atol=1e-4
    )


def teach(
    tokenizer: CLIPTokenizer, encoder: CLIPTextModelWithProjection, rows: torch.Tensor
) -> str:
    """Put learned rows into a stock encoder: its pipeline has no load_textual_inversion."""
    words = ["<subject>", *(f"<subject_{n}>" for n in range(1, len(rows)))]
    first = len(tokenizer)
    tokenizer.add_tokens(words, special_tokens=True)
    encoder.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    with torch.no_grad():
        encoder.get_input_embeddings().weight[first:] = rows
    return " ".join(words)


def own_latents(
    base: Base, tensors: dict[str, torch.Tensor], manifest: AdapterManifest, noise: torch.Tensor
) -> torch.Tensor:
    inject(base, manifest.rank, 0)
    lora = {n.removeprefix("transformer."): t for n, t in tensors.items() if ".lora_" in n}
    set_peft_model_state_dict(base.denoiser, lora, adapter_name=ADAPTER)
    tokens = learned_tokens(base, manifest.token, manifest.class_noun, 2)
    with torch.no_grad():
        for key, token in tokens.items():
            token.vectors.copy_(tensors[key])
        told = encode(base, tokens, [CAPTION])
    return denoise(base, noise, told, None, SIDE, STEPS, pause=lambda: None)


def test_training_reads_the_text_as_the_stock_pipeline_does(sd3_base: Path) -> None:
    base = loaded(sd3_base)
    with torch.no_grad():
        told = encode(base, learned_tokens(base, "<subject>", "person", 2), [PLAIN])
        stock = StableDiffusion3Pipeline.from_pretrained(
            sd3_base, dtype=torch.float32, local_files_only=True
        )
        hidden, _, pooled, _ = stock.encode_prompt(
            PLAIN, None, None, device=torch.device("cpu"), do_classifier_free_guidance=False
        )
    assert told.pooled is not None
    assert torch.allclose(told.hidden, hidden, atol=1e-5)
    assert torch.allclose(told.pooled, pooled, atol=1e-5)


def test_an_image_encoder_beside_it_reads_texts_below_the_encoders_own_projection(
    sd3_base: Path, tmp_path: Path
) -> None:
    shutil.copytree(sd3_base, tmp_path / "base")
    save_clip(tmp_path / "base")
    base = loaded(sd3_base)
    encoder = encoder_for(tmp_path / "base", base)
    read = encoder.texts([PLAIN])
    ids = base.tokenizers[0](PLAIN, padding="max_length", max_length=77, return_tensors="pt")
    with torch.no_grad():
        pooled = base.text_encoders[0].text_model(ids.input_ids).pooler_output
    projection = load_file(tmp_path / "base" / "clip" / "text_projection.safetensors")
    expected = pooled @ projection["text_projection.weight"].float().T
    assert read is not None
    assert torch.allclose(read, expected / expected.norm(dim=1, keepdim=True), atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"use_dynamic_shifting": True}, "shifts its noise by picture size"),
        ({"_class_name": "DDIMScheduler"}, "no FlowMatchEulerDiscreteScheduler"),
    ],
)
def test_noise_of_another_kind_ends_the_run_before_it_begins(
    sd3_base: Path, photos: Path, tmp_path: Path, changes: dict[str, object], problem: str
) -> None:
    shutil.copytree(sd3_base, tmp_path / "base")
    config = tmp_path / "base" / "scheduler" / "scheduler_config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | changes))
    run = train(tmp_path / "base", photos, tmp_path)
    assert run.code == 1
    assert problem in run.failure


def test_convolutions_that_it_has_not_end_the_run_before_it_begins(
    sd3_base: Path, photos: Path, tmp_path: Path
) -> None:
    run = train(sd3_base, photos, tmp_path, adapt_convolutions=1)
    assert run.code == 1
    assert "no convolutions" in run.failure


def test_a_family_that_nobody_serves_is_refused_where_it_would_be_served(sd3_base: Path) -> None:
    with pytest.raises(ValueError, match="family sd3 can be trained, but not served"):
        load_served(sd3_base, "tiny-sd3", ServedPrecision.FP32, torch.device("cpu"))
    bucket = MemoryBucket()
    with pytest.raises(NotServedError, match="can be trained, but not served"):
        publish(sd3_base, "tiny-sd3", bucket)
    assert bucket.objects == {}
    publish(sd3_base, "tiny-sd3", bucket, for_training_only=True)
    assert "base/tiny-sd3/transformer/diffusion_pytorch_model.safetensors" in bucket.objects
    assert "base/tiny-sd3/code/inference.py" not in bucket.objects
