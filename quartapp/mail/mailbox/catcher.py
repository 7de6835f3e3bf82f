"""The SMTP server inside the app: it takes every message and puts it into the mailbox."""

from __future__ import annotations

import asyncio
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakSet

from aiosmtpd.smtp import SMTP

from quartapp.mail.smtpd.script import Act, Drop, Phase, Stall

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quartapp.mail.mailbox.chaos import Chaos, Mischief
    from quartapp.mail.mailbox.store import Store
    from quartapp.mail.smtpd.script import Behaviour

__all__ = ["Catcher"]

logger = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
MIB = 1024 * 1024


class Catcher:
    """A mail server on a loopback port of the system's choosing, in the running event loop.

    store
        Where messages go.
    max_size
        The largest message taken, in bytes.
    chaos
        What to do to messages instead; nothing by default.

    `async with Catcher(store) as catcher:` listens on `catcher.port`.
    """

    def __init__(self, store: Store, max_size: int = 25 * MIB, chaos: Chaos | None = None) -> None:
        self._desk = _Desk(store, max_size, chaos)
        self._visits: WeakSet[Any] = WeakSet()
        self._server: asyncio.Server | None = None

    def __repr__(self) -> str:
        state = f"port {self.port}" if self._server else "closed"
        return f"<Catcher {state}, {self._desk.store!r}>"

    @property
    def port(self) -> int:
        """The TCP port. Raises `RuntimeError` when the catcher is not open."""
        if self._server is None:
            raise RuntimeError("the catcher is closed: open it with `async with`")
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def __aenter__(self) -> Self:
        # It logs each command at INFO, addresses and all.
        logging.getLogger("mail.log").setLevel(logging.WARNING)
        await self._desk.forget_chaos()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._visit, LOOPBACK, 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        ends = [self._cut(visit) for visit in list(self._visits)]
        await asyncio.gather(*ends, return_exceptions=True)
        await server.wait_closed()

    def _visit(self) -> Any:
        visit = SMTP(
            self._desk,
            hostname="localhost",  # else it asks the resolver, which may take seconds
            ident="quartapp mailbox",
            enable_SMTPUTF8=True,
            # It counts the dots that were stuffed, at worst one for three bytes.
            data_size_limit=self._desk.max_size * 4 // 3 + 1,
            loop=asyncio.get_running_loop(),
        )
        self._visits.add(visit)
        return visit

    def _cut(self, visit: Any) -> asyncio.Task[None]:
        if visit.transport is not None:
            visit.transport.abort()
        task: asyncio.Task[None] = visit._handler_coroutine
        return task


class _Desk:
    """What is answered to a message; aiosmtpd finds its methods by their names."""

    def __init__(self, store: Store, max_size: int, chaos: Chaos | None) -> None:
        self.store = store
        self.max_size = max_size
        self.chaos = chaos
        self._at_hand_now = 0

    async def forget_chaos(self) -> None:
        """Forget what a process had used up that ended while a connection was stalled."""
        if self.chaos:
            await asyncio.to_thread(self.chaos.forget_used_up)

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if self.chaos and not hasattr(envelope, "chaos"):
            # Asked once a message, however many it is for.
            envelope.chaos = await self.chaos.take(Phase.RCPT)
        if self.chaos and envelope.chaos:
            return Act("250", envelope.chaos[1]).reply
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        content: bytes = envelope.original_content
        if len(content) > self.max_size:
            return f"552 5.3.4 The message has {len(content)} bytes, the limit is {self.max_size}"
        if self.chaos:
            with self._at_hand(self.chaos):
                if taken := await self.chaos.take(Phase.END_OF_DATA):
                    return await self._upset(server, envelope, *taken)
        return await self._keep(envelope)

    @contextmanager
    def _at_hand(self, chaos: Chaos) -> Iterator[None]:
        """A message that may be stalled. A client that hangs up ends this very task, anywhere."""
        self._at_hand_now += 1
        try:
            yield
        finally:
            self._at_hand_now -= 1
            if not self._at_hand_now:
                chaos.forget_used_up()

    async def _upset(
        self, server: Any, envelope: Any, mischief: Mischief, behaviour: Behaviour
    ) -> str:
        act = Act("250 2.0.0 Stored in the mailbox", behaviour)
        reply = await self._keep(envelope) if act.accepts else act.reply
        if isinstance(behaviour, Drop):
            # It ends this conversation, and with it this very task.
            server.transport.abort()
            await asyncio.Event().wait()
        if isinstance(behaviour, Stall) and self.chaos:
            await self.chaos.end_of(mischief)
        return reply

    async def _keep(self, envelope: Any) -> str:
        content: bytes = envelope.original_content
        sender, *recipients = map(_written, [envelope.mail_from, *envelope.rcpt_tos])
        try:
            await self.store.add(sender.removeprefix("<>"), recipients, content)
        except OSError as error:
            logger.warning("The mailbox %s cannot store a message: %s", self.store.path, error)
            return f"451 4.3.0 The mailbox cannot store the message: {error.strerror}"
        return "250 2.0.0 Stored in the mailbox"

    async def handle_exception(self, error: Exception) -> str:
        if isinstance(error, ValueError | RecursionError):
            # The library fails on a command such as `SIZE=²`.
            return "501 5.5.2 The command cannot be understood"
        logger.error("The mailbox's server failed", exc_info=error)
        return "451 4.3.0 The mailbox failed"


def _written(address: str) -> str:
    """The address with a mark for each byte that is no text."""
    return address.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
