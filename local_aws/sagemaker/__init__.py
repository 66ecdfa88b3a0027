"""SageMaker on a laptop: training jobs and asynchronous endpoints as real processes.

Engines (jobs, endpoints) know only the ports in `ports.py`; `aws_ports.py` joins them to the
embedded AWS; `api.py`, `runtime_api.py`, `states.py` and `cloudformation.py` are their doors.
"""

from __future__ import annotations


def install() -> None:
    """Add SageMaker and Application Auto Scaling's clock to the embedded AWS."""
    from local_aws.sagemaker.doors import open_doors

    open_doors()
