"""The login: which mechanism, in which order, and what odd servers are told."""

from __future__ import annotations

import socket
from contextlib import asynccontextmanager

import aiosmtplib
import pytest

from quartapp.mail.settings import MailSettings
from quartapp.mail.testing import SMTPServer
from quartapp.mail.transports import LoginRejected, ServerOutage
from quartapp.mail.transports.smtp.client import Client
from quartapp.mail.transports.smtp.login import log_in
from quartapp.mail.transports.smtp.sasl import Exchange
from tests.mail.transports.dialogue import Dialogue, b64, unb64
from tests.mail.transports.sample import send

NAME, PASSWORD = "ada@example.com", "correct horse ü"
PLAIN = b64(f"\0{NAME}\0{PASSWORD}")
ASKS_NAME, ASKS_PASSWORD = f"334 {b64('Username:')}", f"334 {b64('Password:')}"
WELCOME, WRONG = "235 2.7.0 welcome", "535 5.7.8 wrong"
ORDER = ["SCRAM-SHA-256", "PLAIN", "LOGIN", "CRAM-MD5"]


@asynccontextmanager
async def client_at(server, **login):
    settings = MailSettings(**{"username": NAME, "password": PASSWORD} | login)
    client = Client(settings, None, timeout=30)
    await client.begin(socket.create_connection((server.host, server.port)))
    await client.greet()
    try:
        yield client, settings
    finally:
        client.close()


async def logged_in(dialogue, **login):
    """The mechanism that was used, and what was sent for it."""
    async with dialogue.listening(), client_at(dialogue, **login) as (client, settings):
        return await log_in(client, settings), dialogue.lines


async def refused(dialogue, **login):
    """The reply that decided, and what was sent before."""
    with pytest.raises(aiosmtplib.SMTPAuthenticationError) as error:
        await logged_in(dialogue, **login)
    return error.value.code, error.value.message, dialogue.lines


@pytest.mark.parametrize("mechanism", ORDER)
@pytest.mark.parametrize(("password", "is_right"), [(PASSWORD, True), ("wrong", False)])
async def test_each_mechanism_logs_in_with_the_right_password_only(
    connect, mechanism, password, is_right
):
    login = {"username": NAME, "password": password}
    async with (
        SMTPServer(users={NAME: PASSWORD}, mechanisms=[mechanism]) as server,
        connect(server, **login) as transport,
    ):
        if is_right:
            await send(transport)
        else:
            with pytest.raises(ServerOutage, match=r"rejected the login \(535"):
                await send(transport)

    assert [(each.username, each.succeeded) for each in server.logins] == [(NAME, is_right)]


@pytest.mark.parametrize("count", [1, 2, 3, 4])
async def test_the_strongest_mechanism_comes_first(count):
    offered = ORDER[-count:]
    server = SMTPServer(users={NAME: PASSWORD}, mechanisms=offered[::-1])
    async with server, client_at(server) as (client, settings):
        mechanism = await log_in(client, settings)

    assert mechanism.upper() == offered[0]


@pytest.mark.parametrize("code", [500, 502, 504, 534, 538, 501])
async def test_a_reply_about_the_mechanism_goes_on_to_the_next(code):
    replies = [f"{code} not this one"] * (2 if code == 501 else 1)

    mechanism, lines = await logged_in(
        Dialogue("PLAIN CRAM-MD5", *replies, f"334 {b64('<1@x>')}", WELCOME)
    )

    assert mechanism == "cram-md5"
    assert lines[-2] == "AUTH CRAM-MD5"


async def test_where_every_mechanism_is_refused_the_first_reply_is_kept():
    code, words, lines = await refused(
        Dialogue("PLAIN CRAM-MD5", "504 5.5.4 no PLAIN", "502 5.5.1 no CRAM-MD5")
    )

    assert (code, words, len(lines)) == (504, "5.5.4 no PLAIN", 2)


async def test_a_password_rejected_by_the_second_mechanism_is_the_reason():
    code, words, _ = await refused(
        Dialogue("PLAIN LOGIN", "504 5.5.4 no PLAIN", ASKS_PASSWORD, WRONG)
    )

    assert (code, words) == (535, "5.7.8 wrong, after 504 5.5.4 no PLAIN")


async def test_a_second_534_is_about_the_account():
    reply = "534 5.7.9 application-specific password required"

    code, words, lines = await refused(Dialogue("PLAIN LOGIN CRAM-MD5", reply, "534 5.7.9 again"))

    assert (code, words, len(lines)) == (534, "5.7.9 application-specific password required", 2)


