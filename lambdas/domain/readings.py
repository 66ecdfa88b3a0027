"""The ways in which a text may be read: as it stands, and with each disguise taken off.

Disguises: compatibility forms, invisible characters, piled accents, look-alike letters, digits for
letters, letters set apart, letters repeated, punctuation inside words, markup, encodings. A reading
never replaces the original: both are judged, so taking off too much can only add a reading that no
word list knows.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from lambdas.domain.confusables import is_lookalike, latin
from lambdas.domain.encoded_text import decoded, rot13, unwrapped
from lambdas.domain.prompt_vocabulary import known_words

SUBJECT_TOKEN = "<subject>"  # noqa: S105 - the word that stands for the subject

# Unicode general categories that draw nothing of their own (UAX #44): format characters, marks.
_INVISIBLE = frozenset({"Cf", "Mn", "Me"})
# Drawn as nothing, though Unicode calls them letters (Hangul fillers, Braille blank).
_BLANK = dict.fromkeys(map(ord, "\u115f\u1160\u3164\uffa0\u2800"))
_DIGITS = str.maketrans("034578@$€!|+", "oeastbaseiit")
_ONE_IS_I, _ONE_IS_L = {ord("1"): "i"}, {ord("1"): "l"}
_SIGNS = r"\w@$€!|+"
_SET_APART = re.compile(rf"(?<![^\W_])([{_SIGNS}])([\W_]{{1,3}})(?=[{_SIGNS}]\2)"
                        rf"((?:[{_SIGNS}]\2)+[{_SIGNS}])(?![^\W_])")  # fmt: skip
# 35mm, base64, f2, 1980, #ff8800
_MEASURE = re.compile(r"\d+[a-z]{1,3}|[a-z]{3,}\d+|[a-z]\d|\d+|(?:0x|#)[\da-f]+")
_MANY = re.compile(r"([^\W\d_])\1{2,}")
_TWIN = re.compile(r"([^\W\d])\1")
_ALL_TWINS = re.compile(r"(?:([^\W\d])\1){3,}")
_SPLIT = re.compile(r"([^\W\d_]+)[-.*_|]([^\W\d_]+)")
_PUNCTUATION_INSIDE = re.compile(r"(?<=\w)[^\w\s]+(?=\w)|(?<=\w)_+(?=\w)")
_DEPTH = 2  # an encoding inside an encoding is the last that is opened


@dataclass(frozen=True)
class Readings:
    """One text, read in every way.

    `words`: lower-case words with one space between, for word lists. `letters`: what was written
    letter by letter, where it is not known where a word ends. `prose`: the same without disguise,
    for a classifier, if there was any. `hidden`: other texts that were encoded in it.
    """

    original: str
    words: tuple[str, ...]
    letters: tuple[str, ...]
    prose: tuple[str, ...]
    hidden: tuple[str, ...]

    @property
    def said(self) -> tuple[str, ...]:
        """The original and what is encoded in it: different texts, each in a language."""
        return (self.original, *self.hidden)

    @property
    def for_models(self) -> tuple[str, ...]:
        """What a classifier reads: all of that, with and without disguise."""
        return (*self.said, *self.prose)


def plain_words(text: str) -> str:
    """Lower case, without accents and invisible characters; whatever is no word is a space."""
    return _spaced(_folded(text))


def read(text: str, *, depth: int = _DEPTH) -> Readings:
    """Every reading of the text, without doubles."""
    bare = text.replace(SUBJECT_TOKEN, " ")
    open_text = unwrapped(bare)
    folded = _folded(open_text)
    words: dict[str, None] = {}
    # What stands in angle brackets is read too: to the model it is no markup.
    for start in dict.fromkeys((_folded(bare), folded, _PUNCTUATION_INSIDE.sub("", folded))):
        for spelling in _spellings(start):
            words.setdefault(_spaced(spelling))
    words.pop("", None)
    letters = dict.fromkeys(
        form for run in _runs(folded) for one in _without_digits(run) for form in _singled(one)
    )
    prose = dict.fromkeys(_prose(bare, open_text))
    hidden: dict[str, None] = {}
    if depth:
        inner = [read(found, depth=depth - 1) for found in _hidden(bare, open_text)]
        for reading in inner:
            hidden |= dict.fromkeys(reading.said)
            prose |= dict.fromkeys(reading.prose)
            words |= dict.fromkeys(reading.words)
            letters |= dict.fromkeys(reading.letters)
    return Readings(text, *map(tuple, (words, letters, prose, hidden)))


def _hidden(bare: str, open_text: str) -> Iterator[str]:
    if open_text != bare:
        yield open_text
    yield from decoded(open_text)
    for clause in re.split(r"[,.;:\n]", open_text):
        turned = rot13(clause)
        if known_words(turned) > max(1, known_words(clause)):
            yield turned


def _folded(text: str) -> str:
    """Lower-case Latin letters wherever the text looks like them, without what is not seen."""
    seen = unicodedata.normalize("NFKD", text.translate(_BLANK))
    visible = "".join(c for c in seen if unicodedata.category(c) not in _INVISIBLE)
    return unicodedata.normalize("NFC", latin(visible.casefold()))


def _spaced(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text).strip()


def _without_digits(text: str) -> Iterator[str]:
    """The text, and with digits and signs read as the letters that they stand for."""
    yield text
    if re.search(r"[\d@$€!|+]", text):
        for one in (_ONE_IS_I, _ONE_IS_L):
            yield re.sub(rf"[{_SIGNS}]+", partial(_letters_in, one), text)


def _letters_in(one: dict[int, str], word: re.Match[str]) -> str:
    return _letters_for_signs(word.group(), one)


def _letters_for_signs(word: str, one: dict[int, str]) -> str:
    """A number stays a number; a sign at the end is punctuation ("naked!" is no "nakedi")."""
    core = word.rstrip("!|+")
    if not any(sign.isalpha() for sign in core):
        return word
    return core.translate(_DIGITS).translate(one) + word[len(core) :]


def _singled(text: str) -> Iterator[str]:
    """The text, and with letters that are repeated for show said once or twice."""
    yield text
    if _MANY.search(text):
        yield _MANY.sub(r"\1", text)
        yield _MANY.sub(r"\1\1", text)
    if len(_TWIN.findall(text)) >= 2:
        yield _TWIN.sub(r"\1", text)


def _spellings(text: str) -> Iterator[str]:
    for letters in _without_digits(_closed(text)):
        yield from _singled(letters)


def _closed(text: str) -> str:
    """Letters set apart moved together: `n u d e` is `nude`."""
    return _SET_APART.sub(lambda run: _joined(run), text)


def _joined(run: re.Match[str]) -> str:
    return run.group(1) + run.group(3).replace(run.group(2), "")


def _runs(text: str) -> Iterator[str]:
    for run in _SET_APART.finditer(text):
        yield _joined(run)


def _prose(bare: str, open_text: str) -> Iterator[str]:
    """One reading with every disguise off, if there was any; accents are one, in Latin letters."""
    composed = unicodedata.normalize("NFKC", open_text.translate(_BLANK))
    visible = "".join(c for c in composed if unicodedata.category(c) != "Cf")
    words = _closed(visible).split()
    is_foreign = any(_is_foreign(word.casefold()) for word in words)
    legible = " ".join(_legible(word, is_foreign=is_foreign) for word in words)
    if legible and _spaced(legible.casefold()) != _spaced(bare.casefold()):
        yield legible


def _legible(word: str, *, is_foreign: bool) -> str:
    lower = word.casefold()
    if not is_foreign or _is_disguised(lower) or _is_scribbled_over(word):
        lower = _folded(lower)
    lower = _SPLIT.sub(_mended, lower)
    inner = lower.strip("(),.;:!?\"'")
    if (
        re.fullmatch(rf"[{_SIGNS}]+", inner)
        and not inner.isalpha()
        and not _MEASURE.fullmatch(inner)
    ):
        lower = _letters_for_signs(inner, _ONE_IS_I)
    if _ALL_TWINS.fullmatch(inner):
        lower = _TWIN.sub(r"\1", inner)
    lower = _MANY.sub(r"\1", lower)
    return lower if lower != word.casefold() else word


def _mended(split: re.Match[str]) -> str:
    """Two parts as one word, if one is too short to be a word of its own."""
    shorter = min(split.groups(), key=len)
    is_word = len(shorter) > 2 or known_words(shorter)
    return split.group() if is_word else "".join(split.groups())


def _is_foreign(word: str) -> bool:
    """A word of another alphabet that no one could take for a Latin one."""
    letters = [c for c in word if c.isalpha()]
    return (
        bool(letters)
        and not any(_is_latin(c) for c in letters)
        and not all(map(is_lookalike, letters))
    )


def _is_disguised(word: str) -> bool:
    """Latin letters beside look-alikes."""
    letters = [c for c in word if c.isalpha()]
    return any(map(is_lookalike, letters)) and any(map(_is_latin, letters))


def _is_scribbled_over(word: str) -> bool:
    """Lines drawn through letters, or more accents than letters: no alphabet has that."""
    marks = [c for c in unicodedata.normalize("NFD", word) if unicodedata.category(c) == "Mn"]
    through = any("\u0334" <= mark <= "\u0338" for mark in marks)
    return through or len(marks) > sum(map(str.isalpha, word))


def _is_latin(letter: str) -> bool:
    return letter.isascii() or unicodedata.name(letter, "").startswith("LATIN")
