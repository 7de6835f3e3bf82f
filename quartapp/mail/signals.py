"""What receivers can listen to. All are sent with the app, after the change has committed."""

from __future__ import annotations

from blinker import Namespace

__all__ = [
    "email_dispatched",
    "message_deferred",
    "message_failed",
    "message_queued",
    "message_sent",
]

_signals = Namespace()

email_dispatched = _signals.signal(
    "email-dispatched",
    "A message was accepted, or suppressed; with `message`, a `Message`. Flask-Mail's signal.",
)
message_queued = _signals.signal(
    "message-queued", "A message was kept in the outbox; with `delivery`, a `Delivery`."
)
message_sent = _signals.signal(
    "message-sent", "A message reached the state `sent`; with `delivery`, a `Delivery`."
)
message_deferred = _signals.signal(
    "message-deferred", "A message will be tried again; with `delivery`, a `Delivery`."
)
message_failed = _signals.signal(
    "message-failed",
    "A message ended as `failed`, `cancelled` or held `uncertain`; with `delivery`, a `Delivery`.",
)
