"""What command lines that train take: what is asked for, or one sentence on what is wrong."""

import argparse
import dataclasses
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from contract.base_model import ID_PATTERN, Family
from contract.errors import ContractError
from contract.training_job import Hyperparameters, SubjectKind
from contract.training_presets import PRESETS, PresetName

BAD_INPUT = 2
# Local runs belong to no service: their ids are the lowest there are, and stay the same, so that a
# run in the same folder goes on from its checkpoint.
_NO_ULID = "0" * 26
_RATE = 1e-4
# Where a run begins that sets nothing; resolution is the base model's own.
RECIPES: Mapping[Family, Mapping[str, float]] = {
    Family.SD: {"max_steps": 800, "rank": 16, "learning_rate": _RATE, "batch_size": 2},
    Family.SDXL: {
        "max_steps": 1000,
        "rank": 16,
        "learning_rate": _RATE,
        "batch_size": 1,
        "gradient_checkpointing": 1,
    },
    Family.SD3: {
        "max_steps": 1000,
        "rank": 16,
        "learning_rate": _RATE,
        "batch_size": 1,
        "gradient_checkpointing": 1,
    },
}
_GIVEN_ELSEWHERE = {"training_id", "subject_id", "kind", "class_noun", "base_model_id"}


class SentenceParser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, without the usage above it."""

    def error(self, message: str) -> NoReturn:
        """See ArgumentParser."""
        sys.stderr.write(f"{self.prog}: {message}\n")
        raise SystemExit(BAD_INPUT)


@dataclass(frozen=True)
class Asked:
    """What the command was given; `changes` are single settings as text, and overrule `preset`."""

    photos: Path
    base: str
    kind: SubjectKind
    class_noun: str
    changes: Mapping[str, str]
    preset: PresetName | None = None

    def settings(self, base_model_id: str, family: Family, resolution: int) -> Hyperparameters:
        """The family's recipe, the preset's switches, the changes; raises InvalidDocumentError."""
        recipe = RECIPES[family]
        values: dict[str, object] = {
            "training_id": f"trn_{_NO_ULID}",
            "subject_id": f"sub_{_NO_ULID}",
            "kind": self.kind,
            "class_noun": self.class_noun,
            "base_model_id": base_model_id,
            "resolution": resolution,
            **recipe,
            **self._switches(int(recipe["max_steps"])),
            **self.changes,
        }
        return Hyperparameters.from_strings({name: str(value) for name, value in values.items()})

    def _switches(self, recipe_steps: int) -> dict[str, object]:
        """What the preset sets; flags as 0 and 1, as the settings' text has them."""
        if self.preset is None:
            return {}
        preset = PRESETS[self.preset]
        switches: dict[str, object] = {
            name: int(value) if isinstance(value, bool) else value
            for name, value in preset.switches.items()
        }
        return {"max_steps": preset.max_steps(recipe_steps), **switches}


def sentence_parser(prog: str, description: str) -> SentenceParser:
    """A parser whose help ends with the settings."""
    return SentenceParser(
        prog=prog,
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=_epilog(),
    )


def add_subject(parser: argparse.ArgumentParser) -> None:
    """What is learned and how: the same for a run here and one in SageMaker."""
    parser.add_argument("photos", type=Path, help="folder with the subject's photos")
    parser.add_argument(
        "--kind",
        type=SubjectKind,
        choices=[*SubjectKind],
        default=SubjectKind.PERSON,
        help="what is learned (default: person)",
    )
    parser.add_argument("--class-noun", help="the noun for it, such as 'dog' (default: the kind)")
    parser.add_argument(
        "--preset",
        type=PresetName,
        choices=[*PresetName],
        help="more or fewer steps and ingredients, as the service's presets have them (default: "
        "the settings below)",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="one setting of the recipe, listed below, over the preset's; may be repeated",
    )


def asked_of(parser: argparse.ArgumentParser, given: argparse.Namespace) -> Asked:
    """Check what `add_subject` and --base read; SystemExit 2 for what cannot be meant."""
    if not given.photos.is_dir():
        parser.error(f"there is no folder {given.photos}")
    asked = Asked(
        photos=given.photos,
        base=given.base,
        kind=given.kind,
        class_noun=given.class_noun or given.kind.value,
        changes=_changes(parser, given.set),
        preset=given.preset,
    )
    try:  # what is wrong with the settings is wrong with any base model
        asked.settings("any", Family.SD, 64)
    except ContractError as error:
        parser.error(str(error))
    return asked


def base_id_of(source: str) -> str:
    """A name for a base model that has none yet, after where it came from."""
    tail = source.partition("@")[0].rstrip("/").rpartition("/")[2].lower()
    name = re.sub(r"[^a-z0-9.-]+", "-", tail).strip(".-")[:63]
    return name if re.fullmatch(ID_PATTERN, name) else "base"


def _changes(parser: argparse.ArgumentParser, pairs: Sequence[str]) -> dict[str, str]:
    changes: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        name = name.replace("-", "_")
        if not equals or name in changes or name in _GIVEN_ELSEWHERE:
            parser.error(f"--set {pair[:60]}: one NAME=VALUE for each setting")
        changes[name] = value
    return changes


def _epilog() -> str:
    """The settings with their defaults, from where they are defined."""
    lines = ["settings for --set, and their defaults:"]
    recipes = {name for recipe in RECIPES.values() for name in recipe}
    for field in dataclasses.fields(Hyperparameters):
        if field.name in _GIVEN_ELSEWHERE:
            continue
        if field.name in recipes:
            each = ", ".join(
                f"{family} {recipe.get(field.name, 0)}" for family, recipe in RECIPES.items()
            )
            lines.append(f"  {field.name:<22} {each}")
        elif field.name == "resolution":
            lines.append(f"  {field.name:<22} the base model's own")
        else:
            default = int(field.default) if isinstance(field.default, bool) else field.default
            lines.append(f"  {field.name:<22} {default}")
    lines += [
        "",
        "exit status: 0 an adapter is there; 1 the training failed; 2 the input is no good;",
        "143 interrupted: the same command goes on from the last checkpoint",
    ]
    return "\n".join(lines)
