"""A generation at the endpoint, and the messages that SNS would bring about it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

from contract.generation import Prompt, Sampler
from lambdas.domain.generation import Generation
from lambdas.domain.generation_plan import GenerationPlan
from lambdas.domain.ids import Prefix, new_id
from lambdas.domain.subject import Subject, SubjectState
from lambdas.events.results import ResultPorts, build_handler
from lambdas.ports import Invocation
from lambdas.records import keys
from lambdas.records.generations import (
    create_generation,
    find_generation,
    note_invocation,
    read_generation,
)
from lambdas.release import Release
from tests.unit.lambdas.endpoint_answers import answer
from tests.unit.lambdas.gateway import OWNER
from tests.unit.lambdas.given import World
from tests.unit.lambdas.sqs import Handler, deliver

OUTPUT = "results/7f3c.out"
FAILURE = "failures/7f3c-error.out"
ADAPTER_TRAINING = "trn_01J00000000000000000000000"


class ResultWorld(World):
    """A World with a generation of `samples` images whose request the endpoint has."""

    def begin(
        self,
        samples: int = 2,
        *,
        invoked: bool = True,
        subject: Subject | None = None,
        **changes: Any,
    ) -> Generation:
        """`changes`: of the plan."""
        now = self.clock.now()
        if subject is not None:
            learned = {"state": SubjectState.READY.value, "active_adapter": ADAPTER_TRAINING}
            self.table.items[keys.subject_key(OWNER, subject.id)].update(learned)
        plan = GenerationPlan(
            subject_id=subject.id if subject else None,
            prompts=(Prompt("a hat"),),
            style_preset=None,
            cfg_scale=7.0,
            steps=30,
            seeds=tuple(range(1, samples + 1)),
            width=64,
            height=64,
            sampler=Sampler.DDIM,
        )
        plan = replace(plan, **changes)
        made = Generation(
            id=new_id(Prefix.GENERATION, now),
            owner=OWNER,
            plan=plan,
            created_at=now,
            updated_at=now,
            deadline=now + timedelta(hours=6),
            adapter_training=ADAPTER_TRAINING if subject else None,
        )
        create_generation(self.table, made, limit=1000)
        if invoked:
            invocation = Invocation(f"s3://work/{OUTPUT}", f"s3://work/{FAILURE}")
            assert note_invocation(self.table, made, invocation)
        return read_generation(self.table, OWNER, made.id)

    def now_of(self, generation: Generation) -> Generation:
        found = find_generation(self.table, OWNER, generation.id)
        assert found is not None
        return found

    def leave_answer(self, generation: Generation, text: bytes | None = None) -> None:
        self.work.objects_by_key[OUTPUT] = text if text is not None else answer(generation)

    @property
    def released(self) -> set[str]:
        """The keys of what lies in the bucket of released images."""
        return set(self.avatars.objects_by_key)

    @property
    def release(self) -> Release:
        """The way out of quarantine."""
        return Release(self.settings, self.table, self.clock, self.avatars, (self.marking,))

    @property
    def handler(self) -> Handler:
        return build_handler(
            ResultPorts(
                settings=self.settings,
                table=self.table,
                clock=self.clock,
                work=self.work,
                avatars=self.avatars,
                photos=self.photos,
                moderation=self.image_moderation,
                release=self.release,
                words=self.screening,
                postponement=self.postponement,
            )
        )

    def tell(self, *messages: object, receives: int = 1) -> list[int]:
        """Deliver messages; the positions of those that come again."""
        return deliver(self.handler, *messages, receives=receives)


def told(generation: Generation, **changes: Any) -> dict[str, Any]:
    """SNS's envelope of a success."""
    request = f"s3://work/generations/{OWNER}/{generation.id}/request.json"
    message = {
        "awsRegion": "us-east-1",
        "eventTime": "2026-11-21T12:00:00.000Z",
        "receivedTime": "2026-11-21T11:59:00.000Z",
        "invocationStatus": "Completed",
        "requestParameters": {"endpointName": "serving", "inputLocation": request},
        "responseParameters": {
            "contentType": "application/json",
            "outputLocation": f"s3://work/{OUTPUT}",
        },
        "inferenceId": generation.id,
        "eventVersion": "1.0",
        "eventSource": "aws:sagemaker",
        "eventName": "InferenceResult",
        **changes,
    }
    return {"Type": "Notification", "TopicArn": "arn", "Message": json.dumps(message)}


def told_failure(generation: Generation, reason: str) -> dict[str, Any]:
    """SNS's envelope of a failure."""
    return told(
        generation, invocationStatus="Failed", failureReason=reason, responseParameters=None
    )
