"""The staging guard: who really gets a message where it must not reach real recipients."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from quartapp.mail.transports import Answer, Result

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quartapp.mail.settings import MailSettings
    from quartapp.mail.transports import Outcome

__all__ = ["Staged", "stage"]

HELD_BACK = Answer(Result.PERMANENT, None, "held back: not in MAIL_ALLOWED_RECIPIENTS")


@dataclass(frozen=True, slots=True)
class Staged:
    """An envelope after the guard.

    routes
        For each recipient who may get the message, the addresses that get it instead.
    held_back
        The answer to those who may not.
    """

    routes: Mapping[str, tuple[str, ...]]
    held_back: Mapping[str, Answer]

    @property
    def envelope_recipients(self) -> tuple[str, ...]:
        """The recipients for the server, each once."""
        return tuple(dict.fromkeys(address for route in self.routes.values() for address in route))

    def translate(self, outcome: Outcome) -> Outcome:
        """The answers about the real recipients as answers about the original ones.

        There is none while one of those who get it instead has none.
        """
        answers = {
            recipient: _best([outcome.answers[address] for address in route])
            for recipient, route in self.routes.items()
            if outcome.answers.keys() >= set(route)
        }
        return replace(outcome, answers={**answers, **self.held_back})


def _best(answers: list[Answer]) -> Answer:
    """Accepted where one was: whoever has it is not to get it again."""
    return next((each for each in answers if each.result is Result.ACCEPTED), answers[0])


def stage(addresses: tuple[str, ...], settings: MailSettings) -> Staged:
    """Let allowed recipients through, redirect the others, or hold them back."""
    routes: dict[str, tuple[str, ...]] = {}
    held_back: dict[str, Answer] = {}
    for address in addresses:
        if _is_allowed(address, settings):
            routes[address] = (address,)
        elif settings.redirect_to:
            routes[address] = settings.redirect_to
        else:
            held_back[address] = HELD_BACK
    return Staged(routes, held_back)


def _is_allowed(address: str, settings: MailSettings) -> bool:
    if not settings.allowed_recipients:
        return not settings.redirect_to
    domain = address.rpartition("@")[2].lower()
    return any(
        entry.lower() in (address.lower(), f"@{domain}", f"*@{domain}")
        for entry in settings.allowed_recipients
    )
