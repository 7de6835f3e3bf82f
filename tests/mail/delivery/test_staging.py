"""The staging guard: over the whole envelope, at the moment of sending."""

from __future__ import annotations

import pytest

from quartapp.mail import PermanentError, Status
from quartapp.mail.delivery.staging import stage
from quartapp.mail.settings import MailSettings
from quartapp.mail.testing import Phase, message

ADA, BOB, EVE = "ada@example.com", "bob@example.net", "eve@example.org"
TESTER = "tester@example.com"


def everybody():
    return message(recipients=[ADA], cc=[BOB], bcc=[EVE])


def reached(server):
    return [sent.recipients for sent in server.messages]


async def test_every_recipient_is_redirected_cc_and_bcc_too(serve, server):
    async with serve(MAIL_REDIRECT_TO=TESTER) as mail:
        done = await mail.wait(await mail.send_later(everybody()), timeout=30)

    assert reached(server) == [(TESTER,)]
    assert done.status is Status.SENT
    assert [recipient.address for recipient in done.recipients] == [ADA, BOB, EVE]


async def test_recipients_that_are_not_allowed_are_held_back_cc_and_bcc_too(serve, server):
    async with serve(MAIL_ALLOWED_RECIPIENTS="@example.com") as mail:
        done = await mail.wait(await mail.send_later(everybody()), timeout=30)

    assert reached(server) == [(ADA,)]
    assert done.status is Status.FAILED
    assert [recipient.status for recipient in done.recipients] == [
        Status.SENT, Status.FAILED, Status.FAILED,
    ]  # fmt: skip
    assert f"{EVE}: held back: not in MAIL_ALLOWED_RECIPIENTS" in done.detail


async def test_allowed_recipients_get_it_and_the_rest_goes_to_the_tester(serve, server):
    settings = {"MAIL_ALLOWED_RECIPIENTS": BOB, "MAIL_REDIRECT_TO": TESTER}
    async with serve(**settings) as mail:
        await mail.wait(await mail.send_later(everybody()), timeout=30)

    assert reached(server) == [(TESTER, BOB)]


async def test_each_address_that_it_is_redirected_to_gets_it_in_as_many_transactions(serve, server):
    testers = ("one@example.com", "two@example.com", "three@example.com")
    settings = {"MAIL_ALLOWED_RECIPIENTS": BOB, "MAIL_REDIRECT_TO": ", ".join(testers)}
    async with serve(**settings, MAIL_MAX_RECIPIENTS=1) as mail:
        done = await mail.wait(await mail.send_later(everybody()), timeout=30)

    assert done.status is Status.SENT
    assert sorted(reached(server)) == sorted((address,) for address in (*testers, BOB))


async def test_one_address_that_takes_what_is_redirected_is_enough(serve, server):
    server.answer(Phase.RCPT, "550 5.1.1 no such user", recipient=TESTER)
    async with serve(MAIL_REDIRECT_TO=f"{TESTER}, two@example.com") as mail:
        done = await mail.wait(await mail.send_later(everybody()), timeout=30)

    assert (done.status, reached(server)) == (Status.SENT, [("two@example.com",)])


async def test_no_allowed_recipient_means_no_connection_and_no_attempt(serve, server):
    async with serve(MAIL_ALLOWED_RECIPIENTS="nobody@example.com") as mail:
        done = await mail.wait(await mail.send_later(everybody()), timeout=30)

    assert (done.status, done.attempts, server.connections) == (Status.FAILED, 0, 0)


async def test_it_holds_for_messages_that_were_queued_without_it(serve, server):
    async with serve(QUARTAPP_DISPATCH=False) as production:
        delivery = await production.send_later(everybody())

    async with serve(MAIL_REDIRECT_TO=TESTER) as staging:
        await staging.wait(delivery, timeout=30)

    assert reached(server) == [(TESTER,)]


async def test_it_holds_for_messages_that_are_sent_at_once(serve, server):
    async with serve(MAIL_REDIRECT_TO=TESTER) as mail:
        await mail.send(everybody())

    assert reached(server) == [(TESTER,)]


async def test_a_message_sent_now_to_no_allowed_recipient_is_rejected(serve, server):
    async with serve(MAIL_ALLOWED_RECIPIENTS="nobody@example.com") as mail:
        with pytest.raises(PermanentError, match="held back"):
            await mail.send(everybody())

    assert server.messages == []


async def test_a_rejection_of_the_tester_is_one_of_every_recipient(serve, server):
    server.answer(Phase.RCPT, "550 5.1.1 no such tester")
    async with serve(MAIL_REDIRECT_TO=TESTER) as mail:
        done = await mail.wait(await mail.send_later(everybody()), timeout=30)

    assert {recipient.code for recipient in done.recipients} == {550}


@pytest.mark.parametrize(
    ("allowed", "address", "passes"),
    [
        ("ada@example.com", "ADA@Example.COM", True),
        ("ada@example.com", "bob@example.com", False),
        ("@example.com", "anybody@EXAMPLE.com", True),
        ("*@example.com", "anybody@example.com", True),
        ("@example.com", "eve@example.com.example.org", False),
        ("@example.com", "eve@sub.example.com", False),
        ("@example.com", '"@example.com"@example.org', False),
    ],
)
def test_who_is_allowed(allowed, address, passes):
    staged = stage((address,), MailSettings(allowed_recipients=(allowed,)))

    assert staged.envelope_recipients == ((address,) if passes else ())
