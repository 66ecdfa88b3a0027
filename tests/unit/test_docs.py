"""What the pages name is there: a claim without its test is no claim."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = (ROOT / "docs" / "05-moderation.md").read_text()
ROWS = [
    [cell.strip() for cell in row.strip("|").split("|")]
    for row in PAGE.partition("## What shows it")[2].splitlines()
    if row.startswith("| ") and not row.startswith("| promise")
]


@pytest.mark.parametrize("row", ROWS, ids=[row[0][:40] for row in ROWS])
def test_what_shows_a_promise_is_there(row: list[str]) -> None:
    _, places, proofs = row
    for place in re.findall(r"`([\w/]+(?:\.py|/))`", places):
        root = ROOT if place.startswith("infra/") else ROOT / "lambdas"
        assert (root / place).exists(), place
    for file, name in re.findall(r"`([\w/]+\.py)(?:::(\w+))?`", proofs):
        path = ROOT / file if file.startswith("tests/") else ROOT / "tests/unit/lambdas" / file
        assert path.is_file(), file
        assert f"def {name}" in path.read_text(), f"{file}::{name}"
    for command in re.findall(r"`python -m ([\w.]+)`", proofs):
        assert (ROOT / command.replace(".", "/")).with_suffix(".py").is_file() or (
            ROOT / command.replace(".", "/") / "__main__.py"
        ).is_file(), command


def test_there_are_promises() -> None:
    assert len(ROWS) > 20
