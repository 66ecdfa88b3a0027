"""AdamW (Loshchilov and Hutter 2017, arXiv:1711.05101), whole or in 8 bits."""

import importlib.util
from typing import Any

import torch

from contract.training_failure import FailureCode
from contract.training_job import Optimizer
from training.errors import TrainingError


def optimizer_for(
    kind: Optimizer, groups: list[dict[str, Any]], device: torch.device
) -> torch.optim.Optimizer:
    """An optimizer over parameter groups. Raises TrainingError where the 8-bit one cannot run.

    8 bits: Dettmers et al. 2021, arXiv:2110.02861. What LoRA trains is small: it saves megabytes.
    """
    if kind is Optimizer.ADAMW:
        return torch.optim.AdamW(groups, fused=True)
    if device.type != "cuda" or importlib.util.find_spec("bitsandbytes") is None:
        raise TrainingError(
            FailureCode.HYPERPARAMETERS_INVALID,
            f"The optimizer {kind} needs a GPU and the package bitsandbytes.",
        )
    optimizer: torch.optim.Optimizer = importlib.import_module("bitsandbytes").optim.AdamW8bit(
        groups
    )
    return optimizer
