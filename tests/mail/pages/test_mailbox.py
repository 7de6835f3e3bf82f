"""The mailbox's pages: what was sent is shown, and does nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from quartapp.mail.mailbox import Store

MESSAGES = "/dev/mail/messages.json"
HTML = b"Content-Type: text/html; charset=utf-8\r\n\r\n"
HOSTILE = [
    b"",
    b"\r\n",
    b"\xff\xfe\x00",
    b"Subject: " + b"x" * 300_000 + b"\r\n\r\n",
    b"Subject: \xff\xfe =?klingon?b?!!?=\r\n\r\n\xff",
    b"Content-Type: multipart/mixed; boundary=a; boundary*1=b\r\n\r\n--a\r\n",
    b"Content-Type: text/html; charset=klingon\r\n\r\n<p>\xff",
    b"<script>: <script>alert(1)</script>\r\n\r\n",
    HTML + b"<html><head></head><body onload=alert(1)>",
]


@pytest.fixture
def store(app) -> Store:
    return app.extensions["mail"].mailbox.store


async def put(store: Store, content: bytes) -> str:
    """The address of a message in the mailbox."""
    entry = await store.add("a@example.com", ["b@example.com", "<c>@example.com"], content)
    return f"/dev/mail/{entry.id}"


async def test_an_empty_mailbox_says_what_to_do(visitor):
    assert "No messages here" in await visitor.see("/dev/mail/")


async def test_the_list_shows_what_came_and_how_much(store, visitor):
    await put(store, b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\n")
    await put(store, b"\r\n")

    page = await visitor.see("/dev/mail/")

    assert "Grüße" in page
    assert "(no subject)" in page
    assert "<title>Mailbox (2)" in page


async def test_a_long_list_goes_on_on_another_page(store, visitor):
    for number in range(51):
        await put(store, f"Subject: message {number}.\r\n\r\n".encode())
    oldest = (await store.newest())[49]

    first = await visitor.see("/dev/mail/")
    second = await visitor.see(f"/dev/mail/?before={oldest.id}")

    assert "message 0." not in first
    assert f"?before={oldest.id}" in first
    assert "message 0." in second
    assert "Older messages" not in second


async def test_the_list_for_programs_has_the_promised_fields(store, visitor):
    await put(store, b"Subject: one\r\n\r\n")
    await put(store, b"Subject: two\r\nMessage-ID: <2@example.com>\r\n\r\n")

    two, one = await (await visitor.get("/dev/mail/messages.json")).get_json()

    assert (two["subject"], one["subject"]) == ("two", "one")
    assert two["id"] == (await store.newest())[0].id
    assert two["message_id"] == "<2@example.com>"
    assert (two["sender"], two["recipients"][0]) == ("a@example.com", "b@example.com")
    assert two["received_at"].endswith("+00:00")
    assert two["size"] == len(b"Subject: two\r\nMessage-ID: <2@example.com>\r\n\r\n")
    assert two["recipient_count"] == 2


async def test_the_list_for_programs_has_the_first_hundred_recipients(store, visitor):
    everybody = [f"{number}@example.com" for number in range(10_000)]
    entry = await store.add("a@example.com", everybody, b"Subject: all\r\n\r\n")

    [told] = await (await visitor.get("/dev/mail/messages.json")).get_json()

    assert (told["recipients"], told["recipient_count"]) == (everybody[:100], 10_000)
    assert (await store.get(entry.id))[0].recipients == tuple(everybody)


async def test_a_message_shows_its_html_in_a_locked_frame(store, visitor):
    message = await put(store, HTML + b"<p>hello")

    page = await visitor.see(message)

    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page
    assert f'src="{message}.html"' in page
    assert "<p>hello" not in page


async def test_the_html_part_can_do_nothing(store, visitor):
    message = await put(store, HTML + b"<!doctype html><html><head><title>x</title></head>hello")

    answer = await visitor.get(f"{message}.html")

    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox allow-popups" in policy
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    assert (await answer.get_data()).startswith(
        b'<!doctype html><html><head><base target="_blank">'
    )


async def test_a_message_without_html_shows_its_text(store, visitor):
    message = await put(store, b"\r\n<b>hello</b>")

    page = await (await visitor.get(message)).get_data(as_text=True)

    assert "&lt;b&gt;hello&lt;/b&gt;" in page
    assert (await visitor.get(f"{message}.html")).status_code == 404


async def test_the_text_part_is_plain_text(store, visitor):
    message = await put(store, b"Content-Type: text/plain; charset=latin-1\r\n\r\nGr\xfc\xdfe")

    answer = await visitor.get(f"{message}.txt")

    assert answer.content_type == "text/plain; charset=utf-8"
    assert await answer.get_data(as_text=True) == "Grüße"


async def test_headers_and_source_have_their_views(store, visitor):
    message = await put(store, b"X-Thing: =?utf-8?q?=C3=BC?=\r\n\r\n")

    assert '<dt>X-Thing</dt><dd dir="auto">ü</dd>' in await visitor.see(f"{message}?view=headers")
    assert "X-Thing: =?utf-8?q?=C3=BC?=" in await visitor.see(f"{message}?view=source")
    assert (await visitor.get(f"{message}?view=other")).status_code == 404


async def test_the_eml_is_the_very_bytes(store, visitor):
    message = await put(store, b"Subject: x\r\n\r\n\xff\x00\r\n.\r\n")

    answer = await visitor.get(f"{message}.eml")

    assert await answer.get_data() == b"Subject: x\r\n\r\n\xff\x00\r\n.\r\n"
    assert answer.content_type == "message/rfc822"
    assert answer.headers["Content-Disposition"].startswith("attachment; ")


async def test_no_message_breaks_a_page(store, visitor):
    views = ("", "?view=text", "?view=headers", "?view=source", ".eml")
    answers = {}

    for content in HOSTILE:
        message = await put(store, content)
        for path in (*(f"{message}{view}" for view in views), "/dev/mail/", MESSAGES):
            answers[content[:99], path] = (await visitor.get(path)).status_code

    assert len(answers) == len(HOSTILE) * 7
    assert {row: code for row, code in answers.items() if code != 200} == {}


async def test_no_message_puts_a_script_into_our_pages(store, visitor):
    pages = {}

    for content in HOSTILE:
        message = await put(store, content)
        for view in ("text", "headers", "source"):
            answer = await visitor.get(f"{message}?view={view}")
            pages[content[:99], view] = await answer.get_data()

    assert [row for row, page in pages.items() if b"<script" in page] == []


async def test_an_unknown_message_is_not_found(visitor):
    names = ("x", "0" * 36, "..%2f..%2fsecret", "%00")
    paths = [f"/dev/mail/{name}{part}" for name in names for part in ("", ".html", ".txt", ".eml")]

    answers = {path: (await visitor.get(path)).status_code for path in paths}

    assert answers == dict.fromkeys(paths, 404)


async def test_the_mailbox_can_be_emptied_from_its_page(store, visitor):
    await put(store, b"\r\n")

    answer = await visitor.press("/dev/mail/")

    assert answer.status_code == 302
    assert await store.count() == 0


async def test_another_page_cannot_empty_the_mailbox(store, visitor):
    await put(store, b"\r\n")

    answer = await visitor.client.post("/dev/mail/")

    assert answer.status_code == 403
    assert await store.count() == 1


async def test_a_message_that_was_opened_is_no_longer_unread(store, visitor):
    message = await put(store, b"Subject: one\r\n\r\n")
    await put(store, b"Subject: two\r\n\r\n")

    await visitor.see(message)
    page = await visitor.see("/dev/mail/")

    assert "<title>Mailbox (1)" in page
    assert "Unread: </span>two" in page
    assert "Unread: </span>one" not in page


async def test_a_search_shows_what_it_found_and_goes_on(store, visitor):
    for number in range(60):
        await put(store, f"Subject: even {number}.\r\n\r\n".encode())
    await put(store, b"Subject: <odd>\r\n\r\n")

    assert "<odd>" in await visitor.see("/dev/mail/?q=ODD")
    assert "even" not in await visitor.see("/dev/mail/?q=odd")
    assert "&q=even" in await visitor.see("/dev/mail/?q=even")
    assert "Nothing found" in await visitor.see("/dev/mail/?q=nobody")


async def test_one_goes_from_message_to_message(store, visitor):
    one, two, three = [await put(store, b"\r\n") for _ in range(3)]

    page = await visitor.see(two)

    assert f'href="{three}" rel="prev"' in page
    assert f'href="{one}" rel="next"' in page


async def test_a_message_is_deleted_from_its_page(store, visitor):
    one, two = await put(store, b"\r\n"), await put(store, b"\r\n")

    first = await visitor.press(f"{two}/delete")
    last = await visitor.press(f"{one}/delete")
    again = await visitor.press(f"{one}/delete")

    assert (first.location, last.location, again.status_code) == (one, "/dev/mail/", 404)
    assert await store.count() == 0


async def test_another_page_cannot_delete_a_message(store, visitor):
    message = await put(store, b"\r\n")

    answer = await visitor.client.post(f"{message}/delete")

    assert (answer.status_code, await store.count()) == (403, 1)


async def test_a_file_is_saved_and_not_opened(store, visitor):
    message = await put(
        store,
        b"Content-Type: text/html; charset=utf-8\r\n"
        b"Content-Disposition: attachment; filename*=utf-8''%C3%BC%2F..%2Fx.html\r\n\r\n<script>",
    )

    answer = await visitor.get(f"{message}/files/0")

    assert (await answer.get_data(), answer.mimetype) == (b"<script>", "application/octet-stream")
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert "/" not in answer.headers["Content-Disposition"].partition("filename*=")[2]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert (await visitor.get(f"{message}/files/1")).status_code == 404


async def test_a_message_of_many_files_is_taken_apart_once_and_not_for_each(store, visitor):
    parts = b"--a\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\n" * 900
    head = b"Content-Type: multipart/mixed; boundary=a\r\n\r\n"
    message = await put(store, head + parts)
    await visitor.see(message)
    (file,) = (store.path / "cur").iterdir()
    file.write_bytes(b"")  # from here on it cannot be read again

    answers = [await visitor.get(f"{message}/files/{number}") for number in range(0, 900, 90)]

    assert {await answer.get_data() for answer in answers} == {b"Subject: x\r\n"}
    assert {answer.mimetype for answer in answers} == {"application/octet-stream"}


async def test_a_message_within_the_message_is_shown_closed(store, visitor):
    inner = b"Subject: inner\r\nContent-Type: text/html\r\n\r\n<p>inner html"
    head = b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\nouter text\r\n--a\r\n"
    message = await put(store, head + b"Content-Type: message/rfc822\r\n\r\n" + inner)

    page = await visitor.see(message)

    assert "inner.eml" in page
    assert "outer text" in page
    assert "inner html" not in page
    assert await (await visitor.get(f"{message}/files/0")).get_data() == inner


async def test_a_message_is_seen_as_in_the_dark_and_on_a_phone(store, visitor):
    rules = b"<style>@media (prefers-color-scheme: dark) { b { color: red } }</style><b>hello"
    message = await put(store, HTML + rules)

    dark = await visitor.see(f"{message}.html?scheme=dark")
    light = await visitor.see(f"{message}.html?scheme=light")

    assert "@media (min-width: 0) {" in dark
    assert "@media (max-width: 0) {" in light
    assert rules.decode() in await visitor.see(f"{message}.html")
    assert '<div class="stage phone">' in await visitor.see(f"{message}?width=phone")
    assert (await visitor.get(f"{message}?width=watch")).status_code == 404


async def test_possible_problems_are_listed(store, visitor):
    message = await put(store, HTML + b'<a href="/buy">')

    assert "The link /buy is relative" in await visitor.see(message)


async def test_the_message_about_a_new_user_has_no_fault(app, store, visitor):
    await visitor.say("Ada")
    await app.extensions["mail"].drain()

    page = await visitor.see(f"/dev/mail/{(await store.newest())[0].id}")

    assert "Possible problems" not in page


async def test_from_the_greeting_one_gets_to_the_message(app, store, visitor):
    await visitor.say("Ada")
    link = re.search(r'href="(/dev/mail/of/\w+)"', await visitor.see())[1]
    await app.extensions["mail"].drain()

    answer = await visitor.get(link)

    assert answer.location == f"/dev/mail/{(await store.newest())[0].id}"


async def test_a_message_that_has_not_arrived_says_where_it_is(app, store, visitor):
    await visitor.say("Ada")
    link = re.search(r'href="(/dev/mail/of/\w+)"', await visitor.see())[1]
    await app.extensions["mail"].drain()
    await store.empty()

    page = await visitor.see(link)

    assert "Not in the mailbox" in page
    assert "The message was sent, and is no longer in this mailbox." in page
    assert (await visitor.get("/dev/mail/of/nobody")).status_code == 404


@pytest.mark.parametrize("view", ["text", "source"])
async def test_a_text_of_very_many_lines_is_cut_with_a_way_to_all_of_it(store, visitor, view):
    address = await put(store, b"Subject: long\r\n\r\n" + b"line\r\n" * 300_000)

    page = await visitor.see(f"{address}?view={view}")

    assert 4000 < page.count("line") < 6000
    assert "Download the .eml for the full text" in page


async def test_thousands_of_headers_files_and_recipients_are_cut(store, visitor):
    parts = b"--a\r\nContent-Disposition: attachment; filename=part.txt\r\n\r\n" * 900
    content = b"Content-Type: multipart/mixed; boundary=a\r\n" + b"Received: hop\r\n" * 5000
    recipients = [f"user{number}@example.com" for number in range(3000)]
    entry = await store.add("a@example.com", recipients, content + b"\r\n" + parts)

    page = await visitor.see(f"/dev/mail/{entry.id}?view=headers")

    assert page.count("hop") < 300
    assert page.count("part.txt") <= 100
    assert "and 2900 more" in page


async def test_a_file_of_any_name_is_saved(store, visitor):
    names = ("a\0b.txt", "a\r\n.txt", "../../b", "\u202etxt.exe", "a\\b", "x" * 9000)
    saved = {}

    for name in names:
        head = f'Content-Disposition: attachment; filename="{name}"\r\n\r\nx'
        answered = await visitor.get(f"{await put(store, head.encode())}/files/0")
        forbidden = {"/", "\\", "\0"} & set(answered.headers["Content-Disposition"])
        saved[name] = (answered.status_code, forbidden)

    assert saved == dict.fromkeys(names, (200, set()))


async def test_a_file_that_is_none_is_not_found(store, visitor):
    address = await put(store, b"Content-Disposition: attachment\r\n\r\nx")
    numbers = ("1", "9" * 5000, "²", "-1", "00")

    answers = {each: (await visitor.get(f"{address}/files/{each}")).status_code for each in numbers}

    assert answers == dict.fromkeys(numbers, 404)
