"""What is remembered of an accepted photo, as a map on its item."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambdas.domain.look import Look, Pose

if TYPE_CHECKING:
    from lambdas.table import Item


def look_from(item: Item) -> Look:
    """The look that a map holds."""
    pose = item.get("pose")
    return Look(
        hash=int(item["hash"], 16),
        brightness=item["brightness"],
        sharpness=item["sharpness"],
        background=tuple(item["background"]),
        pose=Pose(*pose) if pose else None,
        ordinal=item["ordinal"],
        likeness={int(other): float(value) for other, value in item["likeness"].items()},
    )


def look_item(look: Look) -> Item:
    """The map that holds a look."""
    return {
        "hash": f"{look.hash:016x}",
        "brightness": look.brightness,
        "sharpness": look.sharpness,
        "background": list(look.background),
        "pose": [look.pose.yaw, look.pose.pitch, look.pose.roll] if look.pose else None,
        "ordinal": look.ordinal,
        # By ordinal, not by id: a photo that is deleted is named nowhere.
        "likeness": {str(other): value for other, value in look.likeness.items()},
    }
