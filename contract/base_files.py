"""Where a base model's files lie, as far as checking it needs to know: names, sizes, pieces.

The same check reads a folder, a bucket or a hub, and from the latter two only what it needs: a
model of 13 GB is found incomplete before any of it is fetched.
"""

from pathlib import Path
from typing import Protocol


class BaseFiles(Protocol):
    """The port."""

    def sizes(self) -> dict[str, int]:
        """Bytes of every file, by its path from the model's root, with `/` between."""
        ...

    def read(self, name: str, start: int, count: int) -> bytes:
        """At most `count` bytes from `start` on, fewer at the end of the file."""
        ...


class FolderFiles:
    """A folder on this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def sizes(self) -> dict[str, int]:
        """See BaseFiles. Only the root and the folders right below: a model has no deeper ones."""
        found = [*self._folder.glob("*"), *self._folder.glob("*/*")]
        return {
            path.relative_to(self._folder).as_posix(): path.stat().st_size
            for path in found
            if path.is_file()
        }

    def read(self, name: str, start: int, count: int) -> bytes:
        """See BaseFiles."""
        with (self._folder / name).open("rb") as file:
            file.seek(start)
            return file.read(count)
