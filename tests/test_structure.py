"""The structure of the package: files worth opening, names used once, rooms where they belong."""

from __future__ import annotations

import ast
from collections import Counter
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "quartapp"
FILES = sorted(PACKAGE.rglob("*.py"))
MIGRATIONS = [file for file in FILES if "migrations" in file.parts]

ROOMS = [
    "application.py",
    "asgi.py",
    "models.py",
    "migrations/",
    "config/",
    "web/",
    "cli/",
    "settings/",
    "database/",
    "mail/handle.py",
    "mail/service.py",
    "mail/lifespan.py",
    "mail/rendering/",
    "mail/settings.py",
    "mail/signals.py",
    "mail/errors.py",
    "mail/message/",
    "mail/outbox/",
    "mail/outbox/query/",
    "mail/outbox/states.py",
    "mail/delivery/",
    "mail/events/",
    "mail/transports/",
    "mail/transports/smtp/",
    "mail/smtpd/",
    "mail/mailbox/",
    "mail/pages/",
    "mail/pages/templates/",
    "mail/pages/static/",
    "mail/cli/",
    "mail/testing/",
]


def test_the_rooms_are_where_the_architecture_says():
    missing = [room for room in ROOMS if not (PACKAGE / room).exists()]

    assert missing == []


@pytest.mark.parametrize("folder", ["templates", "tests", "benchmarks", "docs", "examples"])
def test_the_repository_has_its_folders(folder):
    assert (ROOT / folder).is_dir()


def test_no_file_is_longer_than_300_lines():
    long = {_name(file): len(_lines(file)) for file in FILES if len(_lines(file)) > 300}

    assert long == {}


def test_no_function_is_longer_than_40_lines():
    long = {
        f"{_name(file)}:{node.lineno} {node.name}": _length(node)
        for file in set(FILES) - set(MIGRATIONS)
        for node in ast.walk(_tree(file))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _length(node) > 40
    }

    assert long == {}


def test_few_modules_are_short_and_have_one_importer():
    graph = grimp.build_graph("quartapp", cache_dir=None)
    short = [
        module
        for module in sorted(graph.modules)
        if not graph.find_children(module)
        and len(graph.find_modules_that_directly_import(module)) == 1
        and len(_lines(PACKAGE.parent / f"{module.replace('.', '/')}.py")) < 40
    ]

    assert len(short) < 25, short


def test_no_two_classes_have_one_name():
    names = Counter(
        node.name
        for file in FILES
        for node in ast.walk(_tree(file))
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )

    assert [name for name, number in names.items() if number > 1] == []


def test_what_the_benchmarks_and_the_examples_import_is_there():
    files = [*(ROOT / "benchmarks").rglob("*.py"), *(ROOT / "examples").rglob("*.py")]
    names = {name for file in files for name in _ours_imported(file)}

    missing = [f"{module}.{name}" for module, name in names if not _is_there(module, name)]

    assert ("quartapp.mail", "Mail") in names
    assert not missing


def _ours_imported(file: Path) -> list[tuple[str, str]]:
    froms = [node for node in ast.walk(_tree(file)) if isinstance(node, ast.ImportFrom)]
    return [
        (node.module, alias.name)
        for node in froms
        if node.module and node.module.partition(".")[0] == "quartapp"
        for alias in node.names
    ]


def _is_there(module: str, name: str) -> bool:
    return hasattr(import_module(module), name) or find_spec(f"{module}.{name}") is not None


def _name(file: Path) -> str:
    return str(file.relative_to(ROOT))


@cache
def _lines(file: Path) -> list[str]:
    return file.read_text("utf-8").splitlines()


@cache
def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"))


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1
