"""What the simulator cannot know by itself: times and prices, each with its source.

They are published figures for one machine (ml.g5.2xlarge, one A10G, SDXL at 1024×1024), until
somebody measures their own account; the traffic's shape is an assumption and named as one.
"""

from __future__ import annotations

from dataclasses import dataclass

# SDXL, 1024×1024, on g5.2xlarge: Extension for Stable Diffusion on AWS, its benchmark page.
SERVICE_S = 7.0
# From the request to set an instance until it serves. Least: 2 min to get an instance and 3 min to
# load a model (an OCR service's API guide); most: 643 s for 13 GB on g5.2xlarge (a team's log).
WAKE_LEAST_S = 300.0
WAKE_MOST_S = 643.0
# Load of an SDXL adapter by diffusers on A10G: 2.7 to 3.5 s (Hugging Face, "dynamic LoRA loading").
# The lower end stands for one on the instance's disk, the upper one for one that is fetched first.
SWAP_HIT_S = 2.7
SWAP_MISS_S = 3.5
# SDXL adapter of rank 32 in half precision; the personalised-avatar guidance states 68 MB for its.
ADAPTER_BYTES = 68_000_000
# Hosting of one ml.g5.2xlarge in us-east-1, on demand: SageMaker's price list, read in a cost guide
# of 2026-03 (wring.co, "AWS SageMaker inference guide": $1.52 per hour, $1,110 per month).
PRICE_PER_HOUR = 1.515

# Traffic, assumed: a tenth of the users comes on a day, once, for five images, a minute apart.
ACTIVE_SHARE = 0.1
IMAGES_PER_VISIT = 5
THINK_S = 60.0
# Relative load of the hours of a day: quiet nights, a peak at noon, a higher one in the evening.
HOURS = (
    *(0.3, 0.2, 0.15, 0.1, 0.1, 0.15, 0.3, 0.5, 0.7, 0.9, 1.0, 1.2),
    *(1.4, 1.2, 1.0, 1.0, 1.1, 1.3, 1.6, 1.9, 2.2, 2.0, 1.4, 0.7),
)
# Who comes is drawn by Zipf's law with this exponent over all users.
ZIPF = 1.0


@dataclass(frozen=True)
class Inputs:
    """Of one kind of machine; seconds, bytes and dollars. `cache_bytes` is the instance's disk."""

    service_s: float = SERVICE_S
    wake_least_s: float = WAKE_LEAST_S
    wake_most_s: float = WAKE_MOST_S
    swap_hit_s: float = SWAP_HIT_S
    swap_miss_s: float = SWAP_MISS_S
    adapter_bytes: int = ADAPTER_BYTES
    cache_bytes: int = 20 * 1024**3
    price_per_hour: float = PRICE_PER_HOUR
    ttl_s: float = 21_600.0

    @property
    def cached_adapters(self) -> int:
        """How many adapters an instance keeps."""
        return max(1, self.cache_bytes // self.adapter_bytes)
