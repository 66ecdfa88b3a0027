"""Pictures through the deployed screening of images and the local services: what each card does."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from benchmarks.screening_latency import settings
from lambdas.adapters.moderation import RekognitionModeration
from lambdas.adapters.text_moderation import ComprehendModeration, TranslateTranslation
from lambdas.domain.image_screening import ImageScreening, ShownSubject
from lambdas.domain.subject import SubjectKind
from lambdas.domain.text_screening import TextScreening
from local_aws.testcards import Card, stamped, unsafe_card
from local_aws.testing import EmbeddedAws
from training.miniature.photos import photos_of, subject_of

SIDE = 256


@pytest.fixture(scope="module")
def screening(aws: EmbeddedAws) -> ImageScreening:
    """As `dev` has it, over the embedded AWS."""
    rules = settings("dev")
    clients = {name: aws.client(name) for name in ("rekognition", "comprehend", "translate")}
    return ImageScreening(
        rules.moderation,
        80,
        RekognitionModeration(lambda: clients["rekognition"]),
        TextScreening(
            rules.moderation.prompts,
            ComprehendModeration(lambda: clients["comprehend"]),
            TranslateTranslation(lambda: clients["translate"]),
        ),
    )


def png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


@pytest.fixture(scope="module")
def ada() -> list[Image.Image]:
    return [photo.image for photo in photos_of(subject_of(7), count=2, seed=7, side=SIDE)]


@pytest.mark.parametrize(
    ("change", "outcome", "reason"),
    [
        (lambda image: image, "released", None),
        (lambda _: unsafe_card(), "withheld", "unsafe"),
        (lambda image: stamped(image, Card.MINOR), "withheld", "minor"),
        (lambda image: stamped(image, Card.CELEBRITY), "review", "celebrity"),
        (lambda image: stamped(image, Card.TEXT), "released", None),
        (lambda image: stamped(image, Card.TOXIC), "review", "text"),
    ],
    ids=["plain", "unsafe", "minor", "celebrity", "harmless words", "toxic words"],
)
def test_each_card_has_its_outcome(
    screening: ImageScreening,
    ada: list[Image.Image],
    change: Callable[[Image.Image], Any],
    outcome: str,
    reason: str | None,
) -> None:
    verdict = screening.screen(png(change(ada[0]))).verdict
    assert (verdict.outcome, verdict.reason) == (outcome, reason)


def test_a_likeness_tells_the_subject_from_others_and_is_absent_without_a_face(
    screening: ImageScreening, ada: list[Image.Image]
) -> None:
    other = next(photos_of(subject_of(8), count=1, seed=8, side=SIDE).__iter__()).image
    subject = ShownSubject(SubjectKind.PERSON, png(ada[0]))
    same, different, nobody = (
        screening.screen(png(image), subject).identity_score
        for image in (ada[1], other, Image.new("RGB", (SIDE, SIDE), "gray"))
    )
    assert same is not None
    assert different is not None
    assert same > 0.8 > different
    assert nobody is None


@pytest.mark.parametrize("number", range(6))
def test_no_drawn_face_however_uncertain_is_taken_for_a_child(
    screening: ImageScreening, number: int
) -> None:
    (photo,) = photos_of(subject_of(number), count=1, seed=number, side=SIDE)
    assert screening.screen(png(photo.image)).verdict.outcome == "released"
