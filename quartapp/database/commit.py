"""Be told when a session commits, unless it rolls back first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import event

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

__all__ = ["on_commit"]


def on_commit(session: Session, then: Callable[[], None]) -> None:
    """Call `then` after the session's next commit; a rollback before it takes the wish back.

    A hint, not a promise: the commit of an outer transaction that the session has joined
    goes unnoticed.
    """
    is_wanted = True

    def committed(_session: Session) -> None:
        if is_wanted:
            forget()
            then()

    def forget(*_: object) -> None:
        nonlocal is_wanted
        is_wanted = False

    event.listen(session, "after_commit", committed, once=True)
    event.listen(session, "after_rollback", forget, once=True)
