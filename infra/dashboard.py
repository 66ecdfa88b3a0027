"""One dashboard, in the order in which an operator asks: is it up, does it learn, does it draw, is
it safe, what does it cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from infra import metrics
from infra.alarms import MODERATION_UNAVAILABLE, SCREENING_SERVICES, dead_letter_queues

if TYPE_CHECKING:
    from constructs import Construct

    from infra.api import ApiStack
    from infra.endpoint import AsyncEndpoint
    from infra.inference import InferenceStack
    from infra.painting import Painting
    from infra.settings import EnvironmentSettings
    from infra.storage import StorageStack
    from infra.training import TrainingStack

# Functions that ask how an account stands before they begin anything.
_GATES = ("api_generations", "api_subjects", "api_trainings")
ENDPOINT_SERVICE = "endpoint"  # as the serving code names itself in its metrics
_HALF = 12  # of the 24 columns of a dashboard


def service_dashboard(
    scope: Construct,
    construct_id: str,
    *,
    settings: EnvironmentSettings,
    storage: StorageStack,
    training: TrainingStack,
    inference: InferenceStack,
    api: ApiStack,
) -> cloudwatch.Dashboard:
    """The dashboard of one environment."""
    dashboard = cloudwatch.Dashboard(scope, construct_id, default_interval=Duration.hours(12))
    dashboard.add_widgets(_title(f"Avatar service, {settings.name}: the API"))
    dashboard.add_widgets(*_api(api))
    dashboard.add_widgets(_title("Training"))
    dashboard.add_widgets(*_training(training))
    for endpoint in inference.endpoints:
        dashboard.add_widgets(_title(f"Endpoint of {endpoint.label}: what waits, who serves"))
        dashboard.add_widgets(*_endpoint(endpoint))
    if inference.painting:
        dashboard.add_widgets(_title("Hosted model"))
        dashboard.add_widgets(*_painting(inference.painting))
    dashboard.add_widgets(_title("Moderation and messages that need a person"))
    dashboard.add_widgets(*_moderation(), _dead_letters(training, inference, api))
    dashboard.add_widgets(_title("What drives the cost"))
    dashboard.add_widgets(*_cost(storage, training, inference, api))
    return dashboard


def _api(api: ApiStack) -> list[cloudwatch.IWidget]:
    stage = api.rest.stage
    return [
        _graph("Requests", stage.metric_count(), stage.metric_client_error()),
        _graph("Faults", stage.metric_server_error()),
        _graph(
            "Latency (ms)",
            stage.metric_latency(statistic="p50"),
            stage.metric_latency(statistic="p99"),
        ),
        _graph(
            "Function errors",
            *(each.function.metric_errors(label=each.service) for each in api.functions),
        ),
    ]


def _training(training: TrainingStack) -> list[cloudwatch.IWidget]:
    machine = training.state_machine
    return [
        _graph(
            "Trainings",
            machine.metric_started(),
            machine.metric_succeeded(),
            machine.metric_failed(),
            machine.metric_aborted(),
            machine.metric_timed_out(),
        ),
        _graph(
            "Duration (ms)",
            machine.metric_time(statistic="p50"),
            machine.metric_time(statistic="p90"),
        ),
        _graph(
            "Published adapters: identity, prompt fidelity (1 is the photos', the base's own)",
            *(
                metrics.of_service("training_publish", name, statistic).with_(label=label)
                for name, statistic, label in (
                    ("AdapterIdentity", "p50", "identity, median"),
                    ("AdapterIdentity", "p10", "identity, one in ten below"),
                    ("AdapterPromptFidelity", "p50", "prompt fidelity, median"),
                )
            ),
        ),
        _graph(
            "Outcomes of trainings",
            metrics.of_service("training_publish", "TrainingsSucceeded"),
            metrics.of_service("training_failed", "TrainingsFailed"),
            metrics.of_service("training_failed", "TrainingsUnlike"),
        ),
    ]


def _endpoint(endpoint: AsyncEndpoint) -> list[cloudwatch.IWidget]:
    return [
        _graph(
            "Requests waiting",
            metrics.of_queue(endpoint, "ApproximateBacklogSize", "Maximum"),
            metrics.of_queue(endpoint, "ApproximateBacklogSizePerInstance"),
            metrics.of_queue(endpoint, "HasBacklogWithoutCapacity", "Maximum"),
        ),
        _graph(
            "Age of the oldest request (s)",
            metrics.of_queue(endpoint, "ApproximateAgeOfOldestRequest", "Maximum"),
        ),
        # CPU is reported once per instance: the number of samples in a minute counts instances.
        _graph(
            "Instances in service",
            metrics.of_instances(endpoint, "CPUUtilization").with_(
                statistic="SampleCount", label="instances"
            ),
        ),
        _graph(
            "Use (%)",
            metrics.of_instances(endpoint, "GPUUtilization"),
            metrics.of_instances(endpoint, "GPUMemoryUtilization"),
            metrics.of_instances(endpoint, "DiskUtilization"),
        ),
        _graph(
            "Outcomes",
            metrics.of_variant(endpoint, "Invocation4XXErrors"),
            metrics.of_variant(endpoint, "Invocation5XXErrors"),
            metrics.of_variant(endpoint, "InvocationFailures"),
            metrics.of_variant(endpoint, "ExpiredRequests"),
        ),
        _graph(
            "Time (µs)",
            metrics.of_variant(endpoint, "ModelLatency", "p90"),
            metrics.of_variant(endpoint, "TimeInBacklog", "p90"),
        ),
        _graph(
            "Phases of a request and of a start (s)",
            *(
                metrics.of_service(ENDPOINT_SERVICE, name, "p90")
                for name in (
                    "AdapterSeconds",
                    "ImagesSeconds",
                    "StartImportSeconds",
                    "StartBaseSeconds",
                    "StartFirstImageSeconds",
                )
            ),
        ),
        _graph(
            "Where adapters were found",
            *(
                metrics.of_service(ENDPOINT_SERVICE, f"AdapterFrom{tier}")
                for tier in ("Slot", "Device", "Host", "Disk", "Store")
            ),
            metrics.of_service(ENDPOINT_SERVICE, "OutOfMemory"),
        ),
    ]


def _painting(painting: Painting) -> list[cloudwatch.IWidget]:
    told = ("SamplesFiltered", "SamplesFailed", "PaintingPostponed", "ModelOutOfReach")
    return [
        _graph(
            "Requests waiting",
            painting.work.queue.metric_approximate_number_of_messages_visible(statistic="Maximum"),
        ),
        _graph(
            "Samples that were not drawn, tries that were put off",
            *(metrics.of_service("painting", name) for name in told),
        ),
    ]


def _moderation() -> list[cloudwatch.IWidget]:
    return [
        _graph(
            "Screening unavailable",
            *(metrics.of_service(each, MODERATION_UNAVAILABLE) for each in SCREENING_SERVICES),
        ),
        _graph(
            "Verdicts",
            metrics.of_service("intake", "PhotosAccepted"),
            metrics.of_service("intake", "PhotosRejected"),
            metrics.of_service("results", "ImagesReleased"),
            metrics.of_service("results", "ImagesWithheld"),
            metrics.of_service("results", "ImagesToReview"),
            metrics.of_service("api_generations", "PromptsRefused"),
            metrics.of_service("api_subjects", "PromptsRefused"),
        ),
        _graph(
            "Review queue: in and out",
            metrics.of_service("results", "ImagesWithheld"),
            metrics.of_service("api_generations", "ImagesReported"),
            metrics.of_service("api_generations", "Appeals"),
            metrics.of_service("api_subjects", "Appeals"),
            metrics.of_service("api_reviews", "ReviewsDecided"),
            metrics.of_service("api_reviews", "ClearPreviews"),
        ),
        _graph(
            "Age of the oldest open review (s)",
            metrics.of_service("reconciler", "OldestOpenReviewSeconds", "Maximum"),
        ),
        _graph(
            "Accounts slowed and blocked",
            *(metrics.of_service(each, "RequestsSlowed") for each in _GATES),
            *(metrics.of_service(each, "RequestsBlocked") for each in _GATES),
            *(
                metrics.of_service(each, "AccountsBlocked")
                for each in (*_GATES, "intake", "results")
            ),
            metrics.of_service("api_reviews", "AccountsBanned"),
        ),
    ]


def _dead_letters(
    training: TrainingStack, inference: InferenceStack, api: ApiStack
) -> cloudwatch.IWidget:
    return _graph(
        "Dead letters",
        *(
            queue.metric_approximate_number_of_messages_visible(statistic="Maximum", label=name)
            for name, queue in dead_letter_queues(training, inference, api).items()
        ),
    )


def _cost(
    storage: StorageStack, training: TrainingStack, inference: InferenceStack, api: ApiStack
) -> list[cloudwatch.IWidget]:
    """Instance minutes first: they are nearly all of the bill."""
    return [
        _graph(
            "Endpoint: instances in each minute",
            *(
                metrics.of_instances(endpoint, "CPUUtilization").with_(
                    statistic="SampleCount", label=f"instance minutes, {endpoint.label}"
                )
                for endpoint in inference.endpoints
            ),
        ),
        _graph("Training: jobs", training.state_machine.metric_started()),
        _graph(
            "Records: capacity units",
            storage.table.metric_consumed_read_capacity_units(),
            storage.table.metric_consumed_write_capacity_units(),
        ),
        _graph(
            "Functions: milliseconds",
            *(
                each.function.metric_duration(statistic="Sum", label=each.service)
                for each in api.functions
            ),
        ),
    ]


def _title(text: str) -> cloudwatch.IWidget:
    return cloudwatch.TextWidget(markdown=f"## {text}", width=24, height=1)


def _graph(title: str, *series: cloudwatch.IMetric) -> cloudwatch.IWidget:
    return cloudwatch.GraphWidget(title=title, left=list(series), width=_HALF, height=6)
