"""From conditions and writes to DynamoDB's expression strings and typed values."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from lambdas.table import Absent, AtLeast, AtMost, Before, Condition, Is, Item, Key, Present

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef


def typed(value: Any) -> AttributeValueTypeDef:
    """A value as DynamoDB wants it: numbers go as text, the shortest that means the same.

    boto3 has this too, but importing boto3 costs a cold start more than everything else here.
    """
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": str(value)}
        case int() | float():
            return {"N": repr(value)}
        case Mapping():
            return {"M": {name: typed(inner) for name, inner in value.items()}}
        case list() | tuple():
            return {"L": [typed(inner) for inner in value]}
    raise TypeError(f"records hold no {type(value).__name__}")


def plain(value: Mapping[str, Any]) -> Any:
    """The inverse of `typed`: whole numbers are int, others float."""
    ((kind, inner),) = value.items()
    match kind:
        case "NULL":
            return None
        case "BOOL" | "S":
            return inner
        case "N":
            return _number(inner)
        case "M":
            return {name: plain(each) for name, each in inner.items()}
        case "L":
            return [plain(each) for each in inner]
    raise TypeError(f"records hold no values of type {kind}")


def _number(text: str) -> int | float:
    # DynamoDB writes 3.0 as 3: what is whole was, or might as well have been, an int.
    number = Decimal(text)
    return int(number) if number == number.to_integral_value() else float(number)


def typed_item(item: Mapping[str, Any]) -> dict[str, AttributeValueTypeDef]:
    """A whole item."""
    return {name: typed(value) for name, value in item.items()}


def typed_key(key: Key) -> dict[str, AttributeValueTypeDef]:
    """A primary key."""
    return {"pk": {"S": key.pk}, "sk": {"S": key.sk}}


def plain_item(item: Mapping[str, Any]) -> Item:
    """An item as Python has it: whole numbers are int, others float."""
    return {name: plain(value) for name, value in item.items()}


class Expressions:
    """Collects the names and values that expressions refer to."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.values: dict[str, AttributeValueTypeDef] = {}

    def name(self, attribute: str) -> str:
        """A placeholder for an attribute's name (half of English is reserved in DynamoDB)."""
        for placeholder, known in self.names.items():
            if known == attribute:
                return placeholder
        placeholder = f"#n{len(self.names)}"
        self.names[placeholder] = attribute
        return placeholder

    def value(self, value: Any) -> str:
        """A placeholder for a value."""
        placeholder = f":v{len(self.values)}"
        self.values[placeholder] = typed(value)
        return placeholder

    def condition(self, conditions: tuple[Condition, ...]) -> str:
        """All of the conditions."""
        return " AND ".join(self._one(condition) for condition in conditions)

    def _one(self, condition: Condition) -> str:
        name = self.name(condition.name)
        match condition:
            case Is():
                return f"{name} IN ({', '.join(self.value(v) for v in condition.values)})"
            case Absent():
                return f"attribute_not_exists({name})"
            case Present():
                return f"attribute_exists({name})"
            case AtMost():
                bound = self.value(condition.bound)
                if condition.bound < 0:
                    return f"{name} <= {bound}"
                return f"(attribute_not_exists({name}) OR {name} <= {bound})"
            case AtLeast():
                return f"{name} >= {self.value(condition.bound)}"
            case Before():
                return f"{name} < {self.value(condition.bound)}"

    def update(
        self, setting: Mapping[str, Any], adding: Mapping[str, int], removing: tuple[str, ...]
    ) -> str:
        """An update expression."""
        clauses = []
        if setting:
            pairs = (f"{self.name(n)} = {self.value(v)}" for n, v in setting.items())
            clauses.append(f"SET {', '.join(pairs)}")
        if adding:
            pairs = (f"{self.name(n)} {self.value(v)}" for n, v in adding.items())
            clauses.append(f"ADD {', '.join(pairs)}")
        if removing:
            clauses.append(f"REMOVE {', '.join(self.name(n) for n in removing)}")
        return " ".join(clauses)

    def parts(self) -> dict[str, Any]:
        """The parameters that carry names and values; DynamoDB refuses empty ones."""
        parts: dict[str, Any] = {}
        if self.names:
            parts["ExpressionAttributeNames"] = self.names
        if self.values:
            parts["ExpressionAttributeValues"] = self.values
        return parts
