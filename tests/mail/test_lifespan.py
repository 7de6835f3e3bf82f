"""When the mail of an app starts and stops, among the hooks of the app."""

from __future__ import annotations

import asyncio

import pytest
from quart import Quart, has_request_context
from sqlalchemy.ext.asyncio import create_async_engine

from quartapp.mail import Mail, MailError, Status
from quartapp.mail.testing import message
from tests.crash.waiting import until


@pytest.fixture
def app(server, sqlite_url):
    """An app whose hooks write down when they are called, in `app.seen`."""
    app = Quart(__name__)
    app.config.update(
        DATABASE_URL=sqlite_url,
        MAIL_SERVER=server.host,
        MAIL_PORT=server.port,
        MAIL_DEFAULT_SENDER="flasky@example.com",
        MAIL_UPGRADE="always",
    )
    app.seen = []
    return app


def look(app, name):
    """A hook that writes down its name, and whether mail runs."""

    async def hook():
        app.seen.append((name, app.extensions["mail"].is_running))

    return hook


async def test_it_starts_after_every_hook_and_stops_before_every_hook(app):
    app.before_serving(look(app, "opened before"))
    app.after_serving(look(app, "closed before"))
    Mail(app)
    app.before_serving(look(app, "opened after"))
    app.after_serving(look(app, "closed after"))

    @app.while_serving
    async def hosts():
        await look(app, "generator starts")()
        yield
        await look(app, "generator ends")()

    async with app.test_app():
        await look(app, "serving")()

    assert app.seen == [
        ("opened before", False),
        ("opened after", False),
        ("generator starts", False),
        ("serving", True),
        ("generator ends", False),
        ("closed before", False),
        ("closed after", False),
    ]


async def test_it_may_be_started_again(app, server):
    mail = Mail(app)

    for _ in range(3):
        async with app.test_app():
            await mail.wait(await mail.send_later(message()), timeout=30)

    assert (len(server.messages), mail.is_running) == (3, False)


async def test_an_engine_opened_in_a_later_hook_is_asked_for_at_each_start(app, sqlite_url, server):
    mail = Mail(app, engine=lambda: app.engine)

    @app.before_serving
    async def open_engine():
        app.engine = create_async_engine(sqlite_url)

    @app.after_serving
    async def close_engine():
        await app.engine.dispose()

    for _ in range(2):
        async with app.test_app():
            await mail.wait(await mail.send_later(message()), timeout=30)

    assert len(server.messages) == 2


async def fail():
    raise RuntimeError("a hook of the host's failed")


async def test_after_a_failed_hook_it_never_starts(app):
    mail = Mail(app)
    app.before_serving(fail)

    with pytest.raises(RuntimeError, match="a hook"):
        await app.startup()

    assert mail.is_running is False


async def test_it_stops_when_a_later_generator_fails(app):
    mail = Mail(app)

    @app.before_serving
    async def put_one_behind_mail():
        async def failing():
            app.seen.append(mail.is_running)
            await fail()
            yield

        app.while_serving_gens.append(failing())

    with pytest.raises(RuntimeError, match="a hook"):
        await app.startup()

    assert (app.seen, mail.is_running) == ([True], False)


async def test_after_a_start_that_was_cancelled_it_starts_anew(app, server):
    mail, gate = Mail(app), asyncio.Event()

    async def waiting():
        await gate.wait()
        yield

    @app.before_serving
    async def put_one_behind_mail():
        app.while_serving_gens.append(waiting())

    starting = asyncio.create_task(app.startup())
    await until(lambda: _is_running(mail), lambda: "mail to start")
    starting.cancel()
    await asyncio.wait([starting])
    app.while_serving_gens.pop()
    app.before_serving_funcs.pop()

    async with app.test_app():
        done = await mail.wait(await mail.send_later(message()), timeout=30)

    assert (done.status, mail.is_running) == (Status.SENT, False)


async def _is_running(mail):
    return mail.is_running


async def test_a_stop_without_a_start_is_harmless(app, server):
    async with app.test_app():
        mail = Mail(app)
    idle = mail.is_running

    async with app.test_app():
        await mail.wait(await mail.send_later(message()), timeout=30)

    assert (idle, len(server.messages)) == (False, 1)


async def test_bound_in_a_hook_it_starts_in_that_start(app, server):
    @app.before_serving
    async def bind():
        app.mail = Mail(app)

    async with app.test_app():
        done = await app.mail.wait(await app.mail.send_later(message()), timeout=30)

    assert done.status is Status.SENT


async def test_running_may_be_entered_while_the_app_serves(app, server):
    mail = Mail(app)

    async with app.test_app():
        async with mail.running(), mail.running():
            pass
        still = mail.is_running
        done = await mail.wait(await mail.send_later(message()), timeout=30)

    assert (still, done.status) == (True, Status.SENT)


async def test_what_is_started_in_a_request_does_not_carry_it_along(app):
    seen = []
    mail = Mail(app, engine=lambda: seen.append(has_request_context()))

    @app.get("/")
    async def page():
        with pytest.raises(MailError, match="engine= gave no engine"):
            async with mail.running():
                pass
        return ""

    await app.test_client().get("/")

    assert seen == [False]


@pytest.mark.parametrize("escapes", [True, False])
async def test_templates_that_do_not_escape_html_are_warned_of_once(sqlite_url, caplog, escapes):
    class Shop(Quart):
        jinja_options = {} if escapes else {"autoescape": False}

    app = Shop(__name__)
    app.config.update(TESTING=True, DATABASE_URL=sqlite_url)
    Mail(app)
    async with app.test_app():
        warnings = [each for each in caplog.messages if "autoescape is off for .html" in each]

    assert len(warnings) == (0 if escapes else 1)


async def test_a_start_that_fails_is_first_said_in_one_line(app, caplog):
    app.config["MAIL_UPGRADE"] = "never"
    Mail(app)

    with pytest.raises(MailError, match="the mail tables are missing"):
        await app.startup()

    first = caplog.records[0]
    assert (first.levelname, first.exc_info) == ("CRITICAL", None)
    assert first.message.startswith("mail cannot start: the mail tables are missing in ")
