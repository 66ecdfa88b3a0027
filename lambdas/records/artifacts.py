"""One image of a generation, as a map on the generation's item."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambdas.domain.generation import Artifact, FinishReason
from lambdas.domain.image_verdict import ImageReason, ImageVerdict, Outcome, SeenLabel

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lambdas.table import Item


def artifact_from(item: Item) -> Artifact:
    """The image that a map describes."""
    score = item.get("identity_score")
    return Artifact(
        item["id"],
        item["seed"],
        FinishReason(item["finish_reason"]),
        _verdict_from(item) if "outcome" in item else None,
        None if score is None else float(score),
    )


def artifact_items(artifacts: Iterable[Artifact]) -> list[Item]:
    """Images as an attribute of their generation's item."""
    return [_item(artifact) for artifact in artifacts]


def _item(artifact: Artifact) -> Item:
    """The map that describes an image."""
    item: Item = {
        "id": artifact.id,
        "seed": artifact.seed,
        "finish_reason": artifact.finish_reason.value,
    }
    if artifact.identity_score is not None:
        item["identity_score"] = artifact.identity_score
    verdict = artifact.verdict
    if verdict is not None:
        item["outcome"] = verdict.outcome.value
        if verdict.reason is not None:
            item["reason"] = verdict.reason.value
            item["labels"] = [
                {"name": label.name, "confidence": label.confidence} for label in verdict.labels
            ]
    return item


def _verdict_from(item: Item) -> ImageVerdict:
    reason = item.get("reason")
    return ImageVerdict(
        Outcome(item["outcome"]),
        ImageReason(reason) if reason else None,
        tuple(
            SeenLabel(label["name"], float(label["confidence"])) for label in item.get("labels", ())
        ),
    )
