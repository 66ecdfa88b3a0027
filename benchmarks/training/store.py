"""Finished cells, one JSON object a line: what is there is not measured again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from contract.adapter import write_whole

Record = Mapping[str, Any]


def fingerprint_of(*facts: object) -> str:
    """Tells apart what was measured with other settings, prompts or base model."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


class Store:
    """One file of results. A cell is done if its key is there with the same fingerprint."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._records: dict[str, dict[str, Any]] = {}
        if file.exists():
            for line in file.read_text(encoding="utf-8").splitlines():
                record = json.loads(line)
                self._records[record["key"]] = record

    def is_done(self, key: str, fingerprint: str) -> bool:
        """Whether it need not be run."""
        record = self._records.get(key)
        return record is not None and record["fingerprint"] == fingerprint

    def keep(self, key: str, fingerprint: str, measured: Mapping[str, Any]) -> None:
        """Add or replace one cell; the file is whole at every moment."""
        self._records[key] = {"key": key, "fingerprint": fingerprint, **measured}
        lines = [json.dumps(self._records[name]) for name in sorted(self._records)]
        self._file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self._file, "\n".join(lines) + "\n")

    def records(self, part: str | None = None) -> Iterator[Record]:
        """All cells, or those of one part, in the order of their keys."""
        for name in sorted(self._records):
            record = self._records[name]
            if part is None or record["part"] == part:
                yield record
