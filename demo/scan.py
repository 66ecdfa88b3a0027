"""`python -m demo.scan ID [ID…]`: does anything that the running embedded AWS keeps name these ids?

Store by store, by reading all of it: keys and contents of every version of every object in every
bucket, every item of every table, messages, users, the working folders of the embedded SageMaker.
An id is found as text, wherever it stands. Exit status 1 if one is.

Three places are read and reported apart, since no erasure reaches them, on AWS neither: log lines
(they carry opaque ids of subjects and jobs for as long as the environment keeps logs, and must not
name a person: give a user's id or address to look for those alone), the histories that Step
Functions keeps of what it ran, and the audit log of what moderators decided, which has ids only.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from demo.backstage import Backstage

_CHUNK = 1024 * 1024
# A peek at a message must not take it from its consumer.
_PEEK: Mapping[str, Any] = {"MaxNumberOfMessages": 10, "VisibilityTimeout": 0}
# Apart from the stores: what no erasure reaches.
LOGS, HISTORIES, AUDIT = "logs", "histories of executions", "audit log"
APART = (LOGS, HISTORIES, AUDIT)


@dataclass
class Found:
    """What one store has: how much was looked at, and what of it names an id."""

    looked_at: int = 0
    naming: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Scan:
    """A look at everything; `ids` as they would stand in it."""

    backstage: Backstage
    ids: frozenset[str]

    def run(self) -> dict[str, Found]:
        """Every store by its name, those in `APART` last."""
        stores: dict[str, Callable[[], Iterator[tuple[str, Iterable[bytes]]]]] = {}
        s3, dynamodb = self.backstage.client("s3"), self.backstage.client("dynamodb")
        for bucket in s3.list_buckets()["Buckets"]:
            stores[f"bucket {bucket['Name']}"] = partial(_objects, s3, bucket["Name"])
        audit = self.backstage.outputs.AuditTableName
        for name in dynamodb.list_tables()["TableNames"]:
            if name != audit:
                stores[f"table {name}"] = partial(_items, dynamodb, name)
        stores["queues"] = self._messages
        stores["users"] = self._users
        if self.backstage.folder is not None:
            stores["folders of the embedded SageMaker"] = self._files
        stores[LOGS] = self._log_lines
        stores[HISTORIES] = self._histories
        stores[AUDIT] = partial(_items, dynamodb, audit)
        return {name: self._look(entries()) for name, entries in stores.items()}

    def _look(self, entries: Iterable[tuple[str, Iterable[bytes]]]) -> Found:
        found = Found()
        wanted = [one.encode() for one in self.ids]
        for name, content in entries:
            found.looked_at += 1
            if any(one in name for one in self.ids) or _holds(content, wanted):
                found.naming.append(name)
        return found

    def _messages(self) -> Iterator[tuple[str, Iterable[bytes]]]:
        """Dead letters. What is on its way is left to its consumer, and counts as found."""
        sqs = self.backstage.client("sqs")
        numbers = [
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
        ]
        for url in sqs.list_queues().get("QueueUrls", []):
            name = url.rpartition("/")[2]
            asked = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            if "RedrivePolicy" in asked:
                waiting = sum(int(asked.get(number, 0)) for number in numbers)
                if waiting:
                    yield f"{name}: {waiting} on their way", [one.encode() for one in self.ids]
                continue
            seen: set[str] = set()
            while fresh := [
                message
                for message in sqs.receive_message(QueueUrl=url, **_PEEK).get("Messages", [])
                if message["MessageId"] not in seen
            ]:
                for message in fresh:
                    seen.add(message["MessageId"])
                    yield f"{name}: {message['MessageId']}", [message["Body"].encode()]

    def _users(self) -> Iterator[tuple[str, Iterable[bytes]]]:
        pages = self.backstage.client("cognito-idp").get_paginator("list_users")
        for page in pages.paginate(UserPoolId=self.backstage.outputs.UserPoolId):
            for user in page["Users"]:
                yield "a user", [json.dumps(user, default=str).encode()]

    def _files(self) -> Iterator[tuple[str, Iterable[bytes]]]:
        root = self.backstage.folder or Path()
        for path in sorted(root.rglob("*")):
            if path.is_file():
                yield str(path.relative_to(root)), _chunks_of(path)

    def _log_lines(self) -> Iterator[tuple[str, Iterable[bytes]]]:
        logs = self.backstage.client("logs")
        for page in logs.get_paginator("describe_log_groups").paginate():
            for group in page["logGroups"]:
                name = group["logGroupName"]
                events = logs.get_paginator("filter_log_events").paginate(logGroupName=name)
                for event in (event for some in events for event in some["events"]):
                    yield name, [event["message"].encode()]

    def _histories(self) -> Iterator[tuple[str, Iterable[bytes]]]:
        states = self.backstage.client("stepfunctions")
        pages = states.get_paginator("list_executions")
        for page in pages.paginate(stateMachineArn=self.backstage.outputs.StateMachineArn):
            for execution in page["executions"]:
                told = states.describe_execution(executionArn=execution["executionArn"])
                yield "an execution", [json.dumps(told, default=str).encode()]


def _objects(s3: Any, bucket: str) -> Iterator[tuple[str, Iterable[bytes]]]:
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for version in page.get("Versions", []):
            where = {"Bucket": bucket, "Key": version["Key"], "VersionId": version["VersionId"]}
            yield version["Key"], _body(s3, where)
        for marker in page.get("DeleteMarkers", []):
            yield f"{marker['Key']} (delete marker)", []


def _body(s3: Any, where: Mapping[str, str]) -> Iterator[bytes]:
    try:
        answer = s3.get_object(**{k: v for k, v in where.items() if v != "null"})
    except ClientError as error:
        if error.response["Error"]["Code"] not in {"NoSuchKey", "NoSuchVersion", "404"}:
            raise
        return  # removed since it was listed
    yield json.dumps(answer.get("Metadata", {})).encode()
    yield from answer["Body"].iter_chunks(_CHUNK)


def _items(dynamodb: Any, table: str) -> Iterator[tuple[str, Iterable[bytes]]]:
    for page in dynamodb.get_paginator("scan").paginate(TableName=table):
        for item in page["Items"]:
            key = item.get("sk") or item.get("id") or {}
            yield str(key.get("S", "an item"))[:80], [json.dumps(item, default=str).encode()]


def _chunks_of(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk
    except OSError:
        return  # gone since it was listed


def _holds(content: Iterable[bytes], wanted: list[bytes]) -> bool:
    """Whether one of the texts is in the content, also across the seam of two chunks."""
    longest = max(map(len, wanted))
    tail = b""
    for chunk in content:
        text = tail + chunk
        if any(one in text for one in wanted):
            return True
        tail = text[-longest:]
    return False


def naming(found: Mapping[str, Found]) -> dict[str, list[str]]:
    """The stores that name an id; empty when the erasure is complete."""
    return {
        store: each.naming for store, each in found.items() if each.naming and store not in APART
    }


def table(found: Mapping[str, Found]) -> str:
    """Store by store: how much was looked at, how much names an id."""
    width = max(map(len, found))
    lines = []
    for store, each in found.items():
        apart = "  (apart: see `python -m pydoc demo.scan`)" if store in APART else ""
        lines.append(f"{store:<{width}} {each.looked_at:>6} read {len(each.naming):>5}{apart}")
        if store not in APART:
            counted = Counter(each.naming)
            lines += [f"    {name} ×{count}" for name, count in list(counted.items())[:5]]
    return "\n".join(lines)


def main(ids: list[str]) -> int:
    """Scan the instance that `make up` started."""
    from demo.backstage import Backstage
    from demo.outputs import Outputs
    from local_aws import client, instance
    from local_aws.settings import Settings

    settings = Settings()
    running = instance.running(settings.data_dir)
    if not ids or running is None:
        print("usage, with an embedded AWS that `make up` started: python -m demo.scan ID [ID…]")
        return 2
    outputs = Outputs.read(settings.data_dir / "deployment" / "outputs.json")
    aws = client.environment(running.port)
    backstage = Backstage(aws, outputs, settings.run_dir)
    found = Scan(backstage, frozenset(ids)).run()
    print(table(found))
    return 1 if naming(found) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
