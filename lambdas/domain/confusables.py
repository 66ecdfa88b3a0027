"""Letters that look like Latin ones and are not.

A small table of our own: what a reader takes for a Latin letter in running text. Compatibility
forms (full width, circled, mathematical) are not in it, since NFKC resolves them; what NFKC leaves
alone and people disguise words with (negative circles and squares, regional indicators) is.
"""

from __future__ import annotations

_ALIKE = {
    "a": "аαɑᴀꭺ",
    "b": "вьβʙᏼƅ",
    "c": "сϲᴄꮯ",
    "d": "ԁɗᴅꮷ",
    "e": "еєεҽᴇꬲ",
    "f": "ғƒꞙϝ",
    "g": "ɡցɢ",
    "h": "һнհʜ",
    "i": "іιıɩɪїὶ",
    "j": "јϳᴊ",
    "k": "кκᴋҝ",
    "l": "ӏʟⅼ",
    "m": "мʍᴍ",
    "n": "пηոɴղ",
    "o": "оοօᴏσ",
    "p": "рρᴘ",
    "q": "ԛզ",
    "r": "гʀᴦꭇ",
    "s": "ѕꜱʂ",
    "t": "тτᴛ",
    "u": "υսᴜʋ",
    "v": "ѵνᴠ",
    "w": "ѡԝωᴡա",
    "x": "хχ",
    "y": "уγүʏ",
    "z": "ᴢʐ",
}
# First letters of alphabets that NFKC does not map: negative circled, negative squared, regional.
_ALPHABETS = (0x1F150, 0x1F170, 0x1F1E6)

TO_LATIN = {ord(sign): letter for letter, signs in _ALIKE.items() for sign in signs} | {
    first + offset: chr(ord("a") + offset) for first in _ALPHABETS for offset in range(26)
}


def latin(text: str) -> str:
    """The text with every look-alike read as the Latin letter that it resembles; lower case in."""
    return text.translate(TO_LATIN)


def is_lookalike(sign: str) -> bool:
    """Whether the (lower-case) sign resembles a Latin letter."""
    return ord(sign) in TO_LATIN
