"""The page that asks for a name, on the whole app."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import aiosqlite
import pytest
from jinja2 import ChoiceLoader, DictLoader

from tests.fixtures.visitor import Visitor, usernames


async def messages(app):
    """The texts of the messages in the mailbox, newest first."""
    await app.extensions["mail"].drain()
    store = app.extensions["mail"].mailbox.store
    found = [await store.get(entry.id) for entry in await store.newest()]
    return [content.decode() for _, content in found]


def with_template(app, **templates):
    """The app with other templates for the administrator's message."""
    mine = DictLoader({f"mail/new_user.{form}": source for form, source in templates.items()})
    app.jinja_loader = ChoiceLoader([mine, app.jinja_loader])
    return app


async def test_somebody_unknown_is_greeted_as_a_stranger(visitor):
    page = await visitor.see()

    assert "Hello, Stranger!" in page
    assert "Pleased to meet you!" in page


async def test_a_look_at_the_head_alone_is_no_form(visitor):
    assert (await visitor.client.head("/")).status_code == 200


async def test_a_new_name_is_stored_and_greeted_after_a_redirect(app, visitor):
    answer = await visitor.say("Ada")

    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    page = await visitor.see()
    assert "Hello, Ada!" in page
    assert "Pleased to meet you!" in page
    assert await usernames(app) == ["Ada"]


async def test_a_known_name_is_seen_again_and_nobody_is_told(app, visitor):
    await visitor.say("Ada")
    await visitor.say("Ada")

    assert "Happy to see you again!" in await visitor.see()
    assert len(await messages(app)) == 1


async def test_the_session_holds_what_the_book_says(visitor):
    await visitor.say("Ada")

    async with visitor.client.session_transaction() as session:
        assert (session["name"], session["known"]) == ("Ada", False)


async def test_the_administrator_is_told_of_a_new_user(app, visitor):
    await visitor.say("Ada")

    [message] = await messages(app)
    assert "Subject: [Flasky] New User" in message
    assert "User Ada has joined." in message


async def test_without_an_administrator_nobody_is_told_and_nothing_fails(started):
    async with started(FLASKY_ADMIN=None) as app:
        answer = await Visitor(app).say("Ada")

        assert answer.status_code == 302
        assert await usernames(app) == ["Ada"]
        assert await messages(app) == []


async def test_one_name_in_two_forms_is_one_user(app, visitor):
    await visitor.say("  José ")
    await visitor.say("Jose\u0301")

    assert await usernames(app) == ["José"]


async def test_a_name_that_is_markup_is_shown_as_text(visitor):
    await visitor.say("<script>alert(1)</script>")

    page = await (await visitor.get()).get_data(as_text=True)
    assert "Hello, &lt;script&gt;alert(1)&lt;/script&gt;!" in page


@pytest.mark.parametrize("name", ["", " ", "x" * 65, "Ada\r\nBcc: x@example.com", "\u200b"])
async def test_a_name_that_cannot_be_used_gets_a_sentence_and_stores_nothing(app, visitor, name):
    answer = await visitor.say(name)

    assert answer.status_code == 400
    assert 'aria-describedby="name-error"' in await answer.get_data(as_text=True)
    assert await usernames(app) == []
    assert await messages(app) == []


async def test_a_refused_name_is_still_in_the_field(visitor):
    answer = await visitor.say("x" * 65)

    assert f'value="{"x" * 65}"' in await answer.get_data(as_text=True)


async def test_who_asks_for_json_is_refused_in_json(app):
    visitor = Visitor(app, headers={"Accept": "application/json"})
    token = await Visitor(app).token()

    answer = await visitor.post({"name": "", "csrf_token": token})

    assert answer.status_code == 400
    assert (await answer.get_json())["error"] == "Bad Request"


async def test_fifty_visitors_with_one_name_are_one_user_and_one_message(app):
    crowd = [Visitor(app) for _ in range(50)]
    tokens = [await visitor.token() for visitor in crowd]

    answers = await asyncio.gather(
        *(
            visitor.post({"name": "Ada", "csrf_token": token})
            for visitor, token in zip(crowd, tokens, strict=True)
        )
    )

    assert {answer.status_code for answer in answers} == {302}
    assert await usernames(app) == ["Ada"]
    assert len(await messages(app)) == 1


async def test_a_message_links_to_the_public_address(started):
    async with started(QUARTAPP_URL="https://app.example.com/") as app:
        await Visitor(app, headers={"Host": "evil.example"}).say("Ada")

        [message] = await messages(app)
        assert "https://app.example.com" in message
        assert "evil.example" not in message


async def test_in_development_a_message_links_to_where_the_visitor_was(app, visitor):
    await visitor.say("Ada")

    [message] = await messages(app)
    assert "http://localhost/" in message


async def test_in_production_no_message_links_to_what_a_visitor_called_the_host(
    in_production, server
):
    settings = {"MAIL_SERVER": server.host, "MAIL_PORT": server.port}
    async with in_production(SESSION_COOKIE_SECURE=False, **settings) as app:
        await Visitor(app, headers={"Host": "evil.example"}).say("Ada")
        await app.extensions["mail"].drain()

    [message] = server.messages
    assert b"User Ada has joined." in message.content
    assert b"evil.example" not in message.content


async def test_without_development_spelled_out_no_message_links_to_a_visitors_host(make, server):
    settings = {"MAIL_SERVER": server.host, "MAIL_PORT": server.port}
    app = make(TESTING=False, **settings)
    async with app.test_app():
        await Visitor(app, headers={"Host": "evil.example"}).say("Ada")
        await app.extensions["mail"].drain()

    [message] = server.messages
    assert b"User Ada has joined." in message.content
    assert b"evil.example" not in message.content


@pytest.mark.parametrize("broken", ["{{ nobody.there.at.all }}", "{% if %}", "{{ 1 / 0 }}"])
async def test_a_message_that_cannot_be_rendered_stores_nothing_and_says_so(make, broken, caplog):
    app = with_template(make(), txt=broken)
    async with app.test_app():
        answer = await Visitor(app).say("Ada")

        assert answer.status_code == 500
        assert "Nothing was saved" in await answer.get_data(as_text=True)
        assert await usernames(app) == []
        assert "Traceback" in caplog.text


class Counting(ThreadPoolExecutor):
    """Counts what it is given to do."""

    count = 0

    def submit(self, *args, **kwargs):
        self.count += 1
        return super().submit(*args, **kwargs)


async def test_a_new_name_and_its_message_take_no_thread(started):
    async with started(WTF_CSRF_ENABLED=False, MAIL_SERVER="localhost", MAIL_DISPATCH=False) as app:
        with Counting() as threads:
            asyncio.get_running_loop().set_default_executor(threads)
            await Visitor(app).post({"name": "Ada"})

        assert await usernames(app) == ["Ada"]
        assert threads.count == 0


async def test_a_busy_database_asks_to_come_back(app, visitor, tmp_path):
    async with aiosqlite.connect(tmp_path / "quartapp.sqlite") as other:
        await other.execute("BEGIN IMMEDIATE")
        answer = await visitor.say("Ada")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert await usernames(app) == []


async def test_the_page_leads_to_the_mailbox_where_there_is_one(visitor):
    assert 'href="/dev/mail/"' in await visitor.see()


async def test_the_page_says_nothing_of_a_mailbox_in_production(in_production):
    async with in_production() as app:
        assert "mailbox" not in (await Visitor(app).see()).lower()
