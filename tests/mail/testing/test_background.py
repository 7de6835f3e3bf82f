"""`smtp_server`: the scriptable server, for tests that run anywhere."""

from __future__ import annotations

import asyncio
import smtplib
import threading

import pytest

from quartapp.mail.testing import Phase, SMTPServer
from quartapp.mail.testing.background import serving

CONTENT = "Subject: Tea\r\n\r\nTea is at four.\r\n"


def send(server):
    """Send a message as a program without an event loop does."""
    with smtplib.SMTP(server.host, server.port, timeout=30) as client:
        client.sendmail("ada@example.com", ["bob@example.com"], CONTENT)


def test_a_test_without_an_event_loop_sends_to_it(smtp_server):
    send(smtp_server)

    assert isinstance(smtp_server, SMTPServer)
    assert [received.recipients for received in smtp_server.messages] == [("bob@example.com",)]


def test_it_follows_its_script(smtp_server):
    smtp_server.answer(Phase.MAIL, "451 4.3.0 later", times=1)

    with pytest.raises(smtplib.SMTPSenderRefused, match="later"):
        send(smtp_server)
    send(smtp_server)

    assert len(asyncio.run(smtp_server.received(1))) == 1


async def test_what_is_stalled_goes_on_when_told_to(smtp_server):
    smtp_server.stall(Phase.END_OF_DATA, accepted=False)

    sending = asyncio.create_task(asyncio.to_thread(send, smtp_server))
    await smtp_server.reached(Phase.END_OF_DATA)
    before = len(smtp_server.messages)
    smtp_server.resume()
    await sending
    await smtp_server.idle()

    assert (before, len(smtp_server.messages), smtp_server.open_connections) == (0, 1, 0)


async def test_it_goes_away_and_comes_back_on_the_same_port(smtp_server):
    port = smtp_server.port
    await smtp_server.stop()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.to_thread(send, smtp_server)
    await smtp_server.start()
    await asyncio.to_thread(send, smtp_server)

    assert (smtp_server.port, len(smtp_server.messages)) == (port, 1)


async def test_waiting_in_vain_says_what_happened_instead(smtp_server):
    with pytest.raises(TimeoutError, match=r"message number 1 was not seen within 0\.01 s"):
        await smtp_server.received(1, timeout=0.01)


def test_nothing_of_it_stays_behind():
    before = threading.active_count()
    with serving() as server:
        port = server.port
        send(server)

    with pytest.raises(ConnectionRefusedError):
        send(server)
    assert (server.port, threading.active_count()) == (port, before)
