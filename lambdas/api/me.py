"""`/me`: what the caller has and may have; and the way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambdas import telemetry
from lambdas.api.erasures import erasure_begun, within
from lambdas.api.messages import Answer, Request, accepted, ok
from lambdas.api.review_bodies import AppealBlock
from lambdas.api.text_check import demand_allowed
from lambdas.domain import moments
from lambdas.domain.quota import Metered, resets_at
from lambdas.domain.text_screening import ClientText, Purpose
from lambdas.records.account import begin_account_erasure, read_account
from lambdas.records.quotas import read_usage
from lambdas.records.review_openings import appeal_block
from lambdas.records.standing import read_standing

if TYPE_CHECKING:
    from lambdas.api.http import Api
    from lambdas.api.subject_ports import SubjectPorts


def add_account_routes(api: Api, ports: SubjectPorts) -> None:
    """The routes over these ports."""
    limits = ports.settings.limits

    @api.get("/me")
    def read_me(request: Request[None]) -> Answer:
        """Usage and limits; what a day brings is counted anew from `resets_at` on."""
        now = ports.clock.now()
        account = read_account(ports.table, request.owner)
        standing = read_standing(ports.table, request.owner)
        rules = ports.settings.moderation.violations
        used, anew = read_usage(ports.table, request.owner, now), moments.to_text(resets_at(now))
        return ok(
            {
                "id": request.owner,
                "groups": sorted(request.caller.groups),
                "usage": {
                    "subjects": account.subjects,
                    "active_trainings": account.active_trainings,
                    "active_generations": account.active_generations,
                },
                "limits": {
                    "subjects": limits.subjects_per_user,
                    "active_trainings": limits.active_trainings_per_user,
                    "active_generations": limits.active_generations_per_user,
                },
                "standing": standing.name(now, rules).value,
                "quotas": {
                    metered.value: {
                        "used": used[metered],
                        "limit": limits.per_day.of(metered),
                        "resets_at": anew,
                    }
                    for metered in Metered
                },
                "erasing": account.erasing_since is not None,
            }
        )

    @api.delete("/me")
    def delete_my_data(request: Request[None]) -> Answer:
        """Erase everything that is kept about the caller, the sign-in included.

        Nothing new begins from now on. `erased_by` is when the last copy is gone at the latest;
        `/erasures/{id}` says how far it is and ends with a signed receipt, also without a token.
        """
        erasure = begin_account_erasure(
            ports.table,
            request.owner,
            ports.clock.now(),
            within=within(ports.settings),
            signs_in=request.caller.is_user,
        )
        return erasure_begun(ports, erasure)

    @api.post("/me/appeal", body=AppealBlock, status=202)
    def appeal_my_block(request: Request[AppealBlock]) -> Answer:
        """Say why your account should not be blocked; each block may be appealed once."""
        note = request.body.note
        demand_allowed(ports.screening, [ClientText(note, Purpose.STATEMENT)])
        appeal_block(ports.table, request.owner, note, ports.clock.now())
        telemetry.count("Appeals")
        return accepted("/me")
