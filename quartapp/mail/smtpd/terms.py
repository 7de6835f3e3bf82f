"""What a test server offers and requires."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping

    from quartapp.mail.smtpd.received import ReceivedMessage

__all__ = ["Terms"]

HOSTNAME = "mail.example.com"

PARAMETERS = {
    "8BITMIME": {"BODY"},
    "SMTPUTF8": {"SMTPUTF8"},
    "DSN": {"RET", "ENVID", "NOTIFY", "ORCPT"},
}


@dataclass(frozen=True, slots=True)
class Terms:
    """A server's terms; see `SMTPServer`."""

    starttls: ssl.SSLContext | None
    tls: ssl.SSLContext | None
    users: Mapping[str, str] | None
    size: int
    extensions: tuple[str, ...]
    on_message: Callable[[ReceivedMessage], object] | None
    mechanisms: tuple[str, ...]

    def offer(self, *, encrypted: bool) -> str:
        """The reply to EHLO, on a connection that is encrypted already or not."""
        lines = [HOSTNAME, *self.extensions, f"SIZE {self.size}"]
        if self.starttls and not encrypted:
            lines.append("STARTTLS")
        elif self.users is not None:
            lines.append(" ".join(["AUTH", *self.mechanisms]))
        return "\n".join([*(f"250-{line}" for line in lines[:-1]), f"250 {lines[-1]}"])

    def allows(self, keywords: set[str]) -> bool:
        """Whether these parameters of MAIL or RCPT belong to the extensions offered."""
        offered = (PARAMETERS.get(extension.upper(), set()) for extension in self.extensions)
        return keywords <= {"SIZE", "AUTH"}.union(*offered)
