"""What a test has sent, and where its assertions find it."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from quartapp.mail.errors import MailError
from quartapp.mail.message.parsing import parse
from quartapp.mail.outbox.submitted import submitted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from quartapp.mail.message.encoding import Encoded
    from quartapp.mail.message.message import Message

__all__ = ["recorded", "recording"]

logger = logging.getLogger(__name__)

_open: list[tuple[Callable[[], bool], list[Message]]] = []


@contextmanager
def recording(is_ours: Callable[[], bool]) -> Iterator[list[Message]]:
    """A list that grows by each message that any app of this process sends or queues meanwhile.

    is_ours
        Asked in the task that sends, or commits: whether it belongs to this recording's test.
    """
    messages: list[Message] = []

    def record(encoded: Encoded) -> None:
        if not is_ours():
            return
        try:
            messages.append(parse(encoded.content, encoded.envelope))
        except Exception:
            # It was sent, whatever can be read of it: its sender must not hear that it failed.
            logger.exception("a message that was sent cannot be read again for mail_outbox")

    this = is_ours, messages
    _open.append(this)
    try:
        with submitted.connected_to(record):
            yield messages
    finally:
        _open.remove(this)


def recorded() -> list[Message]:
    """The messages of the test that asks. Raises `MailError` where nothing records for it."""
    for is_ours, messages in reversed(_open):
        if is_ours():
            return messages
    raise MailError(
        "nothing records what this test sends: give it the fixture mail_outbox, as a parameter or "
        'by @pytest.mark.usefixtures("mail_outbox")'
    )
