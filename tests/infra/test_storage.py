"""Buckets, tables and the key: private, encrypted, tidy, restorable."""

from __future__ import annotations

from tests.infra.cloud import Cloud, Resource, text


def data_buckets(cloud: Cloud) -> list[Resource]:
    return [each for each in cloud.all("AWS::S3::Bucket") if "AccessLogs" not in each.name]


def test_every_bucket_is_private(cloud: Cloud) -> None:
    for bucket in cloud.all("AWS::S3::Bucket"):
        blocked = bucket.properties["PublicAccessBlockConfiguration"]
        assert set(blocked.values()) == {True}, bucket
        assert len(blocked) == 4, bucket
        owners = bucket.properties["OwnershipControls"]["Rules"]
        assert owners == [{"ObjectOwnership": "BucketOwnerEnforced"}], bucket


def test_every_data_bucket_is_encrypted_with_our_key(cloud: Cloud) -> None:
    key = cloud.one("AWS::KMS::Key", "DataKey").name
    for bucket in data_buckets(cloud):
        (rule,) = bucket.properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        default = rule["ServerSideEncryptionByDefault"]
        assert default["SSEAlgorithm"] == "aws:kms", bucket
        assert text(default["KMSMasterKeyID"]) == f"<{key}.Arn>", bucket
        assert rule["BucketKeyEnabled"] is True, bucket


def test_access_logs_are_encrypted_with_the_key_that_log_delivery_supports(cloud: Cloud) -> None:
    bucket = cloud.one("AWS::S3::Bucket", "AccessLogs")
    (rule,) = bucket.properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}


def test_every_data_bucket_logs_its_accesses(cloud: Cloud) -> None:
    for bucket in data_buckets(cloud):
        assert bucket.properties["LoggingConfiguration"]["LogFilePrefix"], bucket


