"""Every name and setting of Flask-Mail 0.10 is in the page about it, and does what that says."""

from __future__ import annotations

import importlib.metadata
import inspect
import re
import time
from email.header import decode_header, make_header
from pathlib import Path

import pytest
from quart import Quart
from sqlalchemy.ext.asyncio import create_async_engine

import quartapp.mail
from quartapp.mail import (
    Attachment,
    BadHeaderError,
    Connection,
    FlaskMailUnicodeDecodeError,
    Mail,
    MailError,
    MailService,
    Message,
    MessageError,
    PlainHost,
    email_dispatched,
    force_text,
    sanitize_address,
    sanitize_addresses,
    sanitize_subject,
    signals,
)
from quartapp.mail import __all__ as public

PAGE = Path(__file__).parents[2] / "docs" / "migrating-from-flask-mail.md"
EXPORTED = (
    "Attachment BadHeaderError Connection FlaskMailUnicodeDecodeError Mail Message "
    "email_dispatched force_text sanitize_address sanitize_addresses sanitize_subject signals"
)
ATTRIBUTES = (
    "server port username password use_tls use_ssl default_sender debug max_emails suppress "
    "ascii_attachments"
)
FIELDS = (
    "subject recipients body html alts sender cc bcc attachments reply_to date charset "
    "extra_headers mail_options rcpt_options"
)
MEMBERS = {
    Mail: "app state init_app init_mail send send_message connect record_messages",
    Connection: "send send_message num_emails mail host configure_host",
    Message: "send_to msgId add_recipient attach send as_string as_bytes has_bad_headers "
    "is_bad_headers",
}
SETTINGS = (
    "SERVER PORT USE_TLS USE_SSL DEBUG USERNAME PASSWORD DEFAULT_SENDER MAX_EMAILS SUPPRESS_SEND "
    "ASCII_ATTACHMENTS"
)
NOT_HERE = {"init_mail", "mail", "host", "configure_host"}


def table(title):
    """The first column of the table below a title, as one text."""
    section = PAGE.read_text(encoding="utf-8").partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    return " ".join(re.findall(r"^\| (`.*?) \|", section, re.MULTILINE))


def make(engine=None, **settings):
    """An app under test that has mail."""
    app = Quart("shop")
    app.config.update(TESTING=True, MAIL_DEFAULT_SENDER="shop@example.com")
    app.config.update(settings)
    Mail(app, engine=engine)
    return app


@pytest.fixture
async def app(sqlite_url):
    engine = create_async_engine(sqlite_url)
    yield make(engine)
    await engine.dispose()


@pytest.fixture
def mail(app):
    return app.extensions["mail"]


def to(address="ada@example.com", **fields):
    return Message(**{"subject": "Hi", "recipients": [address], "body": "text"} | fields)


@pytest.mark.parametrize("name", EXPORTED.split())
def test_what_it_exports_is_exported_and_on_the_page(name):
    assert name in public
    assert hasattr(quartapp.mail, name)
    assert re.search(rf"`{name}\b", table("Names"))


@pytest.mark.parametrize("name", ATTRIBUTES.split())
async def test_what_is_configured_can_be_read_and_is_on_the_page(app, mail, name):
    async with app.app_context():
        assert getattr(quartapp.mail.mail, name) == getattr(mail, name)

    assert f"`{name}`" in table("Names")
    with pytest.raises(AttributeError):
        setattr(mail, name, None)


@pytest.mark.parametrize(
    ("owner", "name"), [(owner, name) for owner, names in MEMBERS.items() for name in names.split()]
)
def test_each_member_is_there_or_on_the_page_as_missing(owner, name):
    there = hasattr(owner(*[None] * 4) if owner is Connection else owner, name)

    assert re.search(rf"`{owner.__name__}\.{name}\b", table("Names"))
    assert there == (name not in NOT_HERE)


def test_a_message_takes_its_fields_in_the_same_order():
    names = list(inspect.signature(Message).parameters)

    assert names[:15] == FIELDS.split()
    assert f"`Message({', '.join(FIELDS.split())})`" in table("Names")


