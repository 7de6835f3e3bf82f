"""What receivers can listen to. All are sent with the app, after the change has committed.

Each receiver, sync or async, is called in a task with a clean context and in a fresh app context.
What it raises is logged and changes nothing.

Each end of a message is told once, whichever way it came, by the process that recorded it: see
docs/states.md. A process that dies in between tells nobody.
"""

from __future__ import annotations

from blinker import Namespace

__all__ = [
    "email_dispatched",
    "message_cancelled",
    "message_deferred",
    "message_failed",
    "message_queued",
    "message_sent",
    "message_uncertain",
    "signal",
]

_signals = Namespace()

signal = _signals.signal
"""The signal of a name, such as "email-dispatched", as in Flask-Mail's `signals`."""

email_dispatched = _signals.signal(
    "email-dispatched",
    "A message was accepted, or suppressed: once for each message, however many transactions and "
    "attempts it takes; with `message`, a `Message`. Flask-Mail's signal.",
)
message_queued = _signals.signal(
    "message-queued", "A message was stored in the outbox; with `delivery`, a `Delivery`."
)
message_sent = _signals.signal(
    "message-sent", "A message reached the state `sent`; with `delivery`, a `Delivery`."
)
message_deferred = _signals.signal(
    "message-deferred", "A message was refused for now; with `delivery`, a `Delivery`."
)
message_failed = _signals.signal(
    "message-failed",
    "A message was rejected, given up or has expired, or was cancelled when a recipient had "
    "rejected it already; with `delivery`, a `Delivery`.",
)
message_uncertain = _signals.signal(
    "message-uncertain",
    "Nobody knows whether a message was accepted. It has a `due_at` if it will be sent again; "
    "with `delivery`, a `Delivery`.",
)
message_cancelled = _signals.signal(
    "message-cancelled", "A message was cancelled; with `delivery`, a `Delivery`."
)
