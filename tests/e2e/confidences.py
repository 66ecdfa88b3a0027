"""What a session told the stack in confidence, or was told: none of it may stand in any log.

tokens, passwords    of everybody who signed up
addresses            their e-mail
words                names, statements, prompts, notes
signatures           what makes a presigned request good
pictures             the bytes of photos and images, as base64, as Python or as hex
"""

from __future__ import annotations

import base64
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import requests

if TYPE_CHECKING:
    from demo.identity import Account

# Shorter texts are words that anybody might write.
_RECOGNISABLE = 12
# Of a long text, a line that holds its beginning holds enough.
_BEGINNING = 60
_WORDS = {
    "name", "statement", "text", "prompt", "negative_prompt", "description", "image_type", "style",
    "note",
}  # fmt: skip
_SIGNATURES = {"x-amz-signature", "x-amz-security-token", "policy", "signature"}
# How every JPEG and every PNG begins, in the ways in which bytes get into a line.
_HEADS = {
    head
    for start in (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")
    for head in (base64.b64encode(start).decode()[:10], repr(start)[2:-1], start.hex())
}


class Confidences:
    """Collects them, by kind."""

    def __init__(self) -> None:
        self.kinds: dict[str, set[str]] = defaultdict(set)
        self.kinds["pictures"] |= _HEADS

    def add(self, kind: str, text: str) -> None:
        """Remember a text, unless it is too short to be told from any other."""
        beginning = text.strip()[:_BEGINNING] if kind == "words" else text
        if len(beginning) >= _RECOGNISABLE:
            self.kinds[kind].add(beginning)

    def of_account(self, account: Account, tokens: Mapping[str, Any]) -> None:
        """Who signed in, and with what."""
        self.add("addresses", account.email)
        self.add("passwords", account.password)
        for name, token in tokens.items():
            if name.endswith("Token"):
                self.add("tokens", str(token))

    def of_picture(self, content: bytes) -> None:
        """A stretch from inside, which no other picture has."""
        self.add("pictures", base64.b64encode(content).decode()[400:440])

    def of_request(self, document: object) -> None:
        """The words of a body."""
        for name, text in _texts(document):
            if name in _WORDS:
                self.add("words", text)

    def of_answer(self, document: object) -> None:
        """The signatures of links and forms."""
        for name, text in _texts(document):
            if name.lower() in _SIGNATURES:
                self.add("signatures", text)
            if text.startswith("http"):
                query = parse_qs(urlsplit(text).query)
                for field in _SIGNATURES & {each.lower() for each in query}:
                    values = {each.lower(): found for each, found in query.items()}
                    self.add("signatures", values[field][0])

    def session(self) -> requests.Session:
        """A session that remembers what goes through it."""
        return _Listening(self)

    def found_in(self, source: str, text: str) -> list[str]:
        """Which kinds stand in a text, and how often it is one of them; never what it says."""
        return [
            f"{source}: {count} of the {kind}"
            for kind, secrets in self.kinds.items()
            if (count := sum(any(each in text for each in _written(one)) for one in secrets))
        ]


class _Listening(requests.Session):
    def __init__(self, confidences: Confidences) -> None:
        super().__init__()
        self._confidences = confidences

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        answer = super().send(request, **options)
        self._confidences.of_request(_document(request.body or b""))
        self._confidences.of_answer(_document(answer.content))
        return answer


def _document(content: object) -> object:
    try:
        return json.loads(content) if isinstance(content, str | bytes) else None
    except ValueError:
        return None


def _texts(document: object, name: str = "") -> Iterator[tuple[str, str]]:
    """All texts of a document, each with the name that it stands under."""
    match document:
        case str():
            yield name, document
        case Mapping():
            for inner_name, inner in document.items():
                yield from _texts(inner, str(inner_name))
        case list():
            for inner in document:
                yield from _texts(inner, name)


def _written(text: str) -> set[str]:
    """As it is, and as JSON writes it."""
    return {text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}


def lines_of(logs: Any) -> Iterator[tuple[str, str]]:
    """Every log group of CloudWatch, with all of its lines as one text."""
    for page in logs.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            name = group["logGroupName"]
            pages = logs.get_paginator("filter_log_events").paginate(logGroupName=name)
            events = (event["message"] for each in pages for event in each["events"])
            yield f"log group {name}", "\n".join(events)
