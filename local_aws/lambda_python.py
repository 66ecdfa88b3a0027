"""The interpreter of the Lambda workers: bare, with only the SDK that AWS's runtime brings.

On the emulator's own interpreter a function would find every package of this project, and a
dependency forgotten in its bundle would go unnoticed until AWS.
"""

from __future__ import annotations

import fcntl
import importlib.metadata
import shutil
import sys
import venv
from pathlib import Path

from local_aws.settings import CHECKOUT

FOLDER = CHECKOUT / ".local" / "lambda-python"
# boto3 and what it needs; PyPI names and their importable top-level names.
RUNTIME_PACKAGES = ("boto3", "botocore", "s3transfer", "jmespath", "python-dateutil", "urllib3")
MODULES = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six.py")


def _wanted() -> str:
    versions = (f"{name}=={importlib.metadata.version(name)}" for name in RUNTIME_PACKAGES)
    return "\n".join([sys.base_prefix, sys.version, *versions])


def _site_packages(folder: Path) -> Path:
    major, minor = sys.version_info[:2]
    return folder / "lib" / f"python{major}.{minor}" / "site-packages"


def interpreter(folder: Path = FOLDER) -> Path:
    """Path of the bare interpreter; the environment is made (or remade) when needed.

    The packages are linked from this project's environment rather than installed: no network,
    no copy, and exactly the pinned versions.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    python = folder / "bin" / "python"
    mark = folder / "made-from.txt"
    with (folder.parent / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        complete = all((_site_packages(folder) / name).exists() for name in MODULES)
        if complete and mark.exists() and mark.read_text() == _wanted():
            return python
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=False, symlinks=True)
        source = Path(str(importlib.metadata.distribution("boto3").locate_file("")))
        for name in MODULES:
            (_site_packages(folder) / name).symlink_to(source / name)
        mark.write_text(_wanted())
    return python
