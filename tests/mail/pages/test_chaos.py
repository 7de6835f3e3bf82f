"""The chaos page: switched on and off from a form, and never forgotten."""

from __future__ import annotations

import pytest

from quartapp.mail import Status
from quartapp.mail.mailbox import Kind


@pytest.fixture
def chaos(app):
    return app.extensions["mail"].mailbox.chaos


async def switch(visitor, path="/dev/mail/chaos", **form):
    return await visitor.press(path, **form)


async def test_it_is_switched_on_and_off(visitor, chaos):
    on = await switch(visitor, kind="DEFER_MESSAGES", messages="3")
    during = await chaos.now()
    off = await switch(visitor, "/dev/mail/chaos/off")

    assert (on.location, off.location) == ("/dev/mail/chaos", "/dev/mail/chaos")
    assert (during.kind, during.left) == (Kind.DEFER_MESSAGES, 3)
    assert await chaos.now() is None


@pytest.mark.parametrize(
    "path", ["/dev/mail/", "/dev/mail/chaos", "/dev/mail/previews/", "/dev/mail/previews/new_user"]
)
async def test_every_page_of_the_mailbox_says_that_it_is_on(visitor, path):
    await switch(visitor, kind="STALL", messages="")

    assert "the mailbox's server will stall after DATA" in await visitor.see(path)


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({}, "Choose a fault."),
        ({"kind": "EXPLODE"}, "Choose a fault."),
        ({"kind": "DROP", "messages": "0"}, "Give a number from 1 to 1000"),
        ({"kind": "DROP", "messages": "many"}, "Give a number from 1 to 1000"),
    ],
)
async def test_what_makes_no_sense_is_told_so(visitor, chaos, form, words):
    answer = await switch(visitor, **form)

    assert answer.status_code == 400
    assert words in await answer.get_data(as_text=True)
    assert await chaos.now() is None


@pytest.mark.parametrize("path", ["/dev/mail/chaos", "/dev/mail/chaos/off"])
async def test_another_page_cannot_switch_it(visitor, chaos, path):
    await chaos.switch_on(Kind.DROP, 5)

    answer = await visitor.client.post(path, form={"kind": "STALL"})

    assert answer.status_code == 403
    assert (await chaos.now()).kind is Kind.DROP


async def test_a_message_feels_it(app, visitor):
    await switch(visitor, kind="REFUSE_RECIPIENTS", messages="1")

    await visitor.say("Ada")
    await app.extensions["mail"].drain()

    [delivery] = await app.extensions["mail"].find()
    assert (delivery.status, delivery.recipients[0].code) == (Status.FAILED, 550)
    assert "could not be sent" in await visitor.see()
