"""Application Auto Scaling on a laptop: the deployed policies and alarms, evaluated as AWS does.

`alarm.py`, `target_tracking.py`, `step_scaling.py` are pure decisions; `engine.py` applies them
once per minute of AWS time to the metrics in `metric_store.py`.
"""

from __future__ import annotations


def install() -> None:
    """Add Application Auto Scaling to the embedded AWS."""
    from local_aws.autoscaling.doors import open_doors

    open_doors()
