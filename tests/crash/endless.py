"""The app as `quartapp run` serves it, with one more page: a response that has no end."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from quartapp import create_app
from quartapp.cli.listening import Listening
from quartapp.cli.server import serve

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

__all__ = ["main"]

PATIENCE = "graceful_timeout = 0.1"


def main() -> None:
    """Serve on a free port, from a folder in which a file may be written."""
    app = create_app()

    @app.get("/endless")
    async def endless() -> AsyncGenerator[bytes]:
        return more()

    config = Path("endless.toml")
    config.write_text(PATIENCE)
    serve(app, Listening(config, None, 0))


async def more() -> AsyncGenerator[bytes]:
    """Bytes, for ever."""
    while True:
        yield b"more"
        await asyncio.sleep(0.05)
