"""Chaos on demand: what the mailbox's server does to the next messages, in every process alike."""

from __future__ import annotations

import asyncio
import json
import secrets
from contextvars import Context
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from quartapp.mail.mailbox.store import for_the_owner
from quartapp.mail.smtpd.script import Drop, Phase, Respond, Stall

if TYPE_CHECKING:
    from pathlib import Path

    from quartapp.mail.smtpd.script import Behaviour

__all__ = ["Chaos", "Kind", "Mischief"]


READ_FIRST = 0.2
"""Seconds between two looks at the file by whoever waits for its end."""


class Kind(StrEnum):
    """What may be done to a message, as the page names it."""

    DEFER_RECIPIENTS = "refuse recipients for now (451 to RCPT)"
    REFUSE_RECIPIENTS = "refuse recipients for good (550 to RCPT)"
    DEFER_MESSAGES = "refuse messages for now (451 after the end of data)"
    REFUSE_MESSAGES = "refuse messages for good (554 after the end of data)"
    DROP = "accept the message, then drop the connection"
    STALL = "stall after DATA"


ACTS: dict[Kind, tuple[Phase, Behaviour]] = {
    Kind.DEFER_RECIPIENTS: (Phase.RCPT, Respond("451 4.7.1 Chaos: try this recipient again")),
    Kind.REFUSE_RECIPIENTS: (Phase.RCPT, Respond("550 5.1.1 Chaos: no such recipient")),
    Kind.DEFER_MESSAGES: (Phase.END_OF_DATA, Respond("451 4.3.0 Chaos: try this message again")),
    Kind.REFUSE_MESSAGES: (Phase.END_OF_DATA, Respond("554 5.6.0 Chaos: not this message")),
    Kind.DROP: (Phase.END_OF_DATA, Drop()),
    Kind.STALL: (Phase.END_OF_DATA, Stall()),
}
"""When it is done, and what: as the test server's script names it."""


@dataclass(frozen=True, slots=True)
class Mischief:
    """What is in force.

    left
        For how many messages more; None until it is switched off.
    """

    id: str
    kind: Kind
    left: int | None


class Chaos:
    """Stored in a file that all processes of the mailbox read.

    path
        The file; there is none while nothing is in force.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    async def now(self) -> Mischief | None:
        """What is in force."""
        return await asyncio.to_thread(self._read)

    async def switch_on(self, kind: Kind, messages: int | None) -> None:
        """Do this to the next so many messages, or to all until it is switched off."""
        mischief = Mischief(secrets.token_hex(8), kind, messages)
        await asyncio.to_thread(self._write, mischief)

    async def switch_off(self) -> None:
        """Behave; whoever is stalled goes on."""
        await asyncio.to_thread(self._path.unlink, missing_ok=True)

    def forget_used_up(self) -> None:
        """Switch off what is used up, where nobody is stalled any more."""
        mischief = self._read()
        if mischief is not None and mischief.left == 0:
            self._path.unlink(missing_ok=True)

    async def take(self, phase: Phase) -> tuple[Mischief, Behaviour] | None:
        """What to do to a message at this phase, if anything; it counts as one message."""
        taking = asyncio.create_task(asyncio.to_thread(self._take, phase), context=Context())
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:
            # Its thread goes on: who is cancelled must find the file as it stays.
            await asyncio.wait([taking])
            raise

    async def end_of(self, mischief: Mischief) -> None:
        """Wait until it is switched off, or something else is switched on."""
        # It may be another process that does so, which cannot wake this one.
        while (current := await self.now()) and current.id == mischief.id:  # noqa: ASYNC110
            await asyncio.sleep(READ_FIRST)

    def _take(self, phase: Phase) -> tuple[Mischief, Behaviour] | None:
        mischief = self._read()
        if mischief is None or mischief.left == 0:
            return None
        when, behaviour = ACTS[mischief.kind]
        if when is not phase or not self._counts_down(mischief):
            return None
        return mischief, behaviour

    def _counts_down(self, mischief: Mischief) -> bool:
        """Make it one message less; false where another process did so at the same moment."""
        if mischief.left is None:
            return True
        ours = self._path.with_suffix(f".{secrets.token_hex(4)}")
        try:
            self._path.rename(ours)
        except FileNotFoundError:
            return False
        # Who is stalled waits for this to be switched off.
        if mischief.left > 1 or mischief.kind is Kind.STALL:
            self._write(replace(mischief, left=mischief.left - 1))
        ours.unlink(missing_ok=True)
        return True

    def _read(self) -> Mischief | None:
        try:
            known = json.loads(self._path.read_text(encoding="utf-8"))
            return Mischief(known["id"], Kind[known["kind"]], known["left"])
        except (FileNotFoundError, ValueError, KeyError):
            return None

    def _write(self, mischief: Mischief) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = self._path.with_suffix(f".{secrets.token_hex(4)}")
        known = asdict(mischief) | {"kind": mischief.kind.name}
        with open(unfinished, "x", encoding="utf-8", opener=for_the_owner) as file:
            json.dump(known, file)
        unfinished.replace(self._path)
