import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from contract.adapter import TARGETS
from contract.training_failure import FailureCode, TrainingFailure
from contract.training_job import Hyperparameters, Phase, Progress
from tests.ml.training_runs import Run, hyperparameters, start, train, train_from_bundle


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


def test_training_lowers_the_loss_on_fixed_noise(trained: Run) -> None:
    metrics = trained.manifest.metrics
    assert float(str(metrics["loss_last"])) < 0.9 * float(str(metrics["loss_first"]))


def test_pictures_move_towards_the_photos(trained: Run) -> None:
    assert float(str(trained.manifest.metrics["likeness"])) >= 0.2


def test_the_progress_document_tells_where_the_run_ended(trained: Run) -> None:
    progress = Progress.from_json((trained.checkpoints / "progress.json").read_bytes())
    assert (progress.phase, progress.step, progress.max_steps) == (Phase.PUBLISHING, 300, 300)
    assert progress.loss is not None


def test_a_killed_and_resumed_run_equals_an_uninterrupted_one(
    base: Path, photos: Path, tmp_path: Path
) -> None:
    changes = {"max_steps": 12, "checkpoint_every": 5, "seed": 3, "prior_preservation": 1}
    whole = train(base, photos, tmp_path / "whole", **changes)
    assert whole.code == 0, whole.stderr
    killed = start(base, photos, tmp_path / "killed", **changes)
    checkpoints = tmp_path / "killed" / "checkpoints"
    while killed.poll() is None and not list(checkpoints.glob("step-000005-*.ckpt")):
        pass
    killed.kill()
    killed.communicate()
    assert not (tmp_path / "killed" / "model" / "manifest.json").exists()
    resumed = train(base, photos, tmp_path / "killed", **changes)
    assert resumed.code == 0, resumed.stderr
    assert resumed.manifest.metrics["resumed_at_step"] in {5, 10}
    assert resumed.adapter.read_bytes() == whole.adapter.read_bytes()
    assert resumed.manifest.metrics["loss_last"] == whole.manifest.metrics["loss_last"]


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
    while process.poll() is None and not (
        progress.exists() and Progress.from_json(progress.read_bytes()).step > 0
    ):
        pass
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == 143
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
