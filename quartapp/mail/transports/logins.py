"""Pauses of the login: after a rejected password one login is made, and later and later ones.

Servers ban a host that sends a wrong password again and again: fail2ban after five in ten minutes.
What is known of the last login may be shared with other processes: see `LoginStore`.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from quartapp.mail.clock import SystemClock, span
from quartapp.mail.transports.contract import LoginRejected, ServerOutage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime

    from quartapp.mail.server_settings import ServerSettings

__all__ = ["LoginState", "LoginStore", "Logins"]

LOOK = 0.1
"""Seconds between two looks at a login that another connection or process makes."""

STEPS = 4
"""Timeouts that a login may take with all that comes before it; then it is taken for dead."""


@dataclass(frozen=True, slots=True)
class LoginState:
    """What is known of the last login.

    asked_at
        When it was begun; unique enough to tell one state from the next.
    next_at
        Nobody logs in before: a login is going on, or was rejected. None: it was accepted.
    pause
        Seconds of the pause after it was rejected; 0 where it was not.
    reply
        Why it was rejected.
    """

    asked_at: datetime
    next_at: datetime | None = None
    pause: float = 0.0
    reply: str = ""


class LoginStore(Protocol):
    """Where the state is; shared with whoever uses the same one."""

    async def read(self) -> LoginState | None:
        """The state, None where nobody has logged in yet."""
        ...

    async def write(self, state: LoginState, expects: LoginState | None) -> bool:
        """Replace the state where it is still the one expected; returns whether it was."""
        ...


class OwnStore:
    """The state in this process."""

    def __init__(self) -> None:
        self.state: LoginState | None = None

    async def read(self) -> LoginState | None:
        """The state."""
        return self.state

    async def write(self, state: LoginState, expects: LoginState | None) -> bool:
        """Replace the state."""
        is_expected = self.state == expects
        if is_expected:
            self.state = state
        return is_expected


class Logins:
    """Lets logins go, one at a time once a password was rejected.

    now
        The time of day, by a clock that all who share the store agree on; this machine's by
        default.
    store
        Where the state is; in this process by default.
    """

    def __init__(
        self,
        settings: ServerSettings,
        *,
        now: Callable[[], datetime] | None = None,
        store: LoginStore | None = None,
    ) -> None:
        self._settings = settings
        self._now = now or SystemClock().now
        self._store = store or OwnStore()
        self._since: datetime | None = None
        self.is_paused = False

    def restart(self) -> None:
        """Have the next login go at once, unless somebody has logged in since now."""
        self._since = self._now()

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        """Log in inside the block. Raises `ServerOutage` where that has to wait."""
        if self._settings.username is None:
            yield
            return
        before = await self._admitted()
        try:
            yield
        except LoginRejected as rejection:
            raise await self._rejected(rejection, before) from rejection
        except BaseException:
            await self._released(before)
            raise
        if before.next_at is not None:
            await self._store.write(LoginState(before.asked_at), before)
        self.is_paused = False

    async def accepted(self) -> None:
        """Somebody has logged in by hand: end the pause, for everybody."""
        state = await self._store.read()
        if state is not None and state.next_at is not None:
            await self._store.write(LoginState(state.asked_at), state)

    async def ask(self) -> None:
        """Let one login go at once; where it is rejected, the pause doubles all the same."""
        state, now = await self._store.read(), self._now()
        if state is not None and state.pause and state.next_at is not None:
            await self._store.write(replace(state, next_at=min(state.next_at, now)), state)

    async def is_over(self) -> bool:
        """Whether a login may be made now, though it was paused when this process last asked."""
        state = await self._store.read()
        return state is None or state.next_at is None or state.next_at <= self._now()

    async def _admitted(self) -> LoginState:
        """The state under which to log in: of a login that was accepted, or claimed by us."""
        deadline = STEPS * self._settings.timeout
        for _ in range(int(deadline / LOOK) + 1):
            state, now = await self._store.read(), self._now()
            if state is not None and state.next_at is None:
                return state
            if self._may_claim(state, now):
                pause, reply = (state.pause, state.reply) if state else (0.0, "")
                claim = LoginState(now, now + timedelta(seconds=deadline), pause, reply)
                if await self._store.write(claim, state):
                    return claim
            elif state is not None and state.pause:
                raise self._paused(state, now)
            await asyncio.sleep(LOOK)
        raise ServerOutage("another connection has been logging in for too long")

    def _may_claim(self, state: LoginState | None, now: datetime) -> bool:
        if state is None or state.next_at is None or state.next_at <= now:
            return True
        return self._since is not None and state.asked_at < self._since

    async def _rejected(self, rejection: LoginRejected, before: LoginState) -> LoginRejected:
        settings, now = self._settings, self._now()
        pause = min(before.pause * 2 or settings.login_pause_first, settings.login_pause_max)
        state = LoginState(now, now + timedelta(seconds=pause), pause, str(rejection))
        # Where another one was rejected meanwhile, that pause has begun already.
        await self._store.write(state, before)
        self.is_paused = True
        return LoginRejected(_told(state, now), code=rejection.code, pause=pause)

    async def _released(self, before: LoginState) -> None:
        """Let the next one log in at once: of the password nothing was said."""
        if before.next_at is not None:
            await self._store.write(replace(before, next_at=self._now()), before)

    def _paused(self, state: LoginState, now: datetime) -> ServerOutage:
        self.is_paused = True
        remaining = (state.next_at - now).total_seconds() if state.next_at else 0.0
        return ServerOutage(_told(state, now), pause=remaining)


def _told(state: LoginState, now: datetime) -> str:
    remaining = (state.next_at - now).total_seconds() if state.next_at else 0.0
    return f"{state.reply}; the next login is in {span(remaining)}, or when `mail check` succeeds"
