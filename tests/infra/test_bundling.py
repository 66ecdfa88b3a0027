"""Bundles: complete, for the right platform, the same bytes from the same inputs."""

from __future__ import annotations

import hashlib
import re
import shutil
import struct
import subprocess
import sys
import tarfile
from importlib.metadata import requires
from pathlib import Path

import pytest

from infra import bundling, bytecode
from tests.infra.cloud import ROOT

LAMBDA_REQUIREMENTS = [
    ROOT / "lambdas" / f"requirements-{name}.txt" for name in ("api", "media", "provenance")
]
ALL_REQUIREMENTS = [*LAMBDA_REQUIREMENTS, ROOT / "infra" / "requirements-container.txt"]


def pins(file: Path) -> dict[str, str]:
    return dict(
        line.split("==") for line in bundling.pinned(file) if re.match(r"^[\w.-]+==[\w.]+$", line)
    )


@pytest.mark.parametrize("file", ALL_REQUIREMENTS, ids=lambda file: file.name)
def test_pins_are_those_of_the_project(file: Path) -> None:
    project = pins(ROOT / "requirements.txt")
    for name, version in pins(file).items():
        if name in project:
            assert version == project[name], name


@pytest.mark.parametrize("file", LAMBDA_REQUIREMENTS, ids=lambda file: file.name)
def test_the_closure_of_a_function_bundle_is_complete(file: Path) -> None:
    """Installed without dependencies, so each must be listed; Lambda's runtime has botocore.

    What c2pa asks for besides is imported by the script that builds it, and by nothing that runs.
    """
    listed = set(pins(file)) | {"botocore", "cryptography", "requests", "toml"}
    for name in pins(file):
        for requirement in requires(name) or []:
            if "extra ==" not in requirement:
                dependency = re.split(r"[ ;<>=!~\[(]", requirement)[0].replace("_", "-").lower()
                assert dependency in listed, f"{name} needs {dependency}"


def test_the_aws_bundle_has_libraries_for_arm_and_the_declared_python() -> None:
    libraries = [*bundling.lambda_bundle("media", "aws").rglob("*.so")]
    assert libraries
    for library in libraries:
        with library.open("rb") as content:
            header = content.read(20)
        assert struct.unpack_from("<H", header, 18)[0] == 183, library.name  # ELF: AArch64
        assert "cpython-313" in library.name or "cpython" not in library.name, library.name


def test_a_bundle_has_our_code_and_nothing_that_only_tests_or_pip_need() -> None:
    folder = bundling.lambda_bundle("api", "aws")
    assert (folder / "lambdas" / "environment.py").is_file()
    assert (folder / "contract" / "adapter.py").is_file()
    inside = {path.relative_to(folder) for path in folder.rglob("*")}
    assert not [path for path in inside if "__pycache__" in path.parts or path.suffix == ".pyc"]
    assert not [path for path in inside if path.name in {"RECORD", "INSTALLER"}]
    assert not [path for path in inside if path.parts[0] in {"boto3", "botocore", "bin"}]