@pytest.mark.parametrize("name", SETTINGS.split())
def test_each_setting_is_on_the_page(name):
    assert f"`MAIL_{name}`" in table("Settings")


def test_the_settings_are_taken_as_they_were():
    app = make(
        MAIL_SERVER="smtp.example.com",
        MAIL_PORT="587",
        MAIL_USE_TLS=True,
        MAIL_USE_SSL=False,
        MAIL_DEBUG=2,
        MAIL_USERNAME="ada",
        MAIL_PASSWORD="12345",
        MAIL_DEFAULT_SENDER=["Ada", "ada@example.com"],
        MAIL_MAX_EMAILS=None,
        MAIL_SUPPRESS_SEND=False,
        MAIL_ASCII_ATTACHMENTS=True,
    )
    state = app.extensions["mail"]

    assert [getattr(state, name) for name in ATTRIBUTES.split()] == [
        "smtp.example.com", 587, "ada", "12345", True, False, "Ada <ada@example.com>", 2, 100,
        False, True,
    ]  # fmt: skip
    assert "12345" not in f"{state!r} {state.settings!r} {state.password!r} {app.extensions!r}"


@pytest.mark.parametrize("sender", [("Ada", "a@x.org"), ["Ada", "a@x.org"], "Ada <a@x.org>"])
def test_a_default_sender_is_text_or_a_pair(sender):
    assert make(MAIL_DEFAULT_SENDER=sender).extensions["mail"].default_sender == "Ada <a@x.org>"


def test_a_login_in_clear_is_asked_for_by_name(caplog):
    login = {"MAIL_SERVER": "10.0.0.1", "MAIL_USERNAME": "ada", "MAIL_PASSWORD": "secret"}

    with pytest.raises(ValueError, match="MAIL_PASSWORD would travel"):
        make(**login)
    make(**login, MAIL_ALLOW_INSECURE_LOGIN="true")

    assert "MAIL_PASSWORD travels to 10.0.0.1 in clear" in caplog.text


def test_suppression_follows_testing_until_it_is_set(app, mail):
    app.config["TESTING"] = False
    untested = mail.suppress
    app.config["MAIL_SUPPRESS_SEND"] = True

    assert (untested, mail.suppress) == (False, True)


def test_init_app_returns_what_the_app_has_and_mail_finds_it():
    app, mail = Quart("later"), Mail()

    state = mail.init_app(app)

    assert isinstance(state, MailService)
    assert state is app.extensions["mail"] is mail.state
    assert mail.app is app


async def test_a_mail_without_an_app_is_made_from_settings():
    service = MailService(PlainHost({"MAIL_DEFAULT_SENDER": "a@x.org", "TESTING": True}))

    receipt = await service.send(to())

    assert receipt.recipients[0].address == "ada@example.com"


async def test_sent_messages_are_the_ones_that_are_recorded(mail):
    message = to(sender=None)

    with mail.record_messages() as outbox:
        await mail.send(message)
        await mail.send_message("Hello", recipients=["bob@example.com"], body="text")
        async with mail.connect() as connection:
            await message.send(connection)
            await connection.send(message, envelope_from="bounces@example.com")
            await connection.send_message("Bye", ["bob@example.com"], "text")

    assert [each.subject for each in outbox] == ["Hi", "Hello", "Hi", "Hi", "Bye"]
    assert outbox[0] is message
    assert connection.num_emails == 3


async def test_the_connection_counts_up_to_its_limit():
    mail = make(MAIL_MAX_EMAILS=2).extensions["mail"]
    counts = []

    async with mail.connect() as connection:
        for _ in range(3):
            await connection.send(to())
            counts.append(connection.num_emails)

    assert counts == [1, 0, 1]


async def test_sender_and_date_are_filled_in_when_it_is_sent(mail):
    message, before = to(), time.time()

    await mail.send(message)

    assert (message.sender, before <= message.date <= time.time()) == ("shop@example.com", True)