@pytest.mark.parametrize("code", [535, 550, 530, 554, 454, 432])
async def test_any_other_refusal_is_the_last_attempt(code):
    found, _, lines = await refused(Dialogue("PLAIN LOGIN", f"{code} no"))

    assert (found, lines) == (code, [f"AUTH PLAIN {PLAIN}"])


async def test_a_login_that_is_put_off_does_not_blame_the_password(connect):
    async with (
        Dialogue("PLAIN", "454 4.7.0 later").listening() as server,
        connect(server, username=NAME, password=PASSWORD) as transport,
    ):
        with pytest.raises(
            ServerOutage, match=r"does not take the login now \(454 4\.7\.0 later\)$"
        ):
            await send(transport)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ("503 5.5.1 Error: authentication not enabled", "takes no login (503 5.5.1 Error: auth"),
        ("504 5.5.4 Unrecognized authentication type", "takes no login (504 5.5.4 Unrec"),
        ("530 5.7.0 Must issue a STARTTLS command first", "requires encryption before the login ("),
        ("538 5.7.11 Encryption required", "requires encryption before the login (538"),
    ],
)
async def test_a_refusal_that_says_nothing_of_the_password_does_not_blame_it(connect, reply, words):
    async with (
        Dialogue("PLAIN", reply).listening() as server,
        connect(server, username=NAME, password=PASSWORD) as transport,
    ):
        with pytest.raises(ServerOutage) as outage:
            await send(transport)

    assert words in str(outage.value)
    assert not isinstance(outage.value, LoginRejected)


async def test_login_sends_the_name_along():
    _, lines = await logged_in(Dialogue("LOGIN", ASKS_PASSWORD, WELCOME))

    assert lines == [f"AUTH LOGIN {b64(NAME)}", b64(PASSWORD)]


@pytest.mark.parametrize("code", [500, 501, 502, 504])
async def test_login_lets_itself_be_asked_where_the_name_is_not_taken_along(code):
    dialogue = Dialogue("LOGIN", f"{code} no", ASKS_NAME, ASKS_PASSWORD, WELCOME)

    _, lines = await logged_in(dialogue)

    assert lines[1:] == ["AUTH LOGIN", b64(NAME), b64(PASSWORD)]


@pytest.mark.parametrize(
    "question", [b64("Username:"), "Username:", b64("User Name\0"), b64("username")]
)
async def test_who_asks_for_the_name_once_more_gets_the_name(question):
    _, lines = await logged_in(Dialogue("LOGIN", f"334 {question}", ASKS_PASSWORD, WELCOME))

    assert lines[1:] == [b64(NAME), b64(PASSWORD)]


async def test_who_asks_for_the_name_for_ever_never_gets_the_password():
    code, words, lines = await refused(Dialogue("LOGIN", *[ASKS_NAME] * 5, "501 cancelled"))

    assert (code, words) == (504, "LOGIN makes no sense: the server asks again and again")
    assert b64(PASSWORD) not in lines
    assert lines[-1] == "*"


@pytest.mark.parametrize("question", ["", b64("Passwort:"), b64("?")])
async def test_any_other_question_after_the_name_is_for_the_password(question):
    _, lines = await logged_in(Dialogue("LOGIN", f"334 {question}", WELCOME))

    assert lines[1:] == [b64(PASSWORD)]


async def test_the_first_question_is_for_the_name_whatever_it_is():
    dialogue = Dialogue("LOGIN", "501 no", f"334 {b64('Benutzer:')}", "334 ", WELCOME)

    _, lines = await logged_in(dialogue)

    assert lines[2:] == [b64(NAME), b64(PASSWORD)]


@pytest.mark.parametrize("refusal", ["334 ", "334", "334 ="])
async def test_plain_is_sent_again_where_the_server_asks_although_it_came_along(refusal):
    _, lines = await logged_in(Dialogue("PLAIN", refusal, WELCOME))

    assert lines == [f"AUTH PLAIN {PLAIN}", PLAIN]


async def test_plain_lets_itself_be_asked_where_it_is_not_taken_along():
    _, lines = await logged_in(Dialogue("PLAIN", "501 5.5.4 syntax", "334 ", WELCOME))

    assert lines == [f"AUTH PLAIN {PLAIN}", "AUTH PLAIN", PLAIN]


@pytest.mark.parametrize("mechanism", ORDER)
async def test_a_long_password_is_not_sent_along(mechanism):
    password = "p" * 400
    server = SMTPServer(users={NAME: password}, mechanisms=[mechanism])
    async with server, client_at(server, password=password) as (client, settings):
        await log_in(client, settings)

    longest = max(len(line) for line in server.transcript)
    assert server.logins[0].succeeded
    assert longest + 2 <= 512


