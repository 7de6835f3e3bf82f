"""What a test server does at each phase of a conversation: rules, and the resulting act."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import NoReturn, TypedDict

__all__ = ["Act", "Delay", "Drop", "Garbage", "Phase", "Respond", "Script", "Stall", "When"]

GARBAGE = "\udcff\udcfe\x07?! this is no SMTP reply"
_REPLY = re.compile(r"\d{3}(?!\d)")


class Phase(StrEnum):
    """The moments at which a server can be told to misbehave, in the order of a conversation."""

    CONNECT = "CONNECT"
    """The connection is open; with implicit TLS before the handshake."""
    GREETING = "GREETING"
    EHLO = "EHLO"
    STARTTLS = "STARTTLS"
    AUTH = "AUTH"
    """The credentials have been read, the reply is due."""
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    BODY = "BODY"
    """The first bytes of the message have come in."""
    END_OF_DATA = "END_OF_DATA"
    """The end of data has come in, its reply is due."""
    NEXT = "NEXT"
    """The end of data was answered; the client may begin another message."""
    RSET = "RSET"
    QUIT = "QUIT"

    @classmethod
    def _missing_(cls, value: object) -> NoReturn:
        raise ValueError(f"there is no phase {value!r}: it is one of {', '.join(cls)}")


@dataclass(frozen=True, slots=True)
class Respond:
    """Send this instead of the usual reply."""

    reply: str


@dataclass(frozen=True, slots=True)
class Drop:
    """Close the connection."""

    accepted: bool = True


@dataclass(frozen=True, slots=True)
class Stall:
    """Send nothing until resumed."""

    accepted: bool = True


@dataclass(frozen=True, slots=True)
class Garbage:
    """Send something that is no SMTP reply."""

    accepted: bool = True


@dataclass(frozen=True, slots=True)
class Delay:
    """Wait this many seconds, then go on as usual."""

    seconds: float


Behaviour = Respond | Drop | Stall | Garbage


class When(TypedDict, total=False):
    """When a rule applies.

    times
        How often, for ever by default, once where `nth` is given.
    nth
        From which occurrence on, the first being 1, counted from when the rule was made.
    recipient
        For RCPT: only for this address.
    """

    times: int
    nth: int
    recipient: str


@dataclass(frozen=True, slots=True)
class Act:
    """What a server does at one moment.

    usual
        The usual reply.
    delay
        How long it waits first, in seconds.
    """

    usual: str
    behaviour: Behaviour | None = None
    delay: float = 0

    @property
    def reply(self) -> str:
        """The reply that is sent in the end, "" for none."""
        match self.behaviour:
            case Respond(reply):
                return reply
            case Garbage():
                return GARBAGE
            case Drop():
                return ""
            case _:
                return self.usual

    @property
    def agrees(self) -> bool:
        """Whether the reply is a yes: 2xx or 3xx."""
        return is_yes(self.reply)

    @property
    def accepts(self) -> bool:
        """At the end of data: whether the message is accepted at once."""
        match self.behaviour:
            case Drop(accepted) | Stall(accepted) | Garbage(accepted):
                return accepted and is_yes(self.usual)
            case _:
                return self.agrees

    @property
    def accepts_late(self) -> bool:
        """At the end of data: whether the message is accepted only after the stall."""
        return isinstance(self.behaviour, Stall) and not self.accepts and self.agrees


@dataclass(slots=True)
class Rule:
    """One behaviour at one phase, and how often it was seen and used."""

    phase: Phase
    behaviour: Behaviour | Delay
    nth: int
    times: float
    recipient: str
    seen: int = 0
    used: int = 0

    def note(self, phase: Phase, recipient: str) -> bool:
        """Count this moment if it is the rule's; whether the rule may be used at it."""
        if phase is not self.phase or self.recipient not in ("", recipient):
            return False
        self.seen += 1
        return self.seen >= self.nth and self.used < self.times


class Script:
    """The rules of one server: the first that applies and is not used up is used."""

    def __init__(self) -> None:
        self.resumed = asyncio.Event()
        self._rules: list[Rule] = []

    def add(self, phase: Phase | str, behaviour: Behaviour | Delay, when: When) -> None:
        """Add a rule behind the others. Raises `ValueError` for an inconsistent one."""
        phase = Phase(phase)
        _check(phase, behaviour, when)
        nth = when.get("nth", 1)
        times = when.get("times", 1 if "nth" in when else inf)
        recipient = when.get("recipient", "").lower()
        self._rules.append(Rule(phase, behaviour, nth, times, recipient))

    def clear(self) -> None:
        """Remove every rule."""
        self._rules.clear()

    def resume(self) -> None:
        """Release those that wait for `resumed` now, and no later ones."""
        self.resumed.set()
        self.resumed = asyncio.Event()

    def at(self, phase: Phase, usual: str, recipient: str = "") -> Act:
        """What to do at this moment; it counts as one occurrence of the phase."""
        ready = [rule for rule in self._rules if rule.note(phase, recipient.lower())]
        delays = [rule for rule in ready if isinstance(rule.behaviour, Delay)]
        others = [rule for rule in ready if not isinstance(rule.behaviour, Delay)]
        act = Act(usual)
        for rule in (*delays[:1], *others[:1]):
            rule.used += 1
            act = _with(act, rule.behaviour)
        return act


def is_yes(reply: str) -> bool:
    """Whether a reply is a 2xx or a 3xx."""
    return reply[:1] in ("2", "3")


def _with(act: Act, behaviour: Behaviour | Delay) -> Act:
    if isinstance(behaviour, Delay):
        return Act(act.usual, act.behaviour, behaviour.seconds)
    return Act(act.usual, behaviour, act.delay)


def _check(phase: Phase, behaviour: Behaviour | Delay, when: When) -> None:
    if isinstance(behaviour, Respond) and not _REPLY.match(behaviour.reply):
        raise ValueError(
            f"{behaviour.reply!r} at {phase} does not begin with three digits; "
            "use garbage() for bytes that are no reply"
        )
    if "recipient" in when and phase is not Phase.RCPT:
        raise ValueError(f"recipient= is for RCPT, not for {phase}")
    if min(when.get("nth", 1), when.get("times", 1)) < 1:
        raise ValueError(f"nth= and times= at {phase} count from 1")
    if not getattr(behaviour, "accepted", True) and phase is not Phase.END_OF_DATA:
        raise ValueError(f"accepted= is for END_OF_DATA, not for {phase}")
