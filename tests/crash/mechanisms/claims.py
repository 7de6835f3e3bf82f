"""Who owns a message: claims, tokens, leases and lanes."""

from __future__ import annotations

from tests.crash.mechanisms.mechanism import Mechanism

__all__ = ["CLAIMS"]

CLAIMS = (
    Mechanism(
        "token fence on recording",
        "quartapp/mail/outbox/record.py",
        "return {(row.id, row.token): row.wants_cancel for row in rows}",
        "return {_owner(decision): False for decision in decisions}",
        "tests/mail/outbox/test_fence.py::test_a_zombie_records_nothing",
    ),
    Mechanism(
        "token fence on renewing",
        "quartapp/mail/outbox/claimed.py",
        "messages.c.token.in_({claim.token for claim in ours}),",
        "",
        "tests/mail/outbox/test_fence.py::test_a_zombie_renews_nothing",
    ),
    Mechanism(
        "token fence on stamping",
        "quartapp/mail/outbox/claimed.py",
        "messages.c.token.in_({claim.token for claim in ours}),",
        "",
        "tests/mail/outbox/test_fence.py::test_a_zombie_stamps_nothing",
    ),
    Mechanism(
        "lease check before the end of data",
        "quartapp/mail/delivery/sender.py",
        "self._check(job.claim)\n        if self._settings",
        "if self._settings",
        "tests/crash/test_freezer.py::test_frozen_before_the_end_of_data_it_sends_no_second_copy",
    ),
    Mechanism(
        "lease renewal",
        "quartapp/mail/delivery/leases.py",
        "ours = await self._outbox.renew(claims) if claims else set()",
        "ours = {claim.key for claim in claims}",
        "tests/crash/test_leases.py::test_a_lease_lasts_for_as_long_as_the_server_takes",
    ),
    Mechanism(
        "what is in hand is not taken over by its own process",
        "quartapp/mail/delivery/dispatcher.py",
        "lapsed = self._watch.lapsed(except_for={claim.id for claim in claims})",
        "lapsed = self._watch.lapsed()",
        "tests/crash/test_leases.py::test_a_process_that_wakes_late_does_not_take_over_its_own_messages",
    ),
    Mechanism(
        "what is in hand is not claimed by its own process when it is due again",
        "quartapp/mail/delivery/dispatcher.py",
        "except_for=tuple(claim.id for claim in claims if not self._leases.holds(claim)),",
        "",
        "tests/crash/test_leases.py::test_a_message_still_in_hand_is_not_attempted_again_beside_it",
    ),
    Mechanism(
        "an old claim has no part in a newer one of the same message",
        "quartapp/mail/outbox/claim.py",
        "return self.id, self.token",
        'return self.id, ""',
        "tests/mail/delivery/test_leases.py::test_the_end_of_an_old_claim_drops_no_newer_one",
    ),
    Mechanism(
        "a lease lapses by elapsed time",
        "quartapp/mail/delivery/lease_watch.py",
        "if age >= lease.lasts and lease.id not in except_for",
        "if lease.id not in except_for",
        "tests/mail/delivery/test_lease_watch.py::test_a_lease_has_lapsed_once_it_stayed_the_same_for_as_long_as_it_lasts",
    ),
    Mechanism(
        "a lease does not age while nobody looks",
        "quartapp/mail/delivery/lease_watch.py",
        "before[lease] + min(passed, self._most(lease))",
        "before[lease] + passed",
        "tests/mail/delivery/test_lease_watch.py::test_a_lease_does_not_age_while_nobody_looks",
    ),
    Mechanism(
        "a lease that was lost before the end of data is given back",
        "quartapp/mail/delivery/attempts.py",
        "# Written only if no other process has taken it over.\n"
        "            return self._sender.released(job)",
        "raise",
        "tests/crash/test_leases.py::test_a_lease_lost_before_the_end_of_data_holds_nothing_up",
    ),
    Mechanism(
        "the database's time does not follow a clock that is set",
        "quartapp/mail/outbox/wall_time.py",
        "if self._read is None:\n            return self._clock.now()",
        "if self._read is None or self._seen:\n            return self._clock.now()",
        "tests/mail/outbox/test_wall_time.py::test_the_databases_time_goes_on_while_our_clock_is_set",
    ),
    Mechanism(
        "a message is queued by the database's time",
        "quartapp/mail/outbox/submission.py",
        "await self._outbox.time.keep(session)\n                new = self._new(",
        "new = self._new(",
        "tests/mail/delivery/test_wall_time.py"
        "::test_a_host_that_is_ahead_and_delivers_nothing_queues_by_the_databases_time",
    ),
    Mechanism(
        "a clock that was set back makes nothing wait",
        "quartapp/mail/delivery/dispatcher.py",
        "        await self._outbox.hasten()\n",
        "",
        "tests/mail/delivery/test_wall_time.py"
        "::test_a_message_does_not_wait_for_a_clock_that_was_set_back_before_a_restart",
    ),
    Mechanism(
        "a clock that counts suspension",
        "quartapp/mail/clock.py",
        'getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)',
        "time.CLOCK_MONOTONIC",
        "tests/mail/test_clock.py::test_4_a_lease_goes_on_while_the_machine_sleeps",
    ),
    Mechanism(
        "a running lease is respected",
        "quartapp/mail/outbox/lanes.py",
        "tuple_(messages.c.id, messages.c.token, messages.c.renewals).in_(",
        "tuple_(messages.c.id, messages.c.id, messages.c.id).not_in(",
        "tests/mail/outbox/test_claim.py"
        "::test_a_lease_that_was_renewed_after_all_is_not_taken_over",
    ),
    Mechanism(
        "a lapsed lease is taken over",
        "quartapp/mail/outbox/claiming.py",
        "if order.left_behind:",
        "if False:",
        "tests/mail/outbox/test_claim.py::test_a_lapsed_lease_is_taken_over",
    ),
    Mechanism(
        "claimers pass each other by",
        "quartapp/mail/outbox/lanes.py",
        ".with_for_update(skip_locked=True)",
        ".with_for_update()",
        "tests/mail/outbox/test_claim.py"
        "::test_a_claimer_does_not_wait_for_what_another_is_claiming",
    ),
    Mechanism(
        "retries have a lane of their own",
        "quartapp/mail/outbox/claiming.py",
        "return _take(in_turns(FRESH, RETRIES, conditions=conditions))",
        "return _take(in_turns(FRESH, conditions=conditions))",
        "tests/mail/outbox/test_claim.py::test_a_backlog_of_new_messages_does_not_starve_a_retry",
    ),
    Mechanism(
        "new messages have a lane of their own",
        "quartapp/mail/outbox/claiming.py",
        "return _take(in_turns(FRESH, RETRIES, conditions=conditions))",
        "return _take(in_turns(RETRIES, conditions=conditions))",
        "tests/mail/outbox/test_claim.py::test_a_backlog_of_retries_does_not_starve_a_new_message",
    ),
    Mechanism(
        "a high priority goes first",
        "quartapp/mail/outbox/shares.py",
        "Priority.HIGH: 7, Priority.NORMAL: 2, Priority.LOW: 1}",
        "Priority.HIGH: 1, Priority.NORMAL: 1, Priority.LOW: 1}",
        "tests/mail/outbox/test_priority.py"
        "::test_under_a_stream_of_high_ones_the_others_have_their_shares[sqlite-1]",
    ),
    Mechanism(
        "each priority has its turns over claims of one message",
        "quartapp/mail/outbox/claiming.py",
        "_go_on(order.rotation, due)",
        "pass",
        "tests/mail/outbox/test_priority.py"
        "::test_under_a_stream_of_high_ones_the_others_have_their_shares[sqlite-1]",
    ),
    Mechanism(
        "a claim takes turns among the priorities",
        "quartapp/mail/outbox/lanes.py",
        'turn(first.c.share, first.c.had + nth).label("turn")',
        'first.c.precedence.label("turn")',
        "tests/mail/outbox/test_priority.py"
        "::test_under_a_stream_of_high_ones_the_others_have_their_shares[sqlite-10]",
    ),
    Mechanism(
        "messages of one claim are sent in the order of their priority",
        "quartapp/mail/outbox/claiming.py",
        "return PRECEDENCE[claim.priority], min(",
        "return 0, min(",
        "tests/mail/outbox/test_priority.py::test_the_messages_of_one_claim_are_in_that_order_too",
    ),
    Mechanism(
        "rows of another backend are left alone",
        "quartapp/mail/outbox/lanes.py",
        ".where(OURS, *self.conditions, *conditions)",
        ".where(*self.conditions, *conditions)",
        "tests/mail/outbox/test_claim.py::test_a_message_of_another_backend_is_not_claimed",
    ),
    Mechanism(
        "a wish to cancel outlives the attempt",
        "quartapp/mail/outbox/record.py",
        "decision.cancelled() if cancelled[_owner(decision)] else decision",
        "decision",
        "tests/mail/outbox/test_record.py"
        "::test_a_request_to_cancel_ends_a_message_that_would_be_retried",
    ),
    Mechanism(
        "a database that does not serve is asked ever less often",
        "quartapp/mail/delivery/dispatcher.py",
        "if self._database.pause:",
        "if False:",
        "tests/mail/delivery/test_database_outage.py"
        "::test_a_host_that_commits_all_the_time_is_not_asked_at_each_commit",
    ),
    Mechanism(
        "an outage of the database is logged once",
        "quartapp/mail/delivery/database_outage.py",
        "is_first = not self._failures",
        "is_first = True",
        "tests/mail/delivery/test_database_outage.py"
        "::test_however_often_it_fails_one_line_says_that_it_began_and_one_that_it_ended",
    ),
    Mechanism(
        "no more claims than can be carried",
        "quartapp/mail/delivery/dispatcher.py",
        "0 if is_open else self._prefetch.limit(self._size)",
        "10**6",
        "tests/mail/outbox/test_idle.py"
        "::test_a_dispatcher_holds_no_more_of_a_backlog_than_it_can_carry",
    ),
    Mechanism(
        "no more large messages than connections",
        "quartapp/mail/delivery/prefetch.py",
        "if size >= BYTES:",
        "if False:",
        "tests/mail/delivery/test_prefetch.py"
        "::test_of_large_messages_no_more_are_claimed_than_there_are_connections",
    ),
    Mechanism(
        "contents that wait to be recorded are bounded",
        "quartapp/mail/delivery/sender.py",
        "await self._contents.room()",
        "pass",
        "tests/mail/delivery/test_prefetch.py"
        "::test_what_is_sent_and_not_recorded_is_bounded_in_bytes",
    ),
    Mechanism(
        "bytes are loaded when a connection is held",
        "quartapp/mail/delivery/sender.py",
        "if job.claim.size <= SMALL and self._contents.has_room:",
        "if True:",
        "tests/mail/delivery/test_promises_to_others.py::test_6_bytes_are_loaded_when_a_connection_is_held",
    ),
    Mechanism(
        "clear, look, wait",
        "quartapp/mail/delivery/dispatcher.py",
        "            self._woken.clear()\n"
        "            try:\n"
        "                with outages():\n"
        "                    await self._claim_what_is_due()\n",
        "            try:\n"
        "                with outages():\n"
        "                    await self._claim_what_is_due()\n"
        "                self._woken.clear()\n",
        "tests/mail/outbox/test_idle.py::test_a_dispatcher_woken_while_it_looks_looks_again_at_once",
    ),
    Mechanism(
        "the poll is the guarantee",
        "quartapp/mail/delivery/dispatcher.py",
        "await _at_most(min(pause, max(self._watch.remaining, GATHER)), self._woken)",
        "await self._woken.wait()",
        "tests/mail/delivery/test_promises_to_others.py::test_6_a_message_without_a_notification_is_found",
    ),
    Mechanism(
        "an idle outbox is only looked at",
        "quartapp/mail/outbox/outbox.py",
        "if order.waits or not (is_sure or await self._is_due(order)):",
        "if False:",
        "tests/mail/outbox/test_idle.py::test_an_idle_outbox_takes_no_lock[sqlite]",
    ),
    Mechanism(
        "other processes are notified",
        "quartapp/mail/delivery/worker.py",
        "self._shared_notifier().notify()",
        "pass",
        "tests/mail/delivery/test_notifier.py"
        "::test_a_message_queued_by_a_process_that_does_not_deliver_is_sent_at_once",
    ),
    Mechanism(
        "a message is told of after the commit",
        "quartapp/database/commit.py",
        "waiting.setdefault(_innermost(session), []).append((then, items))",
        "then(*items)",
        "tests/database/test_commit.py::test_it_is_told_after_the_commit_and_in_order",
    ),
    Mechanism(
        "a released savepoint is not a commit",
        "quartapp/database/commit.py",
        "if savepoint is not None:",
        "if False:",
        "tests/database/test_commit.py::test_a_released_savepoint_is_not_a_commit",
    ),
    Mechanism(
        "a savepoint takes back its own alone",
        "quartapp/database/commit.py",
        "waiting.pop(ended, None)",
        "waiting.clear()",
        "tests/database/test_commit.py"
        "::test_a_savepoint_that_is_rolled_back_takes_back_its_own_alone",
    ),
    Mechanism(
        "a rollback takes back what waits for the commit",
        "quartapp/database/commit.py",
        'event.listen(Session, "after_transaction_end", _forget)',
        "pass",
        "tests/database/test_commit.py::test_a_rollback_takes_it_back",
    ),
)
