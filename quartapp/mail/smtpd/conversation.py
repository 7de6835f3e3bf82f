"""One client's conversation with a test server, from connect to hang-up (RFC 5321)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from quartapp.mail.smtpd.authentication import authenticate
from quartapp.mail.smtpd.commands import Path, Refusal, demand, masked, path
from quartapp.mail.smtpd.received import ReceivedMessage, message_id_of
from quartapp.mail.smtpd.record import Login
from quartapp.mail.smtpd.script import Act, Drop, Phase, Stall
from quartapp.mail.smtpd.stream import Hangup
from quartapp.mail.smtpd.terms import HOSTNAME

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from quartapp.mail.smtpd.record import Record
    from quartapp.mail.smtpd.script import Script
    from quartapp.mail.smtpd.stream import ServerStream
    from quartapp.mail.smtpd.terms import Terms

    Verb = Callable[[str], Awaitable[None]]

__all__ = ["ServerConversation"]

OK = "250 2.0.0 Ok"
EHLO_FIRST = "503 5.5.1 Send EHLO first"


@dataclass(slots=True)
class Draft:
    """The message that is being received."""

    sender: Path
    recipients: list[str] = field(default_factory=list)


class ServerConversation:
    """One client's conversation: checks the order of commands, follows the script."""

    def __init__(
        self, number: int, stream: ServerStream, terms: Terms, script: Script, record: Record
    ) -> None:
        self._number = number
        self._stream = stream
        self._terms = terms
        self._script = script
        self._record = record
        self._welcome = self._greeted = False
        self._username: str | None = None
        self._draft: Draft | None = None

    async def run(self) -> None:
        """Serve the client until one side disconnects."""
        try:
            await self._open()
            while True:
                await self._command(await self._stream.line())
        except Hangup:
            pass
        finally:
            await self._stream.cut()

    async def _open(self) -> None:
        connect = self._act(Phase.CONNECT, "")
        await self._perform(connect)
        if connect.reply:
            raise Hangup
        if self._terms.tls:
            await self._stream.secure(self._terms.tls)
        greeting = self._act(Phase.GREETING, f"220 {HOSTNAME} ESMTP")
        self._welcome = greeting.agrees
        await self._perform(greeting)

    async def _command(self, line: bytes) -> None:
        text = line.decode(errors="surrogateescape")
        self._record.transcript.append(masked(text))
        verb, _, argument = text.partition(" ")
        try:
            await self._verb(verb.upper())(argument.strip())
        except Refusal as refusal:
            await self._say(refusal.reply)

    def _verb(self, verb: str) -> Verb:
        demand(self._welcome or verb == "QUIT", "503 5.5.1 There is no service here")
        match verb:
            case "EHLO" | "HELO":
                return self._ehlo if verb == "EHLO" else self._helo
            case "STARTTLS":
                return self._starttls
            case "AUTH":
                return self._auth
            case "MAIL":
                return self._mail
            case "RCPT":
                return self._rcpt
            case "DATA":
                return self._data
            case "RSET":
                return self._rset
            case "NOOP":
                return self._noop
            case "QUIT":
                return self._quit
        raise Refusal("500 5.5.2 Unknown command")

    async def _ehlo(self, _argument: str) -> None:
        await self._greet(self._terms.offer(encrypted=self._stream.is_encrypted))

    async def _helo(self, _argument: str) -> None:
        await self._greet(f"250 {HOSTNAME}")

    async def _greet(self, usual: str) -> None:
        act = self._act(Phase.EHLO, usual)
        self._greeted = act.agrees
        self._draft = None
        await self._perform(act)

    async def _starttls(self, _argument: str) -> None:
        demand(self._greeted, EHLO_FIRST)
        demand(self._terms.starttls, "502 5.5.1 STARTTLS is not offered")
        demand(not self._stream.is_encrypted, "503 5.5.1 TLS is on already")
        act = self._act(Phase.STARTTLS, "220 2.0.0 Go ahead")
        await self._perform(act)
        if act.agrees and self._terms.starttls:
            self._greeted = False
            await self._stream.secure(self._terms.starttls)

    async def _auth(self, argument: str) -> None:
        demand(self._greeted, EHLO_FIRST)
        demand(self._terms.users is not None, "502 5.5.1 AUTH is not offered")
        demand(self._is_private, "538 5.7.11 Encryption is required: send STARTTLS first")
        demand(self._username is None and not self._draft, "503 5.5.1 AUTH is out of order")
        mechanism, _, initial = argument.partition(" ")
        offered = self._terms.mechanisms
        demand(mechanism.upper() in offered, f"504 5.5.4 Only {' and '.join(offered)} are offered")
        username, known = await authenticate(
            mechanism.upper(), initial, self._terms.users or {}, self._ask
        )
        usual = "235 2.7.0 Welcome" if known else "535 5.7.8 Wrong user name or password"
        act = self._act(Phase.AUTH, usual)
        self._record.logins.append(Login(username, act.agrees))
        self._username = username if act.agrees else None
        await self._perform(act)

    @property
    def _is_private(self) -> bool:
        return self._stream.is_encrypted or not self._terms.starttls

    async def _ask(self, challenge: str) -> str:
        await self._say(f"334 {challenge}")
        response = await self._stream.line()
        self._record.transcript.append("***")
        return response.decode(errors="replace")

    async def _mail(self, argument: str) -> None:
        demand(self._greeted, EHLO_FIRST)
        logged_in = self._terms.users is None or self._username is not None
        demand(logged_in, "530 5.7.0 Log in first")
        demand(not self._draft, "503 5.5.1 One message at a time: send RSET first")
        sender = path("MAIL", argument)
        demand(sender.size <= self._terms.size, "552 5.3.4 The message is too large")
        demand(self._terms.allows(sender.keywords), "555 5.5.4 Unknown parameter")
        demand(sender.is_permitted, "553 5.6.7 This address needs SMTPUTF8")
        act = self._act(Phase.MAIL, "250 2.1.0 Ok")
        self._draft = Draft(sender) if act.agrees else None
        await self._perform(act)

    async def _rcpt(self, argument: str) -> None:
        if self._draft is None:
            raise Refusal("503 5.5.1 Send MAIL first")
        recipient = path("RCPT", argument)
        demand(self._terms.allows(recipient.keywords), "555 5.5.4 Unknown parameter")
        permitted = recipient.address.isascii() or "SMTPUTF8" in self._draft.sender.keywords
        demand(permitted, "553 5.6.7 This address needs SMTPUTF8")
        act = self._act(Phase.RCPT, "250 2.1.5 Ok", recipient.address)
        if act.agrees:
            self._draft.recipients.append(recipient.address)
        await self._perform(act)

    async def _data(self, _argument: str) -> None:
        draft = self._draft
        if draft is None or not draft.recipients:
            raise Refusal("503 5.5.1 Send RCPT first")
        act = self._act(Phase.DATA, "354 End the message with an end of data on a line of its own")
        await self._perform(act)
        if act.agrees:
            await self._body(draft)
            self._draft = None
            await self._perform(self._act(Phase.NEXT, ""))

    async def _body(self, draft: Draft) -> None:
        await self._stream.some()
        act = self._act(Phase.BODY, "")
        await self._perform(act)
        content = await self._stream.message(self._terms.size)
        if not act.reply:
            await self._end_of_data(draft, content)

    async def _end_of_data(self, draft: Draft, content: bytes | None) -> None:
        usual = "552 5.3.4 The message is too large" if content is None else OK
        act = self._act(Phase.END_OF_DATA, usual)
        if act.accepts:
            self._accept(draft, content or b"")
        await self._pause(act)
        if act.accepts_late:
            self._accept(draft, content or b"")
        await self._say(act.reply)

    def _accept(self, draft: Draft, content: bytes) -> None:
        message = ReceivedMessage(
            draft.sender.address,
            tuple(draft.recipients),
            content,
            message_id_of(content),
            self._number,
            datetime.now(UTC),
            draft.sender.parameters,
            self._stream.is_encrypted,
            self._username,
        )
        if self._terms.on_message:
            self._terms.on_message(message)
        self._record.accepted(message)

    async def _rset(self, _argument: str) -> None:
        self._draft = None
        await self._perform(self._act(Phase.RSET, OK))

    async def _noop(self, _argument: str) -> None:
        await self._say(OK)

    async def _quit(self, _argument: str) -> None:
        await self._perform(self._act(Phase.QUIT, "221 2.0.0 Bye"))
        raise Hangup

    def _act(self, phase: Phase, usual: str, recipient: str = "") -> Act:
        act = self._script.at(phase, usual, recipient)
        self._record.reached(phase)
        return act

    async def _perform(self, act: Act) -> None:
        await self._pause(act)
        await self._say(act.reply)

    async def _pause(self, act: Act) -> None:
        """Wait, stall or disconnect, as the act says."""
        if act.delay:
            await self._stream.hold(self._script.resumed, act.delay)
        match act.behaviour:
            case Drop():
                raise Hangup
            case Stall():
                await self._stream.hold(self._script.resumed)

    async def _say(self, reply: str) -> None:
        if reply:
            await self._stream.send(reply)
        if reply.startswith("421"):
            raise Hangup
