"""Recordings of several apps: lists of messages, for apps that are bound now or later."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from quartapp.mail.events.publish import Publisher
    from quartapp.mail.message.message import Message

__all__ = ["Recordings"]


class Recordings:
    """Those that are open. A test may begin one before its app is made, as with Flask-Mail."""

    def __init__(self) -> None:
        self._open: list[tuple[ExitStack, list[Message]]] = []

    @contextmanager
    def open(self, publishers: Iterable[Publisher]) -> Iterator[list[Message]]:
        """A list that grows by each message that goes out meanwhile.

        publishers
            Those of the apps that are bound already.
        """
        outbox: list[Message] = []
        with ExitStack() as stack:
            for publisher in publishers:
                stack.enter_context(publisher.recording(outbox))
            recording = stack, outbox
            self._open.append(recording)
            try:
                yield outbox
            finally:
                # Not by equality: two lists may have the same messages.
                self._open = [other for other in self._open if other is not recording]

    def record(self, publisher: Publisher) -> None:
        """Have every open recording hear of one more app."""
        for stack, outbox in self._open:
            stack.enter_context(publisher.recording(outbox))
