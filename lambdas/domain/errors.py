"""Every way in which the domain says no.

    DomainError
    ├── NotFound               no such thing, or it belongs to someone else
    ├── Conflict               not in this state; `code` says which rule
    │   └── IllegalTransition  a state machine was asked for a step that it does not have
    ├── Invalid                fields are wrong; one FieldError each, with a JSON pointer
    ├── Refused                words that moderation does not let pass; `category` says why
    ├── LimitReached           too much at once; `retry_after` seconds
    ├── Forbidden              this caller may never do that
    └── Unavailable            something that we need did not answer; `retry_after` seconds

How each is told to a caller is decided in `lambdas.api.problems`, nowhere else. `detail` is read by
people and must never carry a prompt, a photo, a token or an address.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field: RFC 6901 `pointer`, sentence, stable code."""

    pointer: str
    detail: str
    code: str


class DomainError(Exception):
    """The root; never raised itself."""

    code = "error"
    # Whether the same request would get the same answer whenever it is sent: only such answers are
    # kept for replays under an Idempotency-Key.
    final = False

    def __init__(self, detail: str, *, code: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        if code is not None:
            self.code = code


class NotFound(DomainError):  # noqa: N818 - named as a caller reads it
    """There is no such thing for this caller."""

    code = "not_found"

    def __init__(self, what: str = "resource") -> None:
        super().__init__(f"There is no such {what}.")


class Conflict(DomainError):  # noqa: N818
    """The request is fine, the state of things is not."""

    code = "conflict"


class IllegalTransition(Conflict):
    """`machine` has no step from `source` to `target`."""

    code = "illegal_transition"

    def __init__(self, machine: str, source: str, target: str) -> None:
        super().__init__(f"A {machine} cannot go from {source} to {target}.")
        self.source = source
        self.target = target


class Invalid(DomainError):  # noqa: N818
    """Fields that break a rule, all of them at once."""

    code = "validation_error"
    final = True

    def __init__(self, errors: Sequence[FieldError], *, code: str | None = None) -> None:
        count = len(errors)
        super().__init__(f"{count} field{'' if count == 1 else 's'} cannot be accepted.", code=code)
        self.errors = tuple(errors)


class Refused(DomainError):  # noqa: N818
    """Moderation refuses words; `category` is a label, never the words."""

    code = "prompt_rejected"
    final = True

    def __init__(self, category: str, *, code: str | None = None) -> None:
        super().__init__(_SAID.get(code or self.code, _SAID[self.code]), code=code)
        self.category = category


_SAID = {
    "prompt_rejected": "This prompt asks for something that is not made here.",
    "text_rejected": "This text has something in it that others must not have to read.",
    "language_not_supported": "This cannot be screened in its language. Please write English.",
}


class LimitReached(DomainError):  # noqa: N818
    """Too much at once; less of it, or later."""

    code = "limit_reached"

    def __init__(self, detail: str, *, code: str | None = None, retry_after: int = 60) -> None:
        super().__init__(detail, code=code)
        self.retry_after = retry_after


class Forbidden(DomainError):  # noqa: N818
    """The caller's token does not carry the right to do this."""

    code = "forbidden"


class Unavailable(DomainError):  # noqa: N818
    """`service` did not answer as it should; the same request may pass later."""

    code = "unavailable"

    def __init__(self, service: str, *, retry_after: int = 5) -> None:
        super().__init__(f"The service cannot do this right now ({service}).")
        self.service = service
        self.retry_after = retry_after
