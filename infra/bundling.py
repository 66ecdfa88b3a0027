"""Builds what the functions and containers run, without Docker: folders and tar files for assets.

A build is named by the hash of its inputs and kept under ``build/``, so an unchanged tree costs a
few milliseconds. The same inputs give the same bytes, whoever builds: no times, no owners, sorted
names. Dependencies are installed apart from our own code: editing a handler never calls pip.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from infra import bytecode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ROOT = Path(__file__).resolve().parent.parent

# The runtime of the functions on AWS. python3.13 runs on Amazon Linux 2023: glibc 2.34.
LAMBDA_PYTHON = "3.13"
LAMBDA_PLATFORMS = ("manylinux2014_aarch64", "manylinux_2_28_aarch64")

# Lambda puts the folder `python` of a layer on the path, wherever it unpacks it; there
# `lambdas/environment.py` looks for this name.
SETTINGS_FILE = "domain_settings.json"

Bundle = Literal["api", "media", "provenance"]
Platform = Literal["aws", "host"]

# A layout change here must not meet a folder that an older version of this file built.
_FORMAT = "3"
_NOT_CODE = {"__pycache__", "tests", ".mypy_cache", ".ruff_cache"}
# What packages ship for those who build or test them: half of c2pa's wheel is an archive to link
# against, and a fifth of numpy's its tests.
_NOT_RUN = ("*.rlib", "numpy/**/tests")
# Records of the installation, not of the package. METADATA stays: packages read their version.
_INSTALL_RECORDS = {"RECORD", "INSTALLER", "REQUESTED", "WHEEL", "direct_url.json", "top_level.txt"}


class BundlingError(RuntimeError):
    """A bundle could not be built; the message ends with what pip said."""


@dataclass(frozen=True)
class Source:
    """One file of a bundle: where it lies here, and its path inside."""

    path: Path
    inside: str


def lambda_bundle(bundle: Bundle, platform: Platform, root: Path = ROOT) -> Path:
    """The folder with ``lambdas/``, ``contract/`` and the dependencies of ``bundle``."""
    requirements = root / "lambdas" / f"requirements-{bundle}.txt"
    dependencies = _dependencies(requirements, platform, root)
    sources = [*_package(root, "lambdas"), *_package(root, "contract")]
    key = _hash(sources, dependencies.name)

    def build(folder: Path) -> None:
        shutil.copytree(dependencies, folder, dirs_exist_ok=True)
        for source in sources:
            target = folder / source.inside
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source.path, target)

    return _built(root / "build" / f"lambda-{bundle}-{platform}-{key}", build)


def settings_folder(document: str, root: Path = ROOT) -> Path:
    """The layer with the handlers' settings: that document, on their path."""
    key = hashlib.sha256(f"{_FORMAT}\n{document}".encode()).hexdigest()[:16]

    def build(folder: Path) -> None:
        (folder / "python").mkdir()
        (folder / "python" / SETTINGS_FILE).write_text(document, encoding="utf-8")

    return _built(root / "build" / f"settings-{key}", build)


def training_code(vendor_wheels: bool, root: Path = ROOT) -> Path:
    """``sourcedir.tar.gz`` of the training job: ``train.py`` at its root, as script mode wants."""
    sources = [*_package(root, "training"), *_package(root, "contract")]
    entry = [Source(s.path, "train.py") for s in sources if s.inside == "training/train.py"]
    return _archive("training", [*sources, *entry], vendor_wheels, root)


def serving_code(vendor_wheels: bool, root: Path = ROOT, python: str | None = None) -> Path:
    """``sourcedir.tar.gz`` of the endpoint, unpacked by the bootstrap beside the model.

    With bytecode for ``python`` (``3.12``), if an interpreter of that version is at hand.
    """
    sources = [*_package(root, "inference"), *_package(root, "contract")]
    return _archive("serving", sources, vendor_wheels, root, python)


