"""A wrong setting stops the synth with one sentence that says where and what."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from infra.settings import SettingsError, load
from lambdas.domain.settings import DomainSettings
from tests.infra.cloud import CONTEXT, ENVIRONMENTS


def changed(name: str, **changes: Any) -> dict[str, Any]:
    """The environments with ``changes`` in one of them: dotted path (``__``) → value."""
    environments = copy.deepcopy(CONTEXT["environments"])
    for path, value in changes.items():
        block = environments[name]
        *parents, key = path.split("__")
        for parent in parents:
            block = block.setdefault(parent, {})
        if value is ...:
            del block[key]
        else:
            block[key] = value
    return dict(environments)


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_every_environment_of_cdk_json_is_valid(name: str) -> None:
    assert load(CONTEXT["environments"], name).name == name


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_the_handlers_understand_what_every_environment_passes_them(name: str) -> None:
    settings = load(CONTEXT["environments"], name)
    understood = DomainSettings.model_validate_json(settings.domain_settings)
    assert understood.base_model.id == settings.base_model.id
    assert understood.photos.minimum.person == 10


MORE = {
    "id": "sd-1.5",
    "family": "sd",
    "licence": "CreativeML Open RAIL-M",
    "sizes": [[512, 512]],
    "precision": "fp16",
    "recipe": {
        "max_steps": 800,
        "rank": 8,
        "learning_rate": 1e-4,
        "resolution": 512,
        "batch_size": 1,
    },
}
MISTAKES: list[tuple[str, dict[str, Any], str]] = [
    ("dev", {"regoin": "us-east-1"}, "environment 'dev' in cdk.json: unknown key 'regoin'"),
    ("dev", {"region": ...}, "environment 'dev' in cdk.json: 'region' is missing"),
    ("dev", {"endpoint__instanse": 1}, "unknown key 'endpoint.instanse'"),
    (
        "dev",
        {"training__instance_type": "g5.xlarge"},
        "training.instance_type: not a SageMaker instance type such as 'ml.g5.2xlarge'",
    ),
    (
        "dev",
        {"endpoint__instance_types": ["ml.g5.xlarge", "p5"]},
        "endpoint.instance_types.1: not a SageMaker instance type such as 'ml.g5.2xlarge'",
    ),
    (
        "dev",
        {"endpoint__instance_types": ["ml.g5.xlarge", "ml.g5.xlarge"]},
        "endpoint.instance_types: the same instance type stands there twice",
    ),
    (
        "prod",
        {"alarms__email": ...},
        "environment 'prod' in cdk.json: alarms.email is missing: in prod somebody must be told",
    ),
    ("prod", {"alarms__email": "operations"}, "alarms.email: not an e-mail address"),
    ("prod", {"keep_data": False}, "keep_data must be true in prod"),
    ("prod", {"budget__monthly_usd": 0}, "budget.monthly_usd: Input should be greater than 0"),
    ("prod", {"budget__email": ...}, "'budget.email' is missing"),
    (
        "dev",
        {"code__vendor_wheels": False},
        "code.vendor_wheels may be false only in the environment 'local'",
    ),
    (
        "dev",
        {"functions__platform": "host"},
        "functions.platform may be 'host' only in the environment 'local'",
    ),
    ("prod", {"api__cors_origins": ["*"]}, "api.cors_origins: name the origins instead of '*'"),
    (
        "dev",
        {"domain__training__max_wait_seconds": 60},
        "domain.training.max_wait_seconds is shorter than max_runtime_seconds",
    ),
    (
        "dev",
        {"domain__training__max_attempts": "three"},
        "domain.training.max_attempts is missing or not a whole number",
    ),
    (
        "dev",
        {"domain__moderation__images__text": "read"},
        "domain.moderation.images.text: 'allow', 'review' or 'withhold'",
    ),
    (
        "dev",
        {"domain__moderation__violations__slow_at": 20},
        "domain.moderation.violations.slow_at must be below block_at",
    ),
    (
        "dev",
        {"domain__moderation__prompts__other_languages": "ignore"},
        "domain.moderation.prompts.other_languages: 'translate' or 'refuse'",
    ),
    (
        "dev",
        {"domain__moderation__prompts__guardrail": {"id": "arn:aws:bedrock", "version": "1"}},
        "domain.moderation.prompts.guardrail.id: not the id of a Bedrock Guardrail",
    ),
    (
        "dev",
        {"domain__generation__subjectless_backend": "bedrock"},
        "domain.generation.subjectless_backend: 'endpoint' or {'bedrock': …}",
    ),
    (
        "dev",
        {"domain__generation__subjectless_backend": {"bedrock": {"model": "core"}}},
        "domain.generation.subjectless_backend.bedrock.model: String should match pattern",
    ),
    (
        "dev",
        {
            "domain__generation__subjectless_backend": {
                "bedrock": {"model": "stability.stable-image-core-v1:1"}
            }
        },
        "domain.generation.subjectless_backend.bedrock.region: Field required",
    ),
    ("dev", {"base_model__licence": ...}, "'base_model.licence' is missing"),
    ("dev", {"more_base_models": [{**MORE, "id": "sdxl-base-1.0"}]}, "same id stands there twice"),
    (
        "dev",
        {"more_base_models": [{**MORE, "endpoint": {"instance_types": ["g6"]}}]},
        "more_base_models.0.endpoint.instance_types.0: not a SageMaker instance type",
    ),
    ("dev", {"more_base_models": [{**MORE, "recipe": ...}]}, "more_base_models.0.recipe"),
    (
        "dev",
        {"more_base_models": [{**MORE, "id": f"sd-{n}"} for n in range(16)]},
        "more_base_models: List should have at most 15 items",
    ),
    ("prod", {"endpoint__count": 0}, "endpoint.count"),
    ("prod", {"endpoint__count": 9}, "endpoint.count"),
    (
        "prod",
        {"endpoint__count": 8, "more_base_models": [{**MORE, "id": f"sd-{n}"} for n in range(6)]},
        "the endpoints' names take 3976 bytes",
    ),
]


@pytest.mark.parametrize(("name", "change", "sentence"), MISTAKES)
def test_a_mistake_is_told_in_a_sentence(name: str, change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        load(changed(name, **change), name)
    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_second_base_has_what_it_says_and_else_what_the_environment_has() -> None:
    own = {"instance_types": ["ml.g4dn.xlarge"], "max_instances": 3}
    more = {**MORE, "endpoint": own, "training_instance_type": "ml.g6.xlarge"}
    settings = load(changed("prod", more_base_models=[more, {**MORE, "id": "sd-2.1"}]), "prod")
    default, own_machines, shared = settings.served_bases
    assert (default.model, default.endpoint) == (settings.base_model, settings.endpoint)
    assert own_machines.endpoint == settings.endpoint.model_copy(update=own)
    assert own_machines.training_instance_type == "ml.g6.xlarge"
    assert shared.endpoint == settings.endpoint
    assert shared.training_instance_type == settings.training.instance_type
    understood = DomainSettings.model_validate_json(settings.domain_settings)
    assert [base.id for base in understood.base_models] == ["sdxl-base-1.0", "sd-1.5", "sd-2.1"]
    assert understood.recipe_of(understood.more_base_models[0]).max_steps == 800
    assert understood.recipe_of(understood.base_model) == understood.training.recipe


def test_four_base_models_with_all_sizes_of_sdxl_are_understood() -> None:
    sdxl = CONTEXT["environments"]["prod"]["base_model"]
    more = [{**MORE, **sdxl, "id": f"sdxl-{n}"} for n in range(3)]
    settings = load(changed("prod", more_base_models=more), "prod")
    # More than Lambda lets all environment variables of a function have together, less its names.
    assert len(settings.domain_settings) > 3000
    understood = DomainSettings.model_validate_json(settings.domain_settings)
    assert [len(base.sizes) for base in understood.base_models] == [9, 9, 9, 9]


@pytest.mark.parametrize(("own", "count"), [({}, 2), ({"count": 1}, 1), ({"count": 3}, 3)])
def test_a_base_has_as_many_endpoints_as_it_says_and_else_as_the_environment(
    own: dict[str, int], count: int
) -> None:
    more = [{**MORE, "endpoint": own}]
    settings = load(changed("prod", endpoint__count=2, more_base_models=more), "prod")
    assert [base.endpoint.count for base in settings.served_bases] == [2, count]


def test_several_mistakes_are_told_together() -> None:
    with pytest.raises(SettingsError) as refusal:
        load(changed("dev", regoin="x", region=...), "dev")
    assert "unknown key 'regoin'" in str(refusal.value)
    assert "'region' is missing" in str(refusal.value)


def test_a_name_that_resources_cannot_carry_is_refused() -> None:
    with pytest.raises(SettingsError, match="1-12 lower-case letters and digits"):
        load({"My_Env": {}}, "My_Env")


def test_a_cdk_json_without_environments_is_refused() -> None:
    with pytest.raises(SettingsError, match="no block 'environments'"):
        load(None, "dev")


def test_what_the_handlers_read_is_compact_json() -> None:
    text = load(CONTEXT["environments"], "dev").domain_settings
    assert json.loads(text)["base_model"]["family"] == "sdxl"
    assert ": " not in text
