"""What came of a replay: latencies, cost, instances over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Outcome:
    """Per request: seconds `waited` (NaN: it never began) and `took`, and whether an instance was
    `awake` when it came. `minutes`: instances that serve and that are wanted. `hits`: requests
    whose adapter was on the GPU, on the disk, or had to be fetched.
    """

    setup: str
    trace: str
    waited: NDArray[np.float64]
    took: NDArray[np.float64]
    awake: NDArray[np.bool_]
    minutes: list[tuple[int, int]]
    wakes: int
    billed_s: float
    hits: tuple[int, ...]
    expired: int
    price_per_hour: float

    @property
    def images(self) -> int:
        """Requests that were served."""
        return int(np.isfinite(self.waited).sum())

    @property
    def gpu_hours(self) -> float:
        """Hours of instances, from when each was asked for until it left."""
        return self.billed_s / 3600

    @property
    def dollars_per_image(self) -> float:
        """Price of all instances over the images that came of it."""
        return self.gpu_hours * self.price_per_hour / max(1, self.images)

    def latency(self, quantile: float, *, awake: bool | None = None) -> float | None:
        """Seconds from request to image; of all, or of those that found instances (not) awake."""
        which = np.isfinite(self.waited)
        if awake is not None:
            which &= self.awake == awake
        if not which.any():
            return None
        return float(np.quantile((self.waited + self.took)[which], quantile))

    def wait(self, quantile: float) -> float:
        """Seconds in the queue."""
        return float(np.nanquantile(self.waited, quantile))

    def row(self) -> dict[str, Any]:
        """The numbers that tables and plots are made of."""

        def rounded(value: float | None) -> float | None:
            return None if value is None else round(value, 1)

        total = max(1, sum(self.hits))
        return {
            "setup": self.setup,
            "trace": self.trace,
            "requests": len(self.waited),
            "images": self.images,
            "expired": self.expired,
            "p50_s": rounded(self.latency(0.5)),
            "p95_s": rounded(self.latency(0.95)),
            "p99_s": rounded(self.latency(0.99)),
            "waking_share": round(1 - float(self.awake.mean()), 4) if len(self.awake) else 0.0,
            "waking_p50_s": rounded(self.latency(0.5, awake=False)),
            "warm_p95_s": rounded(self.latency(0.95, awake=True)),
            "wakes": self.wakes,
            "gpu_hours": round(self.gpu_hours, 2),
            "most_instances": max((serving for serving, _ in self.minutes), default=0),
            "usd_per_image": round(self.dollars_per_image, 5),
            "resident": round(self.hits[0] / total, 4),
            "on_disk": round(self.hits[1] / total, 4),
            "fetched": round(self.hits[2] / total, 4),
        }
