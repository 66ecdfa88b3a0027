"""A generation's plan as an attribute of its item."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contract.generation import Prompt, Sampler
from lambdas.domain.generation_plan import Advice, GenerationPlan
from lambdas.records.beginnings import beginning_from, beginning_item


def plan_item(plan: GenerationPlan) -> dict[str, Any]:
    """The plan in JSON's types."""
    return {
        "subject_id": plan.subject_id,
        "prompts": [{"text": p.text, "weight": p.weight} for p in plan.prompts],
        "style_preset": plan.style_preset,
        "cfg_scale": plan.cfg_scale,
        "steps": plan.steps,
        "seeds": list(plan.seeds),
        "width": plan.width,
        "height": plan.height,
        "sampler": plan.sampler.value,
        "few_step": plan.few_step,
        "warnings": [
            {"code": w.code, "pointer": w.pointer, "detail": w.detail} for w in plan.warnings
        ],
        "base_model": plan.base_model,
        "beginning": beginning_item(plan.beginning),
    }


def plan_from(item: Mapping[str, Any]) -> GenerationPlan:
    """The inverse of `plan_item`."""
    return GenerationPlan(
        subject_id=item["subject_id"],
        prompts=tuple(Prompt(p["text"], float(p["weight"])) for p in item["prompts"]),
        style_preset=item["style_preset"],
        cfg_scale=float(item["cfg_scale"]),
        steps=item["steps"],
        seeds=tuple(item["seeds"]),
        width=item["width"],
        height=item["height"],
        sampler=Sampler(item["sampler"]),
        few_step=item.get("few_step", False),  # plans from before there was one
        warnings=tuple(Advice(w["code"], w["pointer"], w["detail"]) for w in item["warnings"]),
        base_model=item.get("base_model"),
        beginning=beginning_from(item.get("beginning", {})),
    )
