"""Behaviours of AWS that the emulator gets wrong and that would otherwise go untested.

One small module per behaviour; `tests/local_aws/test_patches.py` fails when the emulator changes
under one of them.
"""

from local_aws.patches import lambda_errors, lambda_workers
from local_aws.seam import resources, tasks


def install() -> None:
    """Apply every patch."""
    resources.run_on_threads()
    tasks.install()
    lambda_workers.install()
    lambda_errors.install()
