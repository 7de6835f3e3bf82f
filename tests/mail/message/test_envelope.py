"""Where bounces go: the message's own word, the call's, the setting's, else the sender."""

from __future__ import annotations

from typing import Any

import pytest

from quartapp.mail import BadHeaderError, Message, MessageError, email_dispatched
from quartapp.mail.message.encoding import encode
from quartapp.mail.message.parsing import parse
from quartapp.mail.settings import MailSettings
from quartapp.mail.testing import SMTPServer, message
from quartapp.settings.keys import SettingError

VERP = "bounces+bob=example.org@bounces.example.com"


def sender_of(given: Any = None, setting: Any = None, call: Any = None) -> str:
    settings = MailSettings.from_config({"MAIL_ENVELOPE_FROM": setting})
    return encode(message(envelope_from=given), settings, call).envelope.sender


@pytest.mark.parametrize(
    ("given", "setting", "call", "sender"),
    [
        (None, None, None, "ada@example.com"),
        ("", "", "", "ada@example.com"),
        (" ", " ", " ", "ada@example.com"),
        (None, VERP, None, VERP),
        ("b@x.org", VERP, None, "b@x.org"),
        ("b@x.org", VERP, "c@x.org", "c@x.org"),
        ("<>", VERP, "", ""),
        (None, "<>", None, ""),
        ("b@x.org", VERP, "<>", ""),
        ("b@x.org", "<>", None, "b@x.org"),
        ("Bounces <b@bücher.example>", None, None, "b@xn--bcher-kva.example"),
        ("<b@x.org>", None, None, "b@x.org"),
        (("Bounces", "b@x.org"), None, None, "b@x.org"),
    ],
)
def test_the_nearest_word_counts(given: Any, setting: Any, call: Any, sender: str) -> None:
    assert sender_of(given, setting, call) == sender


@pytest.mark.parametrize("broken", ["\r\n", "\n", "\0", "\t", "\x7f", "\u2028"])
@pytest.mark.parametrize("place", ["{x}", "b@x.org{x}RCPT TO:<eve@x.org>", "<>{x}"])
def test_it_takes_no_line_break(place: str, broken: str) -> None:
    address = place.format(x=broken)

    with pytest.raises(BadHeaderError, match=r"^envelope_from"):
        Message(envelope_from=address)
    with pytest.raises(BadHeaderError, match=r"^envelope_from"):
        encode(message(), MailSettings(), address)


@pytest.mark.parametrize(
    "address", ["bounces", "b@x.org, c@x.org", "b@x.org> SIZE=1", "b@", "<>x", "@x.org:b@x.org"]
)
def test_it_is_checked_like_an_address(address: str) -> None:
    written = message()

    with pytest.raises(MessageError, match=r"^envelope_from "):
        written.envelope_from = address
    with pytest.raises(
        SettingError, match=r"^MAIL_ENVELOPE_FROM in app.config is .* not an address"
    ):
        MailSettings.from_config({"MAIL_ENVELOPE_FROM": address})


def test_the_headers_say_nothing_of_it() -> None:
    content = encode(message(envelope_from=VERP), MailSettings()).content

    assert b"bounces" not in content
    assert b"\r\nReturn-Path:" not in content


def test_it_belongs_to_the_message_that_is_read_from_the_bytes() -> None:
    for given, again in (("<>", "<>"), (VERP, VERP), (None, None), ("ada@example.com", None)):
        encoded = encode(message(envelope_from=given), MailSettings())

        assert parse(encoded.content, encoded.envelope).envelope_from == again


async def test_a_message_that_is_sent_now_takes_it_from_the_call(mail, server: SMTPServer):
    await mail.send(message(), envelope_from=VERP)
    async with mail.connect() as connection:
        await connection.send(message(), "<>")
        await connection.send(message(envelope_from="c@x.org"))

    assert [each.sender for each in server.messages] == [VERP, "", "c@x.org"]


@pytest.mark.parametrize(("given", "sender"), [(VERP, VERP), ("<>", ""), (None, "d@x.org")])
async def test_it_is_stored_with_the_message(serve, server: SMTPServer, given, sender):
    seen = []

    def see(_app: object, message: Message) -> None:
        seen.append(message.envelope_from)

    async with serve(MAIL_ENVELOPE_FROM="d@x.org") as mail:
        with email_dispatched.connected_to(see):
            done = await mail.wait(await mail.send_later(message(envelope_from=given)), 10)
            await mail.publisher.settle(30)

    assert done.status == "sent"
    assert [each.sender for each in server.messages] == [sender]
    assert seen == [sender or "<>"]
