"""One synthesized environment, to ask questions of: resources by type, statements by role."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from infra.application import add_stacks
from infra.settings import EnvironmentSettings, load

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent.parent
CONTEXT: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text())["context"]
ENVIRONMENTS = tuple(CONTEXT["environments"])
# A hosted model, as `domain.generation.subjectless_backend` chooses one.
CORE = "stability.stable-image-core-v1:1"
HOSTED: dict[str, Any] = {"bedrock": {"model": CORE, "region": "us-west-2", "concurrency": 5}}


@dataclass(frozen=True)
class Resource:
    """One resource of a template."""

    stack: str
    name: str
    body: dict[str, Any]

    @property
    def type(self) -> str:
        return str(self.body["Type"])

    @property
    def properties(self) -> dict[str, Any]:
        found: dict[str, Any] = self.body.get("Properties", {})
        return found

    def __str__(self) -> str:
        return f"{self.stack}/{self.name}"


@dataclass(frozen=True)
class Statement:
    """One statement of a role's policies, its values flattened to text."""

    role: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: dict[str, Any]


@dataclass(frozen=True)
class Cloud:
    """An environment's templates."""

    settings: EnvironmentSettings
    folder: Path

    @cached_property
    def templates(self) -> dict[str, dict[str, Any]]:
        return {
            path.name.removesuffix(".template.json").split("-")[-1]: json.loads(path.read_text())
            for path in sorted(self.folder.glob("*.template.json"))
        }

    def all(self, kind: str) -> list[Resource]:
        """Every resource of that type; there must be one, or the test would test nothing."""
        found = [each for each in self.resources() if each.type == kind]
        assert found, f"no {kind}"
        return found

    def one(self, kind: str, containing: str = "") -> Resource:
        """The one resource of that type whose logical name contains the text."""
        found = [each for each in self.all(kind) if containing in each.name]
        assert len(found) == 1, [str(each) for each in found]
        return found[0]

    def resources(self) -> Iterator[Resource]:
        for stack, template in self.templates.items():
            for name, body in template["Resources"].items():
                yield Resource(stack, name, body)

    def statements(self) -> list[Statement]:
        """Every statement of every role."""
        found = []
        for policy in self.all("AWS::IAM::Policy"):
            roles = [f"{policy.stack}/{role['Ref']}" for role in policy.properties["Roles"]]
            for statement in policy.properties["PolicyDocument"]["Statement"]:
                assert statement["Effect"] == "Allow"
                found += [
                    Statement(
                        role,
                        tuple(flat(statement["Action"])),
                        tuple(flat(statement["Resource"])),
                        statement.get("Condition", {}),
                    )
                    for role in roles
                ]
        return found

    def rights(self, role: str) -> set[str]:
        """``action resource`` of every statement of the one role whose name contains the text."""
        chosen = [each for each in self.statements() if role in each.role]
        assert len({each.role for each in chosen}) == 1, {each.role for each in chosen}
        return {
            f"{action} {resource}"
            for each in chosen
            for action in each.actions
            for resource in each.resources
        }


def synthesize(name: str, folder: Path, environments: dict[str, Any] | None = None) -> Cloud:
    """The environment's assembly, checked by cdk-nag as in ``app.py``."""
    app = cdk.App(context=CONTEXT, outdir=str(folder), analytics_reporting=False)
    settings = load(environments or CONTEXT["environments"], name)
    add_stacks(app, settings)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    app.synth()
    return Cloud(settings, folder)


def flat(value: Any) -> list[str]:
    """Values as text: intrinsic functions by what they name, joins joined."""
    return [text(each) for each in (value if isinstance(value, list) else [value])]


def text(value: Any) -> str:
    """One value as text."""
    match value:
        case str():
            return value
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
        case {"Fn::ImportValue": name}:
            return f"<{name}>"
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(text(part) for part in parts)
        case {"Fn::Sub": template}:
            return str(template)
    raise AssertionError(f"what is {value!r}?")
