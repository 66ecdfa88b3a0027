"""The six stacks of one environment, wired. What holds data depends on nothing that does not."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk

from infra.api import ApiStack
from infra.identity import IdentityStack
from infra.inference import InferenceStack
from infra.observability import ObservabilityStack
from infra.settings import EnvironmentSettings
from infra.storage import StorageStack
from infra.training import TrainingStack


def add_stacks(app: cdk.App, settings: EnvironmentSettings) -> None:
    """Add storage, identity, training, inference, api and observability to ``app``."""

    def options(name: str) -> dict[str, Any]:
        return {
            "scope": app,
            "construct_id": f"avatar-{settings.name}-{name}",
            "settings": settings,
            "env": cdk.Environment(account=settings.account, region=settings.region),
            "synthesizer": _synthesizer(settings),
            "termination_protection": settings.name == "prod",
            "tags": {"avatar:environment": settings.name, "avatar:stack": name},
        }

    storage = StorageStack(**options("storage"))
    identity = IdentityStack(**options("identity"))
    training = TrainingStack(storage=storage, **options("training"))
    inference = InferenceStack(storage=storage, **options("inference"))
    api = ApiStack(
        storage=storage,
        identity=identity,
        training=training,
        inference=inference,
        **options("api"),
    )
    ObservabilityStack(
        storage=storage,
        training=training,
        inference=inference,
        api=api,
        **options("observability"),
    )


def _synthesizer(settings: EnvironmentSettings) -> cdk.IStackSynthesizer:
    """The embedded AWS enforces IAM, and nobody may assume bootstrap roles: own credentials."""
    if settings.is_local:
        return cdk.CliCredentialsStackSynthesizer()
    return cdk.DefaultStackSynthesizer()
