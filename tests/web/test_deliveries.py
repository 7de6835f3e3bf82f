"""A message's progress as the visitor sees it, on a running app."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from quartapp import create_app
from quartapp.mail import Status
from quartapp.mail.testing import Phase
from quartapp.web.deliveries import POLL, RECONNECT
from quartapp.web.streams import Streams

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from quartapp.mail import MailService


@pytest.fixture
def visited(tmp_path, server):
    """Somebody who typed a name: `async with visited() as (client, delivery_id, mail)`."""

    @asynccontextmanager
    async def visit(**settings: Any) -> AsyncIterator[tuple[Any, str, Any]]:
        app = create_app(
            {
                "QUARTAPP_INSTANCE": str(tmp_path),
                "FLASKY_ADMIN": "admin@example.com",
                "MAIL_SERVER": server.host,
                "MAIL_PORT": server.port,
                "TESTING": True,
                "MAIL_SUPPRESS_SEND": False,
                "WTF_CSRF_ENABLED": False,
            }
            | settings
        )
        async with app.test_app():
            client = app.test_client()
            await client.post("/", form={"name": "Ada"})
            mail = app.extensions["mail"]
            [delivery] = await mail.find()
            yield client, delivery.id, mail

    return visit


async def text_of(client: Any, path: str) -> str:
    return await (await client.get(path)).get_data(as_text=True)


async def test_the_page_says_where_the_message_is(visited):
    async with visited() as (client, delivery_id, mail):
        await mail.wait(delivery_id, timeout=30)

        page = await text_of(client, "/")

    assert 'data-state="sent" role="status"' in page
    assert "was sent; it took" in page
    assert "admin@example.com" not in page


async def test_a_message_that_waits_can_be_followed_without_scripts(visited, server):
    server.answer(Phase.RCPT, "451 4.7.1 greylisted")
    async with visited() as (client, delivery_id, mail):
        await mail.drain()

        page = await text_of(client, f"/deliveries/{delivery_id}")

    assert "The next attempt is at" in page
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in page
    assert "greylisted" not in page


async def test_a_program_gets_json(visited):
    async with visited() as (client, delivery_id, mail):
        await mail.wait(delivery_id, timeout=30)
        response = await client.get(
            f"/deliveries/{delivery_id}", headers={"Accept": "application/json"}
        )

        told = await response.get_json()

    assert (told["state"], told["is_final"]) == ("sent", True)


async def test_changes_arrive_live(visited, server):
    server.stall(Phase.END_OF_DATA)
    async with visited() as (client, delivery_id, _):
        await server.reached(Phase.END_OF_DATA)
        async with client.request(f"/deliveries/{delivery_id}/events") as stream:
            assert await stream.receive() == b"retry: 1000\n\n"
            before = await told_by(stream)
            server.resume()
            after = await told_by(stream)

    assert (before["state"], after["state"]) == (Status.SENDING, Status.SENT)


async def test_a_stream_ends_without_a_traceback_when_the_outbox_cannot_be_read(
    visited, server, caplog
):
    server.stall(Phase.END_OF_DATA)
    async with visited() as (client, delivery_id, mail):
        await server.reached(Phase.END_OF_DATA)
        async with client.request(f"/deliveries/{delivery_id}/events") as stream:
            await stream.receive()
            await told_by(stream)
            await rename(mail, "mail_messages", "gone")
            mail.publisher.watchers.tell(delivery_id)
            rest = await asyncio.wait_for(stream.receive(), 30)
        await rename(mail, "gone", "mail_messages")
        server.resume()

    assert rest == b""
    assert not [each for each in caplog.records if each.exc_info and "stream" in each.exc_text]


async def events_of(client: Any, delivery_id: str) -> tuple[int, list[str]]:
    """What the browser is told to wait in milliseconds, and the states that it is told."""
    text = await text_of(client, f"/deliveries/{delivery_id}/events")
    retry, *events = text.strip().split("\n\n")
    states = [json.loads(event.removeprefix("data: "))["state"] for event in events]
    return int(retry.removeprefix("retry: ")), states


@pytest.mark.parametrize(
    "streams",
    [Streams(most=0), Streams(most_of_one_client=0)],
    ids=["of the process", "of the client"],
)
async def test_beyond_the_bound_a_browser_polls_instead_of_giving_up(visited, streams):
    async with visited(MAIL_DISPATCH=False) as (client, delivery_id, _):
        client.app.extensions["streams"] = streams

        retry, states = await events_of(client, delivery_id)

    assert retry in POLL
    assert states == [Status.QUEUED]


async def test_a_stream_gives_its_place_back(visited):
    async with visited() as (client, delivery_id, mail):
        await mail.wait(delivery_id, timeout=30)
        client.app.extensions["streams"] = streams = Streams(most=1)

        told = [await events_of(client, delivery_id) for _ in range(3)]

        assert told == [(RECONNECT, [Status.SENT])] * 3
        assert len(streams) == 0


async def test_addresses_of_one_network_share_its_places():
    streams = Streams(most_of_one_client=1)

    with (
        streams.place("2001:db8::1") as first,
        streams.place("2001:db8::2") as second,
        streams.place("192.0.2.1") as other,
    ):
        assert (first, second, other) == (True, False, True)


async def rename(mail: MailService, name: str, other: str) -> None:
    async with mail.outbox.database.writing() as connection:
        await connection.execute(text(f"ALTER TABLE {name} RENAME TO {other}"))


async def told_by(stream: Any) -> dict[str, Any]:
    data = await asyncio.wait_for(stream.receive(), 30)
    return json.loads(data.removeprefix(b"data: "))


@pytest.mark.parametrize("path", ["/deliveries/none", "/deliveries/none/events"])
async def test_an_unknown_message_is_not_found(visited, path):
    async with visited() as (client, _, _):
        assert (await client.get(path)).status_code == 404


async def test_who_is_known_already_is_told_of_no_message(visited):
    async with visited() as (client, _, _):
        await client.post("/", form={"name": "Ada"})

        assert "data-state" not in await text_of(client, "/")
