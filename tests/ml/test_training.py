import json
import resource
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from contract.adapter import CLASS_IMAGES_FILE, TARGETS
from contract.base_model import Family
from contract.training_failure import FailureCode, TrainingFailure
from contract.training_job import Hyperparameters, Phase, Precision, Progress
from tests.ml.clip_pair import save_clip
from tests.ml.training_runs import Run, hyperparameters, start, train, train_from_bundle
from training.base import load_base
from training.prior import class_images_key

# Every ingredient that a run keeps state for.
EVERYTHING: dict[str, object] = {
    "prior_preservation": 1,
    "prior_images": 4,
    "ema_decay": 0.9,
    "subject_mask": 0.5,
    "close_crops": 1,
    "batch_size": 6,
    "evaluation_share": 1,  # pays for two rounds
}


def test_a_training_leaves_adapter_manifest_and_metrics(trained: Run) -> None:
    manifest = trained.manifest
    manifest.verify(trained.adapter)
    assert (manifest.rank, manifest.token, manifest.class_noun) == (4, "<subject>", "person")
    assert manifest.has_finite_loss
    assert {path.name for path in trained.artifacts.iterdir()} == {
        "adapter.safetensors",
        "manifest.json",
        "metrics.json",
    }
    metrics = json.loads((trained.artifacts / "metrics.json").read_text())
    assert metrics["format"] == 1
    assert metrics["photos"] == 12


def test_the_adapter_holds_lora_of_the_targets_and_the_learned_word(
    trained: Run, base: Path
) -> None:
    tensors = load_file(trained.adapter)
    words = {name for name in tensors if name.startswith("clip_")}
    assert words == ({"clip_l", "clip_g"} if (base / "tokenizer_2").exists() else {"clip_l"})
    for name in set(tensors) - words:
        module, _, kind = name.removesuffix(".weight").rpartition(".lora_")
        assert module.startswith("unet.")
        assert module.endswith(TARGETS)
        assert tensors[name].shape[{"A": 0, "B": 1}[kind]] == 4
    assert all(torch.isfinite(tensor).all() for tensor in tensors.values())


def test_the_word_can_be_learned_alone(sd_base: Path, photos: Path, tmp_path: Path) -> None:
    run = train(sd_base, photos, tmp_path, max_steps=2, lora_rate_factor=0, token_fraction=1)
    untouched = train(
        sd_base, photos, tmp_path / "none", max_steps=1, lora_rate_factor=0, token_fraction=0
    )
    tensors, before = load_file(run.adapter), load_file(untouched.adapter)
    assert not any(bool(t.any()) for name, t in tensors.items() if ".lora_B" in name)
    assert not torch.equal(tensors["clip_l"], before["clip_l"])


def test_training_lowers_the_loss_on_fixed_noise(trained: Run) -> None:
    metrics = trained.manifest.metrics
    assert float(str(metrics["loss_last"])) < 0.9 * float(str(metrics["loss_first"]))


def test_pictures_move_towards_the_photos(trained: Run) -> None:
    assert float(str(trained.manifest.metrics["likeness"])) >= 0.2


def test_the_manifest_says_how_the_published_checkpoint_did(trained: Run) -> None:
    scores = trained.manifest.scores
    assert scores is not None
    assert (scores.measure, scores.prompt_fidelity) == ("low-frequencies", None)
    assert scores.identity == scores.score > float(str(trained.manifest.metrics["identity_base"]))
    assert trained.manifest.metrics["held_out"] == 3
    assert int(str(trained.manifest.metrics["rounds"])) > 1
    assert scores.step <= 100


def test_every_round_of_measuring_leaves_a_small_strip_of_pictures(trained: Run) -> None:
    strips = sorted((trained.checkpoints / "samples").glob("step-*.jpg"))
    assert len(strips) == trained.manifest.metrics["rounds"]
    with Image.open(strips[-1]) as strip:
        assert (strip.format, strip.size) == ("JPEG", (6 * 128, 128))
    assert max(strip.stat().st_size for strip in strips) < 64 * 1024


def test_the_progress_document_tells_where_the_run_ended(trained: Run) -> None:
    progress = Progress.from_json((trained.checkpoints / "progress.json").read_bytes())
    assert (progress.phase, progress.step, progress.max_steps) == (Phase.PUBLISHING, 100, 100)
    assert progress.loss is not None


