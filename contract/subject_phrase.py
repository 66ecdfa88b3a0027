"""How the subject is called in a text: training captions and served prompts must agree on it."""

import re

SUBJECT_TOKEN = "<subject>"  # noqa: S105 - the word that stands for the subject


def subject_phrase(token: str, class_noun: str, kind: str) -> str:
    """`<subject> person`: the learned word, held by the noun that the base model knows.

    A style has no noun: it is a way of drawing, not a thing that is drawn.
    """
    return token if kind == "style" else f"{token} {class_noun}"


def with_subject(text: str, token: str, class_noun: str, kind: str) -> str:
    """The text with every `token` followed by its noun, unless the writer put it there."""
    if kind == "style":
        return text
    noun = re.escape(class_noun)
    phrase = subject_phrase(token, class_noun, kind)
    return re.sub(
        rf"{re.escape(token)}(?!\s+{noun}\b)", lambda _: phrase, text, flags=re.IGNORECASE
    )
