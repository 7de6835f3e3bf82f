"""The page about templates: its snippets run."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from quartapp import create_app
from quartapp.mail import mail
from quartapp.models import User

PAGE = Path(__file__).parents[2] / "docs" / "templates.md"
SNIPPETS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


async def test_its_snippets_run(tmp_path):
    app = create_app({"TESTING": True, "QUARTAPP_INSTANCE": str(tmp_path)})
    async with app.test_app(), app.app_context():
        with mail.record_messages() as outbox:
            for snippet in SNIPPETS:
                code = compile(snippet, str(PAGE), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
                await eval(code, {"user": User(username="Ada")})  # noqa: S307  # our own page

    assert [message.subject for message in outbox] == ["[Flasky] Welcome"]
