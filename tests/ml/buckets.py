"""A bucket in memory, as publishing sees one."""

from pathlib import Path


class MemoryBucket:
    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.digests: dict[str, str] = {}
        self.uploads: list[str] = []

    def digest(self, key: str) -> str | None:
        return self.digests.get(key)

    def read(self, key: str) -> bytes | None:
        return self.objects.get(key)

    def store(self, key: str, path: Path, digest: str) -> None:
        self.uploads.append(key)
        self.objects[key] = path.read_bytes()
        self.digests[key] = digest

    def store_text(self, key: str, text: str) -> None:
        self.uploads.append(key)
        self.objects[key] = text.encode()