def test_a_killed_and_resumed_run_equals_an_uninterrupted_one(
    published: Callable[[Family], Path], photos: Path, tmp_path: Path
) -> None:
    base = published(Family.SDXL)  # two learned words: whatever SD keeps, it keeps too
    changes = {**EVERYTHING, "max_steps": 12, "checkpoint_every": 5, "seed": 3}
    whole = train(base, photos, tmp_path / "whole", **changes)
    assert whole.code == 0, whole.stderr
    killed = start(base, photos, tmp_path / "killed", **changes)
    checkpoints = tmp_path / "killed" / "checkpoints"
    while killed.runs and not list(checkpoints.glob("step-000005-*.ckpt")):
        time.sleep(0.01)
    killed.send(signal.SIGKILL)
    assert killed.end().code == -signal.SIGKILL
    assert not (tmp_path / "killed" / "model" / "manifest.json").exists()
    resumed = train(base, photos, tmp_path / "killed", **changes)
    assert resumed.code == 0, resumed.stderr
    assert resumed.manifest.metrics["resumed_at_step"] in {5, 8, 10}
    assert whole.manifest.metrics["rounds"] == 2
    assert resumed.adapter.read_bytes() == whole.adapter.read_bytes()
    for name in ("loss_last", "score", "chosen_step", "rounds"):
        assert resumed.manifest.metrics[name] == whole.manifest.metrics[name]


def test_a_run_stopped_while_it_measures_ends_in_seconds_and_measures_again(
    sd_base: Path, photos: Path, tmp_path: Path
) -> None:
    changes: dict[str, object] = {"max_steps": 1, "ema_decay": 0.9}
    whole = train(sd_base, photos, tmp_path / "whole", **changes)
    process = start(sd_base, photos, tmp_path / "stopped", **changes)
    progress = tmp_path / "stopped" / "checkpoints" / "progress.json"
    while process.runs and not (
        progress.exists() and Progress.from_json(progress.read_bytes()).phase is Phase.EVALUATING
    ):
        time.sleep(0.01)
    process.send(signal.SIGTERM)
    assert process.end(60).code == 143
    assert not (tmp_path / "stopped" / "model").exists()
    resumed = train(sd_base, photos, tmp_path / "stopped", **changes)
    assert resumed.manifest.metrics["resumed_at_step"] == 1
    assert resumed.adapter.read_bytes() == whole.adapter.read_bytes()
    assert resumed.manifest.scores == whole.manifest.scores


def test_class_images_are_made_once_for_all_runs_of_a_class(
    sd_base: Path, photos: Path, tmp_path: Path
) -> None:
    changes: dict[str, object] = {"max_steps": 1, "prior_preservation": 1, "prior_images": 3}
    first = train(sd_base, photos, tmp_path / "first", **changes)
    kept = first.artifacts / CLASS_IMAGES_FILE
    assert load_file(kept)["latents"].shape == (3, 4, 16, 16)
    (tmp_path / "second" / "prior").mkdir(parents=True)
    shutil.copy(kept, tmp_path / "second" / "prior")
    second = train(sd_base, photos, tmp_path / "second", **changes)
    assert not (second.artifacts / CLASS_IMAGES_FILE).exists()
    assert second.adapter.read_bytes() == first.adapter.read_bytes()
    base = load_base(sd_base, "tiny-sd", Precision.FP32, torch.device("cpu"))
    told = Hyperparameters.from_strings(hyperparameters(sd_base, changes))
    own, other = (
        class_images_key(base, f"a photo of a {noun}", told) for noun in ("person", "cat")
    )
    with safe_open(kept, framework="pt") as opened:
        assert opened.metadata()["key"] == own != other


def test_a_run_that_does_not_reach_the_floor_publishes_nothing(
    sd_base: Path, photos: Path, tmp_path: Path
) -> None:
    run = train(sd_base, photos, tmp_path, max_steps=2, likeness_floor=1)
    fail_with(run, FailureCode.LOW_LIKENESS)


def test_a_full_disk_ends_the_run_with_a_reason_and_leaves_no_parts(
    sd_base: Path, photos: Path, tmp_path: Path
) -> None:
    process = start(sd_base, photos, tmp_path, max_steps=50, checkpoint_every=1)
    room = 64 * 1024  # a checkpoint needs more
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (room, room))
    run = process.end()
    fail_with(run, FailureCode.OUT_OF_DISK)
    assert [path.name for path in run.checkpoints.iterdir()] == ["progress.json"]


def test_a_base_with_an_image_encoder_is_measured_by_it(
    sd_base: Path, photos: Path, tmp_path: Path
) -> None:
    shutil.copytree(sd_base, tmp_path / "base")
    save_clip(tmp_path / "base")
    run = train(tmp_path / "base", photos, tmp_path, max_steps=2)
    assert run.code == 0, run.stderr
    scores = run.manifest.scores
    assert scores is not None
    assert scores.measure == "clip"
    (tmp_path / "base" / "clip" / "text_projection.safetensors").unlink()
    fail_with(train(tmp_path / "base", photos, tmp_path / "x"), FailureCode.BASE_MODEL_INVALID)


