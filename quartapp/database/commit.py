"""Be told when a session's root transaction has committed, and not when a savepoint has."""

from __future__ import annotations

from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any

from sqlalchemy import event
from sqlalchemy.orm import Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import SessionTransaction

    Waiting = dict[SessionTransaction | None, list[tuple[Callable[..., None], tuple[Any, ...]]]]

__all__ = ["on_commit"]

WAITING = "quartapp_on_commit"
"""Where a session's `info` has the callbacks, by the innermost transaction that they depend on."""


def on_commit(session: Session, then: Callable[..., None], *items: Any) -> None:
    """Call `then` once the session's root transaction has committed.

    items
        What it is called with, after the items of earlier calls for the same `then`: however many
        there were, it is called once.

    A rollback of it, or of a savepoint that is open now, takes the call back. The session must
    have begun.

    A hint, not a promise: where the session has joined a connection's transaction from outside,
    its own commit counts, and a later rollback of the connection goes unnoticed.
    """
    _listen()
    waiting: Waiting = session.info.setdefault(WAITING, {})
    waiting.setdefault(_innermost(session), []).append((then, items))


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
        waiting.setdefault(savepoint.parent, []).extend(waiting.pop(savepoint, ()))
        return
    del session.info[WAITING]
    together: dict[Callable[..., None], list[Any]] = {}
    for then, items in chain.from_iterable(waiting.values()):
        together.setdefault(then, []).extend(items)
    for then, all_items in together.items():
        then(*all_items)


def _forget(session: Session, ended: SessionTransaction) -> None:
    """Take back what depends on a transaction that ended without a commit."""
    waiting: Waiting | None = session.info.get(WAITING)
    if waiting:
        waiting.pop(ended, None)


def _innermost(session: Session) -> SessionTransaction | None:
    return session.get_nested_transaction() or session.get_transaction()
