from __future__ import annotations

import pytest

from lambdas.domain.moderation import is_unsafe
from lambdas.domain.photo import RejectionCode
from lambdas.domain.screening import needs_one_face, verdict_on_content, verdict_on_faces
from lambdas.domain.subject import SubjectKind
from lambdas.ports import Face, ModerationLabel


@pytest.mark.parametrize(
    ("name", "parent", "unsafe"),
    [
        ("Explicit Nudity", "", True),
        ("Exposed Male Genitalia", "Explicit Nudity", True),
        ("A Label That Does Not Exist Yet", "", True),
        ("Alcohol", "", False),
        ("Wine", "Alcoholic Beverages", False),
    ],
)
def test_a_label_blocks_unless_it_is_known_to_be_harmless(
    name: str, parent: str, unsafe: bool
) -> None:
    labels = [ModerationLabel(name, parent, 99.0)]
    assert is_unsafe(labels) is unsafe
    assert verdict_on_content(labels) is (RejectionCode.UNSAFE if unsafe else None)


def test_one_bad_label_among_harmless_ones_blocks() -> None:
    assert is_unsafe([ModerationLabel("Alcohol", "", 90), ModerationLabel("Violence", "", 51)])
    assert not is_unsafe([])


def test_only_people_need_a_face() -> None:
    assert [kind for kind in SubjectKind if needs_one_face(kind)] == [SubjectKind.PERSON]


def test_a_person_is_learned_from_exactly_one_certain_face() -> None:
    face, shadow = Face(99.0, 0.3, 0.4), Face(40.0, 0.1, 0.1)
    assert verdict_on_faces([face]) is None
    assert verdict_on_faces([face, shadow]) is None
    assert verdict_on_faces([]) is RejectionCode.NO_FACE
    assert verdict_on_faces([shadow]) is RejectionCode.NO_FACE
    assert verdict_on_faces([face, face]) is RejectionCode.SEVERAL_FACES
