"""A process that is frozen, as a machine that sleeps or swaps freezes it."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import psutil
from sqlalchemy import select

from quartapp.database import DatabaseUnavailable
from quartapp.mail import metadata
from tests.crash.waiting import until

if TYPE_CHECKING:
    from quartapp.mail import Mail
    from tests.crash.command import Command

__all__ = ["freeze", "thaw"]


async def freeze(command: Command, mail: Mail) -> None:
    """Stop a process, at a moment at which it holds no lock that others would wait for."""

    async def is_harmless() -> bool:
        command.send(signal.SIGSTOP)
        await until(is_stopped, lambda: "the process stopped")
        if await _is_unlocked(mail):
            return True
        command.send(signal.SIGCONT)
        return False

    async def is_stopped() -> bool:
        return psutil.Process(command.pid).status() == psutil.STATUS_STOPPED

    await until(is_harmless, lambda: "the process stopped outside of a transaction")


def thaw(command: Command) -> None:
    """Let a process go on."""
    command.send(signal.SIGCONT)


async def _is_unlocked(mail: Mail) -> bool:
    messages = metadata.tables["mail_messages"]
    try:
        async with mail.outbox.database.writing() as connection:
            await connection.execute(select(messages.c.id).with_for_update(nowait=True))
    except DatabaseUnavailable:
        return False
    return True
