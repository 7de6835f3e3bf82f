"""The pytest plugin of the testing kit: fixtures that import nothing of ours until one is used.

It stands outside `quartapp.mail`, whose import loads Quart and SQLAlchemy: each run of pytest in an
environment that has quartapp imports this module.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from quartapp.mail import Message
    from quartapp.mail.testing import SMTPServer

__all__ = ["mail_outbox", "smtp_server"]

# Which test a task belongs to: tasks, and threads that take their context along, inherit it.
_running: ContextVar[object] = ContextVar("quartapp_test", default=None)
_test = pytest.StashKey[object]()


# The older kind of wrapper: a pytest of before pluggy 1.2 must not fail because we are installed.
@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, None]:
    """Mark the tasks that a test starts: one that outlives it is not the next test's."""
    before = _running.get()
    _running.set(item.stash.get(_test, None) or object())
    try:
        yield
    finally:
        _running.set(before)


@pytest.fixture
def mail_outbox(request: pytest.FixtureRequest) -> Iterator[list[Message]]:
    """A list that grows by each message that this test sends or queues, in whichever app.

    A message is in it once it was accepted by `send`, suppressed, or queued in a transaction that
    has committed, whether or not it is delivered then. `assert_sent` and `assert_nothing_sent` of
    `quartapp.mail.testing` look at it.
    """
    from quartapp.mail.testing.recording import recording

    # What no test's task has sent, but a fixture's, or a server's in a thread, is this test's.
    nobody, test = _running.get(), object()
    request.node.stash[_test] = test
    with recording(lambda: _running.get() in (nobody, test)) as outbox:
        yield outbox
    del request.node.stash[_test]


@pytest.fixture
def smtp_server() -> Iterator[SMTPServer]:
    """A scriptable `SMTPServer` that listens until the test ends: MAIL_SERVER is its `host`,
    MAIL_PORT its `port`.

    It serves in a thread with an event loop of its own, so that it does not matter who runs the
    test's coroutines, if anybody does.
    """
    from quartapp.mail.testing.background import serving

    with serving() as server:
        yield server
