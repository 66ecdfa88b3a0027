"""diffusers' DreamBooth scripts, to be run beside our job and never committed.

`python -m benchmarks.training.fetch` takes them, unmodified, out of a clone of diffusers:
DIFFUSERS_SOURCE is a folder or a URL that git can clone, DIFFUSERS_REVISION a tag or commit of it
(default: that of the installed library). It also installs torchvision, which the scripts import, in
a folder of its own, so that both sides run on the very same torch.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from benchmarks.training.commands import SCRIPTS
from benchmarks.training.sizes import LOCAL
from contract.adapter import file_sha256, write_whole

SOURCE, REVISION = "DIFFUSERS_SOURCE", "DIFFUSERS_REVISION"
FOLDER, PACKAGES = LOCAL / "scripts", LOCAL / "packages"
_PLACE = "examples/dreambooth"
_NOTE = "fetched.json"
# github.com/pytorch/vision, "Installation": torch 2.n belongs to torchvision 0.(n + 15).
_BEHIND = 15


class NotFetchedError(Exception):
    """The scripts are not there; the message says how to get them."""


@dataclass(frozen=True)
class Fetched:
    """The scripts' revision, as asked for and as a commit, and their hashes by name."""

    revision: str
    commit: str
    library: str
    sha256: Mapping[str, str]


def fetched(folder: Path = FOLDER) -> Fetched:
    """What lies there. Raises NotFetchedError."""
    try:
        return Fetched(**json.loads((folder / _NOTE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise NotFetchedError(
            "diffusers' scripts are not here: set DIFFUSERS_SOURCE to a clone of diffusers (a "
            "folder or a URL), and run python -m benchmarks.training.fetch"
        ) from error


def fetch(source: str, revision: str, folder: Path = FOLDER) -> Fetched:
    """Take the scripts out of a clone. Raises NotFetchedError."""
    if not source:
        return fetched(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        clone = Path(source)
        if not clone.is_dir():
            clone = Path(scratch) / "diffusers"
            _git("clone", "--quiet", "--bare", "--filter=blob:none", source, str(clone))
        try:
            commit = _git("-C", str(clone), "rev-parse", f"{revision}^{{commit}}").strip()
        except NotFetchedError as error:
            raise NotFetchedError(
                f"there is no {revision} in that clone: name the nearest one in {REVISION}"
            ) from error
        for name in SCRIPTS.values():
            write_whole(folder / name, _git("-C", str(clone), "show", f"{commit}:{_PLACE}/{name}"))
    found = Fetched(
        revision,
        commit,
        version("diffusers"),
        {name: file_sha256(folder / name) for name in SCRIPTS.values()},
    )
    write_whole(folder / _NOTE, json.dumps(asdict(found), indent=1))
    return found


def torchvision_for(torch: str) -> str:
    """The version that belongs to a version of torch, such as 0.28.0 to 2.13.0+cpu."""
    major, minor, patch = torch.partition("+")[0].split(".")[:3]
    if major != "2":
        raise NotFetchedError(f"it is not known which torchvision belongs to torch {torch}")
    return f"0.{int(minor) + _BEHIND}.{patch}"


def install_torchvision() -> None:
    """Into its own folder, once; torch itself is not touched. Raises NotFetchedError."""
    if any(PACKAGES.glob("torchvision-*")):
        return
    wanted = f"torchvision=={torchvision_for(version('torch'))}"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    ended = subprocess.run([*command, "--target", str(PACKAGES), wanted], check=False)
    if ended.returncode:
        raise NotFetchedError(f"{wanted} could not be installed")


def _git(*arguments: str) -> str:
    ended = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    if ended.returncode:
        raise NotFetchedError(f"git {arguments[0]}: {ended.stderr.strip()[-300:]}")
    return ended.stdout


def main(environment: Mapping[str, str]) -> int:
    """The command; returns its exit status."""
    revision = environment.get(REVISION) or f"v{version('diffusers')}"
    try:
        found = fetch(environment.get(SOURCE, ""), revision)
        install_torchvision()
    except NotFetchedError as error:
        sys.stderr.write(f"python -m benchmarks.training.fetch: {error}\n")
        return 2
    sys.stdout.write(f"diffusers' scripts at {found.revision} ({found.commit[:12]})\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ))