def test_a_function_bundle_stays_far_below_lambdas_limit() -> None:
    # 250 MB unpacked; https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    sizes: dict[bundling.Bundle, int] = {"api": 25, "media": 60, "provenance": 120}
    for name, megabytes in sizes.items():
        folder = bundling.lambda_bundle(name, "aws")
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        assert size < megabytes * 1024 * 1024, name


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A small checkout, with a build folder of its own."""
    for folder in ("training", "inference", "contract"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "__init__.py").write_text(f'"""{folder}."""\n')
    (tmp_path / "training" / "train.py").write_text("print('train')\n")
    (tmp_path / "contract" / "adapter.py").write_text("FORMAT = 1\n")
    return tmp_path


def test_the_archive_of_a_training_starts_with_train_py_at_its_root(checkout: Path) -> None:
    with tarfile.open(bundling.training_code(vendor_wheels=False, root=checkout)) as archive:
        assert archive.getnames() == [
            "contract/__init__.py",
            "contract/adapter.py",
            "train.py",
            "training/__init__.py",
            "training/train.py",
        ]


def test_the_same_sources_make_the_same_bytes(checkout: Path) -> None:
    first = bundling.serving_code(vendor_wheels=False, root=checkout)
    digest = hashlib.sha256(first.read_bytes()).hexdigest()
    shutil.rmtree(checkout / "build")
    for path in checkout.rglob("*.py"):
        path.touch()
    again = bundling.serving_code(vendor_wheels=False, root=checkout)
    assert again == first
    assert hashlib.sha256(again.read_bytes()).hexdigest() == digest


def test_a_changed_source_makes_another_build(checkout: Path) -> None:
    first = bundling.serving_code(vendor_wheels=False, root=checkout)
    (checkout / "contract" / "adapter.py").write_text("FORMAT = 2\n")
    assert bundling.serving_code(vendor_wheels=False, root=checkout) != first


def test_tests_and_caches_do_not_travel(checkout: Path) -> None:
    before = bundling.serving_code(vendor_wheels=False, root=checkout)
    for name in ("tests", "__pycache__"):
        (checkout / "inference" / name).mkdir()
        (checkout / "inference" / name / "extra.py").write_text("1\n")
    assert bundling.serving_code(vendor_wheels=False, root=checkout) == before


def test_bytecode_travels_with_its_sources_and_is_the_same_again(checkout: Path) -> None:
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    first = bundling.serving_code(vendor_wheels=False, root=checkout, python=here)
    digest = hashlib.sha256(first.read_bytes()).hexdigest()
    shutil.rmtree(checkout / "build")
    again = bundling.serving_code(vendor_wheels=False, root=checkout, python=here)
    assert hashlib.sha256(again.read_bytes()).hexdigest() == digest
    with tarfile.open(first) as archive:
        archive.extractall(checkout / "unpacked", filter="data")
    (compiled,) = (checkout / "unpacked" / "contract").rglob(f"adapter.*{here[2:]}.pyc")
    assert str(checkout).encode() not in compiled.read_bytes()
    # Bytes 4 to 7: by hash, and not to be checked against the source (PEP 552).
    assert struct.unpack("<I", compiled.read_bytes()[4:8]) == (0b01,)
    # It is what Python runs, whatever became of the source.
    (checkout / "unpacked" / "contract" / "adapter.py").write_text("FORMAT = 2\n")
    asked = [sys.executable, "-c", "import contract.adapter; print(contract.adapter.FORMAT)"]
    said = subprocess.run(asked, cwd=checkout / "unpacked", capture_output=True, check=True)
    assert said.stdout.strip() == b"1"


def test_without_the_containers_python_the_code_travels_without_bytecode(checkout: Path) -> None:
    plain = bundling.serving_code(vendor_wheels=False, root=checkout)
    assert bundling.serving_code(vendor_wheels=False, root=checkout, python="2.7") == plain


def test_an_interpreter_is_believed_only_if_it_says_its_version(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    for version, said in (("9.8", "not installed"), ("9.9", "9.9")):
        program = tmp_path / "versions" / f"{version}.1" / "bin" / f"python{version}"
        program.parent.mkdir(parents=True)
        program.write_text(f"#!/bin/sh\necho {said}\n")
        program.chmod(0o755)
    assert bytecode.interpreter("9.8") is None
    assert bytecode.interpreter("9.9") == str(program)


def test_the_containers_python_is_read_off_its_image() -> None:
    image = "763.dkr.ecr.us-east-1.amazonaws.com/hf:2.6.0-transformers5-gpu-py312-cu124-ubuntu22.04"
    assert bytecode.python_in(image) == "3.12"
    with pytest.raises(ValueError, match="Python"):
        bytecode.python_in("registry/image:latest")


def test_vendored_wheels_are_pure_and_know_their_versions() -> None:
    with tarfile.open(bundling.serving_code(vendor_wheels=True)) as archive:
        names = archive.getnames()
    assert not [name for name in names if name.endswith(".so")]
    for package in ("diffusers", "peft", "accelerate", "inference", "contract"):
        assert f"{package}/__init__.py" in names
    versions = pins(ROOT / "infra" / "requirements-container.txt")
    for name, version in versions.items():
        assert f"{name}-{version}.dist-info/METADATA" in names


def test_no_owner_and_no_time_is_in_an_archive(checkout: Path) -> None:
    with tarfile.open(bundling.training_code(vendor_wheels=False, root=checkout)) as archive:
        for member in archive.getmembers():
            assert (member.uid, member.gid, member.mtime, member.mode) == (0, 0, 0, 0o644)


def test_a_failing_pip_is_told_with_its_own_words(checkout: Path) -> None:
    (checkout / "lambdas").mkdir()
    (checkout / "lambdas" / "requirements-api.txt").write_text("not a requirement !==\n")
    with pytest.raises(bundling.BundlingError, match="pip could not install requirements-api"):
        bundling.lambda_bundle("api", "host", root=checkout)
