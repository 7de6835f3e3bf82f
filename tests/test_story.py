"""The chapter's story on the whole application: a name becomes a user and a message, or neither."""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, func, select

from quartapp import create_app
from quartapp.mail import Status
from quartapp.mail.testing import Phase, SMTPServer
from quartapp.models import User

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from quart import Quart

    Started = Callable[..., AbstractAsyncContextManager[Quart]]

ADMIN = "admin@example.com"


@pytest.fixture
def started(tmp_path: Path, server: SMTPServer) -> Started:
    """The whole application, with an administrator and a mail server: `async with started()`."""

    @asynccontextmanager
    async def start(**settings: Any) -> AsyncIterator[Quart]:
        defaults = {
            "QUARTAPP_INSTANCE": str(tmp_path),
            "FLASKY_ADMIN": ADMIN,
            "MAIL_SERVER": server.host,
            "MAIL_PORT": server.port,
            "TESTING": True,
            "MAIL_SUPPRESS_SEND": False,
        }
        app = create_app(defaults | settings)
        async with app.test_app():
            yield app

    return start


async def join(app: Quart, name: str) -> str:
    """Fill in the form as a browser does, and return the page that comes of it."""
    client = app.test_client()
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', await page(client))
    form = {"name": name, "csrf_token": token[1]}
    response = await client.post("/", form=form, follow_redirects=True)
    return await response.get_data(as_text=True)


async def page(client: Any) -> str:
    return await (await client.get("/")).get_data(as_text=True)


async def users(app: Quart) -> int:
    async with app.extensions["database"].session() as session:
        return await session.scalar(select(func.count()).select_from(User))


async def test_a_new_name_becomes_a_message_to_the_administrator(started, server):
    async with started() as app:
        greeting = await join(app, "Ada")
        await app.extensions["mail"].drain()

    [sent] = server.messages
    message = message_from_bytes(sent.content, policy=policy.default)
    assert "Pleased to meet you!" in greeting
    assert (message["Subject"], sent.recipients) == ("[Flasky] New User", (ADMIN,))
    assert "User Ada has joined." in message.get_body(("plain",)).get_content()


async def test_a_known_name_is_greeted_and_nobody_is_told(started, server):
    async with started() as app:
        await join(app, "Ada")
        greeting = await join(app, "Ada")
        await app.extensions["mail"].drain()

    assert "Happy to see you again!" in greeting
    assert len(server.messages) == 1


async def test_without_an_administrator_no_message_is_written(started, server):
    async with started(FLASKY_ADMIN="") as app:
        await join(app, "Ada")

        assert await users(app) == 1
        assert await app.extensions["mail"].find() == []


async def test_fifty_posts_of_one_name_make_one_user_and_one_message(started, server):
    async with started(WTF_CSRF_ENABLED=False) as app:
        clients = [app.test_client() for _ in range(50)]

        responses = await asyncio.gather(*(c.post("/", form={"name": "Ada"}) for c in clients))

        assert {response.status_code for response in responses} == {302}
        assert await users(app) == 1
        assert len(await app.extensions["mail"].find()) == 1


async def test_user_and_message_are_one_transaction(started):
    async with started(WTF_CSRF_ENABLED=False, TESTING=False, QUARTAPP_DISPATCH=False) as app:
        database = app.extensions["database"]

        @event.listens_for(database.writer.sync_engine, "commit", once=True)
        def fail(_connection: object) -> None:
            raise OSError("the disk is gone")

        response = await app.test_client().post("/", form={"name": "Ada"})

        assert response.status_code == 500
        assert await users(app) == 0
        assert await app.extensions["mail"].find() == []


async def test_a_name_is_escaped_in_html_and_not_in_text(started, server):
    async with started() as app:
        await join(app, "<script>Ada & Bob</script>")
        await app.extensions["mail"].drain()

    message = message_from_bytes(server.messages[0].content, policy=policy.default)
    html = message.get_body(("html",)).get_content()
    assert "<script>Ada & Bob</script>" in message.get_body(("plain",)).get_content()
    assert "<script>" not in html
    assert "&lt;script&gt;Ada &amp; Bob&lt;/script&gt;" in html


async def test_a_server_that_wants_tls_and_a_login_gets_both(started, server_context, ca_file):
    async with (
        SMTPServer(starttls=server_context, users={"ada": "secret"}) as private,
        started(
            MAIL_SERVER="localhost",
            MAIL_PORT=private.port,
            MAIL_USE_TLS=True,
            MAIL_CA_FILE=str(ca_file),
            MAIL_USERNAME="ada",
            MAIL_PASSWORD="secret",
        ) as app,
    ):
        await join(app, "Ada")
        await private.received(1)

    assert [(login.username, login.succeeded) for login in private.logins] == [("ada", True)]


async def test_a_server_with_a_strange_certificate_gets_nothing_and_the_message_says_why(
    started, server_context, wrong_ca_file, caplog
):
    async with (
        SMTPServer(starttls=server_context) as strange,
        started(
            MAIL_SERVER="localhost",
            MAIL_PORT=strange.port,
            MAIL_USE_TLS=True,
            MAIL_CA_FILE=str(wrong_ca_file),
        ) as app,
    ):
        await join(app, "Ada")
        await app.extensions["mail"].drain()
        [delivery] = await app.extensions["mail"].find()

    why = "has a certificate that is not trusted"
    assert (delivery.status, delivery.attempts, strange.messages) == (Status.QUEUED, 0, [])
    assert why in delivery.detail
    assert "MAIL_CA_FILE" in delivery.detail
    assert [record for record in caplog.records if why in record.getMessage()]


async def test_a_server_that_never_answers_holds_up_neither_page_nor_shutdown(started, server):
    server.stall(Phase.GREETING)
    async with asyncio.timeout(30), started(MAIL_TIMEOUT=600, MAIL_DRAIN_TIMEOUT=600) as app:
        await join(app, "Ada")
        await server.reached(Phase.GREETING)
        greeting = await join(app, "Bob")

    async with started(QUARTAPP_DISPATCH=False) as app:
        messages = await app.extensions["mail"].find()
    assert "Pleased to meet you!" in greeting
    assert [message.status for message in messages] == [Status.QUEUED, Status.QUEUED]
