"""`DetectPiiEntities`: what has a shape of its own. Names, ages and places it does not know."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_PHONE_DIGITS = 9  # fewer are years, sizes and focal lengths


def _digits(text: str) -> list[int]:
    return [int(sign) for sign in text if sign.isdigit()]


def _is_phone(text: str) -> bool:
    return len(_digits(text)) >= _PHONE_DIGITS


def _is_card(text: str) -> bool:
    """The check digit of payment cards (ISO/IEC 7812-1)."""
    backwards = _digits(text)[::-1]
    doubled = (sum(divmod(2 * digit, 10)) for digit in backwards[1::2])
    return (sum(backwards[::2]) + sum(doubled)) % 10 == 0


def _is_iban(text: str) -> bool:
    """The check digits of bank accounts (ISO 13616)."""
    plain = text.replace(" ", "")
    return int("".join(str(int(sign, 36)) for sign in plain[4:] + plain[:4])) % 97 == 1


def _is_anything(_: str) -> bool:
    return True


@dataclass(frozen=True)
class _Shape:
    kind: str
    pattern: re.Pattern[str]
    holds: Callable[[str], bool] = _is_anything


_SHAPES = (
    _Shape("EMAIL", re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")),
    _Shape("URL", re.compile(r"https?://\S+|www\.\S+")),
    _Shape("IP_ADDRESS", re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])")),
    _Shape("SSN", re.compile(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])")),
    _Shape("CREDIT_DEBIT_NUMBER", re.compile(r"(?<!\w)\d(?:[ -]?\d){12,18}(?!\w)"), _is_card),
    _Shape(
        "INTERNATIONAL_BANK_ACCOUNT_NUMBER",
        re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b"),
        _is_iban,
    ),
    _Shape("AWS_ACCESS_KEY", re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b")),
    _Shape("PASSWORD", re.compile(r"(?<=password: )\S+", re.IGNORECASE)),
    _Shape(
        "PHONE",
        re.compile(
            r"(?<![\w.])(?:\+\d{1,3}[ .-]?)?(?:\(\d{2,4}\)[ .-]?)?"
            r"\d{2,4}(?:[ .-]\d{2,4}){1,3}(?!\w)"
        ),
        _is_phone,
    ),
)


def entities(text: str) -> list[dict[str, Any]]:
    """`Entities` in the order of the text; what one shape has taken is no other's."""
    found: list[dict[str, Any]] = []
    for shape in _SHAPES:
        for match in shape.pattern.finditer(text):
            begin, end = match.span()
            is_free = all(end <= e["BeginOffset"] or e["EndOffset"] <= begin for e in found)
            if is_free and shape.holds(match.group()):
                found.append(
                    {"Score": 0.99, "Type": shape.kind, "BeginOffset": begin, "EndOffset": end}
                )
    return sorted(found, key=lambda entity: int(entity["BeginOffset"]))
