"""A real Postfix: what it says at RCPT, and how many recipients it takes."""

from __future__ import annotations

import pytest

from quartapp.mail import Status
from quartapp.mail.testing import message

UNKNOWN = [f"unknown{number}@example.com" for number in range(30)]
GOOD = ["good1@example.com", "good2@example.com"]


def at(server):
    """Settings that name this server."""
    return {"MAIL_SERVER": server.host, "MAIL_PORT": server.port}


async def test_good_recipients_get_it_where_postfix_says_421_to_the_others(serve, postfix):
    server = postfix()
    async with serve(**at(server)) as mail:
        delivery = await mail.send_later(message(recipients=GOOD[:1], bcc=[*UNKNOWN, GOOD[1]]))
        done = await mail.wait(delivery, timeout=30)

    assert {each.address for each in done.recipients if each.status is Status.SENT} == set(GOOD)
    assert {each.code for each in done.recipients if each.status is Status.FAILED} == {550}
    assert await server.delivered(done.message_id, 2) == GOOD
    assert "421 4.7.0" not in done.detail
    rejected = [f"<{address}>: Recipient address rejected" for address in UNKNOWN]
    assert [server.log.count(line) for line in rejected] == [1] * len(UNKNOWN)


async def test_forty_recipients_go_in_tens_where_postfix_takes_ten(serve, postfix):
    server = postfix(smtpd_recipient_limit=10)
    many = [f"good{number:02}@example.com" for number in range(40)]
    async with serve(**at(server), MAIL_RETRY_FIRST=4000) as mail:
        done = await mail.wait(await mail.send_later(message(recipients=many)), timeout=30)

    assert done.status is Status.SENT
    assert await server.delivered(done.message_id, 40) == many


async def test_a_strict_postfix_refuses_a_bare_name_and_takes_the_one_we_give(serve, postfix):
    server = postfix(
        smtpd_helo_required="yes",
        smtpd_helo_restrictions="reject_invalid_helo_hostname, reject_non_fqdn_helo_hostname",
    )
    bare = {"MAIL_LOCAL_HOSTNAME": "4f2a9c1b7d3e", "MAIL_BREAKER_FIRST": 60}
    async with serve(**at(server), **bare) as mail:
        delivery = await mail.send_later(message())
        await mail.drain()
        now, outage = await mail.get(delivery.id), mail.worker.outage
    async with serve(**at(server)) as mail:
        done = await mail.wait(delivery, timeout=30)

    assert (now.status, now.attempts) == (Status.QUEUED, 0)
    assert "504 5.5.2 <4f2a9c1b7d3e>: Helo command rejected: need fully-qualified" in outage
    assert (done.status, done.attempts) == (Status.SENT, 1)


async def test_a_postfix_that_does_not_know_ehlo_is_greeted_with_helo(serve, postfix):
    server = postfix(smtpd_command_filter="regexp:{ {/^EHLO/ UNKNOWN} }")
    async with serve(**at(server)) as mail:
        done = await mail.wait(await mail.send_later(message(recipients=GOOD)), timeout=30)

    assert done.status is Status.SENT
    assert await server.delivered(done.message_id, 2) == GOOD


@pytest.mark.parametrize(
    ("options", "reply"),
    [
        (
            {
                "smtpd_recipient_restrictions": "check_client_access regexp:{ {/./ 530 5.7.0 Must "
                "issue a STARTTLS command first} }, reject"
            },
            "530 5.7.0",
        ),
        (
            {"smtpd_client_restrictions": "check_client_access static:reject"},
            "Client host rejected: Access denied",
        ),
    ],
)
async def test_what_postfix_says_of_the_session_only_at_rcpt_pauses_the_server(
    serve, postfix, options, reply
):
    server = postfix(**options)
    async with serve(**at(server), MAIL_BREAKER_FIRST=60) as mail:
        delivery = await mail.send_later(message())
        await mail.drain()
        now, outage = await mail.get(delivery.id), mail.worker.outage

    assert (now.status, now.attempts) == (Status.QUEUED, 0)
    assert reply in outage


async def test_a_sender_that_postfix_rejects_only_at_rcpt_fails_without_a_pause(serve, postfix):
    server = postfix(smtpd_sender_restrictions="check_sender_access static:reject")
    async with serve(**at(server), MAIL_BREAKER_FIRST=60) as mail:
        done = await mail.wait(await mail.send_later(message(recipients=GOOD)), timeout=30)
        outage = mail.worker.outage

    assert (done.status, done.attempts, outage) == (Status.FAILED, 1, None)
    assert "Sender address rejected" in done.detail
