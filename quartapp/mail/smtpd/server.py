"""A real SMTP server on a loopback port, for tests, that misbehaves when told to."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Self, Unpack

from quartapp.mail.smtpd.conversation import ServerConversation
from quartapp.mail.smtpd.record import Record
from quartapp.mail.smtpd.script import Delay, Drop, Garbage, Phase, Respond, Script, Stall
from quartapp.mail.smtpd.stream import ServerStream
from quartapp.mail.smtpd.terms import Terms

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping, Sequence

    from quartapp.mail.smtpd.received import ReceivedMessage
    from quartapp.mail.smtpd.record import Login
    from quartapp.mail.smtpd.script import When

__all__ = ["SMTPServer"]

EXTENSIONS = ("PIPELINING", "8BITMIME", "SMTPUTF8")
MECHANISMS = ("PLAIN", "LOGIN")
SIZE = 32 * 1024 * 1024
BACKLOG = 128


class SMTPServer:
    """A scriptable SMTP server in the running event loop.

        async with SMTPServer() as server:
            server.answer(Phase.RCPT, "550 5.1.1 no such user", recipient="bob@example.com")
            ...
            await server.received(1)

    port
        0 lets the system choose; `port` is then that one, and stays the same when it is stopped.
    starttls, tls
        A context for STARTTLS, or for TLS from the first byte; login is refused before STARTTLS.
    users
        Names and passwords; where they are given, MAIL needs a login.
    size
        The largest message accepted, in bytes.
    extensions
        What EHLO offers beside SIZE, STARTTLS and AUTH; "DSN" adds its parameters.
    on_message
        Called with each message that is accepted, before the reply to its end of data.

    mechanisms
        How to log in: some of PLAIN, LOGIN, CRAM-MD5 and SCRAM-SHA-256.

    It needs an event loop that can watch a socket, as all do but Windows' proactor.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        host: str = "127.0.0.1",
        starttls: ssl.SSLContext | None = None,
        tls: ssl.SSLContext | None = None,
        users: Mapping[str, str] | None = None,
        size: int = SIZE,
        extensions: Sequence[str] = EXTENSIONS,
        on_message: Callable[[ReceivedMessage], object] | None = None,
        mechanisms: Sequence[str] = MECHANISMS,
    ) -> None:
        self.host = host
        self.port = port
        self._terms = Terms(
            starttls, tls, users, size, tuple(extensions), on_message, tuple(mechanisms)
        )
        self._script = Script()
        self._record = Record()
        self._socket: socket.socket | None = None
        self._is_listening = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
        self._release()

    def __repr__(self) -> str:
        state = "listening" if self._is_listening else "stopped"
        return f"<SMTPServer {self.host}:{self.port} {state}, {self._record.counts}>"

    async def start(self) -> None:
        """Listen, on the same port as before where there was one."""
        if self._is_listening:
            return
        self._socket = self._socket or self._bound()
        self._socket.listen(BACKLOG)
        asyncio.get_running_loop().add_reader(self._socket, self._accept, self._socket)
        self._is_listening = True

    async def stop(self) -> None:
        """Cut every connection and refuse new ones; the port stays reserved."""
        if not self._is_listening:
            return
        self._is_listening = False
        self._release()
        for task in self._tasks:
            task.cancel()
        ends = await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        self._socket = self._bound()
        for failure in ends:
            if isinstance(failure, Exception):
                raise failure

    def answer(self, phase: Phase | str, reply: str, **when: Unpack[When]) -> None:
        """Reply with `reply` at `phase`, such as "451 4.3.0 later"; it may have several lines.

        After a 2xx or 3xx the server goes on as usual, a 421 closes the connection. At CONNECT any
        reply does; at BODY and NEXT it is sent unasked, and a message interrupted so is not
        accepted.
        """
        self._script.add(phase, Respond(reply), when)

    def drop(self, phase: Phase | str, *, accepted: bool = True, **when: Unpack[When]) -> None:
        """Close the connection at `phase`.

        accepted
            At END_OF_DATA: whether the message was accepted before.
        """
        self._script.add(phase, Drop(accepted), when)

    def stall(self, phase: Phase | str, *, accepted: bool = True, **when: Unpack[When]) -> None:
        """Send nothing at `phase` until `resume`, then go on as usual.

        accepted
            At END_OF_DATA: whether the message is accepted before; else it is when resumed.
        """
        self._script.add(phase, Stall(accepted), when)

    def garbage(self, phase: Phase | str, *, accepted: bool = True, **when: Unpack[When]) -> None:
        """Send something at `phase` that is no SMTP reply.

        accepted
            At END_OF_DATA: whether the message was accepted before.
        """
        self._script.add(phase, Garbage(accepted), when)

    def delay(self, phase: Phase | str, seconds: float, **when: Unpack[When]) -> None:
        """Wait at `phase`, then go on as usual. At END_OF_DATA the message is accepted before."""
        self._script.add(phase, Delay(seconds), when)

    def resume(self) -> None:
        """Go on with everything that is stalled or delayed now."""
        self._script.resume()

    def clear(self) -> None:
        """Remove every fault; what is stalled stays so until `resume`."""
        self._script.clear()

    @property
    def messages(self) -> list[ReceivedMessage]:
        """The messages that were accepted, in order."""
        return self._record.messages

    @property
    def transcript(self) -> list[str]:
        """The clients' commands, without messages, and with credentials masked."""
        return self._record.transcript

    @property
    def logins(self) -> list[Login]:
        """The logins, and whether they succeeded."""
        return self._record.logins

    @property
    def connections(self) -> int:
        """How many connections there have been."""
        return self._record.connections

    @property
    def open_connections(self) -> int:
        """How many there are now."""
        return self._record.open_connections

    @property
    def max_open_connections(self) -> int:
        """How many there were at once, at most."""
        return self._record.max_open_connections

    async def received(self, count: int, timeout: float = 30) -> list[ReceivedMessage]:
        """Wait until `count` messages have been accepted; returns all that were.

        Raises `TimeoutError` after `timeout` seconds, saying what happened instead.
        """
        await self._record.until(
            lambda: len(self.messages) >= count, f"message number {count}", timeout
        )
        return self.messages

    async def reached(self, phase: Phase | str, times: int = 1, timeout: float = 30) -> None:
        """Wait until `phase` has been reached so many times since the server was made.

        Raises `TimeoutError` after `timeout` seconds, saying what happened instead.
        """
        phase = Phase(phase)
        await self._record.until(
            lambda: self._record.phases[phase] >= times, f"{phase} number {times}", timeout
        )

    async def idle(self, timeout: float = 30) -> None:
        """Wait until no connection is open.

        Raises `TimeoutError` after `timeout` seconds, saying what happened instead.
        """
        await self._record.until(
            lambda: not self.open_connections, "the end of the last connection", timeout
        )

    def _bound(self) -> socket.socket:
        """A socket that holds the port: connections are refused until it listens."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        # asyncio turns Nagle's algorithm off only where the protocol is given.
        holder = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.setblocking(False)
        holder.bind((self.host, self.port))
        self.port = holder.getsockname()[1]
        return holder

    def _release(self) -> None:
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def _accept(self, listener: socket.socket) -> None:
        try:
            connection, _ = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        connection.setblocking(False)
        number = self._record.opened()
        task = asyncio.create_task(
            self._serve(connection, number), name=f"SMTP connection {number}"
        )
        task.add_done_callback(lambda ended: self._served(ended, connection))
        self._tasks.add(task)

    async def _serve(self, connection: socket.socket, number: int) -> None:
        stream = ServerStream()
        await asyncio.get_running_loop().connect_accepted_socket(lambda: stream, connection)
        await ServerConversation(number, stream, self._terms, self._script, self._record).run()

    def _served(self, task: asyncio.Task[None], connection: socket.socket) -> None:
        # A task that was cancelled before its first step has not closed its socket.
        connection.close()
        self._record.closed()
        if task.cancelled() or task.exception() is None:
            self._tasks.discard(task)
