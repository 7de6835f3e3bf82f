"""What a browser sees: pages, their errors, and the rules that protect them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from quart.sessions import SecureCookieSessionInterface

from quartapp.database import DatabaseUnavailable
from quartapp.mail import mail
from quartapp.models import MIGRATIONS
from quartapp.web import errors, headers
from quartapp.web.access import developers, operators, scrapers
from quartapp.web.access_log import guard_access_log
from quartapp.web.deliveries import deliveries
from quartapp.web.limits import NewUsers
from quartapp.web.main import main
from quartapp.web.proxies import TrustedProxies
from quartapp.web.readable import OnlyReadable
from quartapp.web.streams import Streams

if TYPE_CHECKING:
    from itsdangerous import URLSafeTimedSerializer
    from quart import Quart

__all__ = ["init_app"]


class Sessions(SecureCookieSessionInterface):
    """The sessions of one app, with one signer; Quart makes one for each cookie."""

    _signer: URLSafeTimedSerializer | None = None

    def get_signing_serializer(self, app: Quart) -> URLSafeTimedSerializer | None:
        """The app's signer, made when it is first used."""
        if self._signer is None:
            self._signer = super().get_signing_serializer(app)
        return self._signer


def init_app(app: Quart) -> None:
    """Give an app its pages, error pages, static files and security headers."""
    app.static_folder = str(Path(__file__).parent / "static")
    app.extensions["new_users"] = NewUsers(app.config["QUARTAPP_RATE_LIMIT"])
    app.extensions["streams"] = Streams()
    app.register_blueprint(main)
    app.register_blueprint(deliveries)
    app.register_blueprint(mail.outbox_pages(allow=operators), url_prefix="/outbox")
    app.register_blueprint(mail.mailbox_pages(allow=developers), url_prefix="/dev/mail")
    app.register_blueprint(
        mail.health_pages(allow=scrapers, ready=partial(_about_users, app)),
    )
    app.session_interface = Sessions()
    errors.init_app(app)
    headers.init_app(app)
    guard_access_log()
    app.asgi_app = OnlyReadable(app.asgi_app)  # type: ignore[method-assign]  # Quart's own way
    _believe_proxies(app, app.config["QUARTAPP_TRUSTED_PROXIES"])


async def _about_users(app: Quart) -> str | None:
    """Why the demo's own tables cannot be used, for `/readyz`."""
    try:
        current, newest = await MIGRATIONS.revisions(app.extensions["database"])
    except DatabaseUnavailable:
        return None  # the mail tables are in the same one, and say so
    if current != newest:
        return "The database is at another version: run quartapp db upgrade."
    return None


def _believe_proxies(app: Quart, hops: int) -> None:
    if hops:
        app.asgi_app = TrustedProxies(app.asgi_app, hops)  # type: ignore[method-assign]  # Quart's own way