def test_a_damaged_checkpoint_is_passed_over_for_an_older_one(
    sd_base: Path, photos: Path, tmp_path: Path
) -> None:
    first = train(sd_base, photos, tmp_path, max_steps=6, checkpoint_every=2)
    newest = max(first.checkpoints.glob("step-*.ckpt"))
    newest.write_bytes(newest.read_bytes()[:1000])
    again = train(sd_base, photos, tmp_path, max_steps=6, checkpoint_every=2)
    assert again.code == 0, again.stderr
    assert again.manifest.metrics["resumed_at_step"] == 4
    assert again.adapter.read_bytes() == first.adapter.read_bytes()


def test_sigterm_leaves_a_checkpoint_and_no_adapter(
    sd_base: Path, photos: Path, tmp_path: Path
) -> None:
    process = start(sd_base, photos, tmp_path, max_steps=100_000, checkpoint_every=100_000)
    progress = tmp_path / "checkpoints" / "progress.json"
    while process.runs and not (
        progress.exists() and Progress.from_json(progress.read_bytes()).step > 0
    ):
        time.sleep(0.01)
    process.send(signal.SIGTERM)
    assert process.end(60).code == 143
    assert len(list((tmp_path / "checkpoints").glob("step-*.ckpt"))) == 1
    assert not (tmp_path / "model").exists()
    assert not (tmp_path / "output").exists()


def test_the_bundle_runs_as_the_containers_toolkit_starts_it(
    sd_base: Path, photos: Path, tmp_path: Path
) -> None:
    settings = Hyperparameters.from_strings(
        hyperparameters(sd_base, {"class_noun": "grey cat", "max_steps": 1})
    )
    run = train_from_bundle(sd_base, photos, tmp_path, **settings.to_strings())
    assert run.code == 0, run.stderr
    assert run.manifest.class_noun == "grey cat"
    assert run.manifest.training == settings.to_scalars()


def test_a_base_that_predicts_velocity_is_trained_too(
    sd_base: Path, photos: Path, tmp_path: Path
) -> None:
    shutil.copytree(sd_base, tmp_path / "base")
    config = tmp_path / "base" / "scheduler" / "scheduler_config.json"
    config.write_text(config.read_text().replace('"epsilon"', '"v_prediction"'))
    run = train(tmp_path / "base", photos, tmp_path, max_steps=2)
    assert run.code == 0, run.stderr
    assert run.manifest.has_finite_loss


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        (FailureCode.HYPERPARAMETERS_INVALID, {"lerning_rate": "0.1"}),
        (FailureCode.HYPERPARAMETERS_INVALID, {"rank": "many"}),
        (FailureCode.BASE_MODEL_INVALID, {"base_model_id": "sdxl-base-1.0"}),
        (FailureCode.HYPERPARAMETERS_INVALID, {"optimizer": "adamw-8bit"}),
    ],
)
def test_a_run_that_cannot_succeed_says_why(
    sd_base: Path, photos: Path, tmp_path: Path, code: FailureCode, changes: dict[str, object]
) -> None:
    fail_with(train(sd_base, photos, tmp_path, **changes), code)


def test_no_photos_is_a_failure_with_a_reason(sd_base: Path, tmp_path: Path) -> None:
    fail_with(train(sd_base, tmp_path / "none", tmp_path), FailureCode.NO_PHOTOS)


def test_an_unreadable_photo_is_named(sd_base: Path, photos: Path, tmp_path: Path) -> None:
    shutil.copytree(photos, tmp_path / "photos")
    cut = tmp_path / "photos" / "pho_03.jpg"
    cut.write_bytes(cut.read_bytes()[:700])
    run = train(sd_base, tmp_path / "photos", tmp_path)
    fail_with(run, FailureCode.PHOTO_UNREADABLE)
    assert "pho_03.jpg" in run.failure


def test_an_incomplete_base_fails_before_training(
    sd_base: Path, photos: Path, tmp_path: Path
) -> None:
    shutil.copytree(sd_base, tmp_path / "base")
    weights = tmp_path / "base" / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    run = train(tmp_path / "base", photos, tmp_path)
    fail_with(run, FailureCode.BASE_MODEL_INVALID)
    assert "unet/diffusion_pytorch_model.safetensors is cut off" in run.failure


def test_a_loss_that_is_no_number_ends_the_run(sd_base: Path, photos: Path, tmp_path: Path) -> None:
    shutil.copytree(sd_base, tmp_path / "base")
    weights = tmp_path / "base" / "unet" / "diffusion_pytorch_model.safetensors"
    tensors = load_file(weights)
    tensors["conv_out.bias"].fill_(torch.nan)
    save_file(tensors, weights, metadata={"format": "pt"})
    run = train(tmp_path / "base", photos, tmp_path)
    fail_with(run, FailureCode.LOSS_NOT_FINITE)


def fail_with(run: Run, code: FailureCode) -> None:
    failure = TrainingFailure.find_in(run.failure)
    assert failure is not None
    assert (run.code, failure.code) == (1, code), run.stderr
    assert run.stderr.rstrip().endswith(failure.to_text())
    assert not run.artifacts.exists()
