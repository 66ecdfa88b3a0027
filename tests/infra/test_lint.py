"""cfn-lint knows every property of every type: what it refuses, CloudFormation refuses later."""

from __future__ import annotations

from cfnlint.api import lint_file
from cfnlint.config import ManualArgs

from tests.infra.cloud import Cloud

# The CDK writes DependsOn for a role whose ARN is used: redundant for the role, not for its policy.
IGNORED = ["W3005"]


def test_every_template_for_aws_is_clean(aws_cloud: Cloud) -> None:
    config = ManualArgs(regions=[aws_cloud.settings.region], ignore_checks=IGNORED)
    found = [
        f"{template.name}: {match}"
        for template in sorted(aws_cloud.folder.glob("*.template.json"))
        for match in lint_file(template, config)
    ]
    assert found == []
