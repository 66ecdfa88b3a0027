"""Numbers that SageMaker reads from a training job's log and publishes to CloudWatch.

They land in the namespace ``/aws/sagemaker/TrainingJobs`` with the dimension ``TrainingJobName``
(https://docs.aws.amazon.com/sagemaker/latest/dg/define-train-metrics.html). The lines are those of
``training/progress.py``; a test holds these expressions to them. At most 40, of 500 characters:
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AlgorithmSpecification.html
"""

from __future__ import annotations

_NUMBER = r"(-?[0-9]+\.[0-9]+)"
_METRICS = {
    "training:loss": rf"event=step .*loss={_NUMBER}",
    "training:steps_per_second": rf"event=step .*steps_per_second={_NUMBER}",
    "training:identity": rf"event=measured .*identity={_NUMBER}",
    "training:prompt_fidelity": rf"event=measured .*prompt_fidelity={_NUMBER}",
    "training:likeness": rf"event=measured .*likeness={_NUMBER}",
    "training:score": rf"event=measured .*score={_NUMBER}",
}


def metric_definitions() -> list[dict[str, str]]:
    """``MetricDefinitions`` of CreateTrainingJob."""
    return [{"Name": name, "Regex": regex} for name, regex in _METRICS.items()]
