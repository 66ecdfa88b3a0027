"""`DetectPiiEntities`: e-mail addresses and phone numbers, by their shape."""

from __future__ import annotations

import re
from typing import Any

_PATTERNS = {
    "EMAIL": re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    "PHONE": re.compile(
        r"(?<![\w.])(?:\+\d{1,3}[ .-]?)?(?:\(\d{2,4}\)[ .-]?)?\d{2,4}(?:[ .-]\d{2,4}){1,3}(?!\w)"
    ),
}


def entities(text: str) -> list[dict[str, Any]]:
    """`Entities` in the order of the text."""
    found = [
        {"Score": 0.99, "Type": kind, "BeginOffset": match.start(), "EndOffset": match.end()}
        for kind, pattern in _PATTERNS.items()
        for match in pattern.finditer(text)
    ]
    return sorted(found, key=lambda entity: int(str(entity["BeginOffset"])))
