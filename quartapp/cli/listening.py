"""Where to listen: hypercorn's settings, with sockets that are open before the app starts."""

from __future__ import annotations

import errno
import logging
import socket
import tomllib
from typing import TYPE_CHECKING

from hypercorn.config import Config, Sockets

from quartapp.config.serving import is_loopback

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Listening"]

HOST, PORT = "127.0.0.1", 5000
SHOWN = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - shown, not bound


class Listening(Config):
    """hypercorn's settings and its open sockets.

    They are opened first, so that a port in use is known before the app starts, and on
    reload they are handed from one process to the next, so that no connection is refused.
    """

    def __init__(self, settings: Path, host: str | None, port: int | None) -> None:
        """Take the lower-case keys of a settings file; a host or port given wins over its bind.

        Raises `SystemExit` with a sentence where it cannot listen.
        """
        self.bind = f"{HOST}:{PORT}"
        for name, value in tomllib.loads(settings.read_text(encoding="utf-8")).items():
            if name.islower():
                setattr(self, name, value)
        if self.errorlog == "-":
            self.errorlog = logging.getLogger("quartapp.server")
        # serve() warns of any other number: it is one process by its nature.
        self.workers, self.debug = 1, False
        self.read_timeout = None  # `Connections` sees silence for less
        if host is not None or port is not None:
            self.bind = _override(self.bind[0], host, port)
        self.sockets = self._open()

    def create_sockets(self) -> Sockets:
        """Give hypercorn the sockets that are open already, but for those of `Connections`."""
        return Sockets([], [], self.sockets.quic_sockets)

    @property
    def urls(self) -> list[str]:
        """Where a browser on this machine finds the page, without the last slash."""
        tls = [_url("https", sock) for sock in self.sockets.secure_sockets]
        return tls + [_url("http", sock) for sock in self.sockets.insecure_sockets]

    @property
    def is_local(self) -> bool:
        """Whether only browsers on this machine reach it; a proxy's clients are elsewhere."""
        sockets = [*self.sockets.secure_sockets, *self.sockets.insecure_sockets]
        return all(
            sock.family in (socket.AF_INET, socket.AF_INET6) and is_loopback(sock.getsockname()[0])
            for sock in [*sockets, *self.sockets.quic_sockets]
        )

    def _open(self) -> Sockets:
        try:
            self.create_ssl_context()
            sockets = super().create_sockets()
            for sock in [*sockets.secure_sockets, *sockets.insecure_sockets]:
                sock.listen(self.backlog)
        except OSError as error:
            raise SystemExit(_refusal(self.bind, error)) from error
        return sockets


def _override(bind: str, host: str | None, port: int | None) -> str:
    if ":" not in bind or bind.startswith(("unix:", "fd:")):
        bind = f"{HOST}:{PORT}"
    bound_host, _, bound_port = bind.rpartition(":")
    return f"{bound_host if host is None else host}:{bound_port if port is None else port}"


def _url(scheme: str, sock: socket.socket) -> str:
    if sock.family not in (socket.AF_INET, socket.AF_INET6):
        return f"unix:{sock.getsockname()}"
    host, port = sock.getsockname()[:2]
    host = SHOWN.get(host, host)
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _refusal(bind: list[str], error: OSError) -> str:
    places = " and ".join(bind)
    if error.errno == errno.EADDRINUSE:
        return f"{places} is in use: choose another port with --port (0 picks a free one)."
    return f"cannot listen on {places}: {error.strerror or error}; see --host and --port."
