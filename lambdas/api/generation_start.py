"""From a body to a request that waits for the endpoint.

    standing → subject → base model → plan → find its pictures → is there room?
             → screen the words, then files in the request → choose the endpoint
             → save → copy the pictures → request.json → invoke → note where the answer will be

Until it is saved nothing has happened. If the endpoint cannot take it, it is forgotten and the
caller told to come back. If we crash after saving, the reconciler finds a generation that was never
invoked.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from contract.generation import REQUEST_FILE
from contract.s3_location import S3Location
from lambdas import telemetry
from lambdas.api.endpoint_choice import EndpointChoice
from lambdas.api.source_pictures import SourcePictures
from lambdas.api.text_check import demand_allowed
from lambdas.domain.base_choice import base_of_generation
from lambdas.domain.errors import Invalid, NotFound, Unavailable
from lambdas.domain.generation import Generation, GenerationState
from lambdas.domain.generation_plan import fitted, plan_generation
from lambdas.domain.generation_request import adapter_of, request_document
from lambdas.domain.hosted_plan import as_base, is_for_hosted, plan_hosted
from lambdas.domain.ids import Prefix, is_id, new_id
from lambdas.domain.locations import generation_prefix
from lambdas.domain.quota import Metered
from lambdas.domain.text_screening import ClientText, Purpose
from lambdas.records.generations import (
    adapter_expired,
    advance_generation,
    create_generation,
    discard_generation,
    find_generation,
    note_invocation,
    subject_not_ready,
)
from lambdas.records.quotas import Spending
from lambdas.records.subjects import read_subject
from lambdas.records.trainings import read_training
from lambdas.violations import counting_refusals, demand_good_standing

if TYPE_CHECKING:
    from contract.generation import AdapterReference
    from lambdas.api.generations import GenerationPorts
    from lambdas.api.source_pictures import FoundPictures
    from lambdas.domain.generation_body import GenerationBody
    from lambdas.domain.generation_plan import GenerationPlan
    from lambdas.domain.settings import BaseModelSettings
    from lambdas.domain.subject import Subject
    from lambdas.domain.training import Training


class GenerationStart:
    """Starts generations."""

    def __init__(self, ports: GenerationPorts) -> None:
        self._ports = ports
        self._choice = EndpointChoice(ports.table, ports.clock)
        self._pictures = SourcePictures(
            ports.settings, ports.table, ports.work, ports.avatars, ports.examining
        )

    def run(self, owner: str, body: GenerationBody) -> Generation:
        """The generation, queued at the endpoint; raises what a caller has to be told."""
        ports = self._ports
        settings, now = ports.settings, ports.clock.now()
        account = (ports.table, owner, now, settings.moderation.violations)
        demand_good_standing(*account)
        subject = self._subject(owner, body.subject_id)
        learned = self._learned(subject)
        plan, base = self._plan(body, learned)
        found = self._pictures.find(owner, plan, now)
        plan = self._fitted(plan, body, base, found)
        with counting_refusals(*account):
            demand_allowed(
                ports.screening,
                _words(plan, subject, settings.negative_prompt_of(base)),
                kind=subject.kind if subject else None,
            )
        found = self._pictures.examined(owner, plan, found, now)
        plan = self._fitted(plan, body, base, found)
        generation = Generation(
            id=new_id(Prefix.GENERATION, now),
            owner=owner,
            plan=plan,
            created_at=now,
            updated_at=now,
            deadline=now + timedelta(seconds=settings.generation.request_ttl_seconds),
            adapter_training=learned.id if learned else None,
            endpoint=self._endpoint(plan, base, learned),
            descends_from=found.subjects,
        )
        limits = settings.limits
        amounts = {Metered.GENERATIONS: 1, Metered.IMAGES: len(plan.seeds)}
        spending = Spending(owner, amounts, limits.per_day, now)
        limit = limits.active_generations_per_user
        create_generation(ports.table, generation, limit=limit, spending=spending)
        adapter = adapter_of(learned, ports.models_bucket) if learned else None
        self._invoke(generation, base, adapter, spending, found)
        telemetry.logger.info("generation_queued", extra={"generation_id": generation.id})
        return find_generation(ports.table, owner, generation.id) or generation

    def _plan(
        self, body: GenerationBody, learned: Training | None
    ) -> tuple[GenerationPlan, BaseModelSettings]:
        """By a hosted model where one draws such a request, by a base model of ours otherwise."""
        settings, draw = self._ports.settings, self._ports.draw
        hosted = settings.generation.hosted
        if hosted is not None and is_for_hosted(body, hosted.offered):
            plan = plan_hosted(body, hosted.offered, settings.generation, draw)
            return plan, as_base(hosted.offered)
        base = base_of_generation(settings, body.model, learned)
        plan = plan_generation(
            body,
            base,
            settings.generation.max_prompt_chars,
            draw,
            negative_prompt=settings.negative_prompt_of(base),
        )
        return plan, base

    def _fitted(
        self,
        plan: GenerationPlan,
        body: GenerationBody,
        base: BaseModelSettings,
        found: FoundPictures,
    ) -> GenerationPlan:
        """The plan at its size; as it was while a file in the request has not been looked at."""
        size = found.init.size if found.init else None
        if found.init and size is None:
            return plan
        return fitted(plan, body, base, size, self._ports.settings.generation.max_output_pixels)

    def _endpoint(
        self, plan: GenerationPlan, base: BaseModelSettings, learned: Training | None
    ) -> str | None:
        """Which of ours draws it; None where a hosted model does."""
        if plan.hosted_model is not None:
            return None
        names = self._ports.endpoints_of(base.id)
        return self._choice.choose(names, learned.id if learned else None)

    def _subject(self, owner: str, subject_id: str | None) -> Subject | None:
        if subject_id is None:
            return None
        if not is_id(Prefix.SUBJECT, subject_id):
            raise NotFound("subject")
        return read_subject(self._ports.table, owner, subject_id)

    def _learned(self, subject: Subject | None) -> Training | None:
        """The training whose adapter the subject serves now."""
        if subject is None:
            return None
        if subject.active_adapter is None:
            raise adapter_expired() if subject.adapter_expired_at else subject_not_ready()
        return read_training(self._ports.table, subject.owner, subject.active_adapter)

    def _invoke(
        self,
        generation: Generation,
        base: BaseModelSettings,
        adapter: AdapterReference | None,
        spending: Spending,
        found: FoundPictures,
    ) -> None:
        ports = self._ports
        backend = ports.backend_of(generation)
        key = f"{generation_prefix(generation.owner, generation.id)}{REQUEST_FILE}"
        try:
            document = request_document(
                generation,
                adapter,
                base_model=base.id,
                work_bucket=ports.work.bucket,
                pictures=self._pictures.place(generation, found),
            )
            ports.work.write(key, document.to_json().encode(), content_type="application/json")
            invocation = backend.invoke(
                generation.id,
                request_uri=str(S3Location(ports.work.bucket, key)),
                request_ttl_seconds=ports.settings.generation.request_ttl_seconds,
            )
        except (Unavailable, NotFound, Invalid):
            discard_generation(ports.table, generation)
            spending.give_back(ports.table)
            raise
        try:
            note_invocation(ports.table, generation, invocation)
            if backend.status().instances == 0:
                now = ports.clock.now()
                advance_generation(ports.table, generation, GenerationState.WARMING, now)
        except Unavailable as error:
            # It is queued all the same: a no would make the caller ask for it twice.
            telemetry.log_failure("invocation_not_noted", error, generation_id=generation.id)


def _words(plan: GenerationPlan, subject: Subject | None, own: str) -> list[ClientText]:
    """All that a client wrote; the subject's noun, which is put into every prompt, as well.

    `own`: the deployment's negative prompt, which nobody else wrote.
    """
    return [
        *(ClientText(text) for text in plan.attracting_texts),
        *(ClientText(subject.class_noun) for subject in (subject,) if subject),
        *(ClientText(text, Purpose.NEGATIVE) for text in plan.repelling_texts if text != own),
    ]
