"""cfn-lint knows every property of every type: what it refuses, CloudFormation refuses later."""

from __future__ import annotations

from cfnlint.api import lint_file
from cfnlint.config import ManualArgs

from tests.infra.cloud import Cloud

# The CDK writes DependsOn for a role whose ARN is used: redundant for the role, not for its policy.
IGNORED = ["W3005"]


def findings(cloud: Cloud, stacks: str = "*") -> list[str]:
    """What is wrong with the templates of those stacks."""
    config = ManualArgs(regions=[cloud.settings.region], ignore_checks=IGNORED)
    return [
        f"{template.name}: {match}"
        for template in sorted(cloud.folder.glob(f"{stacks}.template.json"))
        for match in lint_file(template, config)
    ]


def test_every_template_for_aws_is_clean(aws_cloud: Cloud) -> None:
    assert findings(aws_cloud) == []
