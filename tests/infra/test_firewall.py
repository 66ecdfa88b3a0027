"""The firewall: what it blocks, what it must let through, what it writes down."""

from __future__ import annotations

from typing import Any

from infra.settings import ManagedRules
from tests.infra.cloud import Cloud, text


def rules(cloud: Cloud) -> dict[str, dict[str, Any]]:
    acl = cloud.one("AWS::WAFv2::WebACL").properties
    assert acl["Scope"] == "REGIONAL"
    assert acl["DefaultAction"] == {"Allow": {}}
    priorities = [rule["Priority"] for rule in acl["Rules"]]
    assert len(set(priorities)) == len(priorities)
    return {rule["Name"]: rule for rule in acl["Rules"]}


def test_it_stands_before_the_stage(cloud: Cloud) -> None:
    association = cloud.one("AWS::WAFv2::WebACLAssociation").properties
    stage = cloud.one("AWS::ApiGateway::Stage").name
    assert text(association["ResourceArn"]).endswith(f"/stages/<{stage}>")
    assert text(association["WebACLArn"]).endswith(".Arn>")


def test_it_blocks_known_attacks_and_bad_addresses(cloud: Cloud) -> None:
    for name in ("AWSManagedRulesCommonRuleSet", *cloud.settings.api.more_rules):
        rule = rules(cloud)[name]
        assert rule["OverrideAction"] == {"None": {}}  # the group's own actions hold
        assert rule["Statement"]["ManagedRuleGroupStatement"]["VendorName"] == "AWS"


def test_production_has_every_rule_group(prod: Cloud) -> None:
    assert set(prod.settings.api.more_rules) == set(ManagedRules)


def test_it_limits_the_requests_of_one_address(cloud: Cloud) -> None:
    rule = rules(cloud)["RequestsPerAddress"]
    assert rule["Action"] == {"Block": {}}
    limit = rule["Statement"]["RateBasedStatement"]
    assert limit["AggregateKeyType"] == "IP"
    assert limit["Limit"] == cloud.settings.api.requests_per_address


def test_large_bodies_pass_only_where_a_request_may_carry_an_image(cloud: Cloud) -> None:
    group = rules(cloud)["AWSManagedRulesCommonRuleSet"]
    (override,) = group["Statement"]["ManagedRuleGroupStatement"]["RuleActionOverrides"]
    assert override == {"Name": "SizeRestrictions_BODY", "ActionToUse": {"Count": {}}}
    ours = rules(cloud)["LargeBodiesElsewhere"]
    assert ours["Priority"] > group["Priority"]  # labels come before those who read them
    assert ours["Action"] == {"Block": {}}
    labelled, exception = ours["Statement"]["AndStatement"]["Statements"]
    assert labelled["LabelMatchStatement"] == {
        "Scope": "LABEL",
        "Key": "awswaf:managed:aws:core-rule-set:SizeRestrictions_Body",
    }
    paths, method = exception["NotStatement"]["Statement"]["AndStatement"]["Statements"]
    matches = [each["ByteMatchStatement"] for each in paths["OrStatement"]["Statements"]]
    assert [each["SearchString"] for each in matches] == ["/v1/generations", "/v1/verify"]
    assert all(each["PositionalConstraint"] == "EXACTLY" for each in matches)
    assert method["ByteMatchStatement"]["SearchString"] == "POST"


def test_it_sees_as_much_of_a_body_as_api_gateway_offers(cloud: Cloud) -> None:
    acl = cloud.one("AWS::WAFv2::WebACL").properties
    body = acl["AssociationConfig"]["RequestBody"]["API_GATEWAY"]
    assert body == {"DefaultSizeInspectionLimit": "KB_64"}


def test_it_logs_without_credentials(cloud: Cloud) -> None:
    logging = cloud.one("AWS::WAFv2::LoggingConfiguration").properties
    assert logging["RedactedFields"] == [{"SingleHeader": {"Name": "authorization"}}]
    (destination,) = logging["LogDestinationConfigs"]
    group = cloud.one("AWS::Logs::LogGroup", "Firewall")
    assert text(destination).endswith(f":log-group:<{group.name}>")
    assert group.properties["LogGroupName"].startswith("aws-waf-logs-")
