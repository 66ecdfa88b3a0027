"""A queue that nothing gets lost in: encrypted, with a dead-letter queue of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_sqs as sqs
from constructs import Construct

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms

    from infra.settings import EnvironmentSettings

# Fourteen days, the most that SQS keeps a message: time to mend and redrive after a holiday.
DEAD_LETTER_RETENTION = Duration.days(14)


class DeadLetterQueue(Construct):
    """Where messages end that could not be handled. Its depth has an alarm."""

    def __init__(self, scope: Construct, construct_id: str, *, key: kms.IKey) -> None:
        super().__init__(scope, construct_id)
        self.queue = sqs.Queue(
            self,
            "Queue",
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=key,
            data_key_reuse=Duration.hours(1),
            enforce_ssl=True,
            retention_period=DEAD_LETTER_RETENTION,
        )


class WorkQueue(Construct):
    """A queue for one function, with its dead letters.

    ``handling`` is the function's time-out. The message stays hidden six times as long, as the
    Lambda documentation asks for SQS event sources, so that a throttled batch is not seen twice.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: EnvironmentSettings,
        key: kms.IKey,
        handling: Duration,
    ) -> None:
        super().__init__(scope, construct_id)
        self.dead_letters = DeadLetterQueue(self, "DeadLetters", key=key).queue
        self.queue = sqs.Queue(
            self,
            "Queue",
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=key,
            data_key_reuse=Duration.hours(1),
            enforce_ssl=True,
            visibility_timeout=Duration.seconds(6 * handling.to_seconds()),
            retention_period=Duration.days(4),
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=self.dead_letters, max_receive_count=settings.max_receive_count
            ),
        )
