"""The page about messages: its snippets run, in their order."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from quart import Quart

import quartapp.mail
from quartapp.mail import Mail, Message, MessageVetoed

PAGE = Path(__file__).parents[2] / "docs" / "messages.md"
SNIPPETS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


async def test_its_snippets_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for file, content in {"docs/report.pdf": b"%PDF", "static/logo.png": b"\x89PNG"}.items():
        (tmp_path / file).parent.mkdir()
        (tmp_path / file).write_bytes(content)

    async def rows():
        yield b"a;b\r\n"

    app = Quart(__name__)
    app.config.update(TESTING=True, MAIL_DEFAULT_SENDER="me@example.com")
    mail = Mail(app)
    message = Message("Report", recipients=["ada@example.com"])
    names = {**vars(quartapp.mail), "mail": mail, "message": message, "rows": rows}
    for snippet in SNIPPETS:
        exec(compile(snippet, str(PAGE), "exec"), names)  # noqa: S102

    with mail.record_messages() as outbox:
        for name in ("newsletter", "alert", "answer", "message"):
            await mail.send(names[name])
    assert len(outbox) == 4
    assert all(sent.extra_headers["X-Environment"] == "staging" for sent in outbox)
    assert {each.data for each in outbox[-1].attachments} >= {b"%PDF", b"a;b\r\n"}
    with pytest.raises(MessageVetoed):
        await mail.send(Message("Hi", recipients=["ada@example.net"]))
