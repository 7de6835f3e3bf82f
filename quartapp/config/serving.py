"""Who is making the app: a server for development, another server, or a command.

Behind a plain reverse proxy every visitor looks like one on this machine. So where QUARTAPP_ENV
is not set, `/dev/mail/` and `/outbox/` open only under servers that are made for development, and
a message links to the host that a request named only where such a server listens on loopback.
"""

from __future__ import annotations

from enum import Enum, auto
from ipaddress import ip_address
from typing import TYPE_CHECKING

import click
from quart.cli import ScriptInfo, run_command

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Maker", "is_loopback", "maker", "serves_this_machine"]


class Maker(Enum):
    """Who is making the app."""

    DEVELOPMENT_SERVER = auto()
    COMMAND = auto()
    SERVER = auto()


def maker(told: bool | None) -> Maker:
    """Who is making the app.

    told
        What the maker says of itself: True for a server for development, False for a command
        that serves nothing, None to have it found out.
    """
    if told is not None:
        return Maker.DEVELOPMENT_SERVER if told else Maker.COMMAND
    if any(context.command is run_command for context in _contexts()):
        return Maker.DEVELOPMENT_SERVER
    if any(isinstance(context.obj, ScriptInfo) for context in _contexts()):
        return Maker.COMMAND
    return Maker.SERVER


def serves_this_machine() -> bool:
    """Whether the app is being made by a `quart run` that listens on loopback."""
    hosts = [each.params.get("host") for each in _contexts() if each.command is run_command]
    return bool(hosts) and is_loopback(str(hosts[0]))


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a socket that is bound to this host."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _contexts() -> Iterator[click.Context]:
    """The command lines that are being obeyed, innermost first: `quart` sets no variable."""
    context = click.get_current_context(silent=True)
    while context is not None:
        yield context
        context = context.parent
