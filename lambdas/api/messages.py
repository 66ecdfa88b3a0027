"""A request and an answer as route functions see them: no events, no headers to remember."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from lambdas.domain.errors import NotFound
from lambdas.domain.ids import Prefix, is_id


class Body(BaseModel):
    """A request's JSON body: exact types, unknown fields refused, no NaN."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Scope(StrEnum):
    """What a server's token may carry (identity stack, resource server `avatar`)."""

    READ = "avatar/read"
    WRITE = "avatar/write"


@dataclass(frozen=True)
class Caller:
    """Who asks. `owner`: the token's `sub`; for a server acting for itself, its client id."""

    owner: str
    groups: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    is_user: bool = True

    def may(self, scope: Scope) -> bool:
        """A signed-in user may do everything with what is theirs; a server needs the scope."""
        return self.is_user or scope.value in self.scopes


@dataclass(frozen=True)
class PageRequest:
    """Which part of a list: at most `limit` items after `position`."""

    limit: int
    position: Mapping[str, str] | None


BodyT = TypeVar("BodyT", bound="Body | None", covariant=True)


@dataclass(frozen=True)
class Request(Generic[BodyT]):
    """One call of a route."""

    caller: Caller
    body: BodyT
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]  # names in lower case
    request_id: str
    read_page: Callable[[], PageRequest]

    @property
    def page(self) -> PageRequest:
        """Which part of the list; raises Invalid, so only routes that ask for it can refuse it."""
        return self.read_page()

    @property
    def owner(self) -> str:
        """The caller's name in keys."""
        return self.caller.owner

    def id(self, name: str, prefix: Prefix) -> str:
        """The id in the path; anything that cannot be one of ours is simply not found."""
        text = self.path[name]
        if not is_id(prefix, text):
            raise NotFound
        return text


@dataclass(frozen=True)
class Answer:
    """What goes back. `body` is JSON; None means no content. `text` is sent instead, as it is.

    `kept`: all that is kept of it under an Idempotency-Key, by a route that makes its answer again
    from that (`again`): what would outlive the thing that the whole answer tells of stays out.
    """

    status: int
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None
    kept: Mapping[str, Any] | None = None


def ok(body: Mapping[str, Any]) -> Answer:
    """200."""
    return Answer(200, body)


def created(location: str, body: Mapping[str, Any]) -> Answer:
    """201 with the address of the new thing, below the API's root: `/subjects/…`."""
    return Answer(201, body, {"Location": location})


def accepted(location: str | None, body: Mapping[str, Any] | None = None) -> Answer:
    """202: begun, not finished; `location` is where to follow it."""
    return Answer(202, body or {}, {"Location": location} if location else {})


def gone() -> Answer:
    """204: it is no more."""
    return Answer(204)
