"""Reading JSON that nobody has checked yet: types, bounds and unknown fields, with clear errors."""

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeVar

from contract.errors import InvalidDocumentError, UnknownFormatError

FORMAT = 1
MAX_DOCUMENT_BYTES = 1024 * 1024

Choice = TypeVar("Choice", bound=StrEnum)
Scalar = str | int | float | bool | None


def _refuse_constant(name: str) -> object:
    raise ValueError(name)


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("repeated key")
    return values


def parse_object(text: str | bytes, what: str, maximum_bytes: int = MAX_DOCUMENT_BYTES) -> "Fields":
    """Parse one JSON object of at most `maximum_bytes`; `what` names it in errors.

    Refuses what JSON parsers disagree about: repeated keys, NaN and infinity.
    """
    if len(text) > maximum_bytes:
        raise InvalidDocumentError(f"{what}: larger than {maximum_bytes} bytes")
    try:
        value: object = json.loads(
            text, parse_constant=_refuse_constant, object_pairs_hook=_without_repeats
        )
    except (ValueError, RecursionError) as error:
        raise InvalidDocumentError(f"{what}: not a JSON document") from error
    return Fields.of(value, what)


class Fields:
    """The fields of one JSON object. Each may be taken once; `finish` refuses what is left."""

    def __init__(self, values: Mapping[str, object], what: str) -> None:
        self._left = dict(values)
        self._what = what

    @classmethod
    def of(cls, value: object, what: str) -> "Fields":
        """The fields of `value`, which must be an object with text keys."""
        if not isinstance(value, dict):
            raise InvalidDocumentError(f"{what}: must be an object")
        return cls(value, what)

    def wrong(self, name: str, problem: str) -> InvalidDocumentError:
        """The error to raise for a field."""
        return InvalidDocumentError(f"{self._what}: '{name}' {problem}")

    def take(self, name: str) -> object:
        """A field of any type; it must be there."""
        if name not in self._left:
            raise self.wrong(name, "is missing")
        return self._left.pop(name)

    def rest(self) -> dict[str, object]:
        """Every field that is left, of a document whose other fields are not ours to judge."""
        left, self._left = self._left, {}
        return left

    def finish(self) -> None:
        """Refuse fields that nobody took. Their names are not repeated: they may hold anything."""
        if self._left:
            raise InvalidDocumentError(f"{self._what}: {len(self._left)} unknown field(s)")

    def format(self) -> None:
        """Take `format` and refuse any version but ours."""
        version = self.take("format")
        if isinstance(version, bool) or not isinstance(version, int):
            raise self.wrong("format", "must be a whole number")
        if version != FORMAT:
            raise UnknownFormatError(f"{self._what}: 'format' is not {FORMAT}")

    def text(
        self, name: str, *, minimum: int = 1, maximum: int = 256, pattern: str | None = None
    ) -> str:
        """Text of `minimum`–`maximum` characters that UTF-8 can hold, matching `pattern` fully."""
        value = self.take(name)
        if not isinstance(value, str):
            raise self.wrong(name, "must be text")
        if not minimum <= len(value) <= maximum:
            raise self.wrong(name, f"must have {minimum}–{maximum} characters")
        if any("\ud800" <= character <= "\udfff" or character == "\0" for character in value):
            raise self.wrong(name, "holds characters that are not text")
        if pattern is not None and re.fullmatch(pattern, value) is None:
            raise self.wrong(name, "does not have the right form")
        return value

    def optional_text(self, name: str, pattern: str) -> str | None:
        """As `text`, or null."""
        return self.text(name, pattern=pattern) if self._unless_null(name) else None

    def integer(self, name: str, minimum: int, maximum: int) -> int:
        """A whole number within bounds; true and 1.0 are none."""
        value = self.take(name)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.wrong(name, "must be a whole number")
        if not minimum <= value <= maximum:
            raise self.wrong(name, f"must be from {minimum} to {maximum}")
        return value

    def optional_integer(self, name: str, minimum: int, maximum: int) -> int | None:
        """As `integer`, or null."""
        return self.integer(name, minimum, maximum) if self._unless_null(name) else None

    def boolean(self, name: str) -> bool:
        """True or false; 0 and 1 are neither."""
        value = self.take(name)
        if not isinstance(value, bool):
            raise self.wrong(name, "must be true or false")
        return value

    def number(self, name: str, minimum: float, maximum: float) -> float:
        """A finite number within bounds."""
        value = self.take(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong(name, "must be a number")
        if not minimum <= value <= maximum:
            raise self.wrong(name, f"must be from {minimum:g} to {maximum:g}")
        return float(value)

    def optional_number(self, name: str, minimum: float, maximum: float) -> float | None:
        """As `number`, or null."""
        return self.number(name, minimum, maximum) if self._unless_null(name) else None

    def choice(self, name: str, options: type[Choice]) -> Choice:
        """One of an enumeration's values."""
        value = self.take(name)
        for option in options:
            if value == option.value:
                return option
        raise self.wrong(name, f"must be one of {', '.join(options)}")

    def moment(self, name: str) -> datetime:
        """An ISO 8601 time with an offset, as UTC."""
        value = self.text(name, maximum=40)
        try:
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is None:
                raise self.wrong(name, "must carry a time zone")
            return moment.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise self.wrong(name, "must be an ISO 8601 time") from error

    def fields(self, name: str) -> "Fields":
        """A nested object."""
        return Fields.of(self.take(name), f"{self._what}: '{name}'")

    def optional_fields(self, name: str) -> "Fields | None":
        """A nested object, or null."""
        return self.fields(name) if self._unless_null(name) else None

    def items(self, name: str, minimum: int, maximum: int) -> list[object]:
        """A list of `minimum`–`maximum` entries of any type."""
        value = self.take(name)
        if not isinstance(value, list):
            raise self.wrong(name, "must be a list")
        if not minimum <= len(value) <= maximum:
            raise self.wrong(name, f"must have {minimum}–{maximum} entries")
        return value

    def scalars(self, name: str, maximum: int = 100) -> dict[str, Scalar]:
        """An open, flat object: text, finite numbers, true/false and null, at most `maximum`."""
        value = self.take(name)
        if not isinstance(value, dict) or len(value) > maximum:
            raise self.wrong(name, f"must be an object of at most {maximum} fields")
        flat: dict[str, Scalar] = {}
        for key, entry in value.items():
            if isinstance(entry, float) and not math.isfinite(entry):
                raise self.wrong(name, "holds a number that is not finite")
            if not (entry is None or isinstance(entry, str | int | float)):
                raise self.wrong(name, "must be flat")
            if isinstance(entry, str) and len(entry) > 2500:
                raise self.wrong(name, "holds a text that is too long")
            flat[str(key)] = entry
        return flat

    def _unless_null(self, name: str) -> bool:
        if name in self._left and self._left[name] is None:
            del self._left[name]
            return False
        return True


def write_object(document: Mapping[str, object]) -> str:
    """JSON text of a document; NaN and infinity are refused rather than written."""
    try:
        return json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False)
    except ValueError as error:
        raise InvalidDocumentError("the document holds a number that is not finite") from error


def written(moment: datetime) -> str:
    """A time as the contract writes it: UTC, milliseconds, `Z`."""
    utc = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return utc.replace("+00:00", "Z")
