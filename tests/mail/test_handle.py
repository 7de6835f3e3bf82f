"""`Mail` for several apps: each method is that of the right app, and never another's."""

from __future__ import annotations

import asyncio
import gc
import socket
import sqlite3
from contextlib import closing

import pytest
from quart import Quart

from quartapp.mail import Mail, MailError, MailService, Status
from quartapp.mail import mail as any_mail
from quartapp.mail.testing import SMTPServer, message


@pytest.fixture
def make(server, tmp_path):
    """Make an app with a database and a sender of its own: `make("one")`."""

    def made(name, **settings):
        app = Quart(name)
        app.config.update(
            DATABASE_URL=f"sqlite:///{tmp_path}/{name}.sqlite",
            MAIL_SERVER=server.host,
            MAIL_PORT=server.port,
            MAIL_DEFAULT_SENDER=f"{name}@example.com",
            MAIL_UPGRADE="always",
        )
        app.config.update(settings)
        return app

    return made


def senders(tmp_path, name):
    with closing(sqlite3.connect(tmp_path / f"{name}.sqlite")) as file:
        return file.execute("SELECT sender, status FROM mail_messages").fetchall()


def free_port():
    with closing(socket.create_server(("127.0.0.1", 0))) as holder:
        return holder.getsockname()[1]


async def serve_both(first, second, mail):
    """Start both apps and queue a message in the context of each."""
    async with first.test_app(), second.test_app():
        for app in (first, second):
            async with app.app_context():
                await mail.wait(await mail.send_later(message(sender=None)), timeout=30)


async def test_two_apps_on_one_database_send_through_their_own_servers(make, tmp_path):
    mail, url = Mail(), f"sqlite:///{tmp_path}/shared.sqlite"
    async with SMTPServer() as one, SMTPServer() as another:
        first = make("first", DATABASE_URL=url, MAIL_QUEUE="first", MAIL_PORT=one.port)
        second = make("second", DATABASE_URL=url, MAIL_QUEUE="second", MAIL_PORT=another.port)
        mail.init_app(first)
        mail.init_app(second)
        for _ in range(3):
            await serve_both(first, second, mail)

    assert [sent.sender for sent in one.messages] == ["first@example.com"] * 3
    assert [sent.sender for sent in another.messages] == ["second@example.com"] * 3


def test_two_apps_share_a_mail_in_three_starts_and_two_event_loops(make, tmp_path):
    mail, arrived, port = Mail(), [], free_port()
    first, second = make("first", MAIL_PORT=port), make("second", MAIL_PORT=port, TESTING=True)
    mail.init_app(first)
    mail.init_app(second)

    async def serve(times):
        async with SMTPServer(port) as server:
            for _ in range(times):
                await serve_both(first, second, mail)
        arrived.extend(sent.sender for sent in server.messages)

    asyncio.run(serve(2))
    asyncio.run(serve(1))

    assert arrived == ["first@example.com"] * 3
    assert senders(tmp_path, "first") == [("first@example.com", "sent")] * 3
    assert senders(tmp_path, "second") == [("second@example.com", "sent")] * 3


async def test_inside_a_context_it_is_the_mail_of_that_app(make):
    mail = Mail()
    first, second = make("first"), make("second")
    mail.init_app(first)
    mail.init_app(second)

    async def name_in(app):
        async with app.app_context():
            await asyncio.sleep(0)
            return mail.service.host.name

    assert await asyncio.gather(name_in(first), name_in(second)) == ["first", "second"]


async def test_an_app_that_was_not_bound_never_gets_the_mail_of_another(make):
    mail = Mail(make("bound"))

    async with make("unbound").app_context():
        with pytest.raises(MailError, match=r"unbound has no mail: call mail.init_app\(app\)"):
            await mail.send_later(message())


async def test_an_app_of_another_mail_is_refused_and_the_package_s_takes_it(make):
    mail, app = Mail(make("one")), make("two")
    other = Mail(app)

    async with app.app_context():
        with pytest.raises(MailError, match="another Mail's"):
            mail.service  # noqa: B018
        assert any_mail.service is other.service is app.extensions["mail"]


async def test_without_a_context_it_is_the_app_that_runs_here(make):
    mail = Mail()
    first, second = make("first"), make("second")
    mail.init_app(first)
    mail.init_app(second)

    async with second.test_app():
        here = mail.service.host.name

    assert here == "second"


async def test_without_a_context_several_apps_are_an_error_with_the_cure(make):
    mail = Mail()
    apps = [make("first"), make("second")]
    for app in apps:
        mail.init_app(app)

    with pytest.raises(MailError, match=r"async with app.app_context\(\):"):
        await mail.send(message())


async def test_without_an_app_it_says_to_bind_one():
    with pytest.raises(MailError, match=r"no app has mail yet: call mail.init_app\(app\)"):
        await Mail().send_later(message())


async def test_an_app_that_is_gone_is_forgotten(make):
    mail = Mail(make("gone"))
    gc.collect()
    app = make("here")
    mail.init_app(app)

    assert mail.service is app.extensions["mail"]


def test_an_app_is_bound_once(make):
    app = make("one")
    Mail(app)

    with pytest.raises(MailError, match=r"one has mail already: call init_app\(app\) once"):
        Mail(app)


def test_another_extension_of_the_name_is_refused(make):
    app = make("one")
    app.extensions["mail"] = object()

    with pytest.raises(MailError, match='another extension named "mail", object: remove it'):
        Mail(app)


async def test_without_a_context_every_app_is_recorded(make):
    mail = Mail()
    apps = [make("first", TESTING=True), make("second", TESTING=True)]
    for app in apps:
        mail.init_app(app)

    with mail.record_messages() as outbox:
        for app in apps:
            async with app.app_context():
                await mail.send(message(sender=None))

    assert [each.sender for each in outbox] == ["first@example.com", "second@example.com"]


@pytest.mark.parametrize("handle", [Mail(), any_mail])
async def test_a_recording_hears_of_an_app_that_is_made_meanwhile(make, handle):
    with handle.record_messages() as outbox:
        app = make("new", TESTING=True)
        handle.init_app(app)
        async with app.app_context():
            await handle.send(message())
    async with app.app_context():
        await handle.send(message())

    assert len(outbox) == 1


async def test_inside_a_context_only_that_app_is_recorded(make):
    mail = Mail()
    apps = [make("first", TESTING=True), make("second", TESTING=True)]
    for app in apps:
        mail.init_app(app)

    async with apps[0].app_context():
        with mail.record_messages() as outbox:
            await mail.send(message())
            await apps[1].extensions["mail"].send(message())

    assert len(outbox) == 1


async def test_its_coroutines_are_hooks_as_they_are(make):
    app = make("one", MAIL_UPGRADE="never")
    mail = Mail(app)
    app.before_serving(mail.upgrade)

    async with app.test_app():
        done = await mail.wait(await mail.send_later(message()), timeout=30)

    assert done.status is Status.SENT


def test_the_service_is_what_the_app_has(make):
    app = make("one")
    mail = Mail(app)

    assert isinstance(app.extensions["mail"], MailService)
    assert (mail.settings.default_sender, mail.is_running, mail.outage, repr(mail)) == (
        "one@example.com", False, None, "<Mail of one>",
    )  # fmt: skip
