"""The mail server's settings: where it is, how to log in, and how much of it is used."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quartapp.settings import kinds
from quartapp.settings.fields import setting
from quartapp.settings.keys import SettingError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ServerSettings"]

SMTPS, SUBMISSION = 465, 587


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """One mail server and our connections to it. Durations are seconds.

    Raises `SettingError` where two settings contradict each other.
    """

    server: str = setting(
        "localhost", kinds.host, "The SMTP server's host name.", alias="MAIL_HOSTNAME"
    )
    port: int = setting(25, kinds.whole(1, 65535), "The SMTP server's port.")
    use_tls: bool = setting(
        False, kinds.true_or_false, "Require STARTTLS, as servers offer it on port 587."
    )
    use_ssl: bool = setting(
        False, kinds.true_or_false, "TLS from the start, as servers expect it on port 465."
    )
    validate_certs: bool = setting(
        True, kinds.true_or_false, "Verify the server's certificate and its name."
    )
    ca_file: Path | None = setting(  # noqa: RUF009 (it makes a field)
        None,
        kinds.certificates,
        "A PEM file with the authorities that may sign the certificate.",
        shown="the system's",
    )
    local_hostname: str | None = setting(
        None,
        kinds.own_name,
        "Our name in EHLO: a host name, or an address. Unset, it is this host's name where that "
        "has a dot, else its address.",
    )
    username: str | None = setting(
        None,
        kinds.text,
        "The user name to log in with; refused without TLS unless the server is on this machine.",
    )
    password: str | None = setting(
        None, kinds.secret, "The password to log in with; digits stay text.", secret=True
    )
    allow_insecure_login: bool = setting(
        False,
        kinds.true_or_false,
        "Log in without TLS to a server that is not on this machine: whoever is on the network "
        "between can read the password.",
    )
    login_pause_first: float = setting(
        300.0,
        kinds.some_time,
        "After a rejected login nobody logs in for so long, in no process of this database.",
        shown="5m",
    )
    login_pause_max: float = setting(
        3600.0, kinds.some_time, "The longest such pause; each doubles the one before.", shown="1h"
    )
    connections: int = setting(
        4, kinds.whole(1, 1000), "Connections to the server at the same time, per process."
    )
    timeout: float = setting(
        30.0, kinds.some_time, "How long connecting and each command may take.", shown="30s"
    )
    data_timeout: float = setting(
        600.0, kinds.some_time, "How long the reply to the end of data may take.", shown="10m"
    )
    max_emails: int = setting(
        100, kinds.whole(1, 10**6), "Messages on one connection before a new one is opened."
    )
    max_recipients: int | None = setting(
        None,
        kinds.whole(1, 10**6),
        "Recipients of one transaction; the others of a message follow in the next ones.",
        shown="unset",
    )

    def __post_init__(self) -> None:
        if self.use_tls and self.use_ssl:
            raise SettingError(
                "MAIL_USE_TLS (STARTTLS) and MAIL_USE_SSL (TLS from the start) exclude each other: "
                "keep MAIL_USE_TLS for port 587, MAIL_USE_SSL for port 465."
            )
        if bool(self.username) != bool(self.password):
            given, missing = "MAIL_USERNAME", "MAIL_PASSWORD"
            if self.password:
                given, missing = missing, given
            raise SettingError(f"{given} is set without {missing}: set both or neither.")
        if self.logs_in_in_clear and not self.allow_insecure_login:
            raise SettingError(
                f"MAIL_PASSWORD would travel to {self.server} in clear: "
                "set MAIL_USE_TLS=true (port 587) or MAIL_USE_SSL=true (port 465)."
            )

    def warnings(self) -> list[str]:
        """What is allowed but probably a mistake, each in a sentence with the cure."""
        found = []
        if self.port == SMTPS and not self.use_ssl:
            found.append(
                "MAIL_PORT is 465, where servers expect TLS at once: "
                "set MAIL_USE_SSL, and not MAIL_USE_TLS."
            )
        if self.port == SUBMISSION and self.use_ssl:
            found.append(
                "MAIL_PORT is 587, where servers expect STARTTLS: "
                "set MAIL_USE_TLS, and not MAIL_USE_SSL."
            )
        if self.logs_in_in_clear:
            found.append(
                f"MAIL_ALLOW_INSECURE_LOGIN: MAIL_PASSWORD travels to {self.server} in clear; "
                "set MAIL_USE_TLS or MAIL_USE_SSL as soon as the server has TLS."
            )
        return found

    @property
    def logs_in_in_clear(self) -> bool:
        """Whether others on the network could read the password."""
        return bool(self.username) and not (self.use_tls or self.use_ssl or self.is_local)

    @property
    def is_local(self) -> bool:
        """Whether the server is on this machine, so that the connection needs no encryption."""
        if self.server.lower() == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.server).is_loopback
        except ValueError:
            return False
