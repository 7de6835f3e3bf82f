"""What a browser sees: pages, their errors, and the rules that protect them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hypercorn.middleware import ProxyFixMiddleware

from quartapp.mail.pages.chaos import chaos
from quartapp.mail.pages.health import health
from quartapp.mail.pages.mailbox import mailbox
from quartapp.mail.pages.mailbox_message import message
from quartapp.mail.pages.metrics import metrics
from quartapp.mail.pages.outbox import outbox
from quartapp.mail.pages.previews import previews
from quartapp.mail.pages.throttle import Guesses
from quartapp.web import errors, headers
from quartapp.web.deliveries import deliveries
from quartapp.web.limits import NewUsers
from quartapp.web.main import main

if TYPE_CHECKING:
    from quart import Quart

__all__ = ["init_app"]

PAGES = (main, deliveries, mailbox, message, previews, chaos, outbox, health, metrics)


def init_app(app: Quart) -> None:
    """Give an app its pages, error pages, static files and security headers."""
    app.static_folder = str(Path(__file__).parent / "static")
    app.extensions["new_users"] = NewUsers(app.config["QUARTAPP_RATE_LIMIT"])
    app.extensions["guesses"] = Guesses()
    for blueprint in PAGES:
        app.register_blueprint(blueprint)
    errors.init_app(app)
    headers.init_app(app)
    _believe_proxies(app, app.config["QUARTAPP_TRUSTED_PROXIES"])


def _believe_proxies(app: Quart, hops: int) -> None:
    if hops:
        trusting = ProxyFixMiddleware(app.asgi_app, mode="legacy", trusted_hops=hops)
        app.asgi_app = trusting  # type: ignore[method-assign]  # Quart's own way
