"""What Flask-Mail's users read of `app.extensions["mail"]` and of `mail`: how it is configured."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from quartapp.mail.settings import is_suppressed

if TYPE_CHECKING:
    from quartapp.mail.host import Host
    from quartapp.mail.settings import MailSettings

__all__ = ["MailState"]


class MailState(ABC):
    """Flask-Mail's names for the settings. They are read only: `app.config` is where they are set.

    All but `suppress` are fixed by `init_app`.
    """

    @property
    @abstractmethod
    def settings(self) -> MailSettings:
        """All mail settings of the app."""

    @property
    @abstractmethod
    def host(self) -> Host:
        """The app."""

    @property
    def server(self) -> str:
        """MAIL_SERVER: the SMTP server's host name or address."""
        return self.settings.server

    @property
    def port(self) -> int:
        """MAIL_PORT."""
        return self.settings.port

    @property
    def username(self) -> str | None:
        """MAIL_USERNAME."""
        return self.settings.username

    @property
    def password(self) -> str | None:
        """MAIL_PASSWORD, whose `repr` is masked."""
        return self.settings.password

    @property
    def use_tls(self) -> bool:
        """MAIL_USE_TLS: whether STARTTLS is required."""
        return self.settings.use_tls

    @property
    def use_ssl(self) -> bool:
        """MAIL_USE_SSL: whether TLS is spoken from the start."""
        return self.settings.use_ssl

    @property
    def debug(self) -> int:
        """MAIL_DEBUG: whether the SMTP dialogue is logged."""
        return self.settings.debug

    @property
    def default_sender(self) -> str | None:
        """MAIL_DEFAULT_SENDER as text: "a@example.org" or "Ada <a@example.org>"."""
        return self.settings.default_sender

    @property
    def max_emails(self) -> int:
        """MAIL_MAX_EMAILS: messages on one connection."""
        return self.settings.max_emails

    @property
    def suppress(self) -> bool:
        """MAIL_SUPPRESS_SEND, TESTING where it is unset: whether messages sent now are recorded
        and not sent."""
        return is_suppressed(self.host.config)

    @property
    def ascii_attachments(self) -> bool:
        """MAIL_ASCII_ATTACHMENTS: whether file names are written in ASCII."""
        return self.settings.ascii_attachments
