"""`Mail`: what applications bind, and how code finds the service of the right one."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from quart import has_app_context

from quartapp.mail.bound import current_settings, of_the_current_app, refuse_a_second
from quartapp.mail.cli import add_commands
from quartapp.mail.delegated import awaited, of_the_service
from quartapp.mail.errors import MailError
from quartapp.mail.events.recordings import Recordings
from quartapp.mail.lifespan import Lifespan, QuartHost
from quartapp.mail.message import defaults
from quartapp.mail.outbox.before_send import H, Hook, checked_hook
from quartapp.mail.service import MailService
from quartapp.mail.state import MailState

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from quart import Blueprint, Quart

    from quartapp.mail.clock import Clock
    from quartapp.mail.host import Host
    from quartapp.mail.message.message import Message
    from quartapp.mail.operator import Operator
    from quartapp.mail.outbox.report import Report
    from quartapp.mail.outbox.source import Engine
    from quartapp.mail.pages.access import Allow
    from quartapp.mail.pages.health import Ready
    from quartapp.mail.settings import MailSettings
    from quartapp.mail.transports import Transport

__all__ = ["Mail", "mail", "send_email"]

logger = logging.getLogger(__name__)


class Mail(MailState):
    """The mail of the apps that are bound to it: `Mail(app)`, or `Mail()` and `init_app(app)`.

    engine, transport
        See `init_app`.
    clock
        What time it is; the machine's own by default.

    A handle without a state of its own: each app has a `MailService`, in `app.extensions["mail"]`.
    Inside an app context the methods are those of that app, which must be bound to this `Mail`.
    Without one they are those of the only bound app that runs in this event loop, else of the only
    app ever bound.
    """

    def __init__(
        self,
        app: Quart | None = None,
        *,
        engine: Engine | Callable[[], Engine] | None = None,
        transport: Transport | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._engine = engine
        self._transport = transport
        self._clock = clock
        self._services: WeakSet[MailService] = WeakSet()
        self._hooks: list[Hook] = []
        self._recordings = Recordings()
        if app is not None:
            self.init_app(app)

    def init_app(
        self,
        app: Quart,
        *,
        engine: Engine | Callable[[], Engine] | None = None,
        transport: Transport | None = None,
    ) -> MailService:
        """Bind to an app, and deliver while it serves: after every `before_serving` hook, and
        until before every `after_serving` hook.

        engine
            The app's AsyncEngine, a `Database`, or a callable that gives either, asked at the
            start or at the first use. Without it `DATABASE_URL` in `app.config`, and without that
            an SQLite file in the instance folder.
        transport
            What carries messages instead of SMTP.

        Returns the app's mail. Raises `MailError` for an app that has mail already, and
        `SettingError`, a `ValueError`, naming a setting that makes no sense.
        """
        refuse_a_second(app)
        defaults.look_up_with(current_settings)
        service = MailService(
            QuartHost(app),
            engine=engine or self._engine,
            transport=transport or self._transport,
            clock=self._clock,
        )
        for warning in service.settings.warnings():
            logger.warning("%s", warning)
        for hook in (*mail._hooks, *self._hooks):
            service.before_send(hook)
        for handle in {mail, self}:
            handle._recordings.record(service.publisher)
        app.extensions["mail"] = service
        self._services.add(service)
        mail._services.add(service)
        Lifespan(app, service)
        add_commands(app)
        return service

    def __repr__(self) -> str:
        return (
            f"<Mail of {', '.join(sorted(each.host.name for each in self._services)) or 'no app'}>"
        )

    @property
    def service(self) -> MailService:
        """The service of the right app. Raises `MailError`, which says how to name one."""
        if has_app_context():
            return of_the_current_app(self._services)
        services = self._here() or list(self._services)
        if len(services) == 1:
            return services[0]
        if services:
            raise MailError(
                "several apps have mail: enter the context of one, `async with app.app_context():`"
            )
        raise MailError("no app has mail yet: call mail.init_app(app)")

    def before_send(self, hook: H) -> H:
        """Show each message to a function before it is encoded, in every app bound now or later.

        A decorator for a function, sync or async, that changes the `Message` or raises, such as
        `MessageVetoed`: that reaches the caller, and nothing is sent or stored.
        """
        self._hooks.append(checked_hook(hook))
        for service in self._services:
            service.before_send(hook)
        return hook

    compose = awaited(MailService.compose)
    send_email = awaited(MailService.send_email)
    send_later = awaited(MailService.send_later)
    send_all_later = awaited(MailService.send_all_later)
    send = awaited(MailService.send)
    send_message = awaited(MailService.send_message)
    connect = of_the_service(MailService.connect)
    get = awaited(MailService.get)
    find = awaited(MailService.find)
    stats = awaited(MailService.stats)
    wait = awaited(MailService.wait)
    watch = of_the_service(MailService.watch)
    drain = awaited(MailService.drain)
    retry = awaited(MailService.retry)
    cancel = awaited(MailService.cancel)
    prune = awaited(MailService.prune)
    check = of_the_service(MailService.check)
    prepare = awaited(MailService.prepare)
    upgrade = awaited(MailService.upgrade)
    revisions = awaited(MailService.revisions)
    running = of_the_service(MailService.running)

    def record_messages(self) -> AbstractContextManager[list[Message]]:
        """Flask-Mail's recorder: a list that grows by each message sent or suppressed meanwhile.

        Inside an app context it records for that app, without one for every app that is
        bound now or meanwhile.
        """
        if has_app_context():
            return self.service.record_messages()
        return self._recordings.open(each.publisher for each in self._services)

    @property
    def state(self) -> MailService:
        """Flask-Mail's name for `service`."""
        return self.service

    @property
    def app(self) -> Any:
        """The app whose mail this is."""
        return self.host.app

    @property
    def host(self) -> Host:
        """The app, as its mail sees it."""
        return self.service.host

    @property
    def settings(self) -> MailSettings:
        """The app's mail settings."""
        return self.service.settings

    @property
    def report(self) -> Report:
        """Pages, figures and histories for an operator, and actions on all messages that match."""
        return self.service.report

    @property
    def is_running(self) -> bool:
        """Whether this process delivers."""
        return self.service.is_running

    @property
    def outage(self) -> str | None:
        """Why messages wait, in a sentence; None when nothing holds them up."""
        return self.service.outage

    async def guard(self, *, local: bool | None = None) -> Operator:
        """The default guard of the pages, for an `allow` to build on: in debug a client on this
        machine, else whoever signs in with OPERATOR_USERNAME and OPERATOR_PASSWORD.

        local
            Whether a client on this machine needs no sign-in, whatever the app's debug says.

        Raises `NotFound` where nobody can sign in, `Unauthorized`, `TooManyRequests`.
        """
        from quartapp.mail.pages import guard

        return await guard(local=local)

    def outbox_pages(self, *, allow: Allow | None = None) -> Blueprint:
        """The operator's pages: every message, why it waits or failed, and what to do about it.

        allow
            The host's own check, sync or async, instead of `guard`: it returns True, a name for
            the audit log or an `Operator`, False for 403, or a response.

        To be mounted: `app.register_blueprint(mail.outbox_pages(), url_prefix="/outbox")`.
        """
        from quartapp.mail.pages import outbox_pages

        return outbox_pages(allow=allow)

    def mailbox_pages(self, *, allow: Allow | None = None) -> Blueprint:
        """The development mailbox: what the app has sent, previews of its templates, and chaos.

        allow
            See `outbox_pages`.
        """
        from quartapp.mail.pages import mailbox_pages

        return mailbox_pages(allow=allow)

    def health_pages(self, *, allow: Allow | None = None, ready: Ready | None = None) -> Blueprint:
        """`/healthz`, `/readyz` and `/metrics`.

        allow
            Who may read `/metrics`: see `outbox_pages`. Without it, the operator where one is set,
            else everybody in debug and TESTING only.
        ready
            The host's own check for `/readyz`: a sentence where it cannot serve, else None.
        """
        from quartapp.mail.pages import health_pages

        return health_pages(allow=allow, ready=ready)

    def _here(self) -> list[MailService]:
        """Those that run in this event loop."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return []
        return [service for service in self._services if service.is_in(loop)]


mail = Mail()
"""The mail of any app, whichever `Mail` it is bound to."""

send_email = mail.send_email
