"""The mail service's settings: typed, checked, and frozen once the app is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Backend", "MailSettings", "OnUncertain"]

KIB = 1024
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


class Backend(StrEnum):
    """Where letters go: to an SMTP server, or to the development mailbox inside the app."""

    SMTP = "smtp"
    MAILBOX = "mailbox"


class OnUncertain(StrEnum):
    """What becomes of a letter whose connection was lost after the final dot."""

    RESEND = "resend"
    HOLD = "hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """Everything the service asks about. Durations are seconds, sizes bytes."""

    backend: Backend = Backend.SMTP
    server: str = "localhost"
    port: int = 25
    use_tls: bool = False
    use_ssl: bool = False
    validate_certs: bool = True
    ca_file: Path | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    default_sender: str | None = None
    subject_prefix: str = ""
    template_sender: str | None = None
    max_emails: int = 100
    ascii_attachments: bool = False
    debug: bool = False
    connections: int = 4
    timeout: float = 30.0
    data_timeout: float = 600.0
    lease: float = MINUTE
    retry_first: float = MINUTE
    retry_max: float = 4000.0
    give_up: float = 5 * DAY
    breaker_first: float = 1.0
    breaker_max: float = MINUTE
    on_uncertain: OnUncertain = OnUncertain.RESEND
    uncertain_delay: float = 1800.0
    drain_timeout: float = 25.0
    max_size: int = 25 * KIB * KIB
    retention: float = 7 * DAY
    retention_failed: float = 90 * DAY
    redirect_to: tuple[str, ...] = ()
    allowed_recipients: tuple[str, ...] = ()
    dispatch: bool = True
