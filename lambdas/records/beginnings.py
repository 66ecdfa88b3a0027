"""What a generation begins with, as an attribute of its item: where its pictures are from, and how
they are used; never a picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contract.generation_source import MaskSource, Outpaint
from lambdas.domain.picture_reference import PictureKind, PictureReference
from lambdas.domain.source_plan import Beginning, InitImageMode, MaskPlan, SourcePlan


def beginning_item(beginning: Beginning) -> dict[str, Any]:
    """What there is of it, in JSON's types."""
    item: dict[str, Any] = {}
    if (source := beginning.source) is not None:
        item["source"] = {
            **_picture_item(source.picture),
            "mode": source.mode.value if source.mode else None,
            "noise_start": source.noise_start,
            "noise_end": source.noise_end,
        }
    if (mask := beginning.mask) is not None:
        picture = _picture_item(mask.picture) if mask.picture else {}
        item["mask"] = {"mask_source": mask.source.value, **picture}
    if beginning.outpaint is not None:
        item["outpaint"] = dict(vars(beginning.outpaint))
    if beginning.upscale is not None:
        item["upscale"] = beginning.upscale
    return item


def beginning_from(item: Mapping[str, Any]) -> Beginning:
    """The inverse of `beginning_item`."""
    outpaint = item.get("outpaint")
    return Beginning(
        source=_source_from(item["source"]) if "source" in item else None,
        mask=_mask_from(item["mask"]) if "mask" in item else None,
        outpaint=Outpaint(**outpaint) if outpaint else None,
        upscale=item.get("upscale"),
    )


def _source_from(item: Mapping[str, Any]) -> SourcePlan:
    return SourcePlan(
        picture=_picture_from(item),
        mode=InitImageMode(item["mode"]) if item["mode"] else None,
        noise_start=float(item["noise_start"]),
        noise_end=float(item["noise_end"]),
    )


def _mask_from(item: Mapping[str, Any]) -> MaskPlan:
    picture = _picture_from(item) if "kind" in item else None
    return MaskPlan(MaskSource(item["mask_source"]), picture)


def _picture_item(picture: PictureReference) -> dict[str, Any]:
    return {"kind": picture.kind.value, "id": picture.id}


def _picture_from(item: Mapping[str, Any]) -> PictureReference:
    return PictureReference(PictureKind(item["kind"]), item["id"])