async def test_what_went_through_the_outbox_is_equal_and_as_it_was(mail):
    message = to(recipients=[("Ada", "ada@example.com")], body="two\nlines\n\n")
    message.attach("a.csv", "text/csv", "a,b\n")
    message.attach("a.bin", data=b"\0")

    with mail.record_messages() as outbox:
        await mail.send_later(message)
        message.body = "something else"
        message.recipients.append("bob@example.com")

    [recorded] = outbox
    assert message in outbox
    assert (recorded is message, hash(recorded)) == (False, hash(message))
    assert (recorded.recipients, recorded.body) == ([("Ada", "ada@example.com")], "two\nlines\n\n")
    assert [each.data for each in recorded.attachments] == ["a,b\n", b"\0"]
    assert recorded.sender == "shop@example.com"
    assert isinstance(recorded.date, float)


async def test_what_a_server_accepted_from_the_outbox_is_equal_too(serve):
    async with serve() as mail:
        message = to()
        with mail.record_messages() as outbox:
            await mail.wait(await mail.send_later(message), timeout=30)

    assert message in outbox
    assert hash(message) == hash(outbox[0])


def test_messages_of_different_ids_differ():
    one, other = to(), to()
    named = to(extra_headers={"Message-ID": "<a1@x.org>"})

    assert one != other
    assert one == one
    assert len({one, other, named}) == 3
    assert named == to(extra_headers={"message-id": "<a1@x.org>"})
    assert one != "Hi"


async def test_a_receiver_gets_the_app_and_the_message_itself(app, mail):
    heard = []

    def hear(app, message):
        heard.append((app, message))

    message = to()
    with email_dispatched.connected_to(hear, app):
        await mail.send(message)

    assert heard == [(app, message)]
    assert heard[0][1] is message
    assert signals.signal("email-dispatched") is email_dispatched is signals.email_dispatched


async def test_text_and_sender_are_those_of_the_current_app():
    app = make(MAIL_DEFAULT_SENDER=("Zoë", "zoe@example.com"), MAIL_ASCII_ATTACHMENTS=True)
    outside = to()
    outside.attach("Straße.pdf", data=b"%PDF")
    async with app.app_context():
        inside = to()
        text = str(outside)

    assert inside.sender == "Zoë <zoe@example.com>"
    assert f"From: {sanitize_address(('Zoë', 'zoe@example.com'))}\r\n" in text
    assert 'filename="Strasse.pdf"' in text
    with pytest.raises(MessageError, match="sender is missing"):
        str(outside)


def test_a_message_is_put_together_piece_by_piece():
    message = to(sender="a@x.org", cc=["cc@x.org"], bcc=[("B", "bcc@x.org")])
    message.add_recipient("bob@example.com")
    message.attach("a.txt", "text/plain", "text", "inline", {"X-A": "1"})

    [attachment] = message.attachments
    assert message.send_to == {"ada@example.com", "bob@example.com", "cc@x.org", "bcc@x.org"}
    assert bytes(message) != b""
    assert message.msgId in message.as_string()
    assert attachment == Attachment("a.txt", "text/plain", b"text", "inline", {"X-A": "1"})
    assert (attachment.data, attachment.octets) == ("text", b"text")


def test_a_line_break_that_was_appended_is_a_bad_header():
    message = to(sender="a@x.org")
    good = message.has_bad_headers()
    message.recipients.append("a@x.org\r\nBcc: eve@x.org")

    assert (good, message.has_bad_headers()) == (False, True)
    with pytest.deprecated_call():
        assert message.is_bad_headers()


