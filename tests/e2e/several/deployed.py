"""What was deployed here, and asking it: endpoints of each base, their instances, generations."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
import requests
from PIL import Image

from demo.client import ApiError
from demo.deployment import ROOT
from demo.journey import GENERATION_ENDS
from infra.merge_patch import merge
from tests.e2e.stage import eventually

if TYPE_CHECKING:
    from collections.abc import Callable

    from demo.client import AvatarClient
    from tests.e2e.stage import Stage

PATCH = ROOT / "demo" / "several_models.json"
DEFAULT, SECOND, HOSTED = "miniature", "tiny-sdxl", "stable-image-core"
PATIENCE_SECONDS = 600
HAT = {"text_prompts": [{"text": "a hat"}]}


def patch() -> dict[str, Any]:
    """That of the page on several models, with a second endpoint of the default base, and
    trainings that ask whether a job may, not what it learns.
    """
    several: dict[str, Any] = json.loads(PATCH.read_text())
    (second,) = several["more_base_models"]
    second["endpoint"]["count"] = 1  # what it does not say is the default base's
    # Three containers start at once here, as processes of one machine that may be busy.
    endpoint = {"count": 2, "startup_seconds": PATIENCE_SECONDS}
    brief = {"training": {"recipe": {"max_steps": 40}}}
    patched: dict[str, Any] = merge(several, {"endpoint": endpoint, "domain": brief})
    return patched


def drawn(user: AvatarClient, **body: Any) -> dict[str, Any]:
    """A generation that has ended; of a hat unless told otherwise."""
    created = user.post("/generations", {**HAT, **body})
    return ended(user, created["id"])


def ended(
    user: AvatarClient, generation: str, seen: Callable[[dict[str, Any]], None] = lambda _: None
) -> dict[str, Any]:
    """The generation, once it has; `seen` hears of it meanwhile."""
    path = f"/generations/{generation}"
    return user.wait(
        path, lambda g: g["state"] in GENERATION_ENDS, seconds=PATIENCE_SECONDS, seen=seen
    )


def size_of(generation: dict[str, Any]) -> tuple[int, int]:
    """Width and height of its one image."""
    (artifact,) = generation["artifacts"]
    content = requests.get(artifact["url"], timeout=20).content
    return Image.open(io.BytesIO(content)).size


def refused(user: AvatarClient, path: str, body: dict[str, Any]) -> dict[str, str]:
    """The pointers of a 422 with their codes."""
    with pytest.raises(ApiError) as refusal:
        user.post(path, body)
    assert refusal.value.status == 422, refusal.value
    return {each["pointer"]: each["code"] for each in refusal.value.problem["errors"]}


def endpoints(stage: Stage) -> dict[str, str]:
    """Every endpoint, with the base model that it serves."""
    sagemaker = stage.client("sagemaker")
    found = {}
    for endpoint in sagemaker.list_endpoints()["Endpoints"]:
        name = endpoint["EndpointName"]
        config = sagemaker.describe_endpoint(EndpointName=name)["EndpointConfigName"]
        (variant,) = sagemaker.describe_endpoint_config(EndpointConfigName=config)[
            "ProductionVariants"
        ]
        model = sagemaker.describe_model(ModelName=variant["ModelName"])
        found[name] = str(model["PrimaryContainer"]["Environment"]["BASE_MODEL_ID"])
    return found


def instances(stage: Stage) -> dict[str, int]:
    """Every endpoint, with how many instances it has."""
    sagemaker = stage.client("sagemaker")
    return {
        name: sagemaker.describe_endpoint(EndpointName=name)["ProductionVariants"][0][
            "CurrentInstanceCount"
        ]
        for name in endpoints(stage)
    }


class Watch:
    """The most instances that each endpoint had while it was looked at."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.most = dict.fromkeys(endpoints(stage), 0)

    def __call__(self, _: object = None) -> None:
        """Look again."""
        for name, running in instances(self._stage).items():
            self.most[name] = max(self.most[name], running)


def asleep(stage: Stage) -> None:
    """Wait until no endpoint has an instance, and nothing serves."""
    eventually(lambda: not any(instances(stage).values()), seconds=PATIENCE_SECONDS)
    stage.backstage.wait_for_serving(False, PATIENCE_SECONDS)
