"""The handlers' own settings, in a layer of their functions.

Lambda allows 4 KB for all environment variables of a function together
(https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html), of which the rules alone
take half and each SDXL a tenth. A file beside the code has room, needs no right and no call when a
function starts, and changes together with the variables. The code stays what it is: a changed
setting uploads some kilobytes. Each stack has a layer of its own, because an export that is in use
cannot change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Stack
from aws_cdk import aws_lambda as lambda_

from infra import bundling

if TYPE_CHECKING:
    from constructs import IConstruct

    from infra.settings import EnvironmentSettings

_ID = "DomainSettings"


def settings_layer(scope: IConstruct, settings: EnvironmentSettings) -> lambda_.ILayerVersion:
    """The layer of the scope's stack, made when first asked for."""
    stack = Stack.of(scope)
    found = stack.node.try_find_child(_ID)
    if isinstance(found, lambda_.LayerVersion):
        return found
    return lambda_.LayerVersion(
        stack,
        _ID,
        code=lambda_.Code.from_asset(str(bundling.settings_folder(settings.domain_settings))),
        description=f"Settings of the environment {settings.name}",
    )
