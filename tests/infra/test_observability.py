"""Alarms that mean something, tell somebody, and can be evaluated; one dashboard."""

from __future__ import annotations

import json
import re
from pathlib import Path

from infra.alarms import NOT_ALARMED
from tests.infra.cloud import Cloud, Resource, text


def alarms(cloud: Cloud) -> list[Resource]:
    found = [each for each in cloud.all("AWS::CloudWatch::Alarm") if each.stack == "observability"]
    assert found
    return found


def test_every_alarm_watches_one_metric_and_says_what_it_means(cloud: Cloud) -> None:
    for alarm in cloud.all("AWS::CloudWatch::Alarm"):
        assert "Metrics" not in alarm.properties, alarm  # metric math is refused on the laptop
        assert len(alarm.properties["AlarmDescription"].split()) >= 5, alarm


def test_an_alarm_tells_the_topic_when_it_starts_and_when_it_is_over(cloud: Cloud) -> None:
    topics = [each.name for each in cloud.all("AWS::SNS::Topic") if each.stack == "observability"]
    (topic,) = topics
    for alarm in alarms(cloud):
        for key in ("AlarmActions", "OKActions"):
            assert [text(each) for each in alarm.properties[key]] == [f"<{topic}>"], alarm


def test_alarms_may_publish_into_the_topic(cloud: Cloud) -> None:
    statements = [
        statement
        for policy in cloud.all("AWS::SNS::TopicPolicy")
        if policy.stack == "observability"
        for statement in policy.properties["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    ]
    (statement,) = statements
    assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert "aws:SourceAccount" in statement["Condition"]["StringEquals"]


def test_the_topic_writes_to_the_address_of_the_environment(cloud: Cloud) -> None:
    addresses = [
        each.properties["Endpoint"]
        for each in cloud.all("AWS::SNS::Subscription")
        if each.properties["Protocol"] == "email"
    ]
    email = cloud.settings.alarms.email
    assert addresses == ([email] if email else [])


def test_what_hurts_users_has_an_alarm(cloud: Cloud) -> None:
    watched = {
        (each.properties["Namespace"], each.properties["MetricName"]) for each in alarms(cloud)
    }
    assert watched >= {
        ("AWS/ApiGateway", "5XXError"),
        ("AWS/ApiGateway", "Latency"),
        ("AWS/States", "ExecutionsFailed"),
        ("AWS/States", "ExecutionsTimedOut"),
        ("AWS/SageMaker", "ApproximateAgeOfOldestRequest"),
        ("AWS/SageMaker", "Invocation5XXErrors"),
        ("AWS/SageMaker", "InvocationFailures"),
        ("Avatar", "ModerationUnavailable"),
        ("Avatar", "MarkingUnavailable"),
        ("Avatar", "ErasuresLate"),
        ("Avatar", "OldestOpenReviewSeconds"),
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
    }


def test_every_metric_of_ours_has_an_alarm_or_a_reason_for_none(cloud: Cloud) -> None:
    code = "".join(path.read_text() for path in Path("lambdas").rglob("*.py"))
    written = set(re.findall(r"telemetry\.(?:count|measure)\(\s*\"(\w+)\"", code))
    watched = {
        each.properties["MetricName"]
        for each in alarms(cloud)
        if each.properties["Namespace"] == "Avatar"
    }
    # Painting, with its alarm, is there only where a hosted model is chosen.
    assert written - watched - {"ModelOutOfReach"} == set(NOT_ALARMED)
    assert watched <= written, "an alarm on what nobody writes never rings"


def test_an_alarm_on_a_metric_of_ours_names_a_function_that_there_is(cloud: Cloud) -> None:
    services = {
        each.properties["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
        for each in cloud.all("AWS::Lambda::Function")
        if "POWERTOOLS_SERVICE_NAME" in each.properties.get("Environment", {}).get("Variables", {})
    }
    for alarm in alarms(cloud):
        if alarm.properties["Namespace"] == "Avatar":
            (dimension,) = alarm.properties["Dimensions"]
            assert dimension["Name"] == "service"
            assert dimension["Value"] in services, alarm


def test_no_alarm_waits_for_a_metric_that_such_an_endpoint_does_not_publish(cloud: Cloud) -> None:
    # https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-monitor.html
    silent = {"Invocations", "InvocationsPerInstance", "OverheadLatency"}
    for alarm in cloud.all("AWS::CloudWatch::Alarm"):
        assert alarm.properties["MetricName"] not in silent, alarm
    body = text(cloud.one("AWS::CloudWatch::Dashboard").properties["DashboardBody"])
    assert not [name for name in silent if f'"{name}"' in body]


def test_the_queue_of_the_endpoint_is_measured_by_endpoint_alone(cloud: Cloud) -> None:
    for alarm in cloud.all("AWS::CloudWatch::Alarm"):
        if alarm.properties["MetricName"] in {
            "ApproximateAgeOfOldestRequest",
            "HasBacklogWithoutCapacity",
        }:
            names = [each["Name"] for each in alarm.properties["Dimensions"]]
            assert names == ["EndpointName"], alarm


def test_the_api_is_measured_under_a_name_of_its_environment(cloud: Cloud) -> None:
    alarm = cloud.one("AWS::CloudWatch::Alarm", "ApiFaults").properties
    dimensions = {each["Name"]: text(each["Value"]) for each in alarm["Dimensions"]}
    assert dimensions["ApiName"] == f"avatar-{cloud.settings.name}"


def test_missing_data_is_no_alarm_where_nothing_runs_for_hours(cloud: Cloud) -> None:
    for alarm in alarms(cloud):
        assert alarm.properties["TreatMissingData"] == "notBreaching", alarm


def test_the_dashboard_shows_api_training_endpoint_moderation_and_cost(cloud: Cloud) -> None:
    body = json.loads(text(cloud.one("AWS::CloudWatch::Dashboard").properties["DashboardBody"]))
    titles = " ".join(
        widget["properties"].get("title", "") + widget["properties"].get("markdown", "")
        for widget in body["widgets"]
    )
    for topic in (
        *("API", "Training", "Endpoint", "waiting", "Instances", "Moderation", "cost"),
        *("Review queue", "oldest open review", "slowed and blocked"),
    ):
        assert topic in titles, topic


def test_a_budget_exists_where_the_settings_ask_for_one(cloud: Cloud) -> None:
    budgets = [each for each in cloud.resources() if each.type == "AWS::Budgets::Budget"]
    if cloud.settings.budget is None:
        assert budgets == []
    else:
        (budget,) = budgets
        limit = budget.properties["Budget"]["BudgetLimit"]
        assert limit == {"Amount": cloud.settings.budget.monthly_usd, "Unit": "USD"}


def test_what_the_dashboard_shows_of_ours_is_written_by_our_code(cloud: Cloud) -> None:
    body = text(cloud.one("AWS::CloudWatch::Dashboard").properties["DashboardBody"])
    shown = set(re.findall(r'"Avatar","(\w+)"', body))
    assert shown
    places = (Path("lambdas"), Path("inference"))
    code = "".join(path.read_text() for place in places for path in place.rglob("*.py"))
    assert {name for name in shown if f'"{name}"' not in code} == set()
