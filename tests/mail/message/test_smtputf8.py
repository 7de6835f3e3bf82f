"""Addresses in any script: announced to servers that take them, refused for servers that do not."""

from __future__ import annotations

import pytest

from quartapp.mail import Status
from quartapp.mail.testing import SMTPServer, message


async def test_an_address_in_utf8_is_announced(mail, server):
    done = await mail.wait(await mail.send_later(message(recipients=["дора@example.com"])), 10)

    assert done.status is Status.SENT
    assert server.messages[0].recipients == ("дора@example.com",)


async def test_a_header_in_utf8_is_announced_too(mail, server):
    done = await mail.wait(await mail.send_later(message(reply_to="дора@example.com")), 10)

    assert done.status is Status.SENT
    assert any("SMTPUTF8" in line for line in server.transcript if "MAIL FROM" in line)


async def test_a_server_without_smtputf8_is_not_attempted(serve):
    async with SMTPServer(extensions=("8BITMIME",)) as old, serve(MAIL_PORT=old.port) as mail:
        done = await mail.wait(await mail.send_later(message(recipients=["дора@example.com"])), 10)

    assert (done.status, done.attempts, old.messages) == (Status.FAILED, 0, [])
    assert "does not accept addresses in UTF-8" in done.detail


@pytest.mark.parametrize("sender", ["ada@example.com", "дора@example.com"])
async def test_only_the_recipient_in_utf8_fails_where_the_rest_is_ascii(serve, sender):
    to = {"recipients": ["bob@example.com", "c@bücher.example"], "bcc": ["дора@example.com"]}
    is_ascii = sender.isascii()

    async with SMTPServer(extensions=("8BITMIME",)) as old, serve(MAIL_PORT=old.port) as mail:
        queued = await mail.send_later(message(**to, envelope_from=sender))
        done = await mail.wait(queued, 10)

    statuses = [Status.SENT if is_ascii else Status.FAILED] * 2 + [Status.FAILED]
    assert [each.status for each in done.recipients] == statuses
    assert "does not accept addresses in UTF-8" in done.recipients[2].reply
    accepted = [("bob@example.com", "c@xn--bcher-kva.example")] if is_ascii else []
    assert [each.recipients for each in old.messages] == accepted
    assert not any("SMTPUTF8" in line for line in old.transcript if "MAIL FROM" in line)


async def test_a_message_whose_header_is_in_utf8_fails_for_everybody(serve):
    to = ["bob@example.com", "дора@example.com"]

    async with SMTPServer(extensions=("8BITMIME",)) as old, serve(MAIL_PORT=old.port) as mail:
        done = await mail.wait(await mail.send_later(message(recipients=to)), 10)

    assert [each.status for each in done.recipients] == [Status.FAILED] * 2
    assert old.messages == []


async def test_a_message_that_is_sent_now_says_whom_it_did_not_reach(serve):
    bcc = ["дора@example.com"]

    async with SMTPServer(extensions=("8BITMIME",)) as old, serve(MAIL_PORT=old.port) as mail:
        receipt = await mail.send(message(bcc=bcc))

    assert [each.status for each in receipt.recipients] == [Status.SENT, Status.FAILED]


async def test_a_domain_in_any_script_needs_no_smtputf8(serve):
    async with SMTPServer(extensions=()) as old, serve(MAIL_PORT=old.port) as mail:
        done = await mail.wait(await mail.send_later(message(recipients=["a@bücher.example"])), 10)

    assert done.status is Status.SENT
    assert old.messages[0].recipients == ("a@xn--bcher-kva.example",)


async def test_a_message_over_the_servers_limit_is_not_sent(serve):
    async with SMTPServer(size=1000) as small, serve(MAIL_PORT=small.port) as mail:
        done = await mail.wait(await mail.send_later(message(body="x " * 2000)), 10)

    assert (done.status, done.attempts, small.messages) == (Status.FAILED, 0, [])
    assert "the server accepts 1000" in done.detail
