"""Bytecode for the container's Python, made where the code is bundled.

A fresh instance has no bytecode beside the libraries that the code brings along: it would compile
hundreds of modules while the first request waits. The files carry no times ("unchecked hash",
PEP 552) and no paths of this machine, so the same sources give the same bytes.
"""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# In the name of a Deep Learning Container: …-gpu-py312-cu124-ubuntu22.04.
_IN_IMAGE = re.compile(r"-py(\d)(\d+)-")


def python_in(image: str) -> str:
    """The Python of a container, `3.12`, by its image's name. Raises ValueError if it says none."""
    found = _IN_IMAGE.search(image)
    if found is None:
        raise ValueError("the image's name does not tell its Python")
    return f"{found[1]}.{found[2]}"


@functools.cache
def interpreter(python: str) -> str | None:
    """A program of that version on this machine, or None: bytecode fits no other one."""
    if python == f"{sys.version_info.major}.{sys.version_info.minor}":
        return sys.executable
    program = shutil.which(f"python{python}")
    if program is None:
        return None
    # What is found may be a stand-in that only says that the version is not installed.
    asked = [program, "-I", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    said = subprocess.run(asked, capture_output=True, text=True, check=False)  # noqa: S603
    return program if said.stdout.strip() == python else None


def compile_all(folder: Path, program: str) -> None:
    """Put bytecode beside every module below `folder`; what does not compile stays without."""
    options = ["-q", "-q", "--invalidation-mode", "unchecked-hash", "-s", str(folder)]
    # Hashes of strings order the constants of sets: fixed, so that the bytes are the same again.
    command = [program, "-s", "-m", "compileall", *options, str(folder)]
    subprocess.run(command, check=False, env={"PYTHONHASHSEED": "0"})  # noqa: S603
