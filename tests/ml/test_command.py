"""`python -m training`: what it says, what it leaves, how it refuses."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from contract.adapter import AdapterManifest
from contract.base_folder import content_hash, described
from tests.ml.training_runs import ROOT
from training.__main__ import main
from training.base_source import SHIPPED
from training.command import base_id_of

SMALL = ["--set", "max_steps=2", "--set", "rank=4", "--set", "batch_size=2"]


def test_help_lists_every_setting_with_its_default(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    said = capsys.readouterr().out
    for part in ("owner/name@revision", "caption_dropout        0.1", "sdxl 1000", "exit status"):
        assert part in said
    assert all(len(line) <= 140 for line in said.splitlines())


def test_it_trains_and_says_where_the_adapter_is_and_what_was_measured(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main([str(photos), "--base", "tiny-sd", "--out", str(out), *SMALL]) == 0
    said = capsys.readouterr()
    assert f"adapter   {out / 'adapter.safetensors'}" in said.out
    assert "loss_last" in said.out
    assert "event=loaded" in said.err
    manifest = AdapterManifest.from_json((out / "manifest.json").read_bytes())
    manifest.verify(out / "adapter.safetensors")
    assert manifest.base_model.hash == content_hash(SHIPPED["tiny-sd"])
    assert (manifest.training["resolution"], manifest.training["max_steps"]) == (64, 2)
    assert described(out / "base") == manifest.base_model
    assert not (SHIPPED["tiny-sd"] / "base.json").exists()


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The one sentence that is said before it ends with 2."""
    try:
        status: object = main([str(argument) for argument in arguments])
    except SystemExit as left:
        status = left.code
    assert status == 2
    (sentence,) = capsys.readouterr().err.splitlines()
    return sentence


def test_wrong_arguments_are_one_sentence(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [photos, "--base", "tiny-sd", "--out", tmp_path]
    assert "required: photos" in refused(capsys, "--base", "tiny-sd", "--out", "x")
    assert "there is no folder" in refused(capsys, tmp_path / "no", *given[1:])
    assert "'rank' must be from 1 to 256" in refused(capsys, *given, "--set", "rank=0")
    assert "unknown hyperparameter(s): lerning" in refused(capsys, *given, "--set", "lerning=1")
    assert "one NAME=VALUE" in refused(capsys, *given, "--set", "rank")
    assert "invalid" in refused(capsys, *given, "--kind", "ghost")


def test_wrong_photos_and_bases_are_one_sentence(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", tmp_path / "out"]
    (tmp_path / "none").mkdir()
    assert "There are no photos" in refused(capsys, tmp_path / "none", "--base", "tiny-sd", *out)
    assert "is no folder, no s3://" in refused(capsys, photos, "--base", "a/b/c", *out)
    shutil.copytree(SHIPPED["tiny-sd"], tmp_path / "half")
    (tmp_path / "half" / "vae" / "config.json").unlink()
    said = refused(capsys, photos, "--base", tmp_path / "half", *out)
    assert "vae/ has no configuration" in said
    assert not (tmp_path / "out").exists()


def test_an_interrupted_run_goes_on_when_it_is_asked_for_again(
    photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-m", "training", str(photos), "--base", "tiny-sd"]
    first = subprocess.Popen(
        [*command, "--out", str(out), "--set", "rank=4"],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
        text=True,
    )
    while first.poll() is None and not (out / "checkpoints" / "progress.json").exists():
        pass
    first.terminate()
    _, said = first.communicate(timeout=120)
    assert first.returncode == 143
    assert "goes on from the last checkpoint" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("stabilityai/stable-diffusion-xl-base-1.0@abc", "stable-diffusion-xl-base-1.0"),
        ("s3://bucket/bases/My_Base/", "my-base"),
        ("tiny-sd", "tiny-sd"),
        ("/", "base"),
    ],
)
def test_a_base_without_a_name_is_called_after_its_source(source: str, name: str) -> None:
    assert base_id_of(source) == name
