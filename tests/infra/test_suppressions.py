"""cdk-nag: clean, and honestly so."""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_s3 as s3
from cdk_nag import AwsSolutionsChecks

from infra.acknowledgements import acknowledge
from tests.infra.cloud import Cloud


def findings(report: dict[str, Any]) -> set[str]:
    return {
        violation["ruleName"]
        for plugin in report["pluginReports"]
        for violation in plugin["violations"]
    }


def test_every_environment_is_clean(cloud: Cloud) -> None:
    report = json.loads((cloud.folder / "validation-report.json").read_text())
    assert findings(report) == set()


def test_the_check_does_find_what_nobody_acknowledged(tmp_path: Any) -> None:
    app = cdk.App(outdir=str(tmp_path), analytics_reporting=False)
    stack = cdk.Stack(app, "Probe")
    s3.Bucket(stack, "Known")
    acknowledge(stack.node.find_child("Known"), "AwsSolutions-S1", "A probe")
    s3.Bucket(stack, "Unknown")
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()
    report = json.loads((tmp_path / "validation-report.json").read_text())
    assert findings(report) == {"AwsSolutions-S1", "AwsSolutions-S10"}
    (plugin,) = report["pluginReports"]
    (logging,) = [v for v in plugin["violations"] if v["ruleName"] == "AwsSolutions-S1"]
    paths = [each["constructPath"] for each in logging["violatingConstructs"]]
    assert paths == ["Probe/Unknown/Resource"]


def acknowledged(cloud: Cloud) -> list[tuple[str, str, str]]:
    """(path, rule, reason) of everything that was acknowledged."""
    return [
        (path, rule, reason)
        for file in sorted(cloud.folder.glob("*.metadata.json"))
        for path, entries in json.loads(file.read_text()).items()
        for entry in entries
        if entry["type"] == cdk.Validations.ACKNOWLEDGED_RULES_METADATA_KEY
        for rule, reason in entry["data"].items()
    ]


def test_nothing_is_suppressed_for_a_whole_stack(cloud: Cloud) -> None:
    for path, rule, _ in acknowledged(cloud):
        assert path.count("/") >= 2, f"{rule} is acknowledged for all of {path}"


def test_every_suppression_says_why(cloud: Cloud) -> None:
    found = acknowledged(cloud)
    assert found
    for path, rule, reason in found:
        assert len(reason.split()) >= 5, f"{path}: {rule} only says '{reason}'"
        assert "false positive" not in reason.lower(), path


def test_missing_encryption_in_transit_is_never_accepted(cloud: Cloud) -> None:
    rules = {rule.removeprefix("Annotation::") for _, rule, _ in acknowledged(cloud)}
    assert not rules & {"AwsSolutions-S10", "AwsSolutions-SQS4", "AwsSolutions-SNS3"}
