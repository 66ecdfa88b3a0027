"""Unpacking code that somebody submitted, without letting it out of its folder."""

from __future__ import annotations

import tarfile
from pathlib import Path


class UnsafeArchiveError(ValueError):
    """The archive is broken, or a member would land outside the folder."""


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a tar.gz into `folder`; absolute paths, `..`, devices and outward links are refused.

    Raises:
        UnsafeArchiveError: nothing of the archive should be used.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(archive, "r:gz") as tar:
            tar.extractall(folder, filter="data")
    except (tarfile.TarError, OSError, EOFError) as error:
        message = f"cannot unpack {archive.name}: {error}"
        raise UnsafeArchiveError(message) from error


def pack(folder: Path, archive: Path) -> None:
    """Write all of `folder` into a tar.gz, names relative to it."""
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        for path in sorted(folder.rglob("*")):
            tar.add(path, arcname=str(path.relative_to(folder)), recursive=False)
