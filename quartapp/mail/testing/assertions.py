"""Assertions about what a test has sent; where one fails, it shows what was there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from quartapp.mail.errors import MailError, WrongTypeError
from quartapp.mail.lines import shown
from quartapp.mail.testing.expectation import Expectation, few
from quartapp.mail.testing.recording import recorded

if TYPE_CHECKING:
    import re
    from collections.abc import Collection, Sequence

    from quartapp.mail.addresses import Mailbox
    from quartapp.mail.message.message import Message
    from quartapp.mail.testing.expectation import Difference, Several

__all__ = ["assert_nothing_sent", "assert_sent"]

LISTED = 5
"""Messages that a failure lists."""

NOTHING = "nothing was sent or queued (what is queued counts once its transaction has committed)"


def assert_sent(
    *,
    to: Several | None = None,
    subject: str | re.Pattern[str] | None = None,
    body: str | re.Pattern[str] | None = None,
    html: str | re.Pattern[str] | None = None,
    cc: Several | None = None,
    bcc: Several | None = None,
    sender: Mailbox | re.Pattern[str] | None = None,
    attachments: str | re.Pattern[str] | Collection[str] | None = None,
    count: int | None = None,
) -> list[Message]:
    """Assert that a message was sent or queued in this test that is like this in each field given.

    subject, body, html
        Text that is equal, "" for none; or `re.compile(...)`, which is searched for.
    to, cc, bcc, attachments
        One address, or file name, that is among the message's; a list of all of them in any order,
        [] for none; or `re.compile(...)`. An address without a name is that of whoever has it.
    sender
        An address; or `re.compile(...)`.
    count
        How many messages must be so, 0 for none; at least one where it is not given.

    Returns the messages that are so, in order. Raises `AssertionError`, which lists what was there
    and says in which fields the nearest message differs; `MailError` in a test without the fixture
    `mail_outbox`.
    """
    fields = {name: given for name, given in locals().items() if name != "count"}
    __tracebackhide__ = True
    try:
        messages, expectations = recorded(), _expectations(fields, count)
    except MailError as error:
        # Where it was called is what its reader has to see.
        raise error.with_traceback(None) from None
    differences = [_differences(message, expectations) for message in messages]
    matching = [each for each, found in zip(messages, differences, strict=True) if not found]
    if len(matching) == count or (count is None and matching):
        return matching
    raise AssertionError(_failure(messages, differences, len(matching), count))


def assert_nothing_sent() -> None:
    """Assert that no message was sent or queued in this test.

    Raises `AssertionError`, which lists what was; `MailError` in a test without `mail_outbox`.
    """
    __tracebackhide__ = True
    try:
        messages = recorded()
    except MailError as error:
        raise error.with_traceback(None) from None
    if messages:
        were = "message was" if len(messages) == 1 else "messages were"
        listed = _listed([_described(message) for message in messages])
        raise AssertionError("\n".join([f"{len(messages):,} {were} sent or queued:", *listed]))


def _expectations(fields: dict[str, Any], count: Any) -> list[Expectation]:
    if count is not None and (not isinstance(count, int) or count < 0):
        raise WrongTypeError(f"count={shown(count)}: give how many messages, 0 or more")
    return [Expectation.read(name, given) for name, given in fields.items() if given is not None]


def _differences(message: Message, expectations: Sequence[Expectation]) -> list[Difference]:
    found = (expectation.difference(message) for expectation in expectations)
    return [difference for difference in found if difference]


def _failure(
    messages: Sequence[Message],
    differences: Sequence[list[Difference]],
    matching: int,
    count: int | None,
) -> str:
    """What was there, and what the nearest message lacks where too few are as expected."""
    if not messages:
        return NOTHING if count is None else f"{NOTHING}, not {count:,}"
    wanted = "" if count is None else f", not {count:,}"
    lines = [f"{_number(matching)}{wanted}, of {len(messages):,} sent or queued:"]
    marks = [" (matches)" if matching and not found else "" for found in differences]
    lines += _listed([_described(m) + mark for m, mark in zip(messages, marks, strict=True)])
    others = [number for number, found in enumerate(differences) if found]
    if others and matching < (1 if count is None else count):
        nearest = min(others, key=lambda number: _distance(differences[number]))
        if len(messages) > 1:
            lines.append(f"nearest: {nearest + 1}. {_described(messages[nearest])}")
        lines += [f"  {difference.words}" for difference in differences[nearest]]
    return "\n".join(lines)


def _number(matching: int) -> str:
    match matching:
        case 0:
            return "no message matches"
        case 1:
            return "1 message matches"
        case _:
            return f"{matching:,} messages match"


def _distance(differences: Sequence[Difference]) -> tuple[int, float]:
    return len(differences), -sum(difference.closeness for difference in differences)


def _listed(lines: Sequence[str]) -> list[str]:
    more = [f"  … and {len(lines) - LISTED:,} more"] if len(lines) > LISTED else []
    return [f"  {number}. {line}" for number, line in enumerate(lines[:LISTED], 1)] + more


def _described(message: Message) -> str:
    """A message in one line."""
    people = {"to": message.recipients, "cc": message.cc, "bcc": message.bcc}
    names = (f"{word} {few(map(_shown, each))}" for word, each in people.items() if each)
    return f"{message.subject!r} {', '.join(names)}"


def _shown(mailbox: Mailbox) -> str:
    return mailbox if isinstance(mailbox, str) else f"{mailbox[0]} <{mailbox[1]}>"
