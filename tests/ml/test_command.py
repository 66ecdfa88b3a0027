"""`python -m training`: what it says, what it leaves, how it refuses."""

import contextlib
import io
import os
import shutil
import signal
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bases.source import SHIPPED
from contract.adapter import AdapterManifest
from contract.base_folder import content_hash, described
from contract.base_model import Family
from contract.training_presets import PRESETS, PresetName
from tests.ml.clip_pair import save_clip
from training.__main__ import main
from training.command import add_subject, asked_of, base_id_of, sentence_parser
from training.local_base import local_base

_STEPS = ["--set", "max_steps=3", "--set", "checkpoint_every=1"]
SMALL = [*_STEPS, "--set", "rank=4", "--set", "batch_size=1"]


def test_help_lists_every_setting_with_its_default(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    said = capsys.readouterr().out
    for part in ("owner/name@revision", "caption_dropout        0.1", "sdxl 1000", "exit status"):
        assert part in said
    assert all(len(line) <= 140 for line in said.splitlines())


@dataclass(frozen=True)
class Ended:
    """How the command ended, and what it said."""

    status: int
    out: str
    err: str


def ended(arguments: list[str]) -> Ended:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(arguments)
    return Ended(status, out.getvalue(), err.getvalue())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("command") / "out"


@pytest.fixture(scope="module")
def runs(photos: Path, folder: Path) -> tuple[Ended, Ended]:
    """The same command twice: at first SIGTERM comes, as soon as there is a checkpoint."""
    command = [str(photos), "--base", "tiny-sd", "--out", str(folder), *SMALL]
    done = threading.Event()

    def terminate() -> None:
        while not done.is_set() and not list((folder / "checkpoints").glob("step-*.ckpt")):
            time.sleep(0.005)
        if not done.is_set():
            os.kill(os.getpid(), signal.SIGTERM)

    # Where the signal comes too late for the command, it must not end the tests.
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    thread = threading.Thread(target=terminate)
    thread.start()
    try:
        first = ended(command)
    finally:
        done.set()
        thread.join()
        signal.signal(signal.SIGTERM, before)
    return first, ended(command)


def test_it_trains_and_says_where_the_adapter_is_and_what_was_measured(
    runs: tuple[Ended, Ended], folder: Path
) -> None:
    _, done = runs
    assert done.status == 0, done.err
    assert f"adapter   {folder / 'adapter.safetensors'}" in done.out
    assert "loss_last" in done.out
    assert "event=loaded" in done.err
    manifest = AdapterManifest.from_json((folder / "manifest.json").read_bytes())
    manifest.verify(folder / "adapter.safetensors")
    assert manifest.base_model.hash == content_hash(SHIPPED["tiny-sd"])
    assert (manifest.training["resolution"], manifest.training["max_steps"]) == (64, 3)
    assert described(folder / "base") == manifest.base_model
    assert not (SHIPPED["tiny-sd"] / "base.json").exists()


def test_an_interrupted_run_goes_on_when_it_is_asked_for_again(
    runs: tuple[Ended, Ended], folder: Path
) -> None:
    first, _ = runs
    assert (first.status, first.out) == (143, "")
    assert "goes on from the last checkpoint" in first.err
    manifest = AdapterManifest.from_json((folder / "manifest.json").read_bytes())
    assert int(str(manifest.metrics["resumed_at_step"])) >= 1


def test_a_preset_sets_steps_and_switches_and_single_settings_overrule_it(photos: Path) -> None:
    parser = sentence_parser("train", "")
    add_subject(parser)
    given = parser.parse_args([str(photos), "--preset", "quality", "--set", "prior_images=7"])
    given.base = "tiny-sd"
    asked = asked_of(parser, given)
    settings = asked.settings("tiny-sd", Family.SD, 64)
    assert settings.max_steps == PRESETS[PresetName.QUALITY].max_steps(800) == 1200
    assert (settings.prior_preservation, settings.close_crops) == (True, True)
    assert settings.prior_images == 7
    plain = replace(asked, preset=None, changes={}).settings("tiny-sd", Family.SD, 64)
    assert (plain.max_steps, plain.prior_preservation) == (800, False)


def test_an_image_encoder_beside_a_base_without_a_description_is_linked_too(
    sd_base: Path, tmp_path: Path
) -> None:
    shutil.copytree(sd_base, tmp_path / "bare", ignore=shutil.ignore_patterns("base.json"))
    save_clip(tmp_path / "bare")
    found = local_base(str(tmp_path / "bare"), tmp_path / "cache", tmp_path / "links")
    assert found.folder == tmp_path / "links"
    assert (found.folder / "clip" / "model.safetensors").is_file()
    assert found.description.hash == content_hash(sd_base)


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
    assert "invalid" in refused(capsys, *given, "--preset", "best")


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