def _archive(
    name: str, sources: list[Source], vendor_wheels: bool, root: Path, python: str | None = None
) -> Path:
    if vendor_wheels:
        wheels = _dependencies(root / "infra" / "requirements-container.txt", "pure", root)
        sources = [*sources, *_files(wheels, wheels)]
    program = bytecode.interpreter(python) if python else None
    key = _hash(sources, f"{name} {python}" if program else name)

    def build(folder: Path) -> None:
        with tempfile.TemporaryDirectory(dir=folder) as staged:
            made = _bytecode(sources, Path(staged), program) if program else []
            pack(folder, [*sources, *made])

    def pack(folder: Path, sources: list[Source]) -> None:
        with (
            (folder / "sourcedir.tar.gz").open("wb") as raw,
            gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as zipped,
            tarfile.open(fileobj=zipped, mode="w", format=tarfile.USTAR_FORMAT) as archive,
        ):
            for source in sorted(sources, key=lambda each: each.inside):
                member = tarfile.TarInfo(source.inside)
                member.size = source.path.stat().st_size
                member.mode = 0o644
                with source.path.open("rb") as content:
                    archive.addfile(member, content)

    return _built(root / "build" / f"{name}-{key}", build) / "sourcedir.tar.gz"


def _bytecode(sources: Iterable[Source], staged: Path, program: str) -> list[Source]:
    """Compiled in a copy, each file at the place that it will have."""
    for source in sources:
        if source.inside.endswith(".py"):
            target = staged / source.inside
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source.path, target)
    bytecode.compile_all(staged, program)
    return [Source(path, path.relative_to(staged).as_posix()) for path in staged.rglob("*.pyc")]


def _dependencies(requirements: Path, platform: Literal["aws", "host", "pure"], root: Path) -> Path:
    """A folder with the pinned packages, as ``pip install --target`` leaves it."""
    arguments = ["--no-deps", "--no-compile", "--only-binary=:all:"]
    if platform == "aws":
        arguments += ["--python-version", LAMBDA_PYTHON, "--implementation", "cp"]
        arguments += [f"--platform={name}" for name in LAMBDA_PLATFORMS]
    elif platform == "pure":
        # Any Python 3 will do: refuse a wheel that was built for one.
        arguments += ["--platform=any", "--implementation", "py", "--abi", "none"]
        arguments += ["--python-version", LAMBDA_PYTHON]
    pins = "\n".join(pinned(requirements))
    built_for = f"{sys.implementation.cache_tag}-{sys.platform}" if platform == "host" else ""
    key = hashlib.sha256("\n".join([_FORMAT, *arguments, built_for, pins]).encode()).hexdigest()

    def build(folder: Path) -> None:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder)]
        command += ["--disable-pip-version-check", "--no-warn-conflicts", *arguments]
        run = subprocess.run(  # noqa: S603 - our own arguments, no shell
            [*command, *pinned(requirements)], capture_output=True, text=True, check=False
        )
        if run.returncode:
            raise BundlingError(f"pip could not install {requirements.name}: {run.stderr.strip()}")
        shutil.rmtree(folder / "bin", ignore_errors=True)
        for unused in [path for pattern in _NOT_RUN for path in folder.rglob(pattern)]:
            shutil.rmtree(unused) if unused.is_dir() else unused.unlink(missing_ok=True)
        for records in folder.glob("*.dist-info"):
            for file in records.iterdir():
                if file.name in _INSTALL_RECORDS:
                    file.unlink()

    return _built(root / "build" / f"{requirements.stem}-{platform}-{key[:16]}", build)


def pinned(requirements: Path) -> list[str]:
    """The lines ``name==version`` of a requirements file."""
    lines = (line.split("#")[0].strip() for line in requirements.read_text().splitlines())
    return [line for line in lines if line]


def _package(root: Path, name: str) -> list[Source]:
    return _files(root / name, root)


def _files(folder: Path, root: Path) -> list[Source]:
    found = (
        Source(Path(directory) / file, (Path(directory) / file).relative_to(root).as_posix())
        for directory, folders, files in os.walk(folder)
        if _keep(folders)
        for file in files
        if not file.endswith((".pyc", ".md")) and not file.startswith("requirements")
    )
    return sorted(found, key=lambda source: source.inside)


def _keep(folders: list[str]) -> bool:
    folders[:] = [name for name in folders if name not in _NOT_CODE]
    return True


def _hash(sources: Iterable[Source], salt: str) -> str:
    digest = hashlib.sha256(f"{_FORMAT}\n{salt}\n".encode())
    for source in sources:
        digest.update(f"{source.inside}\0".encode())
        digest.update(hashlib.sha256(source.path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _built(target: Path, build: Callable[[Path], None]) -> Path:
    """The folder ``target``, made by ``build`` if it is not there; two at once do not meet."""
    if target.is_dir():
        return target
    target.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".new-") as scratch:
        folder = Path(scratch) / "content"
        folder.mkdir()
        build(folder)
        try:
            folder.rename(target)
        except OSError:
            if not target.is_dir():  # the other one was faster: its result is the same
                raise
    return target
