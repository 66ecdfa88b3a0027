"""Physical names as CloudFormation makes them: stack, logical id, and a stable suffix."""

from __future__ import annotations

import hashlib


def physical_name(stack_name: str, logical_id: str, length: int = 255) -> str:
    """A name of at most `length` characters, the same for the same stack and logical id."""
    suffix = hashlib.sha256(f"{stack_name}/{logical_id}".encode()).hexdigest()[:12].upper()
    return f"{stack_name}-{logical_id}"[: length - 13] + f"-{suffix}"
