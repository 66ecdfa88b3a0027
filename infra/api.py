"""Stack ``api``: the REST API, what answers it, and what happens after an answer was given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_kms as kms

from infra.answering import Answering
from infra.background import Background
from infra.firewall import Firewall
from infra.rest_api import STAGE, AvatarApi
from infra.routes import IMAGE_PATHS

if TYPE_CHECKING:
    from constructs import Construct

    from infra.identity import IdentityStack
    from infra.inference import InferenceStack
    from infra.settings import EnvironmentSettings
    from infra.storage import StorageStack
    from infra.training import TrainingStack


class ApiStack(Stack):
    """Firewall → routes → functions → queues → functions."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: EnvironmentSettings,
        storage: StorageStack,
        identity: IdentityStack,
        training: TrainingStack,
        inference: InferenceStack,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        common: dict[str, Any] = {
            "settings": settings,
            # By its ARN: the key's own policy stays as the storage stack wrote it.
            "key": kms.Key.from_key_arn(self, "DataKey", storage.key.key_arn),
        }
        self.background = Background(
            self,
            "Background",
            storage=storage,
            machine=training.state_machine,
            results=inference.results.queue,
            user_pool=identity.user_pool,
            **common,
        )
        answering = Answering(
            self,
            "Answering",
            storage=storage,
            machine=training.state_machine,
            endpoints=inference.endpoints,
            erasure=self.background.erasure.queue,
            intake=self.background.intake.queue,
            painting=inference.painting.work.queue if inference.painting else None,
            **common,
        )
        self.functions = [*answering.functions.values(), *self.background.functions]
        self.rest = AvatarApi(
            self,
            "Rest",
            user_pool=identity.user_pool,
            functions={name: each.function for name, each in answering.functions.items()},
            **common,
        )
        self.firewall = Firewall(
            self,
            "Firewall",
            stage_arn=self.rest.stage.stage_arn,
            image_paths=[f"/{STAGE}{path}" for path in IMAGE_PATHS],
            **common,
        )
        CfnOutput(self, "ApiUrl", value=self.rest.api.url)
        CfnOutput(self, "ApiId", value=self.rest.api.rest_api_id)
