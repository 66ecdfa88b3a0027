"""What the peak hour of many users needs of each service, beside the quota that stands against it.

Quotas are defaults of an account in us-east-1, each with the page it stands on. Those that AWS
gives only per account (GPU instances, Rekognition, Comprehend) are read with the Service Quotas
command in the last column.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from benchmarks.fleet.experiments import peak_instances
from benchmarks.fleet.inputs import ACTIVE_SHARE, HOURS, IMAGES_PER_VISIT, SERVICE_S
from benchmarks.fleet.policies import settings_of
from lambdas.api.endpoint_choice import FRESH_FOR
from lambdas.records.waiting_line import MOST_COUNTED

_AWS = "https://docs.aws.amazon.com"
_DYNAMODB = f"{_AWS}/amazondynamodb/latest/developerguide/ServiceQuotas.html"
_OWN = "`aws service-quotas list-service-quotas --service-code {}`"
# A client asks after its image this often, in seconds, until it is there.
_POLL_S = 3.0
# Calls of one image: screening by DetectModerationLabels, DetectFaces, RecognizeCelebrities,
# CompareFaces, DetectText, each once; the handlers' writes, each of them in two indexes at most.
_RESULT_SECONDS = 5.0
_WRITES = 12
_OBJECTS = 6
# A record of a generation in the index, and how often a client asks before it is seen to run.
_RECORD_KB = 2.0
_LINES_ASKED = 1


@dataclass(frozen=True)
class Limit:
    """One row; `needed` and `quota` in the unit that `what` names."""

    what: str
    needed: str
    quota: str
    remedy: str


def peak_images(users: int) -> float:
    """Images per second in the peak hour."""
    return users * ACTIVE_SHARE * IMAGES_PER_VISIT * max(HOURS) / sum(HOURS) / 3600


def limits(users: int) -> list[Limit]:
    """The row of each service."""
    images = peak_images(users)
    instances = math.ceil(peak_instances(users))
    polls = images * (1 + 2 * SERVICE_S / _POLL_S)
    throttle = settings_of("prod").api.requests_per_second
    visits = images / IMAGES_PER_VISIT
    functions = polls / 10
    # Read units of a whole line: an eventually consistent one is 8 KB.
    lines = MOST_COUNTED * _RECORD_KB / 8
    return [
        Limit(
            "GPU instances for endpoints",
            f"{instances}, twice that while it grows",
            "often 0 in a new account, per instance type",
            f"ask early, for several types (`instance_types`): {_OWN.format('sagemaker')}",
        ),
        Limit(
            "changes of one endpoint",
            "one at a time, 5–11 min each",
            "fixed",
            "`endpoint.count`: several endpoints, each with its part of the adapters (above)",
        ),
        Limit(
            "InvokeEndpointAsync, calls/s",
            f"{images:.0f}",
            "per account",
            f"{_OWN.format('sagemaker')}; a refusal is a 503 with Retry-After, nothing is lost",
        ),
        Limit(
            "API requests/s",
            f"{polls:.0f}, asking every {_POLL_S:.0f} s",
            f"{throttle} by our own stage (`api.requests_per_second`), 10,000 by the account"
            f" ([API Gateway]({_AWS}/apigateway/latest/developerguide/limits.html))",
            "raise the setting with the users; answer from a cache; push instead of polling",
        ),
        Limit(
            "functions at once",
            f"{images * _RESULT_SECONDS:.0f} that screen results, {functions:.0f} of the API",
            f"1,000 ([Lambda]({_AWS}/lambda/latest/dg/gettingstarted-limits.html))",
            "ask for more; results wait in their queue meanwhile",
        ),
        Limit(
            "Rekognition, calls/s of each of five operations",
            f"{images:.0f}",
            "per account, operation and region",
            f"{_OWN.format('rekognition')}; throttled, an image waits for its screening",
        ),
        Limit(
            "Comprehend DetectToxicContent, calls/s",
            f"{images:.0f}",
            "per account",
            f"{_OWN.format('comprehend')}; throttled, the request is refused with Retry-After",
        ),
        Limit(
            "DynamoDB, writes/s",
            f"{images * _WRITES:.0f}, all over the owners' partitions;"
            f" {images * 3:.0f} in one partition of `by_state`",
            f"40,000 per table, 1,000 per partition ([DynamoDB]({_DYNAMODB}))",
            "shard `by_state` beyond ten million users",
        ),
        Limit(
            "DynamoDB, reads/s of one partition of `by_state`",
            f"{images * _LINES_ASKED * lines:.0f} for places in the line,"
            f" {functions * lines / FRESH_FOR.total_seconds():.0f} to choose an endpoint",
            f"3,000 per partition ([DynamoDB]({_DYNAMODB}))",
            "ask less often for a place; shard `by_state`",
        ),
        Limit(
            "S3, requests/s",
            f"{images * _OBJECTS:.0f}",
            "3,500 writes and 5,500 reads per prefix"
            f" ([S3]({_AWS}/AmazonS3/latest/userguide/optimizing-performance.html))",
            "none",
        ),
        Limit(
            "results waiting in SQS",
            f"{images * 60:.0f} a minute",
            "120,000 in flight"
            f" ([SQS]({_AWS}/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html))",
            "none; SNS passes on the same number",
        ),
        Limit(
            "Cognito, sign-ins/s",
            f"{visits:.0f}",
            "per category and account"
            f" ([Cognito]({_AWS}/cognito/latest/developerguide/quotas.html))",
            "none; access tokens live an hour",
        ),
    ]
