"""CloudFormation resource types that the emulator refuses, recorded or completed here.

A type with a behaviour on the laptop goes to the emulator's own API (alarms, budgets, web ACL
associations); one without any (X-Ray sampling, WAF logging) is recorded, which `docs/aws-only.md`
says.
"""

from local_aws.resource_types import (
    alarms,
    buckets,
    budgets,
    recorded,
    tables,
    web_acls,
)


def install() -> None:
    """Register every type."""
    recorded.install()
    alarms.install()
    budgets.install()
    web_acls.install()
    buckets.install()
    tables.install()
