"""Text inside text: markup, entities, escapes, base64, hexadecimal, ROT13.

Whoever wraps a word so that a filter does not read it expects that a model or a person will. What
cannot be unwrapped into readable text is left as it is.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import html
import re
from collections.abc import Iterator
from urllib.parse import unquote

_COMMENT = re.compile(r"<!--.{0,200}?-->", re.DOTALL)
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,200}>")
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u\{?([0-9a-fA-F]{4,6})\}?)")
_BASE64 = re.compile(r"(?<![\w+/=-])[\w+/-]{4,}={0,2}(?![\w+/=])")
_HEX = re.compile(r"(?<!\w)(?:0x)?((?:[0-9a-fA-F]{2}[ :]?){4,})(?!\w)")
_LONGEST = 2000  # characters of one encoded word that are looked at
_SHORTEST = 3  # characters of a decoded word


def unwrapped(text: str) -> str:
    """The text without markup, its entities, percent signs and backslash escapes resolved."""
    for _ in range(2):  # an entity may be wrapped once more
        text = html.unescape(text)
    text = _TAG.sub("", _COMMENT.sub("", text))
    if "%" in text:
        text = unquote(text, errors="ignore")
    return _ESCAPE.sub(_escaped, text) if "\\" in text else text


def decoded(text: str) -> Iterator[str]:
    """What the words in base64 and hexadecimal say, where they say anything readable."""
    for match in _BASE64.finditer(text):
        word = match.group()
        # Without capitals, digits and padding in one word it is a word.
        if len(word) <= _LONGEST and _is_mixed(word) and (found := _from_base64(word)):
            yield found
    for match in _HEX.finditer(text):
        digits = re.sub(r"[ :]", "", match.group(1))
        if len(digits) <= _LONGEST and (found := _readable(bytes.fromhex(digits))):
            yield found


def rot13(text: str) -> str:
    """The text with its Latin letters turned by half the alphabet."""
    return codecs.encode(text, "rot13")


def _escaped(match: re.Match[str]) -> str:
    number = int(match.group(1) or match.group(2), 16)
    return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else ""


def _is_mixed(word: str) -> bool:
    inner = word[1:].rstrip("=")
    return word.endswith("=") or (
        any(c.isupper() for c in inner) and any(c.islower() or c.isdigit() for c in word)
    )


def _from_base64(word: str) -> str | None:
    plain = word.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        data = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    return _readable(data)


def _readable(data: bytes) -> str | None:
    """The bytes as text if nine in ten of its signs are letters, digits or spaces."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    good = sum(sign.isalnum() or sign in " ,.'-\n" for sign in text)
    return text if len(text) >= _SHORTEST and good >= 0.9 * len(text) else None