def test_a_pair_may_be_a_list_and_an_empty_sender_is_none():
    message = to(sender=["Ada", "ada@x.org"], reply_to=["", "r@x.org"], cc=[["Eve", "e@x.org"]])
    empty = to(sender="", reply_to="")

    assert (message.sender, message.reply_to) == ("Ada <ada@x.org>", "r@x.org")
    assert "Cc: Eve <e@x.org>\n" in message.as_string().replace("\r", "")
    assert message.send_to == {"ada@example.com", "e@x.org"}
    assert (empty.sender, empty.reply_to) == (None, None)
    for two_addresses in (["a@x.org", "b@x.org"], ["a@x.org"], []):
        with pytest.raises(MessageError, match="is not a pair of name and address"):
            to(reply_to=two_addresses)


FOLDED = [
    ("testing\r\n testing", "testing testing"),
    ("testing\r\n testing\r\n testing \r\n \ttesting", "testing testing testing   testing"),
    ("testing\r\n\ttesting", "testing testing"),
]
BROKEN = [
    "testing\r\ntesting", "testing\n testing", "testing\r testing", "testing\r\n",
    "testing\r\n ", "testing\r\n \r\n testing", "\r\n testing", " \r\n testing",
    "testing\r\n testing\r\n\t", "testing\r\n testing\r\n\n", "testing\r\n testing\r\nBcc: a@x.org",
    "testing\r\n \0",
]  # fmt: skip


@pytest.mark.parametrize(("folded", "line"), FOLDED)
def test_a_folded_header_is_unfolded(folded, line):
    message = to(subject=folded, extra_headers={"X-A": folded})

    assert (message.subject, message.extra_headers["X-A"]) == (line, line)


@pytest.mark.parametrize("broken", BROKEN)
def test_any_other_line_break_is_refused(broken):
    with pytest.raises(BadHeaderError):
        to(subject=broken)
    with pytest.raises(BadHeaderError):
        to(extra_headers={"X-A": broken})


async def test_no_sender_and_no_recipient_are_a_sentence():
    mail = make(MAIL_DEFAULT_SENDER=None).extensions["mail"]

    with pytest.raises(MessageError, match="sender is missing"):
        await mail.send(to())
    with pytest.raises(MessageError, match="recipients is empty"):
        await mail.send(Message("Hi", sender="a@x.org", body="text"))


def test_addresses_are_written_as_headers_hold_them():
    assert sanitize_address("ada@example.com") == "ada@example.com"
    assert sanitize_address("Ada <ada@example.com>") == "Ada <ada@example.com>"
    assert sanitize_address("ada@bücher.example") == "ada@xn--bcher-kva.example"
    assert sanitize_address(("King, Ada", "a@x.org")) == '"King, Ada" <a@x.org>'
    named = sanitize_address(("ÄÜÖ → ✓", "from@example.com"))
    assert named.isascii()
    assert str(make_header(decode_header(named))) == "ÄÜÖ → ✓ <from@example.com>"
    assert sanitize_addresses(["a@x.org", ("B", "b@x.org")]) == ["a@x.org", "B <b@x.org>"]
    with pytest.raises(BadHeaderError):
        sanitize_address("a@x.org\r\nBcc: eve@x.org")
    with pytest.raises(MessageError):
        sanitize_address("nobody")


def test_subjects_are_written_as_headers_hold_them():
    assert sanitize_subject("Hello") == "Hello"
    assert sanitize_subject("sübject").isascii()
    assert str(make_header(decode_header(sanitize_subject("sübject")))) == "sübject"


def test_anything_is_forced_to_text():
    class Lazy:
        def __str__(self):
            return "later"

    assert [force_text(each) for each in ("a", "ä".encode(), Lazy(), 5)] == ["a", "ä", "later", "5"]
    assert force_text(b"\xe4", "latin-1") == "ä"
    assert force_text(b"\xff", errors="replace") == "\N{REPLACEMENT CHARACTER}"
    with pytest.raises(FlaskMailUnicodeDecodeError, match=r"You passed in b'\\xff'") as refused:
        force_text(b"\xff")
    assert isinstance(refused.value, MailError | UnicodeDecodeError)
    assert refused.value.obj == b"\xff"


def test_the_version_is_that_of_the_distribution():
    assert importlib.metadata.version("quartapp")
