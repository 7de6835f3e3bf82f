"""What a program has asked to be sent: told at once, for all apps of this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blinker import Signal

if TYPE_CHECKING:
    from quartapp.mail.message.encoding import Encoded

__all__ = ["submitted", "tell_submitted"]

submitted = Signal(
    "A message was queued and its transaction has committed, or it was sent now, or suppressed. "
    "The sender is its `Encoded`. For the testing kit: called in the task that committed or sent, "
    "so that a test finds it in the next line."
)


def tell_submitted(*messages: Encoded) -> None:
    """Tell of messages, in order."""
    for message in messages:
        submitted.send(message)
