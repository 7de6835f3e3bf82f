"""An app in which every page has something to show: messages in each state, the worst ones too."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from quart import abort
from sqlalchemy import insert, update

from quartapp import create_app
from quartapp.mail import Attachment, WorkerState
from quartapp.mail.outbox.counts import Count, add
from quartapp.mail.outbox.tables import attempts, messages, recipients
from quartapp.mail.outbox.workers import WorkerId, tell
from quartapp.mail.testing import message
from quartapp.models import MIGRATIONS
from tests.mail.outbox.backlog import many_messages, their_recipient

if TYPE_CHECKING:
    from pathlib import Path

    from quart import Quart

__all__ = ["furnish", "make"]

MINUTE = timedelta(minutes=1)
LONG_WORD = "supercalifragilistic" * 6
HOSTILE = f"""<html><head><meta http-equiv="refresh" content="0;url=https://example.com/">
<style>p {{ width: 800px; color: #ccc; background: #fff }}</style></head><body>
<p>{LONG_WORD}</p><img src="/relative.png"><img src="https://example.com/pixel.png" alt="">
<a href="javascript:alert(1)">run me</a><script>alert(1)</script>
<form action="https://example.com/"><button>press me</button></form></body></html>"""
STATES: dict[str, dict[str, Any]] = {
    "queued": {},
    "waiting": {"attempts": 2, "detail": "admin@example.com: 451 4.7.1 greylisted, come back"},
    "sending": {"status": "sending", "due_at": None, "token": "t"},
    "sent": {"status": "sent", "due_at": None, "attempts": 1},
    "failed": {
        "status": "failed", "due_at": None, "attempts": 3,
        "detail": "admin@example.com: 550 5.1.1 The mailbox you wanted does not exist here",
    },
    "cancelled": {"status": "cancelled", "due_at": None},
    "uncertain": {
        "status": "uncertain", "due_at": None, "attempts": 1,
        "detail": "admin@example.com: connection lost after the end of data",
    },
}  # fmt: skip
SENT_BY_MINUTE = (4, 6, 5, 9, 12, 8, 7, 14, 18, 15, 11, 9, 6, 8, 10, 13, 7, 5, 3, 6)


async def make(folder: Path) -> Quart:
    """The app as in development, with its tables made, that delivers nothing."""
    app = create_app(
        {
            "TESTING": True,
            "PROPAGATE_EXCEPTIONS": False,
            "MAIL_SUPPRESS_SEND": False,
            "QUARTAPP_DISPATCH": False,
            "QUARTAPP_RATE_LIMIT": "off",
            "QUARTAPP_INSTANCE": str(folder / "instance"),
            "FLASKY_ADMIN": "admin@example.com",
        }
    )

    @app.get("/abort/<int:code>")
    async def stop(code: int) -> None:
        abort(code)

    await MIGRATIONS.upgrade(app.extensions["database"])
    await app.extensions["mail"].upgrade()
    return app


def _with_broken_templates(app: Quart, folder: Path) -> None:
    """Beside our own pair one with a mistake, and one that has no sample data."""
    searched = app.jinja_loader.searchpath
    shutil.copytree(searched[0], folder / "templates")
    searched[:] = [str(folder / "templates")]
    for name, text in {
        "broken": "one\n{{ two | three }}\n",
        "unsampled": "{{ user.name }}",
    }.items():
        (folder / "templates" / "mail" / f"{name}.txt").write_text(text)
    (folder / "templates" / "mail" / "broken.sample.toml").write_text('subject = "Broken"\n')


async def furnish(app: Quart, folder: Path) -> dict[str, str]:
    """Give it messages and templates; the ids of messages by what they are like."""
    _with_broken_templates(app, folder)
    await _long_history(app)
    ids = {state: await _in_state(app, state) for state in STATES}
    async with app.app_context():
        return ids | await _arrived(app)


async def _in_state(app: Quart, state: str) -> str:
    now, changes = datetime.now(UTC), dict(STATES[state])
    written = message(subject="[Flasky] New User", recipients=["admin@example.com"])
    written.template = "mail/new_user"
    delivery_id = (await app.extensions["mail"].send_later(written)).id
    is_over = changes.get("status", "sending") != "sending"
    changes |= {"due_at": now + 7 * MINUTE} if state == "waiting" else {}
    changes |= {"ended_at": now} if is_over else {}
    changes |= {"sent_at": now} if state == "sent" else {}
    changes |= {"token": "theirs", "renewals": 0, "lease": 60} if state == "sending" else {}
    said = changes.get("detail", "").partition(": ")[2]
    async with app.extensions["database"].writing() as connection:
        if changes:
            await connection.execute(
                update(messages).values(changes).where(messages.c.id == delivery_id)
            )
            person = {"reply": said, "due_at": changes.get("due_at")}
            person |= {"status": changes["status"]} if is_over else {}
            person |= {"code": int(said[:3]), "reply": said[4:]} if said[:3].isdigit() else {}
            await connection.execute(
                update(recipients).values(person).where(recipients.c.delivery_id == delivery_id)
            )
        for number in range(1, changes.get("attempts", 0) + 1 if said else 0):
            tried = {"delivery_id": delivery_id, "number": number, "ended_at": now, "detail": said}
            tried |= {"queue": "default", "status": changes.get("status", "queued")}
            await connection.execute(insert(attempts).values(tried))
    return delivery_id


async def _long_history(app: Quart) -> None:
    """Some thousand messages of before, and a busy hour."""
    this = datetime.now(UTC).replace(second=30, microsecond=0)
    async with app.extensions["database"].writing() as connection:
        for kind in ("tea", "coffee"):
            many = {"subject": kind, "subject_start": kind.encode(), "template": f"mail/{kind}"}
            await connection.execute(many_messages(f"000{kind}", 1_100, **many))
        for ago, number in enumerate(SENT_BY_MINUTE):
            then = {"created_at": this - ago * 2 * MINUTE, "ended_at": this - ago * 2 * MINUTE}
            await connection.execute(many_messages(f"00{ago}", number, **then))
        await connection.execute(
            many_messages("00f", 3, status="failed", ended_at=this - 9 * MINUTE)
        )
        await connection.execute(their_recipient("ada@example.com", messages.c.id.is_not(None)))
        await add(connection, WorkerId("default", "before"), _busy_hour(this))
    other = WorkerId("default", "other")
    await tell(app.extensions["database"], other, WorkerState(backend="mailbox"), this)


def _busy_hour(this: datetime) -> list[tuple[Count, datetime]]:
    """How the attempts of the last hour ended."""
    sent = [
        (Count.SENT, this - ago * 2 * MINUTE)
        for ago, number in enumerate(SENT_BY_MINUTE)
        for _ in range(number)
    ]
    deferred = [(Count.DEFERRED, this - ago * MINUTE) for ago in (3, 4, 4, 5, 30, 31, 31, 32)]
    failed = [(Count.FAILED, this - ago * MINUTE) for ago in (4, 9, 9, 9, 31)]
    return [*sent, *deferred, *failed, (Count.UNCERTAIN, this - 17 * MINUTE)]


async def _arrived(app: Quart) -> dict[str, str]:
    """Messages in the mailbox."""
    encoded = {
        "arrived": await app.extensions["mail"].compose(
            "admin@example.com", "New User", "mail/new_user", user={"username": "Ada Lovelace"}
        ),
        "plain": message(subject="", recipients=[f"person{n}@example.com" for n in range(9)]),
        "hostile": message(
            subject=f"\u202e {LONG_WORD} <script>",
            body=None,
            html=HOSTILE,
            attachments=[Attachment("a fairly long name of a file.txt", "text/plain", b"text")],
        ),
    }  # fmt: skip
    store = app.extensions["mail"].mailbox.store
    entries = {
        name: await store.add("flasky@example.com", message.recipients, message.as_bytes())
        for name, message in encoded.items()
    }
    for number in range(50):
        await store.add("a@example.com", ["b@example.com"], f"Subject: {number}\r\n\r\n".encode())
    return {name: entry.id for name, entry in entries.items()}
