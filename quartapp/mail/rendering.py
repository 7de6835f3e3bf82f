"""The two forms of a message, rendered from a pair of templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2 import TemplateNotFound
from quart import render_template

from quartapp.mail.errors import MessageError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["render"]


async def render(template: str, context: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """A message's text from `template` + ".txt" and its HTML from `template` + ".html".

    One of the two files may be missing and is None then. Values are escaped in the HTML only.
    It takes an app context, and no request. Raises `MessageError` where neither file exists, and
    what the templates raise.
    """
    text, html = f"{template}.txt", f"{template}.html"
    body, page = await _rendered(text, context), await _rendered(html, context)
    if body is None and page is None:
        raise MessageError(f"There is no mail template {text} and no {html}: write one of them.")
    return body, page


async def _rendered(path: str, context: Mapping[str, Any]) -> str | None:
    try:
        return await render_template(path, **context)
    except TemplateNotFound as missing:
        # A file that the template includes or extends is the template's own fault.
        if missing.name != path:
            raise
        return None
