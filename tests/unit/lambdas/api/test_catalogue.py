from __future__ import annotations

import base64
import io
from pathlib import Path

import pytest
from PIL import Image

from lambdas.api.catalogue import CatalogueRules, build_app
from lambdas.api.style_thumbnails import FOLDER, MAX_ALL_BYTES, SIDE, file_name, thumbnail
from tests.unit.lambdas.gateway import Client
from tests.unit.lambdas.given import SECOND_BASE, settings

SDXL = [
    [1024, 1024],
    [1152, 896],
    [896, 1152],
    [1216, 832],
    [832, 1216],
    [1344, 768],
    [768, 1344],
    [1536, 640],
    [640, 1536],
]


@pytest.fixture
def client() -> Client:
    rules = CatalogueRules(settings(base_model={"id": "sdxl", "family": "sdxl", "sizes": SDXL}))
    return Client(build_app(rules))


def test_health_needs_no_token_and_everything_else_does(client: Client) -> None:
    assert client.get("/health", claims={}).body == {"status": "ok"}
    assert client.get("/styles", claims={}).status == 401
    assert client.get("/models", claims={}).status == 401


def test_the_seventeen_styles_are_listed_by_name(client: Client) -> None:
    items = client.get("/styles").body["items"]
    assert len(items) == 17
    anime = next(item for item in items if item["name"] == "anime")
    assert anime["description"] == "Japanese animation"


def test_every_style_comes_with_a_small_picture_of_its_own(client: Client) -> None:
    items = client.get("/styles").body["items"]
    content = {}
    for item in items:
        kind, data = item["thumbnail"].split(",")
        assert kind == "data:image/webp;base64"
        content[item["name"]] = base64.b64decode(data)
        picture = Image.open(io.BytesIO(content[item["name"]]))
        assert (picture.format, picture.size) == ("WEBP", (SIDE, SIDE))
    assert len(set(content.values())) == len(items)
    assert sum(map(len, content.values())) <= MAX_ALL_BYTES
    assert {path.name for path in FOLDER.iterdir()} == {file_name(name) for name in content}


def test_a_preset_that_was_not_drawn_yet_has_none(tmp_path: Path) -> None:
    assert thumbnail("anime", tmp_path) is None


def test_a_model_says_what_it_accepts(client: Client) -> None:
    (model,) = client.get("/models").body["items"]
    assert model["id"] == "sdxl"
    assert len(model["sizes"]) == 9
    assert model["aspects"]["widescreen"] == {"width": 1344, "height": 768}
    assert len(model["aspects"]) == 7
    assert model["bounds"]["steps"] == {"minimum": 10, "maximum": 50, "default": 30}
    assert len(model["samplers"]) == 10
    assert (model["licence"], model["precision"], model["is_default"]) == ("MIT", "fp32", True)


def test_every_base_model_is_listed_the_default_first() -> None:
    rules = CatalogueRules(
        settings(SECOND_BASE, generation={"negative_prompt": "gore", "max_output_pixels": 65536})
    )
    first, second = Client(build_app(rules)).get("/models").body["items"]
    assert (first["id"], first["is_default"]) == ("tiny-sd", True)
    assert (second["id"], second["is_default"]) == ("tiny-sdxl", False)
    assert second["sizes"] == [{"width": 128, "height": 96}, {"width": 96, "height": 128}]
    negative = [each["default_negative_prompt"] for each in (first, second)]
    assert negative == ["gore", "blur, gore"]
    assert [each["max_output_pixels"] for each in (first, second)] == [65536, 65536]
    assert (second["family"], second["licence"], second["precision"]) == ("sdxl", "MIT", "fp16")
