"""Does every grant matter? Each statement is taken from its deployed role, and a scene must fail.

Slow, about an hour: `make test-slow`; one role: `pytest -m slow -k BackgroundIntake`.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.brief_trainings import brief_trainings
from tests.e2e.grant_scenes import Scenes
from tests.e2e.grants import application_roles, removed, statements_of
from tests.e2e.lost_events import without_schedules
from tests.e2e.ungoverned_grants import why_ungoverned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from demo.client import AvatarClient
    from tests.e2e.stage import Stage

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

ROLES = (
    "AnsweringCatalogueRole", "AnsweringSubjectsRole", "AnsweringTrainingsRole",
    "AnsweringGenerationsRole", "AnsweringReviewsRole", "AnsweringVerifyRole",
    "BackgroundIntakeHandlerRole", "BackgroundErasureHandlerRole",
    "BackgroundReconcilerHandlerRole", "PrepareRole", "PublishRole", "FailedRole", "JobRole",
    "TrainingRole", "EventsHandlerRole", "ResultsHandlerRole", "ServingRole",
)  # fmt: skip
# The account-wide role of API Gateway has a managed policy and nothing of its own.
WITHOUT_STATEMENTS = {"RestApiCloudWatchRole"}


@pytest.fixture(scope="module")
def _brief(stage: Stage) -> Iterator[None]:
    with brief_trainings(stage):
        yield


@pytest.fixture
def scenes(stage: Stage, request: pytest.FixtureRequest) -> Iterator[Scenes]:
    def ready() -> tuple[AvatarClient, str]:
        return request.getfixturevalue("ada"), request.getfixturevalue("ready_subject")

    with without_schedules(stage):
        yield Scenes(stage, ready)


def test_every_role_with_statements_has_its_scene(stage: Stage) -> None:
    iam = stage.client("iam")
    roles = application_roles(stage.client("cloudformation"))
    assert {role.construct for role in roles if statements_of(iam, role)} == set(ROLES)
    assert {role.construct for role in roles} == set(ROLES) | WITHOUT_STATEMENTS


@pytest.mark.usefixtures("_brief")
@pytest.mark.parametrize("construct", ROLES)
def test_no_statement_can_be_taken_away_unnoticed(
    stage: Stage, scenes: Scenes, construct: str, capsys: pytest.CaptureFixture[str]
) -> None:
    iam = stage.client("iam")
    roles = application_roles(stage.client("cloudformation"))
    (role,) = [role for role in roles if role.construct == construct]
    scene = scenes.of(construct)
    surprises = []
    settle(scene)
    for statement in statements_of(iam, role):
        reason = why_ungoverned(statement)
        started = time.monotonic()
        with removed(iam, statement):
            notice = noticed(scene)
        verdict = f"noticed ({notice})" if notice else f"survives ({reason or 'UNEXPECTED'})"
        if bool(notice) == bool(reason):
            surprises.append(f"{statement}: {verdict}")
        with capsys.disabled():
            print(f"\n  {time.monotonic() - started:5.1f} s  {statement}: {verdict}", end="")
        if notice:
            settle(scene)
    assert not surprises, "\n".join(surprises)


def noticed(scene: Callable[[], None]) -> str:
    """What the scene failed with, briefly; empty if it passed."""
    try:
        scene()
    except Exception as error:  # noqa: BLE001 - however a refusal shows, it shows
        return f"{type(error).__name__}: {error}".splitlines()[0][:100]
    return ""


def settle(scene: Callable[[], None], attempts: int = 3) -> None:
    """With the roles whole, the scene passes: so what failed before was for the lack of a grant."""
    for attempt in range(1, attempts + 1):
        try:
            scene()
        except Exception:
            if attempt == attempts:
                raise
        else:
            return
