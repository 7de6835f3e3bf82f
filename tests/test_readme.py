"""The README tells the whole truth: every setting, name and command, and snippets that run."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

import quartapp.mail
from quartapp import create_app
from quartapp.cli.main import LazyCommand, main
from quartapp.config import KEYS
from quartapp.models import User

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
README = (ROOT / "README.md").read_text(encoding="utf-8")
SNIPPET = re.compile(r"```python\n(.*?)```", flags=re.DOTALL)
IN_YOUR_APP = README.partition("## In your app")[2].partition("\n## ")[0]
SNIPPETS = SNIPPET.findall(README.replace(IN_YOUR_APP, ""))


def commands(group: click.Group, name: str) -> Iterator[str]:
    """Every command below the group, as it is typed."""
    context = click.Context(group)
    for word in group.list_commands(context):
        command = group.get_command(context, word)
        if isinstance(command, LazyCommand):
            command = command.load()
        if isinstance(command, click.Group):
            yield from commands(command, f"{name} {word}")
        else:
            yield f"{name} {word}"


def test_every_setting_is_in_the_table_with_its_meaning():
    row = r"^\| `{}`.* \| {} \|$"
    missing = [
        key.name
        for key in KEYS
        if not re.search(row.format(key.name, re.escape(key.meaning)), README, re.MULTILINE)
    ]

    assert missing == []


def test_every_public_name_is_explained():
    names = quartapp.mail.__all__

    assert [name for name in names if not re.search(rf"`{name}\b", README)] == []


def test_every_command_is_in_the_table():
    missing = [each for each in commands(main, "quartapp") if f"| `{each}" not in README]

    assert missing == []


def test_every_promise_has_tests_of_its_number():
    section = README.partition("## What is promised")[2].partition("\n## ")[0]
    promised = set(re.findall(r"^(\d)\. \*\*", section, re.MULTILINE))
    files = Path(__file__).parent.glob("mail/**/test_*.py")
    tested = {number for f in files for number in re.findall(r"def test_(\d)_", f.read_text())}

    assert promised == tested == set("12345678")


def test_the_app_in_the_readme_is_the_examples():
    [snippet] = SNIPPET.findall(IN_YOUR_APP)
    example = (ROOT / "examples" / "one_file.py").read_text(encoding="utf-8").splitlines()

    assert [line for line in snippet.splitlines() if line not in example] == []


@pytest.mark.parametrize("snippet", SNIPPETS)
async def test_every_snippet_runs(snippet, tmp_path):
    app = create_app({"TESTING": True, "QUARTAPP_INSTANCE": str(tmp_path)})
    async with app.test_app(), app.app_context():
        at_hand = {**app.make_shell_context(), "user": User(username="Ada")}

        await run(snippet, at_hand)

        assert await at_hand["mail"].stats()


async def run(snippet: str, names: dict[str, object]) -> None:
    """Run a snippet in which `await` stands at the top level."""
    code = compile(snippet, "README.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result = eval(code, names)  # noqa: S307  # our own README
    if inspect.isawaitable(result):
        await result


def test_the_figures_are_those_that_were_measured():
    measured = (RESULTS / "table.md").read_text(encoding="utf-8").split("\n\n")[0]

    assert measured.count("\n| ") > 5
    assert f"\n{measured}\n" in README
