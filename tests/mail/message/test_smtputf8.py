"""Addresses in any script: announced to servers that take them, refused for servers that do not."""

from __future__ import annotations

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
