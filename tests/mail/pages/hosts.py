"""Applications of other people, which mount our pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from quart import Blueprint, Quart, Response, request

from quartapp.mail import Mail

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["THEIRS", "host", "stubborn_host"]

THEIRS = "default-src * 'unsafe-inline'"
"""The content security policy of a host that allows everything."""


def host(url: str, **settings: Any) -> Quart:
    """A small application with mail: no SECRET_KEY, no session, no template, no form."""
    app = Quart("shop")
    app.config.update(
        TESTING=True,
        PROPAGATE_EXCEPTIONS=False,
        DATABASE_URL=url,
        MAIL_DEFAULT_SENDER="shop@example.com",
        MAIL_SUPPRESS_SEND=False,
        MAIL_DISPATCH=False,
    )
    app.config.update(settings)
    Mail(app)
    app.before_serving(app.extensions["mail"].upgrade)
    return app


def stubborn_host(app: Quart, folder: Path) -> None:
    """Give an application what gets in the way of pages that share anything with it."""
    app.jinja_options = {
        "autoescape": False,
        "variable_start_string": "[[",
        "variable_end_string": "]]",
    }
    app.template_folder = str(folder)
    for name in ("base.html", "error.html", "outbox/index.html", "outbox/base.html"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("the host's own template")
    app.context_processor(lambda: {"url_for": None, "app_name": None})
    app.url_defaults(lambda _endpoint, values: values.setdefault("lang", "de"))

    @app.after_request
    async def allow_everything(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = THEIRS
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Cache-Control"] = "public, max-age=3600"
        return response

    for code in (400, 401, 403, 404, 405, 429, 500, 503):

        @app.errorhandler(code)
        async def say(error: Any) -> tuple[str, int]:
            return "the host's own error page", getattr(error, "code", 500)

    @app.get("/<path:anything>")
    async def anything(anything: str) -> str:
        return f"the host's own page, {anything}"


def inside(app: Quart, pages: Blueprint) -> None:
    """Mount pages under a blueprint of the host."""
    admin = Blueprint("admin", __name__, url_prefix="/admin")
    admin.register_blueprint(pages, url_prefix="/mail")

    @admin.get("/")
    async def index() -> str:
        return f"the host's own admin page, {request.endpoint}"

    app.register_blueprint(admin)
