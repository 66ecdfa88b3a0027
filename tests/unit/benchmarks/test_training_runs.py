"""What the training benchmark runs, keeps, and does not run again."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.training.arms import ABLATIONS, ARMS, BASE, FAST
from benchmarks.training.commands import SCRIPTS, Given, our_program, their_program
from benchmarks.training.fetch import NotFetchedError, fetch, fetched, torchvision_for
from benchmarks.training.machine import machine
from benchmarks.training.plan import ArmCell, Part, SpeedCell, cells_of, cutoff
from benchmarks.training.report import write_page
from benchmarks.training.sizes import SIZES
from benchmarks.training.store import Store, fingerprint_of
from benchmarks.training.tracks import TRACKS, Contender
from benchmarks.training.watched import ProgramError, Watched, watch
from contract.training_job import Hyperparameters

GIVEN = Given(Path("base"), Path("photos"), "woman", 128, Path("out"))


def test_a_finished_cell_is_not_run_again_unless_something_changed(tmp_path: Path) -> None:
    store = Store(tmp_path / "results" / "some.jsonl")
    store.keep("arm|a|00", fingerprint_of("base", {"rank": 8}), {"part": "arm", "seconds": 1})
    again = Store(tmp_path / "results" / "some.jsonl")
    assert again.is_done("arm|a|00", fingerprint_of("base", {"rank": 8}))
    assert not again.is_done("arm|a|00", fingerprint_of("another base", {"rank": 8}))
    assert not again.is_done("arm|a|01", fingerprint_of("base", {"rank": 8}))


def test_a_cell_that_is_run_again_replaces_its_record(tmp_path: Path) -> None:
    store = Store(tmp_path / "some.jsonl")
    for seconds in (1, 2):
        store.keep("b", str(seconds), {"part": "arm", "seconds": seconds})
        store.keep("a", "", {"part": "speed"})
    records = list(Store(tmp_path / "some.jsonl").records())
    assert [record["key"] for record in records] == ["a", "b"]
    assert [record["seconds"] for record in store.records("arm")] == [2]


def test_each_part_runs_its_own_cells_and_what_they_are_compared_with() -> None:
    size = SIZES["default"]
    speed = cells_of(size, [Part.SPEED])
    assert all(isinstance(cell, SpeedCell) for cell in speed)
    names = {c.arm.name for c in cells_of(size, [Part.ABLATION]) if isinstance(c, ArmCell)}
    assert names == {BASE, FAST, *(arm.name for arm in ABLATIONS)}
    assert {c.key.split("|")[1] for c in cells_of(size, [Part.TIME])} == {FAST}
    everything = cells_of(size, list(Part))
    assert len({cell.key for cell in everything}) == len(everything)
    assert {c.arm.name for c in everything if isinstance(c, ArmCell)} >= {a.name for a in ARMS}


def test_sides_take_turns() -> None:
    track = TRACKS[0]
    runs = [
        c for c in cells_of(SIZES["default"], [Part.SPEED]) if c.key.split("|")[1] == track.name
    ]
    sides = [cell.key.rpartition("|")[2] for cell in runs]
    assert sides == [contender.value for contender in track.contenders] * SIZES["default"].repeats


def test_the_default_run_is_planned_to_end_in_its_time() -> None:
    size = SIZES["default"]
    cells = cells_of(size, list(Part))
    fit = cutoff(cells, size.minutes)
    assert fit >= 0.9 * len(cells)
    assert sum(cell.nominal for cell in cells[:fit]) <= 60 * size.minutes
    assert cutoff(cells, 0) == len(cells)


def test_both_sides_are_told_the_same() -> None:
    settings = TRACKS[0].settings(24)
    ours, theirs = our_program(GIVEN, settings), their_program(Path("script.py"), GIVEN, settings)
    told = dict(word.split("=", 1) for word in ours if "=" in word)
    options = dict(zip(theirs[1::2], theirs[2::2], strict=True))
    assert told["rank"] == options["--rank"]
    assert told["batch_size"] == options["--train_batch_size"]
    assert told["max_steps"] == options["--max_train_steps"]
    assert told["learning_rate"] == options["--learning_rate"]
    assert options["--resolution"] == "128"
    Hyperparameters.check(settings)


def test_the_prior_is_asked_of_both_or_of_none() -> None:
    with_prior = next(track for track in TRACKS if track.prior)
    settings = with_prior.settings(4)
    theirs = their_program(Path("s.py"), GIVEN, settings, class_images=Path("class"))
    assert "prior_preservation=1" in our_program(GIVEN, settings)
    assert "--with_prior_preservation" in theirs
    assert theirs[theirs.index("--num_class_images") + 1] == str(settings["prior_images"])
    plain = their_program(Path("s.py"), GIVEN, TRACKS[0].settings(4))
    assert "--with_prior_preservation" not in plain


def test_seconds_per_step_leave_out_the_first_steps() -> None:
    watched = Watched(20.0, (9.0, 10.0, 11.0, 11.5, 12.0, 12.5), 100.0, 90.0)
    assert watched.seconds_per_step == pytest.approx(0.5)
    assert replace(watched, steps=(9.0,)).seconds_per_step == 0.0


def test_a_watched_program_is_run_as_it_is_and_its_steps_are_counted(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import sys, torch\n"
        "weight = torch.nn.Parameter(torch.ones(1))\n"
        "steps = torch.optim.SGD([weight], lr=0.1)\n"
        "for _ in range(int(sys.argv[1])):\n"
        "    weight.square().sum().backward()\n"
        "    steps.step()\n"
        "sys.exit(int(sys.argv[2]))\n"
    )
    with pytest.raises(ProgramError, match="ended with 3"):
        watch([str(program), "6", "3"], tmp_path / "run", 1, [])
    watched = Watched.from_json((tmp_path / "run" / "note.json").read_text())
    assert len(watched.steps) == 6
    assert 0 < watched.training_mib <= watched.peak_mib
    assert 0 < watched.steps[0] <= watched.steps[-1] <= watched.seconds + 0.001


def test_scripts_come_out_of_a_clone_unmodified_at_the_revision_asked_for(tmp_path: Path) -> None:
    clone, folder = tmp_path / "clone", tmp_path / "scripts"
    place = clone / "examples" / "dreambooth"
    place.mkdir(parents=True)
    for number in (1, 2):
        for name in SCRIPTS.values():
            (place / name).write_text(f"# {name}, {number}\n")
        _commit(clone, f"v{number}")
    found = fetch(str(clone), "v1", folder)
    assert {(folder / name).read_text() for name in SCRIPTS.values()} == {
        f"# {name}, 1\n" for name in SCRIPTS.values()
    }
    assert fetched(folder) == found
    assert found.revision == "v1"
    with pytest.raises(NotFetchedError, match="DIFFUSERS_REVISION"):
        fetch(str(clone), "v3", folder)


def test_without_the_scripts_it_is_said_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(NotFetchedError, match="DIFFUSERS_SOURCE"):
        fetched(tmp_path)


def _commit(folder: Path, tag: str) -> None:
    who = ["-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q"], ["add", "-A"], [*who, "commit", "-qm", tag], ["tag", tag]):
        subprocess.run(["git", "-C", str(folder), *words], check=True)


def test_torchvision_follows_torch() -> None:
    assert torchvision_for("2.13.0+cpu") == "0.28.0"
    with pytest.raises(NotFetchedError):
        torchvision_for("3.0.0")


def test_the_page_is_made_of_what_there_is(tmp_path: Path) -> None:
    size = replace(SIZES["quick"], folder=tmp_path)
    store = Store(size.results)
    store.keep("machine", "", {"part": "machine", **machine()})
    script = {"revision": "v0.1.0", "commit": "c" * 40, "library": "0.2.0"}
    store.keep("script", "", {"part": "script", **script})
    record = {"part": "speed", "track": TRACKS[0].name, "turn": 0, "load": 0.5}
    taken = {"samples_per_second": 4.0, "peak_mib": 300.0, "training_mib": 200.0}
    for contender in (Contender.OURS, Contender.SCRIPT):
        store.keep(contender, "", {**record, "contender": contender.value, **taken})
    (page,) = write_page(size)
    text = page.read_text(encoding="utf-8")
    assert "| miniature | ours | 4.00 ± 0.00 (1) |" in text
    assert machine()["torch"] in text
    assert "v0.1.0 (commit cccccccccccc)" in text
    assert "another revision than the library's, 0.2.0" in text
    assert "Load average of the machine while measuring: 0.5 to 0.5." in text
    assert text.count("Not measured yet.") == 3
    assert all(json.loads(line) for line in size.results.read_text().splitlines())
