"""Hooks that see each message before it is encoded: they amend it, or veto it."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from functools import partial

import pytest
from quart import Quart
from sqlalchemy.exc import OperationalError

from quartapp.mail import Mail, MailError, MailService, MessageVetoed, PlainHost
from quartapp.mail import mail as current_mail
from quartapp.mail.testing import message

TENANT = ContextVar("tenant", default="none")
SUPPRESSED = {"MAIL_SUPPRESS_SEND": True, "MAIL_DEFAULT_SENDER": "a@example.org"}


def app_with(mail, tmp_path, name="one"):
    """An app that records what it would send."""
    app = Quart(name)
    app.config.update(
        SUPPRESSED, TESTING=True, DATABASE_URL=f"sqlite+aiosqlite:///{tmp_path}/{name}.sqlite"
    )
    mail.init_app(app)
    return app


async def by_send(mail, written):
    await mail.send(written)


async def by_send_message_of_a_connection(mail, written):
    async with mail.connect() as connection:
        await connection.send(written)


async def by_send_later(mail, written):
    await mail.send_later(written)


async def by_send_all_later(mail, written):
    await mail.send_all_later([message(subject="first"), written])


WAYS = [by_send, by_send_message_of_a_connection, by_send_later, by_send_all_later]


@pytest.fixture(params=[True, False], ids=["suppressed", "sent"])
async def running(request, serve):
    """A running mail service that suppresses what it is given, or sends it."""
    async with serve(MAIL_SUPPRESS_SEND=request.param) as service:
        yield service


@pytest.mark.parametrize("way", WAYS)
async def test_hooks_amend_a_message_in_their_order_and_in_the_callers_task(running, way):
    seen = []

    @running.before_send
    async def first(written):
        seen.append((asyncio.current_task(), TENANT.get()))
        written.subject += " one"

    @running.before_send
    def second(written):
        written.subject += f" two {TENANT.get()}"

    TENANT.set("acme")
    with running.record_messages() as outbox:
        await way(running, message(subject="Hi"))
        await running.drain()

    assert outbox[-1].subject == "Hi one two acme"
    assert set(seen) == {(asyncio.current_task(), "acme")}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "error",
    [
        MessageVetoed("nobody is to get this"),
        ZeroDivisionError("a mistake"),
        # One of the hook's own database is not the outbox's.
        OperationalError("SELECT", {}, Exception("database is locked")),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_what_a_hook_raises_reaches_the_caller_and_nothing_is_stored(running, way, error):
    @running.before_send
    async def veto(written):
        if written.subject == "Hi":
            raise error

    with running.record_messages() as outbox, pytest.raises(type(error)) as caught:
        await way(running, message(subject="Hi"))

    assert caught.value is error
    assert (outbox, await running.find()) == ([], [])


async def test_send_email_is_seen_once(tmp_path):
    seen = []
    service = MailService(
        PlainHost(SUPPRESSED, folder=tmp_path, render=lambda name, context: "text")
    )
    service.before_send(seen.append)

    async with service.running():
        delivery = await service.send_email("b@example.org", "Hi", "mail/hello")

    assert [each.msgId for each in seen] == [delivery.message_id]


async def test_a_hook_sees_a_message_before_its_key_is_looked_up(mail):
    seen = []
    mail.before_send(seen.append)
    one, two = message(), message()

    first = await mail.send_later(one, key="k")
    again = await mail.send_later(two, key="k")

    assert (first.id, seen) == (again.id, [one, two])


async def test_a_file_that_a_hook_attaches_is_read(mail, tmp_path):
    (tmp_path / "terms.txt").write_text("terms")

    @mail.before_send
    async def attach(written):
        written.attach(path=tmp_path / "terms.txt")

    with mail.record_messages() as outbox:
        await mail.send(message())

    assert [each.data for each in outbox[0].attachments] == [b"terms"]


async def test_hooks_of_one_mail_are_for_its_apps_bound_before_and_after(tmp_path):
    mail, other = Mail(), Mail()
    before = app_with(mail, tmp_path, "before")
    seen = []
    assert mail.before_send(seen.append) == seen.append
    after = app_with(mail, tmp_path, "after")
    alone = app_with(other, tmp_path, "alone")

    for app in (before, after, alone):
        async with app.app_context():
            await app.extensions["mail"].send(message(subject=app.name))

    assert [each.subject for each in seen] == ["before", "after"]


async def test_a_hook_of_one_app_is_for_that_app(tmp_path):
    mail, seen = Mail(), []
    one, two = (app_with(mail, tmp_path, name) for name in ("one", "two"))
    one.extensions["mail"].before_send(seen.append)

    for app in (two, one):
        async with app.app_context():
            await mail.send(message(subject=app.name))

    assert [each.subject for each in seen] == ["one"]


async def test_a_hook_of_the_proxy_is_for_any_app(tmp_path):
    seen = []
    current_mail.before_send(seen.append)
    app = app_with(Mail(), tmp_path)
    try:
        async with app.app_context():
            await current_mail.send(message())
    finally:
        current_mail._hooks.remove(seen.append)

    assert len(seen) == 1


async def test_a_hook_that_is_added_twice_sees_a_message_once(mail):
    seen = []
    for _ in range(2):
        mail.before_send(seen.append)

    await mail.send(message())

    assert len(seen) == 1


async def test_a_hook_may_be_any_callable_and_its_coroutine_is_awaited(mail):
    seen = []

    class Hook:
        async def __call__(self, written):
            seen.append("object")

    async def hook(name, written):
        seen.append(name)

    mail.before_send(Hook())
    mail.before_send(partial(hook, "partial"))
    mail.before_send(lambda written: hook("lambda", written))
    await mail.send(message())

    assert seen == ["object", "partial", "lambda"]


@pytest.mark.parametrize("answer", [False, True, "Hi", message()])
async def test_a_hook_that_answers_is_an_error_that_says_how_to_veto(mail, answer):
    mail.before_send(lambda written: answer)

    with pytest.raises(MailError, match=r"returned .* or raise MessageVetoed, and return nothing"):
        await mail.send(message())


@pytest.mark.parametrize("kind", [Mail, lambda: MailService(PlainHost({}))])
def test_what_is_no_function_is_no_hook(kind):
    with pytest.raises(TypeError, match="before_send takes a function of a message, not NoneType"):
        kind().before_send(None)


async def test_a_veto_without_words_has_some(mail):
    @mail.before_send
    async def veto(written):
        raise MessageVetoed

    with pytest.raises(MailError, match=r"^a before_send hook vetoed the message$"):
        await mail.send(message())


async def test_a_message_that_is_vetoed_needs_no_server(mail, server):
    await server.stop()

    @mail.before_send
    async def veto(written):
        raise MessageVetoed("not this one")

    with pytest.raises(MessageVetoed, match="not this one"):
        await mail.send(message())
