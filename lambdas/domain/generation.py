"""A generation: one request for one to four images.

    queued ──► warming ──► running ──► screening ──┬─► succeeded           every image was released
       │          │           │            │       ├─► partially_filtered  some were withheld
       │          │           │            │       └─► filtered            all were withheld
       ├──────────┼───────────┼────────────┼─────────► failed              `failure` says why
       ├──────────┼───────────┼────────────┴─────────► cancelled           by its owner
       └──────────┴───────────┴──────────────────────► expired             waited too long

What a moderator decides about one image afterwards may turn `succeeded`, `partially_filtered` and
`filtered` into each other (`after_review`); they remain ends.

Steps may be skipped forwards, since news may be lost: a result can arrive while we still believe
the endpoint to be asleep. Nothing skips `screening`: no image is released without it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from lambdas.domain.ids import TIME_DIGITS, Prefix, new_id
from lambdas.domain.states import StateMachine
from lambdas.domain.training import Failure

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lambdas.domain.generation_plan import GenerationPlan
    from lambdas.domain.image_verdict import ImageVerdict


class GenerationState(StrEnum):
    """Where a generation is in its life."""

    QUEUED = "queued"
    WARMING = "warming"
    RUNNING = "running"
    SCREENING = "screening"
    SUCCEEDED = "succeeded"
    PARTIALLY_FILTERED = "partially_filtered"
    FILTERED = "filtered"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


_S = GenerationState
_ENDS_EARLY = frozenset({_S.FAILED, _S.CANCELLED, _S.EXPIRED})

GENERATION = StateMachine(
    "generation",
    {
        _S.QUEUED: frozenset({_S.WARMING, _S.RUNNING, _S.SCREENING}) | _ENDS_EARLY,
        _S.WARMING: frozenset({_S.RUNNING, _S.SCREENING}) | _ENDS_EARLY,
        _S.RUNNING: frozenset({_S.SCREENING}) | _ENDS_EARLY,
        _S.SCREENING: frozenset(
            {_S.SUCCEEDED, _S.PARTIALLY_FILTERED, _S.FILTERED, _S.FAILED, _S.CANCELLED}
        ),
        _S.SUCCEEDED: frozenset(),
        _S.PARTIALLY_FILTERED: frozenset(),
        _S.FILTERED: frozenset(),
        _S.FAILED: frozenset(),
        _S.CANCELLED: frozenset(),
        _S.EXPIRED: frozenset(),
    },
)
ACTIVE_GENERATION_STATES = frozenset(GenerationState) - GENERATION.final_states
# The endpoint has, as far as we know, not finished with it.
WAITING_GENERATION_STATES = frozenset({_S.QUEUED, _S.WARMING, _S.RUNNING})
# Only in these does an owner see images.
SHOWING_GENERATION_STATES = frozenset({_S.SUCCEEDED, _S.PARTIALLY_FILTERED})
# Only in these have images been judged.
JUDGED_GENERATION_STATES = SHOWING_GENERATION_STATES | {_S.FILTERED}


# No image has more: 4096 × 4096 (the bound of `max_output_pixels`), uncompressed, and its marks.
MAX_IMAGE_FILE_BYTES = 64 * 1024 * 1024


class FinishReason(StrEnum):
    """How one image ended."""

    SUCCESS = "SUCCESS"
    CONTENT_FILTERED = "CONTENT_FILTERED"
    ERROR = "ERROR"


@dataclass(frozen=True)
class Artifact:
    """One image of a generation; released if, and only if, its reason is SUCCESS.

    `verdict`: of screening, if it got that far. `identity_score`: how much its face looks like the
    subject's, 0–1; None without a face, or without a person to compare it with.
    """

    id: str
    seed: int
    finish_reason: FinishReason
    verdict: ImageVerdict | None = None
    identity_score: float | None = None


@dataclass(frozen=True)
class Generation:
    """One generation. `deadline` is when the endpoint may no longer begin with it.

    `endpoint`: the name of the one of ours that it was given to; None for a hosted model, and for
    what began when a base model had one endpoint only.

    `descends_from`: subjects that are seen in images that it began with. They are nothing to what
    is drawn, but when one of them is erased, this is an image of theirs.
    """

    id: str
    owner: str
    plan: GenerationPlan
    created_at: datetime
    updated_at: datetime
    deadline: datetime
    state: GenerationState = GenerationState.QUEUED
    artifacts: tuple[Artifact, ...] = ()
    failure: Failure | None = None
    warming_since: datetime | None = None
    output_uri: str | None = None
    failure_uri: str | None = None
    adapter_training: str | None = None
    endpoint: str | None = None
    deleting: bool = False
    expires_at: datetime | None = None
    descends_from: tuple[str, ...] = ()

    @property
    def is_active(self) -> bool:
        """Whether it may still come to something."""
        return self.state in ACTIVE_GENERATION_STATES

    @property
    def shown(self) -> tuple[Artifact, ...]:
        """The images that its owner may see now: released ones, of a finished generation."""
        if self.deleting or self.state not in SHOWING_GENERATION_STATES:
            return ()
        return tuple(a for a in self.artifacts if a.finish_reason is FinishReason.SUCCESS)

    @property
    def withheld(self) -> tuple[Artifact, ...]:
        """The images that were judged and may not be seen; they lie in quarantine."""
        if self.deleting or self.state not in JUDGED_GENERATION_STATES:
            return ()
        return tuple(a for a in self.artifacts if a.finish_reason is FinishReason.CONTENT_FILTERED)

    @property
    def was_invoked(self) -> bool:
        """Whether the endpoint is known to have the request."""
        return self.output_uri is not None


def image_id(generation_id: str, index: int) -> str:
    """The id of an image: the same whenever the same result is handled again.

    Its time is the generation's, its random part comes from generation and index.
    """
    entropy = hashlib.sha256(f"{generation_id}/{index}".encode()).digest()
    drawn = new_id(Prefix.IMAGE, datetime.fromtimestamp(0, UTC), entropy)
    time_digits = generation_id.partition("_")[2][:TIME_DIGITS]
    return f"{Prefix.IMAGE}_{time_digits}{drawn[-16:]}"


def ending(reasons: Iterable[FinishReason]) -> GenerationState:
    """The state in which a screened generation ends, given how each image ended."""
    seen = set(reasons)
    if FinishReason.SUCCESS in seen:
        if FinishReason.CONTENT_FILTERED in seen:
            return GenerationState.PARTIALLY_FILTERED
        return GenerationState.SUCCEEDED
    if FinishReason.CONTENT_FILTERED in seen:
        return GenerationState.FILTERED
    return GenerationState.FAILED


def after_review(generation: Generation, image: str, reason: FinishReason) -> Generation:
    """As it stands once a moderator released (SUCCESS) or withheld (CONTENT_FILTERED) an image.

    The image must be one of those that screening judged: what failed has no file to release.
    """
    artifacts = tuple(
        replace(each, finish_reason=reason) if each.id == image else each
        for each in generation.artifacts
    )
    state = ending(each.finish_reason for each in artifacts)
    return replace(generation, artifacts=artifacts, state=state)
