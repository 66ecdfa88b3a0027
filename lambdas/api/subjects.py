"""`/subjects`: who or what is learned. The same function answers for photos, uploads, `/me`,
and erasures."""

from __future__ import annotations

from lambdas import environment, telemetry, wiring
from lambdas.api.erasures import add_erasure_routes, erasure_begun, within
from lambdas.api.http import Api, page_of
from lambdas.api.me import add_account_routes
from lambdas.api.messages import Answer, Request, created, ok
from lambdas.api.photos import add_photo_routes
from lambdas.api.subject_bodies import CreateSubject, RenameSubject, subject_document
from lambdas.api.subject_ports import SubjectPorts
from lambdas.api.text_check import demand_allowed
from lambdas.api.uploads import add_upload_routes
from lambdas.domain.ids import Prefix, new_id
from lambdas.domain.quota import Metered
from lambdas.domain.subject import DEFAULT_CLASS_NOUNS, Consent, Subject
from lambdas.domain.text_screening import ClientText, Purpose
from lambdas.lambda_handler import Handler, lambda_handler
from lambdas.records import subjects
from lambdas.records.quotas import Spending


def build_app(ports: SubjectPorts) -> Api:
    """The routes over these ports."""
    api = Api(table=ports.table, clock=ports.clock, persistence=ports.persistence)
    _add_subject_routes(api, ports)
    add_photo_routes(api, ports)
    add_upload_routes(api, ports)
    add_account_routes(api, ports)
    add_erasure_routes(api, ports)
    return api


def _add_subject_routes(api: Api, ports: SubjectPorts) -> None:
    table, settings = ports.table, ports.settings

    @api.post("/subjects", body=CreateSubject, status=201)
    def create_subject(request: Request[CreateSubject]) -> Answer:
        """Begin to learn someone or something."""
        body, now = request.body, ports.clock.now()
        demand_allowed(
            ports.screening,
            [
                # It is said in every caption and every prompt of the subject.
                ClientText(body.class_noun or ""),
                ClientText(body.name, Purpose.NAME),
                ClientText(body.consent.statement, Purpose.STATEMENT),
            ],
            kind=body.kind,
        )
        subject = Subject(
            id=new_id(Prefix.SUBJECT, now),
            owner=request.owner,
            name=body.name,
            kind=body.kind,
            class_noun=body.class_noun or DEFAULT_CLASS_NOUNS[body.kind],
            consent=Consent(
                statement=body.consent.statement,
                given_at=now,
                given_by=request.owner,
                given_for=body.name,
                version=body.consent.version,
            ),
            created_at=now,
        )
        limits = settings.limits
        spending = Spending(request.owner, {Metered.SUBJECTS: 1}, limits.per_day, now)
        subjects.create_subject(table, subject, limit=limits.subjects_per_user, spending=spending)
        telemetry.logger.info("subject_created", extra={"subject_id": subject.id})
        telemetry.count("SubjectsCreated")
        return created(f"/subjects/{subject.id}", subject_document(subject, settings))

    @api.get("/subjects")
    def list_subjects(request: Request[None]) -> Answer:
        """Your subjects, the newest first."""
        found, position = subjects.list_subjects(
            table, request.owner, limit=request.page.limit, after=request.page.position
        )
        documents = [subject_document(subject, settings) for subject in found]
        return page_of(request, "/subjects", documents, position)

    @api.get("/subjects/{subject_id}")
    def read_subject(request: Request[None]) -> Answer:
        """One subject."""
        subject_id = request.id("subject_id", Prefix.SUBJECT)
        subject = subjects.read_subject(table, request.owner, subject_id)
        return ok(subject_document(subject, settings))

    @api.patch("/subjects/{subject_id}", body=RenameSubject)
    def rename_subject(request: Request[RenameSubject]) -> Answer:
        """Give a subject another name."""
        demand_allowed(ports.screening, [ClientText(request.body.name, Purpose.NAME)])
        subject = subjects.rename_subject(
            table,
            request.owner,
            request.id("subject_id", Prefix.SUBJECT),
            request.body.name,
            ports.clock.now(),
        )
        return ok(subject_document(subject, settings))

    @api.delete("/subjects/{subject_id}")
    def delete_subject(request: Request[None]) -> Answer:
        """Delete a subject with its photos, its adapters and all images of it.

        `erased_by` is when the last copy is gone at the latest; `/erasures/{id}` says how far it is
        and ends with a signed receipt.
        """
        subject_id = request.id("subject_id", Prefix.SUBJECT)
        erasure = subjects.begin_subject_erasure(
            table, request.owner, subject_id, ports.clock.now(), within=within(settings)
        )
        return erasure_begun(ports, erasure)


def _wired() -> Handler:
    return build_app(
        SubjectPorts(
            settings=environment.current().settings(),
            table=wiring.table(),
            uploads=wiring.bucket("UPLOADS_BUCKET"),
            photos=wiring.bucket("PHOTOS_BUCKET"),
            work=wiring.bucket("WORK_BUCKET"),
            erasures=wiring.queue("ERASURE_QUEUE_URL"),
            clock=wiring.clock(),
            persistence=wiring.persistence,
            screening=wiring.text_screening(),
        )
    )


handler = lambda_handler(_wired)
