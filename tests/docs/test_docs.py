"""The docs are true: what they name exists, and the layers are those of the import contracts."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = sorted((ROOT / "docs").rglob("*.md"))
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*-*.md"))
PAGES = [*DOCS, ROOT / "CONTRIBUTING.md"]
LINKING = [*PAGES, ROOT / "README.md", ROOT / "examples" / "README.md"]
OURS = r"(?:quartapp|tests|templates|docs|examples|benchmarks)/[\w./-]*\w"
FILES = r"[\w.-]+\.(?:md|toml)|Makefile"
PATH = re.compile(rf"`({OURS}|{FILES})`")


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_path_that_is_named_exists(page):
    named = PATH.findall(page.read_text(encoding="utf-8"))

    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", LINKING, ids=name)
def test_every_link_leads_to_a_file(page):
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))

    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("folder", ["decisions", "recipes"])
def test_every_page_is_in_its_folders_list(folder):
    index = (ROOT / "docs" / folder / "README.md").read_text(encoding="utf-8")
    pages = {page.name for page in (ROOT / "docs" / folder).glob("*.md")} - {"README.md"}

    assert pages == set(re.findall(r"\]\(([\w-]+\.md)\)", index))


@pytest.mark.parametrize("page", DECISIONS, ids=name)
def test_every_decision_has_its_four_parts(page):
    parts = re.findall(r"^\*\*(\w+)\.\*\*", page.read_text(encoding="utf-8"), re.MULTILINE)

    assert parts == ["Context", "Decision", "Reasons", "Price"]


def test_the_layers_stand_in_the_order_of_the_import_contracts():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = contracts["tool"]["importlinter"]["contracts"][1]["layers"]
    table = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = re.findall(r"`quartapp/mail/(\w+)", table.partition("## The layers")[2])

    assert rooms[: len(" : ".join(layers).split(" : "))] == " : ".join(layers).split(" : ")
