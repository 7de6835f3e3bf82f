"""The message of every comparison: `new_user`, rendered once from this project's own templates."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, select_autoescape

from benchmarks.processes import ROOT

__all__ = ["CONTEXT", "RECIPIENT", "SENDER", "SUBJECT", "TEMPLATE", "Form", "User", "message"]

SENDER = "Flasky Admin <flasky@example.com>"
RECIPIENT = "admin@example.org"
SUBJECT = "[Flasky] New User"
TEMPLATE = "mail/new_user"


class User(NamedTuple):
    """What the template asks about."""

    username: str
    created_at: datetime


class Form(NamedTuple):
    """Both forms of it."""

    body: str
    html: str


CONTEXT = {
    "user": User("Ada Lovelace", datetime(2026, 11, 24, 12, 0, tzinfo=UTC)),
    "url": "https://flasky.example.org/",
}


def message() -> Form:
    """The message with both of its forms rendered."""
    templates = Environment(
        loader=FileSystemLoader(ROOT / "templates"), autoescape=select_autoescape(["html"])
    )
    body, html = (templates.get_template(f"{TEMPLATE}.{form}") for form in ("txt", "html"))
    return Form(body.render(CONTEXT), html.render(CONTEXT))
