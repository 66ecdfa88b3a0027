"""The ways of drawing that are compared, by the numbers that requests get where they name none."""

from __future__ import annotations

from dataclasses import dataclass

from contract.few_step import FewStepTier
from contract.generation import Sampler
from lambdas.domain.generation_body import STEPS_OF_QUALITY
from lambdas.domain.generation_plan import DEFAULT_CFG_SCALE, DEFAULT_SAMPLER

STANDARD, PLAIN, FEW = "standard", "as few steps without the adapter", "few_step"


@dataclass(frozen=True)
class Arm:
    """What a request says."""

    name: str
    steps: int
    cfg_scale: float
    few_step: bool = False
    sampler: Sampler = DEFAULT_SAMPLER


def arms(tier: FewStepTier) -> list[Arm]:
    """Standard and draft, the tier's default with half and double its steps, and the base alone."""
    usual, scale = int(tier.steps.default), tier.cfg_scale.default
    half = max(int(tier.steps.minimum), usual // 2)
    double = min(int(tier.steps.maximum), 2 * usual)
    return [
        Arm(STANDARD, STEPS_OF_QUALITY["standard"], DEFAULT_CFG_SCALE),
        Arm("draft", STEPS_OF_QUALITY["draft"], DEFAULT_CFG_SCALE),
        Arm(PLAIN, usual, DEFAULT_CFG_SCALE),
        Arm(FEW, usual, scale, few_step=True),
        *(
            Arm(f"{FEW}, {steps} steps", steps, scale, few_step=True)
            for steps in sorted({half, double} - {usual})
        ),
    ]
