"""How a process ends."""

from __future__ import annotations

import sys

from tests.crash.mechanisms.mechanism import Mechanism

__all__ = ["PROCESSES"]

PROCESSES = (
    Mechanism(
        "a worker tells others that it delivers",
        "quartapp/mail/delivery/presence.py",
        "if state is not None and self._is_news(state):",
        "if False:",
        "tests/mail/delivery/test_presence.py"
        "::test_a_process_that_only_serves_pages_knows_who_delivers",
    ),
    Mechanism(
        "a silent worker is taken for dead",
        "quartapp/mail/outbox/workers.py",
        "if abs(row.now - row.seen_at) < SILENCE",
        "if True",
        "tests/mail/outbox/test_workers.py"
        "::test_a_process_that_died_is_taken_for_dead_by_the_databases_time",
    ),
    Mechanism(
        "drain at shutdown",
        "quartapp/mail/delivery/dispatcher.py",
        "timeout=self._settings.drain_timeout",
        "timeout=0",
        "tests/mail/delivery/test_promises_to_others.py::test_7_shutdown_waits_for_the_answer_to_a_dot",
    ),
    Mechanism(
        "what is past its end of data is not cut",
        "quartapp/mail/delivery/dispatcher.py",
        "if job.may_be_cut:",
        "if True:",
        "tests/mail/delivery/test_promises_to_others.py::test_7_shutdown_waits_for_the_answer_to_a_dot",
    ),
    Mechanism(
        "what is before its end of data is given back",
        "quartapp/mail/delivery/dispatcher.py",
        "if job.may_be_cut:",
        "if False:",
        "tests/mail/delivery/test_promises_to_others.py::test_7_shutdown_gives_back_what_is_before_its_end_of_data",
    ),
    Mechanism(
        "a drain has an end",
        "quartapp/mail/delivery/dispatcher.py",
        "await asyncio.wait(self._jobs, timeout=self._settings.drain_timeout)",
        "await asyncio.wait(self._jobs)",
        "tests/mail/delivery/test_promises_to_others.py"
        "::test_7_shutdown_leaves_what_was_not_answered_uncertain",
    ),
    Mechanism(
        "no claims after the stop",
        "quartapp/mail/delivery/dispatcher.py",
        "while not self._stopping.is_set():",
        "while True:",
        "tests/mail/delivery/test_promises_to_others.py::test_7_shutdown_claims_nothing_more",
    ),
    Mechanism(
        "SIGTERM is a stop",
        "quartapp/mail/cli/process.py",
        "for number in (signal.SIGINT, signal.SIGTERM):",
        "for number in (signal.SIGINT,):",
        "tests/crash/test_processes.py"
        "::test_a_graceful_stop_waits_for_pending_replies_and_releases_the_rest"
        "[terminate-quartapp mail work]",
    ),
    Mechanism(
        "a second SIGTERM is the same stop",
        "quartapp/mail/cli/process.py",
        "signal.signal(signal.SIGINT, signal.SIG_DFL)",
        "signal.signal(signal.SIGTERM, signal.SIG_DFL)",
        "tests/crash/test_serving_processes.py"
        "::test_a_worker_stopped_twice_still_waits_for_the_reply",
    ),
    Mechanism(
        "mail work delivers where pages are served without",
        "quartapp/mail/cli/work.py",
        "    service.dispatches = True\n",
        "",
        "tests/mail/cli/test_hosts.py::test_a_hosts_worker_delivers_whatever_its_dispatch_says",
    ),
    Mechanism(
        "workers of hypercorn outlive their group's SIGTERM",
        "quartapp/mail/lifespan.py",
        "        leave_stopping_to_the_master()\n",
        "",
        "tests/crash/test_processes.py"
        "::test_a_graceful_stop_waits_for_pending_replies_and_releases_the_rest"
        "[terminate_all-hypercorn -w 2]",
    ),
    Mechanism(
        "a silent connection is closed",
        "quartapp/cli/connections.py",
        "if is_silent or connection.is_left or now",
        "if connection.is_left or now",
        "tests/cli/test_connections.py::test_a_silent_connection_is_closed[preface]",
    ),
    Mechanism(
        "a client that takes nothing is cut",
        "quartapp/cli/connections.py",
        "now - connection.stuck_since > self._stuck",
        "False",
        "tests/cli/test_connections.py::test_a_client_that_takes_nothing_is_not_waited_for",
    ),
    Mechanism(
        "there are no more connections than file descriptors",
        "quartapp/cli/connections.py",
        "            await self._room()\n",
        "",
        "tests/cli/test_connections.py"
        "::test_one_too_many_takes_the_place_of_the_one_silent_for_longest",
    ),
    Mechanism(
        "a request is no silence",
        "quartapp/cli/connections.py",
        "if connection.is_silent and connection.silent_since < since and",
        "if connection.silent_since < since and",
        "tests/cli/test_connections.py::test_a_request_is_not_cut_to_make_room",
    ),
    Mechanism(
        "no more live streams than there is room for",
        "quartapp/web/streams.py",
        "if len(self) >= self._most or self._open[client] >= self._most_of_one_client:",
        "if False:",
        "tests/web/test_deliveries.py::test_beyond_the_bound_a_browser_polls_instead_of_giving_up",
    ),
    Mechanism(
        "a failed start is one sentence and a failed process",
        "quartapp/application.py",
        "        raise ConfigError(str(error)) from None\n",
        "",
        "tests/cli/test_run.py::test_production_does_not_start_on_tables_of_an_older_version"
        "[quartapp run --port 0]",
    ),
)

if sys.version_info >= (3, 12):
    # On older ones hypercorn does so itself.
    PROCESSES += (
        Mechanism(
            "a response without end is ended",
            "quartapp/cli/served.py",
            "            task.cancel()\n",
            "            pass\n",
            "tests/crash/test_serving_processes.py"
            "::test_a_response_without_end_does_not_hold_up_the_stop",
        ),
    )
