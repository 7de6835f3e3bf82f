"""The snippets of the pages about other extensions run as they stand."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest
from quart import Quart

from quartapp.mail import Mail

PAGES = sorted((Path(__file__).parents[2] / "docs").glob("migrating-*.md"))
SNIPPETS = [
    snippet
    for page in PAGES
    for snippet in re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
]


@pytest.mark.parametrize("snippet", SNIPPETS)
async def test_every_snippet_runs_and_so_do_its_tests(snippet):
    app = Quart("host")
    app.config.update(TESTING=True, MAIL_DEFAULT_SENDER="host@example.com")
    names = {"__name__": "host", "mail": Mail(app)}
    code = compile(snippet, "docs", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)

    result = eval(code, names)  # noqa: S307  # our own pages
    if inspect.isawaitable(result):
        await result
    tests = [test for name, test in names.items() if name.startswith("test_")]
    for test in tests:
        await test()

    assert "quartapp.mail" in snippet