@pytest.mark.parametrize(("length", "goes_along"), [(359, True), (363, False)])
async def test_a_command_has_512_octets_at_most(length, goes_along):
    password = "p" * length
    replies = [WELCOME] if goes_along else ["334 ", WELCOME]

    _, lines = await logged_in(
        Dialogue("PLAIN", *replies), username="adalovelace", password=password
    )

    assert (lines[0] == "AUTH PLAIN") is not goes_along
    assert unb64(lines[-1].split()[-1]) == f"\0adalovelace\0{password}"
    assert len(lines[0]) + 2 <= 512


async def test_an_initial_response_that_is_empty_is_an_equals_sign():
    dialogue = Dialogue("LOGIN", ASKS_PASSWORD)
    async with dialogue.listening(), client_at(dialogue) as (client, _):
        await Exchange(client, "login").begin(b"", frozenset())

    assert dialogue.lines == ["AUTH LOGIN ="]


@pytest.mark.parametrize(
    "challenge",
    [
        "no base64!",
        b64("r=x,s=QSXCR+Q6sek8bf92,i=4096"),
        b64("r={nonce}y,s=QSXCR+Q6sek8bf92,i=1"),
        b64("e=other-error"),
        "",
    ],
)
async def test_a_challenge_of_scram_that_makes_no_sense_goes_on_to_the_next_mechanism(challenge):
    replies = [f"334 {challenge}", "501 5.7.0 cancelled", WELCOME]
    if not challenge:
        # Asked once more, it sends its first message again.
        replies.insert(0, replies[0])
    mechanism, lines = await logged_in(Dialogue("SCRAM-SHA-256 PLAIN", *replies))

    assert (mechanism, lines[-2:]) == ("plain", ["*", f"AUTH PLAIN {PLAIN}"])


def scram(iterations=4096):
    """A challenge of SCRAM, made of the client's first message."""

    def challenge(line):
        nonce = unb64(line.split()[-1]).rpartition("r=")[2]
        return f"334 {b64(f'r={nonce}more,s=QSXCR+Q6sek8bf92QSXCR+Q6,i={iterations}')}"

    return challenge


@pytest.mark.parametrize("iterations", [1_000_001, 10**7, 10**30])
async def test_a_server_that_asks_for_endless_work_gets_none(iterations):
    dialogue = Dialogue("SCRAM-SHA-256 PLAIN", scram(iterations), "501 cancelled", WELCOME)

    mechanism, lines = await logged_in(dialogue)

    assert (mechanism, lines[1]) == ("plain", "*")


@pytest.mark.parametrize("last", ["235 2.7.0 welcome", f"334 {b64('v=AAAA')}", "334 ", "334 ?"])
async def test_a_server_that_does_not_prove_that_it_knows_the_password_is_an_outage(last):
    dialogue = Dialogue("SCRAM-SHA-256 PLAIN", scram(), last, WELCOME)

    with pytest.raises(ServerOutage, match="did not prove that it knows the password"):
        await logged_in(dialogue)

    assert [unb64(each)[:2] for each in dialogue.lines[1:]] == ["c="]


async def test_a_password_that_scram_rejects_in_its_own_words_is_rejected():
    last = f"334 {b64('e=invalid-proof')}"

    code, _, lines = await refused(Dialogue("SCRAM-SHA-256 PLAIN", scram(), last, WRONG))

    assert (code, lines[-1]) == (535, "")


async def test_a_challenge_of_cram_md5_that_is_none_is_cancelled():
    code, words, lines = await refused(Dialogue("CRAM-MD5", "334 no base64!", "501 cancelled"))

    assert (code, lines) == (504, ["AUTH CRAM-MD5", "*"])
    assert "CRAM-MD5 makes no sense" in words


async def test_a_challenge_without_a_space_is_whole():
    challenge = b64("<17.4711@mail.example.com>")

    _, lines = await logged_in(Dialogue("CRAM-MD5", f"334{challenge}", WELCOME))

    name, _, digest = unb64(lines[-1]).partition(" ")
    assert (name, len(digest)) == (NAME, 32)


async def test_the_old_way_to_offer_a_login_is_understood(connect):
    async with SMTPServer(users={NAME: PASSWORD}) as server:
        server.answer("EHLO", "250-mail.example.com\n250 AUTH=LOGIN PLAIN")
        async with connect(server, username=NAME, password=PASSWORD) as transport:
            await send(transport)

    assert server.logins[0].succeeded
