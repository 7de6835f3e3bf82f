"""quartapp: the book's mail chapter on Quart, with mail that an async web app cannot lose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quart import Quart

__all__ = ["create_app"]


def create_app(config: Mapping[str, Any] | None = None) -> Quart:
    """Make the demo application: settings, database, mail, pages, and the lifespan that runs them.

    config
        Settings that win over config.toml and the environment, by the names of the README's
        table.

    Raises `ConfigError`, a `SystemExit` with one sentence, for settings that cannot be used.
    """
    # Not at import: whoever wants `quartapp.mail` alone must not load the demo.
    from quartapp import application

    return application.create_app(config)
