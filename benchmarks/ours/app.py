"""Apps to measure: a bare one with mail, and the whole of this project's."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from quart import Quart

from benchmarks.message import SENDER
from benchmarks.processes import ROOT
from quartapp.mail import Mail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.ext.asyncio import AsyncEngine

__all__ = ["bare_app", "folder", "settings"]


def bare_app(engine: AsyncEngine | None = None, **config: Any) -> Quart:
    """An app with nothing but the mail service, and this project's templates.

    engine
        The app's own, for its transactions.
    """
    logging.disable(logging.INFO)
    app = Quart(__name__, template_folder=str(ROOT / "templates"))
    app.config.update(settings(**config))
    Mail(app, engine=engine)
    return app


def settings(**config: Any) -> dict[str, Any]:
    """What every app of ours is told."""
    return {
        "DATABASE_URL": "sqlite+aiosqlite:///nowhere.sqlite",
        "FLASKY_MAIL_SENDER": SENDER,
        "FLASKY_MAIL_SUBJECT_PREFIX": "[Flasky]",
        "MAIL_BACKEND": "smtp",
        "MAIL_SERVER": "127.0.0.1",
        **config,
    }


@contextmanager
def folder() -> Iterator[Path]:
    """A folder that is gone afterwards."""
    with TemporaryDirectory() as name:
        yield Path(name)
