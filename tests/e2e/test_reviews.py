"""Moderators see what was withheld and reported: the deployed roles, tables and buckets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from demo.client import ApiError
from tests.e2e.grant_scenes import Scenes

if TYPE_CHECKING:
    from demo.client import AvatarClient
    from tests.e2e.stage import Stage


def test_a_moderator_releases_one_image_and_takes_another_away(
    stage: Stage, alice: AvatarClient
) -> None:
    def unused() -> tuple[AvatarClient, str]:
        raise AssertionError("this scene trains nothing")

    stage.generate(alice, text_prompts=[{"text": "a hat"}])  # the endpoint is awake from here on
    Scenes(stage, unused).reviews()
    for path in ("/reviews", "/reviews/audit"):
        with pytest.raises(ApiError) as refusal:
            alice.get(path)
        assert (refusal.value.status, refusal.value.code) == (403, "group_missing")
