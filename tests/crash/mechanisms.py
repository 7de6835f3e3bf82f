"""The mechanisms that keep the promises: the line that makes each, and the test named for it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MECHANISMS", "Mechanism"]


@dataclass(frozen=True, slots=True)
class Mechanism:
    """One mechanism.

    file, line, instead
        Where it stands, as it stands there exactly once, and what is left when it is gone.
    test
        The test that must turn red then.
    """

    name: str
    file: str
    line: str
    instead: str
    test: str


MECHANISMS = (
    Mechanism(
        "token fence on recording",
        "quartapp/mail/outbox/record.py",
        "return {(row.id, row.token): row.wants_cancel for row in rows}",
        "return {_mark(verdict): False for verdict in verdicts}",
        "tests/mail/outbox/test_fence.py::test_a_zombie_records_nothing",
    ),
    Mechanism(
        "token fence on renewing",
        "quartapp/mail/outbox/claim.py",
        "letters.c.token.in_({claim.token for claim in held}),",
        "",
        "tests/mail/outbox/test_fence.py::test_a_zombie_renews_nothing",
    ),
    Mechanism(
        "lease check before the dot",
        "quartapp/mail/courier.py",
        "self._check(errand.claim)\n        if self._settings",
        "if self._settings",
        "tests/crash/test_freezer.py::test_frozen_before_the_dot_it_sends_no_second_copy",
    ),
    Mechanism(
        "lease renewal",
        "quartapp/mail/leases.py",
        "if self._held:",
        "if False:",
        "tests/crash/test_leases.py::test_a_lease_lasts_for_as_long_as_the_server_takes",
    ),
    Mechanism(
        "own lapsed leases renewed before claiming",
        "quartapp/mail/dispatcher.py",
        "if self._leases.has_lapsed:",
        "if False:",
        "tests/crash/test_leases.py::test_who_wakes_late_does_not_take_a_letter_from_itself",
    ),
    Mechanism(
        "state of each recipient",
        "quartapp/mail/claim.py",
        "if recipient.due_at is not None and recipient.due_at <= now",
        "if True",
        "tests/mail/test_delivery.py::test_an_accepted_recipient_is_not_sent_to_again",
    ),
    Mechanism(
        "breaker",
        "quartapp/mail/transports/breaker.py",
        "self.trouble = trouble\n",
        "pass\n",
        "tests/mail/transports/test_trouble.py"
        "::test_who_comes_while_it_is_in_trouble_is_turned_away_at_once",
    ),
    Mechanism(
        "the server's trouble costs no attempt",
        "quartapp/mail/retry.py",
        "if turned_away >= TURNED_AWAY_LIMIT:",
        "if True:",
        "tests/mail/test_delivery.py::test_a_server_that_is_down_costs_no_attempt",
    ),
    Mechanism(
        "the third 421 counts",
        "quartapp/mail/retry.py",
        "if turned_away >= TURNED_AWAY_LIMIT:",
        "if False:",
        "tests/mail/test_retry.py::test_the_third_421_in_a_row_counts",
    ),
    Mechanism(
        "uncertain after the dot",
        "quartapp/mail/transports/attempt.py",
        "Result.UNCERTAIN if self._phase is Phase.DOT else Result.TRANSIENT",
        "Result.TRANSIENT",
        "tests/mail/test_delivery.py"
        "::test_a_connection_lost_after_the_dot_leaves_the_letter_uncertain",
    ),
    Mechanism(
        "a dead kept connection is replaced at no cost",
        "quartapp/mail/transports/attempt.py",
        "if self._was_kept and self._phase < Phase.DATA:",
        "if False:",
        "tests/mail/transports/test_pool.py"
        "::test_a_connection_that_the_server_closed_is_replaced_at_once",
    ),
    Mechanism(
        "writer lock",
        "quartapp/database.py",
        "async with self._turns:",
        "if True:",
        "tests/test_database_sqlite.py::test_a_write_inside_a_write_is_refused_at_once",
    ),
    Mechanism(
        "intent before the dot under hold",
        "quartapp/mail/courier.py",
        "await self._stamp(errand.claim)",
        "pass",
        "tests/crash/test_freezer.py"
        "::test_frozen_after_the_dot_of_a_held_letter_it_changes_no_row_and_nobody_sends_again",
    ),
    Mechanism(
        "drain at shutdown",
        "quartapp/mail/dispatcher.py",
        "timeout=self._settings.drain_timeout",
        "timeout=0",
        "tests/mail/test_promises_to_others.py::test_7_shutdown_waits_for_the_answer_to_a_dot",
    ),
    Mechanism(
        "joining the caller's transaction",
        "quartapp/mail/outbox/__init__.py",
        "if session is not None:",
        "if False:",
        "tests/mail/test_promises.py::test_2_rolled_back_means_never_sent",
    ),
    Mechanism(
        "staging guard",
        "quartapp/mail/staging.py",
        "if _is_allowed(address, settings):",
        "if True:",
        "tests/mail/test_staging.py::test_every_recipient_is_redirected_cc_and_bcc_too",
    ),
    Mechanism(
        "expiry",
        "quartapp/mail/courier.py",
        "if claim.has_expired(now):",
        "if False:",
        "tests/mail/test_delivery.py::test_an_expired_letter_is_not_sent",
    ),
    Mechanism(
        "letting go of SQLite's lock",
        "quartapp/engines.py",
        "connection.rollback()",
        "pass",
        "tests/crash/test_cancellation.py"
        "::test_a_write_that_is_cut_at_any_moment_lets_go_of_the_lock",
    ),
    Mechanism(
        "workers of hypercorn outlive their group's SIGTERM",
        "quartapp/__init__.py",
        "    leave_stopping_to_the_master()\n",
        "",
        "tests/crash/test_processes.py"
        "::test_a_graceful_stop_waits_for_answers_to_dots_and_gives_back_the_rest"
        "[terminate_all-hypercorn -w 2]",
    ),
)
