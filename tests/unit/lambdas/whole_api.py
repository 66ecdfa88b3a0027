"""All routes of the API in one process, over one world of fakes: what API Gateway joins in AWS."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from lambdas.adapters.content_credentials import CredentialsReading
from lambdas.adapters.watermarking import Watermarking
from lambdas.api import catalogue, generations, reviews, subjects, trainings, verify
from lambdas.api.http import Api
from lambdas.api.reviews import ReviewPorts
from lambdas.api.subject_ports import SubjectPorts
from lambdas.api.trainings import TrainingPorts
from lambdas.api.verify import VerifyPorts
from lambdas.release import Release
from tests.unit.lambdas.adapters.local_signer import installed, signer
from tests.unit.lambdas.given import World

# Made once: it takes longer than everything else here.
_CHAIN, _ = signer()
_CREDENTIALS = CredentialsReading(installed(_CHAIN))
_WATERMARK = Watermarking(lambda: b"k" * 32)


@dataclass
class WholeApi:
    """A handler for every path; the one that has the route answers."""

    world: World = field(default_factory=World)

    def __post_init__(self) -> None:
        world = self.world
        self._apis = (
            catalogue.build_app(catalogue.CatalogueRules(world.settings)),
            subjects.build_app(
                SubjectPorts(
                    settings=world.settings,
                    table=world.table,
                    uploads=world.uploads,
                    photos=world.photos,
                    work=world.work,
                    erasures=world.erasure,
                    clock=world.clock,
                    persistence=lambda: world.persistence,
                    screening=world.screening,
                )
            ),
            trainings.build_app(
                TrainingPorts(
                    table=world.table,
                    clock=world.clock,
                    persistence=lambda: world.persistence,
                    runner=world.runner,
                    work=world.work,
                    settings=world.settings,
                )
            ),
            generations.build_app(world.generation_ports()),
            reviews.build_app(
                ReviewPorts(
                    settings=world.settings,
                    table=world.table,
                    audit=world.audit,
                    clock=world.clock,
                    work=world.work,
                    avatars=world.avatars,
                    photos=world.photos,
                    intake=world.intake,
                    persistence=lambda: world.persistence,
                    release=Release(
                        world.settings, world.table, world.clock, world.avatars, (world.marking,)
                    ),
                )
            ),
            verify.build_app(
                VerifyPorts(
                    settings=world.settings,
                    table=world.table,
                    clock=world.clock,
                    persistence=lambda: world.persistence,
                    work=world.work,
                    watermark=_WATERMARK,
                    credentials=_CREDENTIALS,
                )
            ),
        )

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """What the API that has this route answers; the first one's 404 if none has it."""
        wanted = event["httpMethod"], event["path"].removeprefix("/v1")
        api = next((each for each in self._apis if _has(each, *wanted)), self._apis[0])
        return api(event, context)


def _has(api: Api, method: str, path: str) -> bool:
    return any(
        route.method == method and re.fullmatch(re.sub(r"{\w+}", "[^/]+", route.path), path)
        for route in api.routes
    )
