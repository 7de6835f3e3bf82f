"""Our password in what a server says back: masked at every phase, however it was encoded."""

from __future__ import annotations

import base64
import logging

import aiosmtplib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quartapp.mail.settings import MailSettings
from quartapp.mail.testing import Phase, SMTPServer
from quartapp.mail.transports import ServerOutage
from quartapp.mail.transports.smtp.mask import Mask
from quartapp.mail.transports.smtp.replies import Replies
from tests.mail.transports.sample import send

PASSWORD = "sword~fish?"
LOGIN = {"username": "ada", "password": PASSWORD}
CODED = base64.b64encode(f"\0ada\0{PASSWORD}".encode()).decode()
SAID = f"what do you mean by {PASSWORD}, {CODED}"

mask = Mask(MailSettings(**LOGIN))


@given(st.binary(max_size=8), st.binary(max_size=8), st.booleans())
def test_it_is_found_wherever_it_begins_in_base64(before, after, is_url_safe):
    encode = base64.urlsafe_b64encode if is_url_safe else base64.b64encode
    coded = encode(before + PASSWORD.encode() + after).decode()

    assert mask(f"5.7.8 {coded} is wrong") == "5.7.8 *** is wrong"


def test_it_is_masked_in_clear_as_often_as_it_is_there():
    assert mask(f"{PASSWORD} {PASSWORD.upper()} x{PASSWORD}x") == f"*** {PASSWORD.upper()} x***x"


@pytest.mark.parametrize("password", ["a", "ab", "abc", "täglich", "\N{GRINNING FACE}"])
def test_of_a_short_password_the_usual_forms_are_masked(password):
    short = Mask(MailSettings(username="ada", password=password))
    forms = [password, password.encode(), f"\0ada\0{password}".encode()]
    coded = [each if isinstance(each, str) else base64.b64encode(each).decode() for each in forms]

    assert [password for each in coded if each.rstrip("=") in short(f"5.7.8 <{each}>")] == []


@pytest.mark.parametrize("text", ["", "250 2.0.0 ok", "A" * 100_000])
def test_all_else_stays_as_it_is(text):
    assert mask(text) == text
    assert Mask(MailSettings())(f"{text}{SAID}") == f"{text}{SAID}"


@pytest.mark.parametrize(
    "phase",
    [
        Phase.GREETING,
        Phase.EHLO,
        Phase.AUTH,
        Phase.MAIL,
        Phase.RCPT,
        Phase.DATA,
        Phase.END_OF_DATA,
    ],
)
@pytest.mark.parametrize("code", [421, 550])
async def test_whatever_a_server_says_back_our_password_is_not_in_it(connect, caplog, phase, code):
    caplog.set_level(logging.DEBUG)
    async with (
        SMTPServer(users={"ada": PASSWORD}) as server,
        connect(server, debug=True, **LOGIN) as transport,
    ):
        server.answer(phase, f"{code} {SAID}")
        try:
            outcome = repr(await send(transport))
        except ServerOutage as outage:
            outcome = " ".join(_chain(outage))

    told = f"{outcome} {caplog.text}"
    assert "what do you mean by ***" in told
    assert [word for word in (PASSWORD, CODED) if word in told] == []


def test_what_is_no_reply_is_masked_too():
    with pytest.raises(aiosmtplib.SMTPServerDisconnected, match=r"what do you mean by \*\*\*, \*"):
        list(Replies(mask).feed(f"{SAID}\r\n".encode()))


def _chain(error):
    """An error and what led to it, as a log would show them."""
    while error is not None:
        yield f"{error} {error.args!r}"
        error = error.__cause__ or error.__context__
