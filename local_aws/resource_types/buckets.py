"""`AWS::S3::Bucket`: encryption and lifecycle, which the emulator's CloudFormation drops.

With them set, a client that reads a bucket's configuration sees what was deployed, and objects
written without naming a key carry the bucket's key as on AWS.
"""

from __future__ import annotations

from typing import Any

from local_aws import seam

Properties = dict[str, Any]


def _encryption(configuration: Properties) -> Properties:
    rules = []
    for rule in configuration["ServerSideEncryptionConfiguration"]:
        converted: Properties = {}
        if default := rule.get("ServerSideEncryptionByDefault"):
            if default["SSEAlgorithm"] == "aws:kms":
                # Without a key AWS takes its own; the emulator refuses such an object instead.
                # The CDK's bootstrap bucket is one.
                default = {"KMSMasterKeyID": "alias/aws/s3", **default}
            converted["ApplyServerSideEncryptionByDefault"] = default
        if "BucketKeyEnabled" in rule:
            converted["BucketKeyEnabled"] = str(rule["BucketKeyEnabled"]).lower() == "true"
        rules.append(converted)
    return {"Rules": rules}


def _lifecycle_rule(rule: Properties) -> Properties:
    """A rule in the API's shape, for the properties that this project uses."""
    converted: Properties = {
        "Status": rule["Status"],
        "Filter": {"Prefix": rule.get("Prefix", "")},
    }
    if "Id" in rule:
        converted["ID"] = rule["Id"]
    if "ExpirationInDays" in rule:
        converted["Expiration"] = {"Days": int(rule["ExpirationInDays"])}
    elif "ExpiredObjectDeleteMarker" in rule:
        converted["Expiration"] = {"ExpiredObjectDeleteMarker": True}
    if noncurrent := rule.get("NoncurrentVersionExpiration"):
        converted["NoncurrentVersionExpiration"] = {
            key: int(value) for key, value in noncurrent.items()
        }
    if abort := rule.get("AbortIncompleteMultipartUpload"):
        days = int(abort["DaysAfterInitiation"])
        converted["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": days}
    return converted


def _complete(bucket: str, properties: Properties) -> None:
    s3 = seam.client("s3")
    if encryption := properties.get("BucketEncryption"):
        s3.put_bucket_encryption(
            Bucket=bucket, ServerSideEncryptionConfiguration=_encryption(encryption)
        )
    rules = properties.get("LifecycleConfiguration", {}).get("Rules", [])
    if rules:
        s3.put_bucket_lifecycle_configuration(
            Bucket=bucket,
            LifecycleConfiguration={"Rules": [_lifecycle_rule(rule) for rule in rules]},
        )
    else:
        s3.delete_bucket_lifecycle(Bucket=bucket)


def install() -> None:
    """Complete the type."""
    seam.complete_resource_type("AWS::S3::Bucket", _complete)
