"""Whatever the pages tell a reader to type is there, and whatever they link to."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
# Fenced blocks, then spans: only what is set as code is meant to be typed.
CODE = re.compile(r"```.*?```|`[^`]+`", re.DOTALL)
MADE = re.compile(r"(?<![\w-])make ([a-z][a-z-]*)")
RUN = re.compile(r"(?<![\w-])python3? -m ([A-Za-z_][\w.]*\w)")
LINK = re.compile(r"\]\(([^)\s]+)\)")


def code(page: Path) -> str:
    return "\n".join(CODE.findall(page.read_text()))


def anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings: lower case, no punctuation, a dash for a space; and ids."""
    text = page.read_text()
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    named = set(re.findall(r'<a id="([^"]+)">', text))
    return named | {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}


def is_runnable(module: str) -> bool:
    """Whether `python -m` takes it: found without importing it, which may load a great deal."""
    path = ROOT.joinpath(*module.split("."))
    ours = path.with_suffix(".py").is_file() or (path / "__main__.py").is_file()
    top = module.partition(".")[0]
    return ours or (not (ROOT / top).exists() and importlib.util.find_spec(top) is not None)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_of_a_page_is_there(page: Path) -> None:
    text = code(page)
    assert set(MADE.findall(text)) <= TARGETS
    assert [module for module in RUN.findall(text) if not is_runnable(module)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    prose = CODE.sub("", page.read_text())
    for link in LINK.findall(prose):
        if "://" in link:
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file) if file else page
        assert target.exists(), link
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), link


def test_commands_and_links_are_found_at_all() -> None:
    everything = "\n".join(code(page) for page in PAGES)
    assert len(set(MADE.findall(everything))) > 10
    assert len(set(RUN.findall(everything))) > 10
    assert sum(len(LINK.findall(page.read_text())) for page in PAGES) > 30
