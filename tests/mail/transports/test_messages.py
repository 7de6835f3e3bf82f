"""The message as it is sent: its size, its characters, its dots."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quartapp.mail.message.encoding import Envelope
from quartapp.mail.testing import Phase, SMTPServer
from quartapp.mail.transports import Result
from quartapp.mail.transports.smtp.transaction import CHUNK, dot_stuffed
from tests.mail.transports.sample import ADA, BOB, TEA, TO_BOB, send

UTF8_HEADER = "To: jürgen@example.com\r\n".encode() + TEA


def verbs(server):
    return [line.split()[0] for line in server.transcript]


async def test_a_message_too_large_for_the_server_is_not_begun(connect):
    async with SMTPServer(size=50) as server, connect(server) as transport:
        outcome = await send(transport)
        shown = verbs(server)

    answer = outcome.answers[BOB]
    assert (answer.result, answer.code, outcome.reached) == (Result.PERMANENT, None, False)
    assert answer.reply == f"the message has {len(TEA)} bytes, the server accepts 50"
    assert "MAIL" not in shown


@pytest.mark.parametrize("limit", ["²", "9" * 5000, "-1", "\u0661", "5 MB", "0x10"])
async def test_a_size_that_is_no_number_of_bytes_is_no_limit(connect, server, limit):
    server.answer(Phase.EHLO, f"250-mail.example.com\n250 SIZE {limit}")
    async with connect() as transport:
        outcome = await send(transport)

    assert outcome.answers[BOB].result is Result.ACCEPTED


async def test_the_server_is_told_the_size_first(transport, server):
    await send(transport)

    assert f"MAIL FROM:<{ADA}> SIZE={len(TEA)}" in server.transcript


async def test_a_server_that_knows_no_size_is_told_none(connect, server):
    server.answer(Phase.EHLO, "250 mail.example.com")
    async with connect() as transport:
        await send(transport)

    assert f"MAIL FROM:<{ADA}>" in server.transcript


@pytest.mark.parametrize(
    ("envelope", "content"),
    [(Envelope(ADA, ("jürgen@example.com",)), TEA), (TO_BOB, UTF8_HEADER)],
    ids=["envelope", "header"],
)
async def test_an_address_in_utf_8_is_announced(transport, server, envelope, content):
    outcome = await send(transport, envelope, content)

    assert {answer.result for answer in outcome.answers.values()} == {Result.ACCEPTED}
    assert "SMTPUTF8" in server.messages[0].options
    assert server.messages[0].recipients == envelope.recipients


async def test_a_message_in_ascii_asks_for_nothing(transport, server):
    await send(transport)

    assert server.messages[0].options == (f"SIZE={len(TEA)}",)


async def test_a_server_without_smtputf8_is_not_asked(connect):
    async with SMTPServer(extensions=["8BITMIME"]) as server, connect(server) as transport:
        outcome = await send(transport, Envelope(ADA, ("jürgen@example.com",)))

    answer = outcome.answers["jürgen@example.com"]
    assert (answer.result, outcome.reached) == (Result.PERMANENT, False)
    assert "MAIL" not in verbs(server)


async def test_options_go_with_mail_and_rcpt(connect):
    envelope = Envelope(ADA, (BOB,), ("RET=HDRS",), ("NOTIFY=FAILURE",))
    async with SMTPServer(extensions=["DSN"]) as server, connect(server) as transport:
        await send(transport, envelope)

    assert server.transcript[1:3] == [
        f"MAIL FROM:<{ADA}> SIZE={len(TEA)} RET=HDRS",
        f"RCPT TO:<{BOB}> NOTIFY=FAILURE",
    ]


lines = st.lists(st.text("..a\r", max_size=6).map(lambda line: line.replace("\r", " ").encode()))


@given(lines, st.integers(0, 20), st.booleans())
def test_dots_are_doubled_and_no_line_is_one_dot(lines, chunk, ends_with_a_line):
    content = b"\r\n".join(lines) + b"\r\n" * ends_with_a_line
    whole = content if content.endswith(b"\r\n") else content + b"\r\n"

    wire = b"".join(dot_stuffed(content, chunk))

    assert b"\r\n.\r\n" not in b"\r\n" + wire
    assert (b"\r\n" + wire).replace(b"\r\n.", b"\r\n")[2:] == whole


async def test_dots_arrive_as_they_were(transport, server):
    content = TEA + b".\r\n..\r\n.tea\r\n" * 20_000

    await send(transport, content=content)

    assert server.messages[0].content == content


def test_a_large_message_goes_out_in_small_pieces():
    line = b"x" * 76 + b"\r\n"

    pieces = list(dot_stuffed(line * 100_000))

    assert max(map(len, pieces)) <= CHUNK + len(line)


async def test_a_large_message_does_not_accumulate_in_memory(transport, server, sending):
    server.stall(Phase.BODY)
    large = TEA + (b"x" * 76 + b"\r\n") * 150_000
    async with transport.session() as session:
        [connection] = transport._pool._busy
        task = asyncio.create_task(session.send(TO_BOB, large))
        await server.reached(Phase.BODY)
        for _ in range(2 * len(large) // CHUNK):
            await asyncio.sleep(0)
        waiting = connection._client.transport.get_write_buffer_size()
        server.resume()
        await task

    assert waiting <= 3 * CHUNK
    assert server.messages[0].content == large


async def test_a_server_that_interrupts_a_large_message_is_heard(transport, server):
    server.answer(Phase.BODY, "552 5.3.4 too large for me", times=1)
    large = TEA + (b"x" * 76 + b"\r\n") * 150_000

    refused = await send(transport, content=large)
    accepted = await send(transport)

    answer = refused.answers[BOB]
    assert (answer.result, answer.code, answer.reply) == (
        Result.PERMANENT, 552, "5.3.4 too large for me",
    )  # fmt: skip
    assert (accepted.answers[BOB].result, server.messages[0].connection) == (Result.ACCEPTED, 2)


async def test_an_error_before_the_end_of_data_stops_the_message(transport, server):
    async def stop() -> None:
        raise ZeroDivisionError

    async with transport.session() as session:
        with pytest.raises(ZeroDivisionError):
            await session.send(TO_BOB, TEA, stop)
        await session.send(TO_BOB, TEA)

    assert [sent.connection for sent in server.messages] == [2]


async def test_a_message_without_accepted_recipients_leaves_the_connection_usable(
    transport, server
):
    server.answer(Phase.RCPT, "550 5.1.1 no such user", times=1)

    refused = await send(transport)
    accepted = await send(transport)

    assert refused.answers[BOB].result is Result.PERMANENT
    assert accepted.answers[BOB].result is Result.ACCEPTED
    assert (server.connections, "RSET" in verbs(server)) == (1, True)


async def test_a_server_without_pipelining_gets_one_command_at_a_time(connect):
    async with SMTPServer(extensions=[]) as server, connect(server) as transport:
        server.stall(Phase.MAIL, times=1)
        task = asyncio.create_task(send(transport))
        await server.reached(Phase.MAIL)
        received = verbs(server)
        server.answer(Phase.RCPT, "451 4.7.1 later")
        server.resume()
        outcome = await task
        await send(transport)

    assert received[-1] == "MAIL"
    assert outcome.answers[BOB].result is Result.TRANSIENT
    assert verbs(server)[-6:] == ["MAIL", "RCPT", "RSET", "MAIL", "RCPT", "QUIT"]


async def test_the_dialogue_is_logged_without_password_and_body(connect, caplog):
    caplog.set_level("DEBUG")
    async with (
        SMTPServer(users={"ada": "secret"}) as server,
        connect(server, username="ada", password="secret", debug=True) as transport,
    ):
        await send(transport)

    said = [record.message for record in caplog.records if "quartapp" in record.name]
    assert f"> MAIL FROM:<{ADA}> SIZE={len(TEA)}" in said
    assert "< 250 2.0.0 Ok" in said
    assert not any(word in caplog.text for word in ("secret", "AGFkYQBzZWNyZXQ=", "Tea is at four"))


async def test_the_dialogue_is_not_logged_unasked(transport, server, caplog):
    caplog.set_level("DEBUG")

    await send(transport)

    assert ADA not in caplog.text
