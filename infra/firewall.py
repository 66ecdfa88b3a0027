"""The web application firewall before the API: known attacks, bad addresses, too many requests.

The managed common rule set blocks bodies over 8 KB. Some routes take images, so that one
rule only labels here, and a rule of ours blocks what carries the label elsewhere. What the firewall
logs has no credentials in it: the Authorization header is redacted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from infra.log_groups import log_group

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_kms as kms

    from infra.settings import EnvironmentSettings

# WAF accepts only log groups whose name starts like this.
LOG_GROUP_PREFIX = "aws-waf-logs-"
# https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html
_BODY_TOO_LARGE = "awswaf:managed:aws:core-rule-set:SizeRestrictions_Body"
_WebAcl = wafv2.CfnWebACL


class Firewall(Construct):
    """A web ACL, its log, and its association with one stage of a REST API."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: EnvironmentSettings,
        key: kms.IKey,
        stage_arn: str,
        image_paths: Sequence[str],
    ) -> None:
        """``image_paths``: the paths, stage included, whose POSTs may carry an image."""
        super().__init__(scope, construct_id)
        groups = [_managed(1 + n, name.value) for n, name in enumerate(settings.api.more_rules)]
        after = 1 + len(groups)
        acl = _WebAcl(
            self,
            "Acl",
            scope="REGIONAL",
            default_action=_WebAcl.DefaultActionProperty(allow={}),
            visibility_config=_visibility("all"),
            # API Gateway hands over 16 KB of a body unless asked for more; 64 KB is the most.
            association_config=_WebAcl.AssociationConfigProperty(
                request_body={
                    "API_GATEWAY": _WebAcl.RequestBodyAssociatedResourceTypeConfigProperty(
                        default_size_inspection_limit="KB_64"
                    )
                }
            ),
            rules=[
                _rate_rule(0, settings.api.requests_per_address),
                *groups,
                _managed(
                    after, "AWSManagedRulesCommonRuleSet", only_labels="SizeRestrictions_BODY"
                ),
                _large_bodies_elsewhere(after + 1, image_paths),
            ],
        )
        log = log_group(
            self,
            "Logs",
            settings=settings,
            key=key,
            name=f"{LOG_GROUP_PREFIX}avatar-{settings.name}",
        )
        wafv2.CfnLoggingConfiguration(
            self,
            "Logging",
            resource_arn=acl.attr_arn,
            # Without the ":*" that CloudFormation appends to a log group's ARN.
            log_destination_configs=[
                Stack.of(self).format_arn(
                    service="logs",
                    resource="log-group",
                    resource_name=log.log_group_name,
                    arn_format=ArnFormat.COLON_RESOURCE_NAME,
                )
            ],
            redacted_fields=[
                wafv2.CfnLoggingConfiguration.FieldToMatchProperty(
                    single_header={"Name": "authorization"}
                )
            ],
        )
        wafv2.CfnWebACLAssociation(
            self, "Association", resource_arn=stage_arn, web_acl_arn=acl.attr_arn
        )


def _visibility(name: str) -> wafv2.CfnWebACL.VisibilityConfigProperty:
    return _WebAcl.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=False
    )


def _managed(
    priority: int, name: str, only_labels: str | None = None
) -> wafv2.CfnWebACL.RuleProperty:
    """A rule group of AWS; the rule ``only_labels`` counts and labels instead of blocking."""
    overrides = [
        _WebAcl.RuleActionOverrideProperty(
            name=label, action_to_use=_WebAcl.RuleActionProperty(count={})
        )
        for label in ([only_labels] if only_labels else [])
    ]
    return _WebAcl.RuleProperty(
        name=name,
        priority=priority,
        override_action=_WebAcl.OverrideActionProperty(none={}),
        statement=_WebAcl.StatementProperty(
            managed_rule_group_statement=_WebAcl.ManagedRuleGroupStatementProperty(
                vendor_name="AWS",
                name=name,
                rule_action_overrides=overrides or None,
            )
        ),
        visibility_config=_visibility(name),
    )


def _rate_rule(priority: int, limit: int) -> wafv2.CfnWebACL.RuleProperty:
    return _WebAcl.RuleProperty(
        name="RequestsPerAddress",
        priority=priority,
        action=_WebAcl.RuleActionProperty(block={}),
        statement=_WebAcl.StatementProperty(
            rate_based_statement=_WebAcl.RateBasedStatementProperty(
                aggregate_key_type="IP", limit=limit, evaluation_window_sec=300
            )
        ),
        visibility_config=_visibility("RequestsPerAddress"),
    )


def _large_bodies_elsewhere(
    priority: int, image_paths: Sequence[str]
) -> wafv2.CfnWebACL.RuleProperty:
    """Block a large body unless it is a POST to exactly one of ``image_paths``."""
    on_a_path = _WebAcl.StatementProperty(
        or_statement=_WebAcl.OrStatementProperty(
            statements=[
                _equals(_WebAcl.FieldToMatchProperty(uri_path={}), path) for path in image_paths
            ]
        )
    )
    takes_images = _WebAcl.StatementProperty(
        and_statement=_WebAcl.AndStatementProperty(
            statements=[
                on_a_path,
                _equals(_WebAcl.FieldToMatchProperty(method={}), "POST"),
            ]
        )
    )
    return _WebAcl.RuleProperty(
        name="LargeBodiesElsewhere",
        priority=priority,
        action=_WebAcl.RuleActionProperty(block={}),
        statement=_WebAcl.StatementProperty(
            and_statement=_WebAcl.AndStatementProperty(
                statements=[
                    _WebAcl.StatementProperty(
                        label_match_statement=_WebAcl.LabelMatchStatementProperty(
                            scope="LABEL", key=_BODY_TOO_LARGE
                        )
                    ),
                    _WebAcl.StatementProperty(
                        not_statement=_WebAcl.NotStatementProperty(statement=takes_images)
                    ),
                ]
            )
        ),
        visibility_config=_visibility("LargeBodiesElsewhere"),
    )


def _equals(
    field: wafv2.CfnWebACL.FieldToMatchProperty, text: str
) -> wafv2.CfnWebACL.StatementProperty:
    return _WebAcl.StatementProperty(
        byte_match_statement=_WebAcl.ByteMatchStatementProperty(
            field_to_match=field,
            positional_constraint="EXACTLY",
            search_string=text,
            text_transformations=[_WebAcl.TextTransformationProperty(priority=0, type="NONE")],
        )
    )
