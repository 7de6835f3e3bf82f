"""Two applications on one PostgreSQL database: each tells of its own messages, and of no others."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from quartapp.mail import Status
from quartapp.mail.testing import Phase, SMTPServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PATIENCE = 30


@pytest.fixture
def serving(make, postgres_url):
    """An application with a queue of its own, and somebody who visits it."""

    @asynccontextmanager
    async def serve(queue: str, server: SMTPServer) -> AsyncIterator[tuple[Any, Any]]:
        app = make(
            DATABASE_URL=postgres_url,
            MAIL_QUEUE=queue,
            MAIL_SERVER=server.host,
            MAIL_PORT=server.port,
            MAIL_SUPPRESS_SEND=False,
            MAIL_UPGRADE="always",
            FLASKY_ADMIN=f"{queue}@example.com",
            WTF_CSRF_ENABLED=False,
        )
        async with app.test_app():
            yield app.extensions["mail"], app.test_client()

    return serve


async def test_no_page_of_an_application_shows_a_message_of_another_or_waits_for_it(serving):
    async with SMTPServer() as shops, SMTPServer() as forums:
        shops.stall(Phase.END_OF_DATA)
        async with (
            serving("shop", shops) as (shop, client),
            serving("forum", forums) as (
                forum,
                other,
            ),
        ):
            await client.post("/", form={"name": "Ada"})
            [sold] = await shop.find()
            await shops.reached(Phase.END_OF_DATA)
            async with asyncio.timeout(PATIENCE):
                found = {path: await seen(other, path) for path in pages_of(sold.id)}
                with pytest.raises(LookupError):
                    await forum.wait(sold.id)
                with pytest.raises(LookupError):
                    await anext(forum.watch(sold.id))
            await other.post("/", form={"name": "Grace"})
            [said] = await forum.find()
            done = await forum.wait(said, timeout=PATIENCE)
            # A browser sends a cookie to every port of a host.
            other.cookie_jar = client.cookie_jar
            front = await seen(other, "/")
            async with client.request(f"/deliveries/{sold.id}/events") as stream:
                await stream.receive()
                before = await told_by(stream)
                shops.resume()
                after = await told_by(stream)

    assert found == dict.fromkeys(pages_of(sold.id), (404, False)) | {"/outbox/": (200, False)}
    assert (front, done.status) == ((200, False), Status.SENT)
    assert (before["state"], after["state"]) == (Status.SENDING, Status.SENT)
    assert [each.recipients for each in shops.messages] == [("shop@example.com",)]
    assert [each.recipients for each in forums.messages] == [("forum@example.com",)]


def pages_of(delivery_id: str) -> list[str]:
    """Where a message is shown to its own application, and where all are."""
    visited = f"/deliveries/{delivery_id}"
    return [visited, f"{visited}/events", f"/outbox/{delivery_id}", "/outbox/"]


async def seen(client: Any, path: str) -> tuple[int, bool]:
    """The status of a page, and whether it tells of the message of the shop."""
    answer = await client.get(path)
    page = await answer.get_data(as_text=True)
    return answer.status_code, "shop@example.com" in page or 'class="progress"' in page


async def told_by(stream: Any) -> dict[str, Any]:
    data = await asyncio.wait_for(stream.receive(), PATIENCE)
    return json.loads(data.removeprefix(b"data: "))
