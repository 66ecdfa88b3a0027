"""The alarms: few, each with a sentence on what it means for users."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from constructs import Construct

from infra import metrics

if TYPE_CHECKING:
    from aws_cdk import aws_sns as sns
    from aws_cdk import aws_sqs as sqs

    from infra.api import ApiStack
    from infra.inference import InferenceStack
    from infra.settings import EnvironmentSettings
    from infra.training import TrainingStack

# Functions that screen, and count this metric when what they ask does not answer.
MODERATION_UNAVAILABLE = "ModerationUnavailable"
MARKING_UNAVAILABLE = "MarkingUnavailable"
SCREENING_SERVICES = ("intake", "results", "api_generations", "api_subjects")
MARKING_SERVICES = ("results", "api_reviews")
# Metrics that our functions write and no alarm watches, each with the reason.
NOT_ALARMED = {
    **dict.fromkeys(
        (
            *("Appeals", "ClearPreviews", "ImagesReported", "ImagesToReview", "ReviewsDecided"),
            *("PhotosAccepted", "PhotosHeld", "PhotosRejected", "PromptsRefused"),
            *("RequestsBlocked", "RequestsSlowed", "AccountsBanned", "AccountsBlocked"),
            *("SubjectsCreated", "UploadSlotsGiven", "UploadsAccepted", "UploadsRejected"),
            *("InlineImagesRejected", "SamplesFiltered", "TrainingsSucceeded"),
            *("Erasures", "Expiries"),
        ),
        "counts what goes on: no number of it is wrong by itself; what waits too long is watched",
    ),
    "GenerationsFailed": "also counts requests that were refused or timed out one by one; what "
    "makes them fail is watched: the endpoint's errors, its oldest request, dead letters",
    **dict.fromkeys(
        ("SamplesFailed", "PaintingPostponed"),
        "a hosted model is busy, or refuses one call: what stays undone shows in the age of its "
        "queue and in its dead letters",
    ),
    "TrainingsFailed": "also counts photos that cannot be learned; the state machine's failures "
    "and time-outs are watched",
    "TrainingsUnlike": "a matter of somebody's photos; many of them show in AdapterIdentity",
    **dict.fromkeys(
        ("AdapterIdentity", "AdapterPromptFidelity"),
        "quality, looked at over weeks on the dashboard: single trainings scatter",
    ),
}


class Alarms(Construct):
    """Each alarm watches one metric and tells ``topic``, when it starts and when it is over."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: EnvironmentSettings,
        topic: sns.ITopic,
        training: TrainingStack,
        inference: InferenceStack,
        api: ApiStack,
    ) -> None:
        super().__init__(scope, construct_id)
        self._action = actions.SnsAction(topic)
        self._on_api(api, settings)
        self._on_endpoint(inference, settings)
        self._alarm(
            "TrainingFailed",
            training.state_machine.metric_failed(period=metrics.FIVE_MINUTES),
            "A training failed for good: its execution's history and its record say why",
        )
        self._alarm(
            "TrainingTimedOut",
            training.state_machine.metric_timed_out(period=metrics.FIVE_MINUTES),
            "A training took longer than all its attempts may take",
        )
        for service in SCREENING_SERVICES:
            self._alarm(
                f"ModerationUnavailable-{service}",
                metrics.of_service(service, MODERATION_UNAVAILABLE),
                f"{service} cannot screen: photos, prompts or images wait until it can",
            )
        for service in MARKING_SERVICES:
            self._alarm(
                f"MarkingUnavailable-{service}",
                metrics.of_service(service, MARKING_UNAVAILABLE),
                "Images cannot be marked and wait: is a certificate installed, do the keys answer?",
            )
        self._alarm(
            "ErasuresLate",
            metrics.of_service("erasure", "ErasuresLate"),
            "An erasure ended after the moment that its owner was promised",
        )
        self._alarm(
            "OldestOpenReview",
            metrics.of_service("reconciler", "OldestOpenReviewSeconds", "Maximum"),
            "Somebody waits too long (seconds) for a moderator: look into GET /reviews",
            threshold=settings.alarms.oldest_review_seconds,
        )
        if inference.painting:
            self._alarm(
                "ModelOutOfReach",
                metrics.of_service("painting", "ModelOutOfReach"),
                "Bedrock refuses the hosted model: is it subscribed to, permitted, still offered?",
            )
        for name, queue in dead_letter_queues(training, inference, api).items():
            self._on_dead_letters(name, queue)

    def _on_api(self, api: ApiStack, settings: EnvironmentSettings) -> None:
        stage = api.rest.stage
        self._alarm(
            "ApiFaults",
            stage.metric_server_error(period=metrics.FIVE_MINUTES),
            "Requests to the API end in 5XX",
            threshold=5,
        )
        self._alarm(
            "ApiSlow",
            stage.metric_latency(period=metrics.FIVE_MINUTES, statistic="p99"),
            "One request in a hundred takes too long (milliseconds)",
            threshold=settings.alarms.api_p99_ms,
            periods=3,
        )

    def _on_endpoint(self, inference: InferenceStack, settings: EnvironmentSettings) -> None:
        for endpoint in inference.endpoints:
            self._alarm(
                f"OldestRequest{endpoint.suffix}",
                metrics.of_queue(endpoint, "ApproximateAgeOfOldestRequest", "Maximum"),
                f"A generation on {endpoint.label} waits too long (seconds): no capacity,"
                " or the endpoint does not come up",
                threshold=settings.alarms.oldest_request_seconds,
            )
            for name in ("Invocation5XXErrors", "InvocationFailures"):
                self._alarm(
                    f"Endpoint{name}{endpoint.suffix}",
                    metrics.of_variant(endpoint, name),
                    f"The serving container of {endpoint.label} fails;"
                    " users see failed generations",
                )

    def _on_dead_letters(self, name: str, queue: sqs.IQueue) -> None:
        self._alarm(
            f"DeadLetters-{name}",
            queue.metric_approximate_number_of_messages_visible(
                period=Duration.minutes(1), statistic="Maximum"
            ),
            f"Messages of {name} could not be handled: read one, mend, redrive",
        )

    def _alarm(
        self,
        construct_id: str,
        metric: cloudwatch.Metric,
        description: str,
        threshold: float = 1,
        periods: int = 1,
    ) -> None:
        alarm = metric.create_alarm(
            self,
            construct_id,
            alarm_description=description,
            threshold=threshold,
            evaluation_periods=periods,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            # Nobody uses it, nothing failed: no data is no alarm.
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(self._action)
        alarm.add_ok_action(self._action)


def dead_letter_queues(
    training: TrainingStack, inference: InferenceStack, api: ApiStack
) -> dict[str, sqs.IQueue]:
    """Every dead-letter queue of the service, by the work that it is for."""
    painting = inference.painting
    return {
        **({"painting": painting.work.dead_letters} if painting else {}),
        "intake": api.background.intake.dead_letters,
        "erasure": api.background.erasure.dead_letters,
        "reconciler": api.background.unreconciled,
        "results": inference.results.dead_letters,
        "training-events": training.events.dead_letters,
    }
