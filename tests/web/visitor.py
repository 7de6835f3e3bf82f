"""Somebody with a browser: asks for pages, keeps cookies, fills in the form."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from quartapp.models import User

if TYPE_CHECKING:
    from quart import Quart, Response

__all__ = ["Visitor", "people"]

TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


class Visitor:
    """One browser's session with the app.

    request
        What every request has, such as `headers` or `scope_base={"client": (address, port)}`.
    """

    def __init__(self, app: Quart, **request: Any) -> None:
        self.client = app.test_client()
        self.request = request

    async def get(self, path: str = "/") -> Response:
        """The answer to a GET."""
        return await self.client.get(path, **self.request)

    async def see(self, path: str = "/") -> str:
        """What a page says."""
        return unescape(await (await self.get(path)).get_data(as_text=True))

    async def token(self) -> str:
        """What the page's form would send to prove itself."""
        return TOKEN.search(await self.see())[1]

    async def say(self, name: str) -> Response:
        """The answer to a name typed into the form."""
        return await self.post({"name": name, "csrf_token": await self.token()})

    async def post(self, form: dict[str, str]) -> Response:
        """The answer to a form, whatever is in it."""
        return await self.client.post("/", form=form, **self.request)


async def people(app: Quart) -> list[str]:
    """The names in the database."""
    async with app.extensions["database"].session() as session:
        return list(await session.scalars(select(User.username).order_by(User.id)))
