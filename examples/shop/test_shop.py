"""Tests with the kit of quartapp.mail: `python -m pytest` is all that they need."""

import re

import pytest
from shop import create_app

from quartapp.mail.testing import Phase, assert_nothing_sent, assert_sent

pytestmark = pytest.mark.asyncio


@pytest.fixture
def app(tmp_path):
    return create_app(TESTING=True, QUARTAPP_INSTANCE=str(tmp_path))


async def test_an_order_is_confirmed(app, mail_outbox):
    await app.test_client().post("/orders", form={"what": "tea", "email": "ada@example.com"})

    assert_sent(
        to="ada@example.com",
        subject="Your order of tea",
        body=re.compile("invoice is attached"),
        html=re.compile("<p>Thank you!"),
        cc=[],
        bcc=["orders@example.com"],
        sender="shop@example.com",
        attachments="invoice.txt",
        count=1,
    )
    assert len(mail_outbox) == 2


async def test_two_weeks_later_the_customer_is_asked(app, mail_outbox):
    await app.test_client().post("/orders", form={"what": "tea", "email": "ada@example.com"})

    [reminder] = assert_sent(subject=re.compile("^How is your"))
    assert "https://shop.example.com/reviews/" in reminder.body


async def test_an_order_without_an_address_sends_nothing(app, mail_outbox):
    answer = await app.test_client().post("/orders", form={"what": "tea"})

    assert answer.status_code == 400
    assert_nothing_sent()


@pytest.fixture
def live_app(tmp_path, smtp_server):
    """The app with a real server to send to."""
    return create_app(
        TESTING=True,
        MAIL_SUPPRESS_SEND=False,
        MAIL_SERVER=smtp_server.host,
        MAIL_PORT=smtp_server.port,
        QUARTAPP_INSTANCE=str(tmp_path),
    )


async def test_an_order_goes_out_when_the_server_is_back(live_app, smtp_server, mail_outbox):
    await smtp_server.stop()

    async with live_app.test_app() as running:
        await running.test_client().post("/orders", form={"what": "tea", "email": "a@example.com"})
        await smtp_server.start()
        [received] = await smtp_server.received(1)

    assert received.message["Subject"] == "Your order of tea"
    assert set(received.recipients) == {"a@example.com", "orders@example.com"}
    assert_sent(to="a@example.com", count=2)


async def test_a_rejected_question_is_said_so(live_app, smtp_server, mail_outbox):
    smtp_server.answer(Phase.RCPT, "550 5.1.1 no such user")

    answer = await live_app.test_client().post("/questions", form={"text": "Why tea?"})

    assert "no such user" in await answer.get_data(as_text=True)
    assert smtp_server.messages == []
    assert_nothing_sent()
