"""Ways to hide a phrase from a filter that a model or a person still reads."""

from __future__ import annotations

import base64
import codecs
from collections.abc import Callable


def _alphabet(first: int) -> Callable[[str], str]:
    """Into another alphabet of Unicode, by the code point of its letter a."""
    return lambda text: "".join(
        chr(first + ord(sign) - ord("a")) if "a" <= sign <= "z" else sign for sign in text
    )


def _between(sign: str) -> Callable[[str], str]:
    return sign.join


def _by_word(change: Callable[[str], str], gap: str = " ") -> Callable[[str], str]:
    return lambda text: gap.join(change(word) for word in text.split())


def _swapped(letters: str, others: str) -> Callable[[str], str]:
    table = str.maketrans(letters, others)
    return lambda text: text.translate(table)


def _each(form: str) -> Callable[[str], str]:
    return lambda text: "".join(form.format(ord(sign)) for sign in text)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _rot13(text: str) -> str:
    return codecs.encode(text, "rot13")


# Each takes a lower-case phrase in Latin letters.
EVASIONS: dict[str, Callable[[str], str]] = {
    "as it stands": str,
    "capitals": str.upper,
    "mixed case": lambda text: "".join(
        sign.upper() if at % 2 else sign for at, sign in enumerate(text)
    ),
    "full width": _alphabet(ord("ａ")),
    "mathematical bold": _alphabet(0x1D41A),
    "mathematical script": _alphabet(0x1D4EA),
    "circled": _alphabet(0x24D0),
    "negative squares": _alphabet(0x1F170),
    "regional indicators": _alphabet(0x1F1E6),
    "zero width space": _between("\u200b"),
    "zero width joiner": _between("\u200d"),
    "soft hyphen": _between("\u00ad"),
    "word joiner": _between("\u2060"),
    "right to left mark": _between("\u200f"),
    "tag characters": _between("\U000e0061"),
    "accents": _swapped("aeiou", "áèîöü"),
    "piled accents": _by_word(lambda w: "".join(f"{sign}\u0337\u0322\u0316" for sign in w)),
    "Cyrillic look-alikes": _swapped("aeopcx", "аеорсх"),
    "Greek look-alikes": _swapped("aoiuv", "αοιυν"),
    "Armenian look-alikes": _swapped("nodu", "ոօԁս"),
    "small capitals": _swapped("aekdpw", "ᴀᴇᴋᴅᴘᴡ"),
    "digits": _swapped("aeo", "430"),
    "signs": _swapped("as", "@$"),
    "spaces": _by_word(" ".join, "  "),
    "dots": _by_word(".".join),
    "hyphens": _by_word("-".join),
    "underscores": _by_word("_".join),
    "stars": _by_word(" * ".join),
    "everything set apart": lambda text: " ".join(text.replace(" ", "")),
    "no spaces but underscores": lambda text: text.replace(" ", "_"),
    "a hyphen in the middle": _by_word(lambda w: f"{w[:2]}-{w[2:]}" if len(w) > 3 else w),
    "repeated vowels": lambda text: "".join(s * 4 if s in "aeiou" else s for s in text),
    "every letter twice": lambda text: "".join(s * 2 if s.isalpha() else s for s in text),
    "markup": _between("<b></b>"),
    "markup around": "<i title='x'>{}</i>".format,
    "a comment": _between("<!-- x -->"),
    "in angle brackets": "<{}>".format,
    "entities": _each("&#{};"),
    "hexadecimal entities": _each("&#x{:x};"),
    "entities in entities": _each("&amp;#{};"),
    "percent signs": _each("%{:02x}"),
    "backslashes": _each("\\x{:02x}"),
    "backslashes, four digits": _each("\\u{:04x}"),
    "base64": _base64,
    "base64 without padding": lambda text: _base64(text).rstrip("="),
    "base64 twice": lambda text: _base64(_base64(text)),
    "hexadecimal": lambda text: text.encode().hex(),
    "hexadecimal in pairs": lambda text: text.encode().hex(" "),
    "rot13": _rot13,
    "rot13 in base64": lambda text: _base64(_rot13(text)),
    "zero width and digits": lambda text: "\u200b".join(text.replace("e", "3")),
}
