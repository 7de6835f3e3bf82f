"""A rejected login pauses every process of one database; one that is accepted ends the pause."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest
from quart import Quart

from quartapp.mail import Mail, Status, TransientError
from quartapp.mail.clock import SystemClock
from quartapp.mail.delivery.shared_logins import SharedStore
from quartapp.mail.settings import MailSettings
from quartapp.mail.testing import SMTPServer, message
from quartapp.mail.transports.logins import Logins, LoginState

if TYPE_CHECKING:
    from pathlib import Path

LOGIN = {"MAIL_USERNAME": "ada", "MAIL_PASSWORD": "new"}


@pytest.fixture(params=["sqlite_url", "postgres_url"])
def url(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
async def strict():
    """A server that knows another password; `strict.users` may be changed."""
    users = {"ada": "old"}
    async with SMTPServer(users=users) as server:
        yield server, users


def at(server, url, **settings):
    return {"url": url, "MAIL_PORT": server.port, **LOGIN, **settings}


async def blocked(*services):
    """Wait until each of them is paused."""
    async with asyncio.timeout(60):
        while not all(service.worker.is_blocked for service in services):  # noqa: ASYNC110  # tells nobody
            await asyncio.sleep(0.02)


async def test_a_wrong_password_is_sent_once_by_all_processes_together(serve, strict, url):
    server, _ = strict
    async with serve(**at(server, url)) as first, serve(**at(server, url)) as second:
        for _ in range(5):
            await first.send_later(message())
        await blocked(first, second)
        outages = {first.outage, second.outage}

    assert [login.succeeded for login in server.logins] == [False]
    assert all("check MAIL_USERNAME and MAIL_PASSWORD; the next login" in each for each in outages)
    assert server.messages == []


async def test_a_check_by_hand_that_logs_in_ends_the_pause(serve, strict, url):
    server, users = strict
    async with serve(**at(server, url)) as service:
        delivery = await service.send_later(message())
        await blocked(service)
        users["ada"] = "new"
        by_hand = Quart(__name__)
        where = {"MAIL_SERVER": server.host, "MAIL_PORT": server.port, "DATABASE_URL": url}
        by_hand.config.update(where | LOGIN)
        findings = [finding async for finding in Mail(by_hand).check()]
        done = await service.wait(delivery, 60)

    assert all(finding.is_ok for finding in findings)
    assert done.status is Status.SENT
    assert done.attempts == 1


async def test_a_check_by_hand_that_fails_leaves_the_pause(serve, strict, sqlite_url):
    server, _ = strict
    async with serve(**at(server, sqlite_url)) as service:
        await service.send_later(message())
        await blocked(service)
        findings = [finding async for finding in service.check()]
        is_over = await Logins(
            service.settings,
            now=service.outbox.now,
            store=SharedStore(service.settings, service.outbox, lambda: True),
        ).is_over()

    assert not findings[-1].is_ok
    assert not is_over


async def test_a_restart_logs_in_at_once(serve, strict, url):
    server, users = strict
    async with serve(**at(server, url)) as service:
        delivery = await service.send_later(message())
        await blocked(service)
    users["ada"] = "new"
    async with serve(**at(server, url)) as service:
        done = await service.wait(delivery.id, 60)

    assert done.status is Status.SENT


async def test_a_pause_outlives_a_process_that_is_restarted_with_the_wrong_password(
    serve, strict, sqlite_url
):
    server, _ = strict
    for _ in range(2):
        async with serve(**at(server, sqlite_url)) as service:
            await service.send_later(message())
            await blocked(service)
            seconds = service.worker.standing.next_attempt_at - service.outbox.now()

    assert len(server.logins) == 2
    assert 300 < seconds.total_seconds() <= 600


async def test_another_server_or_user_does_not_wait(serve, strict, sqlite_url):
    wrong, _ = strict
    async with SMTPServer(users={"eve": "new"}) as right:
        # Both are there before the rejection: one that comes later logs in at once in any case.
        one = at(wrong, sqlite_url, MAIL_QUEUE="one")
        two = at(right, sqlite_url, MAIL_QUEUE="two", MAIL_USERNAME="eve")
        async with serve(**one) as service, serve(**two) as another:
            await service.send_later(message())
            await blocked(service)
            await another.send(message())

    assert len(right.messages) == 1


async def test_sending_now_remembers_a_rejected_login_without_a_database(strict, tmp_path: Path):
    server, _ = strict
    app = Quart(__name__, instance_path=str(tmp_path / "instance"))
    app.config.update(MAIL_SERVER=server.host, MAIL_PORT=server.port, **LOGIN)
    mail = Mail(app)
    for _ in range(3):
        with pytest.raises(TransientError, match="rejected the login"):
            await mail.send(message())

    assert len(server.logins) == 1
    assert os.listdir(tmp_path) == []


class Away:
    """An outbox whose database cannot be reached."""

    @property
    def database(self):
        """Where the tables are."""
        raise OSError("the database is away")


async def test_without_its_database_a_process_remembers_a_rejected_login_by_itself():
    settings = MailSettings(username="ada", password="new")
    store = SharedStore(settings, Away(), lambda: True)
    now = SystemClock().now()

    is_written = await store.write(LoginState(now, now, 300, "no"), None)

    assert is_written
    assert await store.read() == LoginState(now, now, 300, "no")
