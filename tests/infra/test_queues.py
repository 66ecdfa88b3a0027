"""No message gets lost: dead letters, alarms, time to handle, and the right to send."""

from __future__ import annotations

from tests.infra.cloud import Cloud, Resource, text


def queues(cloud: Cloud) -> list[Resource]:
    return cloud.all("AWS::SQS::Queue")


def dead_letter_names(cloud: Cloud) -> set[str]:
    """Queues that others send their dead letters to, and those of functions and rules."""
    found = {
        text(each.properties["RedrivePolicy"]["deadLetterTargetArn"])
        for each in queues(cloud)
        if "RedrivePolicy" in each.properties
    }
    for function in cloud.all("AWS::Lambda::Function"):
        if "DeadLetterConfig" in function.properties:
            found.add(text(function.properties["DeadLetterConfig"]["TargetArn"]))
    return {name.removeprefix("<").removesuffix(".Arn>") for name in found}


def test_every_queue_has_dead_letters_or_is_for_them(cloud: Cloud) -> None:
    dead = dead_letter_names(cloud)
    for queue in queues(cloud):
        redrive = queue.properties.get("RedrivePolicy")
        if queue.name in dead:
            assert redrive is None, queue
        else:
            assert redrive, queue
            assert redrive["maxReceiveCount"] == cloud.settings.max_receive_count, queue


def test_every_dead_letter_queue_has_an_alarm_that_tells_somebody(cloud: Cloud) -> None:
    watched = set()
    for alarm in cloud.all("AWS::CloudWatch::Alarm"):
        properties = alarm.properties
        if properties.get("MetricName") == "ApproximateNumberOfMessagesVisible":
            assert properties["AlarmActions"], alarm
            assert properties["Threshold"] == 1, alarm
            (dimension,) = properties["Dimensions"]
            watched.add(text(dimension["Value"]))
    for name in dead_letter_names(cloud):
        assert [each for each in watched if name in each], f"nobody watches {name}"


def test_every_queue_is_encrypted_with_our_key(cloud: Cloud) -> None:
    for queue in queues(cloud):
        assert "DataKey" in text(queue.properties["KmsMasterKeyId"]), queue


def test_dead_letters_are_kept_for_two_weeks(cloud: Cloud) -> None:
    for queue in queues(cloud):
        if queue.name in dead_letter_names(cloud):
            assert queue.properties["MessageRetentionPeriod"] == 14 * 24 * 3600, queue


def test_a_message_stays_hidden_for_six_times_its_functions_time_out(cloud: Cloud) -> None:
    timeouts = {
        f"<{each.name}>": each.properties["Timeout"] for each in cloud.all("AWS::Lambda::Function")
    }
    by_name = {f"<{each.name}.Arn>": each for each in queues(cloud)}
    for mapping in cloud.all("AWS::Lambda::EventSourceMapping"):
        queue = by_name[text(mapping.properties["EventSourceArn"])]
        timeout = timeouts[text(mapping.properties["FunctionName"])]
        assert queue.properties["VisibilityTimeout"] >= 6 * timeout, queue


def test_every_queue_consumer_reports_which_messages_failed(cloud: Cloud) -> None:
    for mapping in cloud.all("AWS::Lambda::EventSourceMapping"):
        assert mapping.properties["FunctionResponseTypes"] == ["ReportBatchItemFailures"], mapping


def senders(cloud: Cloud, service: str) -> set[str]:
    """Queues into which that service may send, in our account only or from one topic."""
    found = set()
    for policy in cloud.all("AWS::SQS::QueuePolicy"):
        for statement in policy.properties["PolicyDocument"]["Statement"]:
            if statement["Effect"] != "Allow" or "sqs:SendMessage" not in statement["Action"]:
                continue
            if statement["Principal"] == {"Service": service}:
                conditions = str(statement["Condition"])
                assert "aws:SourceAccount" in conditions or "aws:SourceArn" in conditions, policy
                found.add(text(statement["Resource"]))
    return found


def test_event_bridge_may_send_where_its_rules_point(cloud: Cloud) -> None:
    allowed = senders(cloud, "events.amazonaws.com")
    targets = set()
    for rule in cloud.all("AWS::Events::Rule"):
        for target in rule.properties["Targets"]:
            arn = text(target["Arn"])
            if "Queue" in arn:
                targets.add(arn)
            if "DeadLetterConfig" in target:
                targets.add(text(target["DeadLetterConfig"]["Arn"]))
    assert len(targets) == 3  # intake, training events, the schedule's dead letters
    assert targets <= allowed


def test_topics_may_send_to_their_subscribers(cloud: Cloud) -> None:
    allowed = senders(cloud, "sns.amazonaws.com")
    for subscription in cloud.all("AWS::SNS::Subscription"):
        if subscription.properties["Protocol"] == "sqs":
            assert text(subscription.properties["Endpoint"]) in allowed, subscription
            dead = subscription.properties["RedrivePolicy"]["deadLetterTargetArn"]
            assert text(dead) in allowed, subscription


def test_services_that_send_may_use_the_key(cloud: Cloud) -> None:
    services = {}
    for statement in cloud.one("AWS::KMS::Key", "DataKey").properties["KeyPolicy"]["Statement"]:
        principal = statement["Principal"].get("Service")
        for service in principal if isinstance(principal, list) else [principal]:
            services[text(service) if service else ""] = statement
    for service in ("events", "sns", "cloudwatch", "delivery.logs"):
        statement = services[f"{service}.amazonaws.com"]
        assert set(statement["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey"}
        assert "aws:SourceAccount" in statement["Condition"]["StringEquals"]
    region = cloud.settings.region
    assert "kms:Encrypt" in services[f"logs.{region}.amazonaws.com"]["Action"]


def test_every_queue_and_topic_refuses_plain_http(cloud: Cloud) -> None:
    for kind, policies, key in (
        ("AWS::SQS::Queue", "AWS::SQS::QueuePolicy", "Queues"),
        ("AWS::SNS::Topic", "AWS::SNS::TopicPolicy", "Topics"),
    ):
        refusing = {
            (policy.stack, text(each).strip("<>"))
            for policy in cloud.all(policies)
            for statement in policy.properties["PolicyDocument"]["Statement"]
            if statement["Effect"] == "Deny"
            and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
            for each in policy.properties[key]
        }
        assert refusing == {(each.stack, each.name) for each in cloud.all(kind)}
