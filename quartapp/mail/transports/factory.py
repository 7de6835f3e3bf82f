"""Which transport the settings ask for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from quartapp.mail.transports.breaker import Breaker
from quartapp.mail.transports.smtp.transport import SMTPTransport

if TYPE_CHECKING:
    from quartapp.mail.clock import Clock
    from quartapp.mail.settings import MailSettings
    from quartapp.mail.transports.contract import Transport
    from quartapp.mail.transports.logins import Logins

__all__ = ["at_mailbox", "transport_for"]


def transport_for(
    settings: MailSettings,
    clock: Clock,
    mailbox: tuple[str, int] | None = None,
    *,
    logins: Logins | None = None,
) -> Transport:
    """A transport to the server of the settings, or to a development mailbox.

    mailbox
        Host and port of the development mailbox's server.
    logins
        Which logins have to wait; to the mailbox there are none.
    """
    if mailbox is not None:
        settings, logins = at_mailbox(settings, mailbox), None
    breaker = Breaker(settings.breaker_first, settings.breaker_max, clock=clock.elapsed)
    return SMTPTransport(settings, breaker=breaker, logins=logins)


def at_mailbox(settings: MailSettings, server: tuple[str, int]) -> MailSettings:
    """The settings of an app whose messages go to a development mailbox, at this host and port."""
    host, port = server
    return replace(
        settings,
        server=host,
        port=port,
        use_tls=False,
        use_ssl=False,
        username=None,
        password=None,
    )
