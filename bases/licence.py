"""Under which terms a base model may be used: the text, and who accepted it.

The text is looked for beside the weights. `licence.json` beside the mirrored base holds it as it
was accepted, with its SHA-256, by whom and when: another wording has to be accepted anew.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from contract.base_model import SHA256_PATTERN
from contract.document import FORMAT, parse_object, write_object, written
from contract.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

LICENCE_RECORD = "licence.json"
_NAME = re.compile(r"(?:licen[cs]e|copying|eula)[\w.-]*", re.IGNORECASE | re.ASCII)
_TEXT_SUFFIXES = {"", ".md", ".txt", ".rst"}
# Texts of licences have tens of kilobytes; the record holds one, written as JSON.
MAX_LICENCE_BYTES = 256 * 1024
_MAX_RECORD_BYTES = 1024 * 1024


class LicenceError(ContractError):
    """There is no text of a licence, or it was not accepted; the message says what to do."""


@dataclass(frozen=True)
class Licence:
    """The terms: `name` is the file that they were found in."""

    name: str
    text: str

    @property
    def sha256(self) -> str:
        """Of the text in UTF-8: what is accepted."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @classmethod
    def of(cls, path: Path) -> Licence:
        """The text in a file; raises LicenceError."""
        try:
            content = path.read_bytes()
            text = content.decode()
        except (OSError, UnicodeDecodeError) as error:
            raise LicenceError(f"{path.name} is no text that can be read") from error
        if not text.strip() or len(content) > MAX_LICENCE_BYTES:
            raise LicenceError(f"{path.name} is empty, or too long to be a licence")
        return cls(path.name, text)


@dataclass(frozen=True)
class Acceptance:
    """Who accepted a licence's text, and when; what `licence.json` says."""

    licence: Licence
    accepted_by: str
    accepted_at: datetime

    @classmethod
    def from_json(cls, text: str | bytes) -> Acceptance:
        """Read it; raises InvalidDocumentError."""
        fields = parse_object(text, "licence acceptance", _MAX_RECORD_BYTES)
        fields.format()
        licence = Licence(
            fields.text("name", maximum=255), fields.text("text", maximum=MAX_LICENCE_BYTES)
        )
        if fields.text("sha256", pattern=SHA256_PATTERN) != licence.sha256:
            raise fields.wrong("sha256", "is not the text's")
        found = cls(licence, fields.text("accepted_by", maximum=2048), fields.moment("accepted_at"))
        fields.finish()
        return found

    def to_json(self) -> str:
        """Write it; what the reader would refuse is refused here."""
        text = write_object(
            {
                "format": FORMAT,
                "name": self.licence.name,
                "text": self.licence.text,
                "sha256": self.licence.sha256,
                "accepted_by": self.accepted_by,
                "accepted_at": written(self.accepted_at),
            }
        )
        Acceptance.from_json(text)
        return text


def licence_files(names: Iterable[str]) -> list[str]:
    """Those of a base's files, by path from its root, that hold its terms; the shortest first."""
    found = [
        name for name in names if _NAME.fullmatch(name) and Path(name).suffix in _TEXT_SUFFIXES
    ]
    return sorted(found, key=lambda name: (len(name), name))


def licence_in(folder: Path) -> Licence:
    """The licence that lies beside a base's weights; raises LicenceError if there is none."""
    names = licence_files(path.name for path in folder.iterdir() if path.is_file())
    if not names:
        raise LicenceError(
            f"{folder.name} comes without the text of a licence: "
            "get it from the model's makers, and name it with --licence-file"
        )
    return Licence.of(folder / names[0])