def test_every_bucket_refuses_plain_http(cloud: Cloud) -> None:
    refusing = {
        text(policy.properties["Bucket"])
        for policy in cloud.all("AWS::S3::BucketPolicy")
        for statement in policy.properties["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny"
        and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        and statement["Action"] == "s3:*"
    }
    assert refusing == {f"<{bucket.name}>" for bucket in cloud.all("AWS::S3::Bucket")}


def test_every_bucket_drops_unfinished_uploads_after_a_day(cloud: Cloud) -> None:
    for bucket in cloud.all("AWS::S3::Bucket"):
        rules = bucket.properties["LifecycleConfiguration"]["Rules"]
        assert all(rule["Status"] == "Enabled" for rule in rules), bucket
        assert {"DaysAfterInitiation": 1} in [
            rule.get("AbortIncompleteMultipartUpload") for rule in rules if "Prefix" not in rule
        ], bucket


def expiry(bucket: Resource) -> dict[str, int]:
    rules = bucket.properties["LifecycleConfiguration"]["Rules"]
    return {
        rule.get("Prefix", ""): rule["ExpirationInDays"]
        for rule in rules
        if "ExpirationInDays" in rule
    }


def test_quarantine_is_gone_after_a_day(cloud: Cloud) -> None:
    assert expiry(cloud.one("AWS::S3::Bucket", "UploadsBucket")) == {"": 1}


def test_what_the_endpoint_wrote_is_gone_after_a_day(cloud: Cloud) -> None:
    work = expiry(cloud.one("AWS::S3::Bucket", "WorkBucket"))
    assert work["results/"] == work["failures/"] == 1
    assert work["trainings/"] <= 30


def test_accepted_uploads_go_at_the_latest_a_day_after_their_time(cloud: Cloud) -> None:
    days = cloud.settings.domain["retention_days"]["uploads"]
    assert expiry(cloud.one("AWS::S3::Bucket", "WorkBucket"))["sources/"] == days + 1


def test_a_request_lives_at_least_as_long_as_its_generation(cloud: Cloud) -> None:
    days = cloud.settings.domain["retention_days"]
    assert expiry(cloud.one("AWS::S3::Bucket", "WorkBucket"))["generations/"] == max(
        days["images"], days["requests"]
    )


def test_what_moderators_look_at_is_kept_no_longer_than_avatars(cloud: Cloud) -> None:
    days = cloud.settings.domain["retention_days"]["images"]
    assert expiry(cloud.one("AWS::S3::Bucket", "WorkBucket"))["reviews/"] == days


def test_avatars_live_as_long_as_the_settings_say(cloud: Cloud) -> None:
    days = cloud.settings.domain["retention_days"]["images"]
    assert expiry(cloud.one("AWS::S3::Bucket", "AvatarsBucket")) == {"": days}


def test_accepted_photos_and_adapters_never_expire_by_themselves(cloud: Cloud) -> None:
    for name in ("PhotosBucket", "ModelsBucket"):
        assert expiry(cloud.one("AWS::S3::Bucket", name)) == {}


def test_browsers_may_upload_and_download_from_our_origins_only(cloud: Cloud) -> None:
    methods = {}
    for bucket in data_buckets(cloud):
        for rule in bucket.properties.get("CorsConfiguration", {}).get("CorsRules", []):
            assert rule["AllowedOrigins"] == cloud.settings.api.cors_origins, bucket
            methods[bucket.name[:6]] = rule["AllowedMethods"]
    assert methods == {"Upload": ["POST"], "Photos": ["GET", "HEAD"], "Avatar": ["GET", "HEAD"]}


def test_uploads_tell_event_bridge_without_a_custom_resource(cloud: Cloud) -> None:
    uploads = cloud.one("AWS::S3::Bucket", "UploadsBucket").properties
    switch = uploads["NotificationConfiguration"]["EventBridgeConfiguration"]
    assert switch == {"EventBridgeEnabled": True}


def test_no_stack_has_a_custom_resource(cloud: Cloud) -> None:
    custom = [
        str(each)
        for each in cloud.resources()
        if each.type.startswith("Custom::") or "CustomResource" in each.type
    ]
    assert custom == []


def test_every_table_is_on_demand_restorable_encrypted_and_forgets(cloud: Cloud) -> None:
    key = cloud.one("AWS::KMS::Key", "DataKey").name
    for table in cloud.all("AWS::DynamoDB::Table"):
        properties = table.properties
        assert properties["BillingMode"] == "PAY_PER_REQUEST", table
        recovery = properties["PointInTimeRecoverySpecification"]
        assert recovery == {"PointInTimeRecoveryEnabled": True}, table
        encryption = properties["SSESpecification"]
        assert encryption["SSEType"] == "KMS", table
        assert text(encryption["KMSMasterKeyId"]) == f"<{key}.Arn>", table
        if "Audit" in table.name:
            assert "TimeToLiveSpecification" not in properties, "nothing in it ever expires"
        else:
            assert properties["TimeToLiveSpecification"]["Enabled"] is True, table


def test_the_key_rotates(cloud: Cloud) -> None:
    assert cloud.one("AWS::KMS::Key", "DataKey").properties["EnableKeyRotation"] is True


def test_receipts_are_signed_with_a_key_of_their_own(cloud: Cloud) -> None:
    key = cloud.one("AWS::KMS::Key", "Receipts").properties
    assert (key["KeySpec"], key["KeyUsage"]) == ("ECC_NIST_P256", "SIGN_VERIFY")
    signing = {
        each.role
        for each in cloud.statements()
        if "kms:Sign" in each.actions and "Receipts" in each.resources[0]
    }
    assert [role.partition("/")[2][:24] for role in signing] == ["BackgroundErasureHandler"]


def test_in_production_data_outlives_its_stack(prod: Cloud) -> None:
    keeping = {"AWS::S3::Bucket", "AWS::KMS::Key", "AWS::Cognito::UserPool"}
    for each in prod.resources():
        kept = each.type == "AWS::DynamoDB::Table" and "Idempotency" not in each.name
        if each.type in keeping or kept:
            assert each.body["DeletionPolicy"] == "Retain", each
        if kept:
            assert each.properties["DeletionProtectionEnabled"] is True, each


def test_the_keys_of_marks_stay_what_they_are_and_outlive_the_stack_where_data_does(
    cloud: Cloud,
) -> None:
    for name, spec, usage in (
        ("WatermarkKey", "HMAC_256", "GENERATE_VERIFY_MAC"),
        ("SigningKey", "ECC_NIST_P256", "SIGN_VERIFY"),
    ):
        key = cloud.one("AWS::KMS::Key", name)
        assert (key.properties["KeySpec"], key.properties["KeyUsage"]) == (spec, usage)
        assert "EnableKeyRotation" not in key.properties
        kept = "Retain" if cloud.settings.keep_data else "Delete"
        assert key.body["DeletionPolicy"] == kept


def test_no_deployment_can_write_over_the_certificates_of_an_operator(cloud: Cloud) -> None:
    # Only the operator's command knows their parameter: a template that had it would have a value.
    assert [each for each in cloud.resources() if each.type == "AWS::SSM::Parameter"] == []
