"""Be told when a session's root transaction has committed, and not when a savepoint has."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import event
from sqlalchemy.orm import Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import SessionTransaction

    Waiting = list[tuple[SessionTransaction | None, Callable[[], None]]]

__all__ = ["on_commit"]

WAITING = "quartapp_on_commit"
"""Where a session's `info` has the callbacks, each with the innermost transaction it depends on."""


def on_commit(session: Session, then: Callable[[], None]) -> None:
    """Call `then` once the session's root transaction has committed.

    A rollback of it, or of a savepoint that is open now, takes the call back. The session must
    have begun.

    A hint, not a promise: where the session has joined a connection's transaction from outside,
    its own commit counts, and a later rollback of the connection goes unnoticed.
    """
    _listen()
    waiting: Waiting = session.info.setdefault(WAITING, [])
    waiting.append((_innermost(session), then))


@cache
def _listen() -> None:
    """Listen to every session of the process, once: a listener per call costs more than a row."""
    event.listen(Session, "after_commit", _committed)
    event.listen(Session, "after_transaction_end", _forget)


def _committed(session: Session) -> None:
    waiting: Waiting | None = session.info.get(WAITING)
    if not waiting:
        return
    savepoint = session.get_nested_transaction()
    if savepoint is not None:
        # A released savepoint is a part of what is round it, and shares its fate.
        session.info[WAITING] = [
            (savepoint.parent if transaction is savepoint else transaction, then)
            for transaction, then in waiting
        ]
        return
    del session.info[WAITING]
    for _, then in waiting:
        then()


def _forget(session: Session, ended: SessionTransaction) -> None:
    """Take back what depends on a transaction that ended without a commit."""
    waiting: Waiting | None = session.info.get(WAITING)
    if waiting:
        session.info[WAITING] = [each for each in waiting if each[0] is not ended]


def _innermost(session: Session) -> SessionTransaction | None:
    return session.get_nested_transaction() or session.get_transaction()
