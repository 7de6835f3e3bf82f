"""`/metrics`: what Prometheus is told, on a running app with a real mail server."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from quartapp.mail.testing import Phase, message
from tests.fixtures.visitor import Visitor

if TYPE_CHECKING:
    from quart import Quart

SIGN_IN = {"OPERATOR_USERNAME": "op", "OPERATOR_PASSWORD": "correct horse"}


class Prometheus:
    """Scrapes an app and remembers what it was told."""

    def __init__(self, app: Quart) -> None:
        self._visitor = Visitor(app)
        self._samples: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}

    async def scrape(self) -> None:
        """Ask once."""
        text = await self._visitor.see("/metrics")
        self._samples = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def __call__(self, name: str, **labels: str) -> float | None:
        """One number of the last scrape, None if there was no such."""
        return self._samples.get((f"quartapp_{name}", frozenset(labels.items())))


@pytest.fixture
def delivering(started, server):
    """Run an app that sends through the test server: `async with delivering() as app`."""

    def start(**settings: object):
        return started(MAIL_SERVER=server.host, MAIL_PORT=server.port, **settings)

    return start


async def test_messages_are_counted_by_outcome_and_reply(delivering, server):
    server.answer(Phase.RCPT, "451 4.7.1 greylisted", recipient="later@example.com")
    server.answer(Phase.RCPT, "550 5.1.1 no such user", recipient="nobody@example.com")
    async with delivering() as app:
        mail, prometheus = app.extensions["mail"], Prometheus(app)
        await mail.wait(await mail.send_later(message()), timeout=30)
        await mail.wait(
            await mail.send_later(message(recipients=["nobody@example.com"])), timeout=30
        )
        await mail.send_later(message(recipients=["later@example.com"]))
        await mail.drain()

        await prometheus.scrape()

    assert prometheus("mail_messages_total", outcome="sent", reply="2xx") == 1
    assert prometheus("mail_messages_total", outcome="failed", reply="5xx") == 1
    assert prometheus("mail_messages_total", outcome="deferred", reply="4xx") == 1
    assert prometheus("mail_send_seconds_count") == 3
    assert prometheus("mail_queue_seconds_count") == 1


async def test_a_lost_connection_has_no_reply(delivering, server):
    server.drop(Phase.END_OF_DATA)
    async with delivering(MAIL_ON_UNCERTAIN="hold") as app:
        mail, prometheus = app.extensions["mail"], Prometheus(app)
        await mail.wait(await mail.send_later(message()), timeout=30)

        await prometheus.scrape()

    assert prometheus("mail_messages_total", outcome="uncertain", reply="none") == 1


async def test_the_outbox_is_told_by_state_with_the_age_of_the_oldest(delivering):
    async with delivering(QUARTAPP_DISPATCH=False) as app:
        mail, prometheus = app.extensions["mail"], Prometheus(app)
        await mail.send_later(message())

        await prometheus.scrape()

    assert prometheus("mail_queue_messages", state="queued") == 1
    assert prometheus("mail_queue_messages", state="sent") == 0
    assert prometheus("mail_due_messages") == 1
    assert prometheus("mail_workers") == 0
    assert 0 < prometheus("mail_oldest_seconds") < 60
    assert (prometheus("database_up"), prometheus("mail_dispatcher_up")) == (1, 0)


async def test_suppressed_messages_are_told_apart(delivering):
    async with delivering(MAIL_SUPPRESS_SEND=True) as app:
        mail, prometheus = app.extensions["mail"], Prometheus(app)
        await mail.send_later(message())

        await prometheus.scrape()

    assert prometheus("mail_suppressed_messages") == 1
    assert prometheus("mail_queue_messages", state="sent") == 1
    assert prometheus("mail_workers") == 1


async def test_an_empty_outbox_has_no_age(delivering):
    async with delivering() as app:
        prometheus = Prometheus(app)

        await prometheus.scrape()

    assert prometheus("mail_oldest_seconds") == 0
    assert prometheus("mail_dispatcher_up") == 1


async def test_the_pool_is_told_with_its_limit(delivering, server):
    server.stall(Phase.END_OF_DATA)
    async with delivering(MAIL_CONNECTIONS=3) as app:
        mail, prometheus = app.extensions["mail"], Prometheus(app)
        queued = await mail.send_later(message())
        await server.reached(Phase.END_OF_DATA)

        await prometheus.scrape()
        server.clear()
        server.resume()
        await mail.wait(queued, timeout=30)

    assert prometheus("mail_connections", state="busy") == 1
    assert prometheus("mail_connections", state="idle") == 0
    assert prometheus("mail_connections_limit") == 3


async def test_the_breaker_tells_its_state(delivering, server):
    await server.stop()
    async with delivering(MAIL_BREAKER_FIRST=60) as app:
        mail, prometheus = app.extensions["mail"], Prometheus(app)
        await prometheus.scrape()
        before = prometheus("mail_breaker", state="closed")
        await mail.send_later(message())
        await mail.drain()

        await prometheus.scrape()

    assert before == 1
    assert prometheus("mail_breaker", state="closed") == 0
    assert prometheus("mail_breaker", state="open") == 1


async def test_a_database_that_is_away_leaves_what_this_process_knows(make):
    app = make(DATABASE_URL="postgresql://127.0.0.1:1/none")
    prometheus = Prometheus(app)

    await prometheus.scrape()

    assert prometheus("database_up") == 0
    assert prometheus("mail_queue_messages", state="queued") is None
    assert prometheus("mail_breaker", state="closed") == 0


async def test_two_apps_in_one_process_count_by_themselves(delivering):
    async with delivering() as app, delivering(QUARTAPP_DISPATCH=False) as another:
        mail, other = app.extensions["mail"], Prometheus(another)
        await mail.wait(await mail.send_later(message()), timeout=30)

        await other.scrape()

    assert other("mail_messages_total", outcome="sent", reply="2xx") is None


async def test_it_asks_for_the_operators_sign_in_where_there_is_one(started):
    credentials = b64encode(b"op:correct horse").decode()
    async with started(**SIGN_IN) as app:
        stranger = await Visitor(app).get("/metrics")
        operator = await Visitor(app, headers={"Authorization": f"Basic {credentials}"}).get(
            "/metrics"
        )

    assert (stranger.status_code, operator.status_code) == (401, 200)
    assert operator.content_type.startswith("text/plain; version=")


@pytest.mark.parametrize(("settings", "status"), [({}, 404), ({"QUARTAPP_METRICS": "open"}, 200)])
async def test_in_production_without_an_operator_it_is_open_only_where_that_was_said(
    in_production, settings, status
):
    async with in_production(**settings) as app:
        assert (await Visitor(app).get("/metrics")).status_code == status


async def test_it_is_closed_where_nothing_says_that_this_is_development(make):
    assert (await Visitor(make(TESTING=False)).get("/metrics")).status_code == 404


async def test_it_names_nobody(delivering):
    async with delivering() as app:
        mail = app.extensions["mail"]
        await mail.wait(await mail.send_later(message(subject="Secret tea")), timeout=30)

        text = await Visitor(app).see("/metrics")

    assert "bob@example.com" not in text
    assert "Secret" not in text
