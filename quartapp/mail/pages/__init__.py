"""Pages that any Quart application mounts: the outbox, the development mailbox, health.

Each function returns a blueprint for `app.register_blueprint(..., url_prefix=...)`. What only one
of them needs is imported when it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from quartapp.mail.pages.guard import guard

if TYPE_CHECKING:
    from quart import Blueprint

    from quartapp.mail.pages.access import Allow
    from quartapp.mail.pages.health import Ready

__all__ = ["guard", "health_pages", "mailbox_pages", "outbox_pages"]


def outbox_pages(*, allow: Allow | None = None) -> Blueprint:
    """The operator's pages: every message, why it waits or failed, and what can be done about it.

    allow
        Who may come in; without it, `guard` decides. See `quartapp.mail.pages.access`.
    """
    from quartapp.mail.pages.outbox import blueprint

    return blueprint(allow)


def mailbox_pages(*, allow: Allow | None = None) -> Blueprint:
    """The development mailbox: what the app has sent, previews of its templates, and chaos.

    allow
        Who may come in; without it, `guard` decides. See `quartapp.mail.pages.access`.
    """
    from quartapp.mail.pages.mailbox import blueprint

    return blueprint(allow)


def health_pages(*, allow: Allow | None = None, ready: Ready | None = None) -> Blueprint:
    """`/healthz`, `/readyz` and `/metrics`.

    allow
        Who may read `/metrics`; without it, the operator where one is set, else everybody in debug
        and TESTING, and nobody (404) elsewhere. The other two tell no secrets, and are open to
        whatever supervises the process.
    ready
        The host's own check for `/readyz`, sync or async: a sentence where it cannot serve, else
        None.
    """
    from quartapp.mail.pages.health import blueprint

    return blueprint(allow, ready)
