"""What a test is told of the messages that it has sent."""

from __future__ import annotations

from tests.crash.mechanisms.mechanism import Mechanism

__all__ = ["KIT"]

KIT = (
    Mechanism(
        "what is queued is told of as it commits",
        "quartapp/mail/outbox/submission.py",
        "(tell_submitted, encoded),",
        "",
        "tests/mail/testing/test_recording.py::test_each_way_to_send_is_recorded_once[delivered]",
    ),
    Mechanism(
        "what is sent now is told of",
        "quartapp/mail/delivery/connection.py",
        "tell_submitted(replace(encoded, envelope=envelope))",
        "pass",
        "tests/mail/testing/test_recording.py::test_each_way_to_send_is_recorded_once[delivered]",
    ),
    Mechanism(
        "a task of an earlier test is not this test's",
        "quartapp/pytest_plugin.py",
        "_running.set(item.stash.get(_test, None) or object())",
        "pass",
        "tests/mail/testing/test_plugin.py::test_a_task_of_an_earlier_test_is_not_this_tests",
    ),
    Mechanism(
        "the testing kit is imported when a fixture is used",
        "quartapp/pytest_plugin.py",
        "import pytest\n",
        "import pytest\n\nimport quartapp.mail\n",
        "tests/mail/testing/test_plugin.py::test_a_run_that_uses_no_fixture_loads_nothing",
    ),
    Mechanism(
        "a stalled test server is resumed in its own event loop",
        "quartapp/mail/testing/background.py",
        "self._loop.call_soon_threadsafe(super().resume)",
        "super().resume()",
        "tests/mail/testing/test_background.py::test_what_is_stalled_goes_on_when_told_to",
    ),
)
