"""CDK entry point: reads the environment, wires the stacks, nothing else."""

import sys

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from infra.application import add_stacks
from infra.merge_patch import patched
from infra.settings import SettingsError, load

app = cdk.App()
name = app.node.try_get_context("environment") or "dev"
environments = app.node.try_get_context("environments")
try:
    settings = load(patched(environments, name, app.node.try_get_context("patch")), name)
except SettingsError as error:
    sys.exit(str(error))
add_stacks(app, settings)
cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
app.synth()
