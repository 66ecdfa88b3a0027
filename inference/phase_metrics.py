"""How long each phase took, as log lines that CloudWatch turns into metrics.

The embedded metric format, namespace `Avatar`, dimension `service` = `endpoint`:
docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

At start: `StartImportSeconds`, `StartBaseSeconds`, `StartFirstImageSeconds`. For each generation:
`AdapterSeconds`, `ImagesSeconds`, `RequestSeconds`, and one of `AdapterFromSlot`, `…Device`,
`…Host`, `…Disk`, `…Store` (count 1) where it had an adapter. `OutOfMemory` counts such failures.
"""

import json
import os
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

NAMESPACE = "Avatar"
SERVICE = "endpoint"
ADAPTER_FROM = {
    "slot": "AdapterFromSlot",
    "device": "AdapterFromDevice",
    "host": "AdapterFromHost",
    "disk": "AdapterFromDisk",
    "store": "AdapterFromStore",
}
"""The metric that counts adapters found in each tier of `inference.adapters.Tier`."""


def process_age() -> float | None:
    """Seconds since this process began, None where the kernel does not tell (proc_pid_stat(5))."""
    stat = Path("/proc/self/stat")
    if not stat.exists():
        return None
    # The second field is a name in parentheses that may hold blanks; starttime is the 22nd.
    ticks = int(stat.read_text().rpartition(")")[2].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


class PhaseMetrics:
    """Writes lines to a file, or to standard output.

    The model server in SageMaker's container puts a time and a thread's name before every line that
    a worker prints (sagemaker-inference-toolkit, etc/log4j2.xml), and CloudWatch then sees no JSON.
    So there the lines go to the standard output of the container's first process instead.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file

    def emit(self, seconds: Mapping[str, float], counts: Mapping[str, int] | None = None) -> None:
        """One line with these metrics; a line that cannot be written is no failure of a request."""
        counts = counts or {}
        named = [{"Name": name, "Unit": "Seconds"} for name in seconds]
        named += [{"Name": name, "Unit": "Count"} for name in counts]
        directive = {"Namespace": NAMESPACE, "Dimensions": [["service"]], "Metrics": named}
        line = json.dumps(
            {
                "_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]},
                "service": SERVICE,
                **{name: round(value, 4) for name, value in seconds.items()},
                **counts,
            }
        )
        if self._file is None:
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
            return
        with suppress(OSError), self._file.open("a", encoding="utf-8") as stream:
            stream.write(f"{line}\n")
