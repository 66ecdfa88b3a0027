"""Jobs of a few steps, for scenes that ask whether they may and not what they learn."""

from __future__ import annotations

import io
import json
import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

from demo.deployment import ENVIRONMENT, ROOT
from infra.bundling import SETTINGS_FILE
from infra.settings import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.stage import Stage

STEPS = 40


@contextmanager
def brief_trainings(stage: Stage, steps: int = STEPS) -> Iterator[None]:
    """What is begun in the block takes so many steps, and publishes whatever comes of it."""
    functions = stage.client("lambda")
    name = stage.function("events.training_prepare")
    (deployed,) = functions.get_function_configuration(FunctionName=name)["Layers"]
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    settings = json.loads(load(context["environments"], ENVIRONMENT).domain_settings)
    settings["training"]["recipe"]["max_steps"] = steps
    settings["training"]["likeness_floor"] = 0
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(f"python/{SETTINGS_FILE}", json.dumps(settings))
    brief = functions.publish_layer_version(
        LayerName="brief-trainings", Content={"ZipFile": packed.getvalue()}
    )
    functions.update_function_configuration(FunctionName=name, Layers=[brief["LayerVersionArn"]])
    try:
        yield
    finally:
        functions.update_function_configuration(FunctionName=name, Layers=[deployed["Arn"]])
