"""Functions: their own role and log, tracing, bundles that fit, a place for failures."""

from __future__ import annotations

import json
import re
from pathlib import Path

from lambdas.environment import SETTINGS_FILE
from tests.infra.cloud import ROOT, Cloud, Resource, text


def functions(cloud: Cloud) -> list[Resource]:
    return cloud.all("AWS::Lambda::Function")


def bundle(cloud: Cloud, function: Resource) -> Path:
    return cloud.folder / f"asset.{Path(function.properties['Code']['S3Key']).stem}"


def environment(function: Resource) -> dict[str, str]:
    found: dict[str, str] = function.properties["Environment"]["Variables"]
    return found


def test_every_function_logs_into_its_own_group_with_a_retention_and_our_key(
    cloud: Cloud,
) -> None:
    groups = {f"<{each.name}>": each for each in cloud.all("AWS::Logs::LogGroup")}
    used = [text(each.properties["LoggingConfig"]["LogGroup"]) for each in functions(cloud)]
    assert len(set(used)) == len(used)
    assert set(used) <= set(groups)


def test_every_log_group_forgets_and_is_encrypted(cloud: Cloud) -> None:
    for group in cloud.all("AWS::Logs::LogGroup"):
        assert group.properties["RetentionInDays"] == cloud.settings.log_retention_days, group
        assert "DataKey" in text(group.properties["KmsKeyId"]), group


def test_every_function_is_traced_and_speaks_powertools(cloud: Cloud) -> None:
    services = set()
    for function in functions(cloud):
        assert function.properties["TracingConfig"] == {"Mode": "Active"}, function
        variables = environment(function)
        assert variables["POWERTOOLS_METRICS_NAMESPACE"] == "Avatar", function
        assert variables["LOG_LEVEL"] == "INFO", function
        assert variables["ENVIRONMENT"] == cloud.settings.name, function
        services.add(variables["POWERTOOLS_SERVICE_NAME"])
    assert len(services) == len(functions(cloud))
    assert {"api_subjects", "api_generations", "intake", "results", "training_prepare"} <= services


# What a handler asks `lambdas.wiring` for → the variable that it reads.
WIRED = {
    "table": "TABLE_NAME",
    "audited_table": "TABLE_NAME",
    "audit_log": "AUDIT_TABLE_NAME",
    "persistence": "IDEMPOTENCY_TABLE_NAME",
    "idempotency_records": "IDEMPOTENCY_TABLE_NAME",
    "training_runner": "STATE_MACHINE_ARN",
    "endpoints_of": "ENDPOINT_NAMES",
    "watermarking": "WATERMARK_KEY_ARN",
    "credentials_reading": "CERTIFICATES_PARAMETER",
    "release": "SIGNING_KEY_ARN",
}


def test_a_function_gets_every_variable_that_its_handler_reads(cloud: Cloud) -> None:
    for function in functions(cloud):
        module = function.properties["Handler"].removesuffix(".handler").replace(".", "/")
        source = (ROOT / f"{module}.py").read_text()
        read = set(re.findall(r"""(?:bucket|queue|need)\("([A-Z_]+)"\)""", source))
        asked = re.findall(r"wiring\.(\w+)", source)
        read |= {WIRED[each] for each in asked if each in WIRED}
        assert read <= set(environment(function)), function


def test_the_environment_of_a_function_fits_into_4_kb(cloud: Cloud) -> None:
    # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    for function in functions(cloud):
        size = sum(len(name) + len(text(value)) for name, value in environment(function).items())
        assert size < 4096 - 500, function  # ARNs and URLs are longer once they are resolved


def settings_file(cloud: Cloud, function: Resource) -> Path:
    """What lies on the function's path under the name that handlers look for."""
    (attached,) = function.properties["Layers"]
    (layer,) = [
        each
        for each in cloud.all("AWS::Lambda::LayerVersion")
        if each.stack == function.stack and text(attached) == f"<{each.name}>"
    ]
    key = layer.properties["Content"]["S3Key"]
    return cloud.folder / f"asset.{Path(key).stem}" / "python" / SETTINGS_FILE


def test_every_function_gets_the_domain_settings_verbatim(cloud: Cloud) -> None:
    expected = {**cloud.settings.domain, "base_model": cloud.settings.base_model.model_dump()}
    for function in functions(cloud):
        found = json.loads(settings_file(cloud, function).read_text())
        assert found == json.loads(json.dumps(expected)), function


def test_on_aws_functions_run_on_arm_and_the_declared_python(aws_cloud: Cloud) -> None:
    for function in functions(aws_cloud):
        assert function.properties["Runtime"] == "python3.13", function
        assert function.properties["Architectures"] == ["arm64"], function


def test_a_functions_handler_is_in_its_bundle(cloud: Cloud) -> None:
    for function in functions(cloud):
        *module, name = function.properties["Handler"].split(".")
        assert name == "handler", function
        source = bundle(cloud, function) / Path(*module).with_suffix(".py")
        assert source.is_file(), f"{function}: no {source.name} in its bundle"


def test_functions_that_decode_images_have_pillow_and_the_others_do_not(cloud: Cloud) -> None:
    with_pillow = set()
    for function in functions(cloud):
        asset = bundle(cloud, function)
        if (asset / "PIL").is_dir():
            with_pillow.add(environment(function)["POWERTOOLS_SERVICE_NAME"])
        assert (asset / "pydantic").is_dir()
        assert not (asset / "boto3").exists()
    assert with_pillow == {"intake", "results", "api_generations", "api_reviews", "api_verify"}


def test_what_is_invoked_asynchronously_has_somewhere_to_go(cloud: Cloud) -> None:
    """A schedule is the only asynchronous caller: queues, states and the API wait."""
    scheduled = {
        text(target["Arn"]).removesuffix(".Arn>").removeprefix("<"): target
        for rule in cloud.all("AWS::Events::Rule")
        for target in rule.properties["Targets"]
        if "Function" in text(target["Arn"])
    }
    assert len(scheduled) == 1
    for function in functions(cloud):
        if target := scheduled.get(function.name):
            dead = text(function.properties["DeadLetterConfig"]["TargetArn"])
            assert text(target["DeadLetterConfig"]["Arn"]) == dead


def test_the_schedule_may_invoke_its_function(cloud: Cloud) -> None:
    rule = cloud.one("AWS::Events::Rule", "Reconcile")
    (target,) = rule.properties["Targets"]
    permissions = [
        each.properties
        for each in cloud.all("AWS::Lambda::Permission")
        if each.properties["Principal"] == "events.amazonaws.com"
    ]
    (permission,) = permissions
    assert text(permission["FunctionName"]) == text(target["Arn"])
    assert text(permission["SourceArn"]) == f"<{rule.name}.Arn>"
