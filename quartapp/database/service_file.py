"""The service file of libpq: parameters of an address, kept in a file under a name."""

from __future__ import annotations

import os
from configparser import Error, RawConfigParser
from pathlib import Path

__all__ = ["service_parameters"]


def service_parameters(service: str, file: str | None) -> dict[str, str]:
    """The parameters that a service stands for. Raises `ValueError`, without any of them in it.

    file
        Looked at instead of PGSERVICEFILE or `~/.pg_service.conf`.
    """
    own = file or os.environ.get("PGSERVICEFILE") or os.path.expanduser("~/.pg_service.conf")
    folder = os.environ.get("PGSYSCONFDIR")
    for path in (own, *([Path(folder) / "pg_service.conf"] if folder else ())):
        services = RawConfigParser(
            delimiters=("=",), comment_prefixes=("#",), default_section="", strict=False
        )
        try:
            services.read(path, "utf-8")
        except (Error, UnicodeDecodeError):
            raise ValueError(f"has a service whose file {path} cannot be read: check it") from None
        if services.has_section(service):
            return dict(services[service])
    raise ValueError(f"has a service that is not in {own}: add it there, or use its parameters")
