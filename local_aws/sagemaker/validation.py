"""Request validation from AWS's own service models (botocore), in AWS's words.

The client's SDK checks required members and types only; the service also checks lengths, ranges,
patterns and enums, and answers `ValidationException` with every violation at once.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any

import botocore.session
from botocore.model import OperationModel, Shape, StringShape

from local_aws.sagemaker.errors import ValidationException


@functools.cache
def operation_model(service: str, operation: str) -> OperationModel:
    """The botocore model of an operation; KeyError if the service has none of that name."""
    model = botocore.session.get_session().get_service_model(service)
    if operation not in model.operation_names:
        raise KeyError(operation)
    found: OperationModel = model.operation_model(operation)
    return found


@functools.cache
def _pattern(text: str) -> re.Pattern[str] | None:
    """Compile Java's pattern as Python's, or None where the dialects differ."""
    try:
        return re.compile(text)
    except re.error:
        return None


def _camel(name: str) -> str:
    return name[:1].lower() + name[1:]


def _violation(value: object, path: str, constraint: str) -> str:
    shown = "null" if value is None else f"'{value}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: Member must {constraint}"


def _string(shape: StringShape, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, str):
        yield _violation(value, path, "be a string")
        return
    if shape.enum and value not in shape.enum:
        yield _violation(value, path, f"satisfy enum value set: [{', '.join(shape.enum)}]")
    yield from _length(shape, value, path)
    pattern = shape.metadata.get("pattern")
    compiled = _pattern(pattern) if pattern else None
    if compiled is not None and not compiled.fullmatch(value):
        yield _violation(value, path, f"satisfy regular expression pattern: {pattern}")


def _length(shape: Shape, value: Any, path: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and len(value) < least:
        yield _violation(value, path, f"have length greater than or equal to {least}")
    if most is not None and len(value) > most:
        yield _violation(value, path, f"have length less than or equal to {most}")


def _number(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        yield _violation(value, path, "be a number")
        return
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and value < least:
        yield _violation(value, path, f"have value greater than or equal to {least}")
    if most is not None and value > most:
        yield _violation(value, path, f"have value less than or equal to {most}")


def _check(shape: Any, value: Any, path: str) -> Iterator[str]:
    kind = shape.type_name
    if kind == "structure":
        if not isinstance(value, Mapping):
            yield _violation(value, path, "be a structure")
            return
        prefix = f"{path}." if path else ""
        for name in shape.required_members:
            if value.get(name) is None:
                yield _violation(None, prefix + _camel(name), "not be null")
        for name, member in shape.members.items():
            if value.get(name) is not None:
                yield from _check(member, value[name], prefix + _camel(name))
    elif kind == "list":
        if not isinstance(value, list):
            yield _violation(value, path, "be a list")
            return
        yield from _length(shape, value, path)
        for number, item in enumerate(value, start=1):
            yield from _check(shape.member, item, f"{path}.{number}.member")
    elif kind == "map":
        if not isinstance(value, Mapping):
            yield _violation(value, path, "be a map")
            return
        for key, item in value.items():
            yield from _check(shape.value, item, f"{path}.{key}.member")
    elif kind == "string":
        yield from _string(shape, value, path)
    elif kind in ("integer", "long", "float", "double"):
        yield from _number(shape, value, path)


def coerced(service: str, operation: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """A template's properties as a request: CloudFormation may hand numbers over as strings."""
    shape = operation_model(service, operation).input_shape
    found: dict[str, Any] = _coerce(shape, properties)
    return found


def _coerce(shape: Any, value: Any) -> Any:
    kind = shape.type_name
    if kind == "structure" and isinstance(value, Mapping):
        members = shape.members
        return {n: _coerce(members[n], v) for n, v in value.items() if n in members}
    if kind == "list" and isinstance(value, list):
        return [_coerce(shape.member, item) for item in value]
    if kind == "map" and isinstance(value, Mapping):
        return {n: _coerce(shape.value, v) for n, v in value.items()}
    if kind == "string" and isinstance(value, bool | int | float):
        return str(value).lower() if isinstance(value, bool) else str(value)
    if kind == "boolean" and isinstance(value, str):
        return value.lower() == "true"
    if kind in ("integer", "long", "float", "double") and isinstance(value, str):
        try:
            return int(value) if kind in ("integer", "long") else float(value)
        except ValueError:
            return value
    return value


def validate(service: str, operation: str, request: Mapping[str, Any]) -> None:
    """Check a request against the service's model.

    Raises:
        ValidationException: "n validation error(s) detected: ...", as AWS words it.
    """
    shape = operation_model(service, operation).input_shape
    found = list(_check(shape, request, "")) if shape is not None else []
    if found:
        plural = "s" if len(found) > 1 else ""
        message = f"{len(found)} validation error{plural} detected: {'; '.join(found)}"
        raise ValidationException(message)
