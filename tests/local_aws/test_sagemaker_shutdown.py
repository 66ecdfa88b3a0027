"""No training or serving process outlives its server, however that ends."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable

import pytest

from local_aws.processes import birth
from local_aws.testing import embedded_aws
from tests.local_aws import conftest
from tests.local_aws.sagemaker_serving import Serving
from tests.local_aws.sagemaker_world import World, until


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere `down` ends what a crash left")
def test_processes_end_with_the_server(how: signal.Signals) -> None:
    with embedded_aws() as aws:
        make: Callable[..., str] = conftest.make_role.__wrapped__(aws)  # type: ignore[attr-defined]
        world = World(aws, make)
        serving = Serving(world)
        serving.create()
        job = world.training(world.start(world.job("stubborn")))
        pids = [job, *serving.pids()]
        assert len(pids) == 2

        os.kill(aws.pid, how)

        until(lambda: not any(birth(pid) for pid in pids), 15)
