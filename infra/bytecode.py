"""Bytecode for the container's Python, made where the code is bundled.

A fresh instance has no bytecode beside the libraries that the code brings along: it would compile
hundreds of modules while the first request waits. The files carry no times ("unchecked hash",
PEP 552) and no paths of this machine, so the same sources give the same bytes.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Half of what is brought along, and never imported here: its bytecode would cost a start the
# unpacking and save it nothing. What is imported all the same is compiled then.
_NOT_IMPORTED = (
    r"/diffusers/(modular_pipelines|guiders|pipelines/(?!stable_diffusion)\w+)/|/test_utils/"
)
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
    return next((each for each in _candidates(python) if _says(each) == python), None)


def _candidates(python: str) -> Iterator[str]:
    name = f"python{python}"
    if found := shutil.which(name):
        yield found
    # What pyenv and uv have installed is on nobody's path.
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from map(str, sorted(pyenv.glob(f"versions/{python}.*/bin/{name}")))
    uv = Path.home() / ".local" / "share" / "uv"
    yield from map(str, sorted(uv.glob(f"python/cpython-{python}.*/bin/{name}")))


def _says(program: str) -> str:
    """Its version, as it says: a stand-in may only say that there is none."""
    asked = [program, "-I", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603


def compile_all(folder: Path, program: str) -> None:
    """Put bytecode beside every module below `folder`; what does not compile stays without."""
    options = ["-q", "-q", "--invalidation-mode", "unchecked-hash"]
    options += ["-s", str(folder), "-x", _NOT_IMPORTED]
    # Hashes of strings order the constants of sets: fixed, so that the bytes are the same again.
    command = [program, "-s", "-m", "compileall", *options, str(folder)]
    subprocess.run(command, check=False, env={"PYTHONHASHSEED": "0"})  # noqa: S603
