"""What becomes of a message after an attempt."""

from __future__ import annotations

from tests.crash.mechanisms.mechanism import Mechanism

__all__ = ["ATTEMPTS"]

ATTEMPTS = (
    Mechanism(
        "an outcome is counted as it is recorded",
        "quartapp/mail/outbox/record.py",
        "await counts.add(connection, worker, ((count, at) for count, at in counted if count))",
        "pass",
        "tests/mail/outbox/test_counting.py::test_an_attempt_is_counted_by_how_it_ended",
    ),
    Mechanism(
        "a stopped message is counted",
        "quartapp/mail/outbox/change.py",
        "await counts.add(connection, worker, [(counts.Count.CANCELLED, now)] * len(stopped))",
        "pass",
        "tests/mail/outbox/test_counting.py"
        "::test_a_cancelled_message_is_counted_once_whoever_held_it",
    ),
    Mechanism(
        "counts are added to those of the same minute",
        "quartapp/mail/outbox/counts.py",
        'set_={"number": counts.c.number + into.excluded.number},',
        'set_={"number": into.excluded.number},',
        "tests/mail/outbox/test_counting.py::test_any_number_in_one_minute_is_counted_exactly",
    ),
    Mechanism(
        "state of each recipient",
        "quartapp/mail/outbox/claim.py",
        "if recipient.due_at is not None and recipient.due_at <= latest",
        "if True",
        "tests/mail/delivery/test_promises.py::test_3_an_accepted_recipient_is_not_sent_to_again",
    ),
    Mechanism(
        "4xx waits",
        "quartapp/mail/delivery/retry.py",
        "status, due_at = Status.QUEUED, self._retry_at(first or self.now)",
        "status, due_at = Status.FAILED, None",
        "tests/mail/delivery/test_promises.py"
        "::test_5_a_deferred_recipient_waits_and_a_rejected_one_has_failed",
    ),
    Mechanism(
        "5xx stops",
        "quartapp/mail/transports/smtp/heard.py",
        "result = Result.PERMANENT",
        "result = Result.TRANSIENT",
        "tests/mail/delivery/test_promises.py"
        "::test_5_a_deferred_recipient_waits_and_a_rejected_one_has_failed",
    ),
    Mechanism(
        "a server outage costs no attempt",
        "quartapp/mail/delivery/retry.py",
        "if outages >= OUTAGES_LIMIT:",
        "if True:",
        "tests/mail/delivery/test_delivery.py::test_a_server_that_is_down_costs_no_attempt",
    ),
    Mechanism(
        "the third 421 counts",
        "quartapp/mail/delivery/retry.py",
        "if outages >= OUTAGES_LIMIT:",
        "if False:",
        "tests/mail/delivery/test_promises.py"
        "::test_5_a_message_that_always_gets_421_has_an_end_though_it_is_alone",
    ),
    Mechanism(
        "giving up counts from when it was queued",
        "quartapp/mail/delivery/retry.py",
        "return self.now - claim.since >= timedelta(seconds=self.settings.give_up)",
        "return False",
        "tests/mail/delivery/test_retry.py::test_a_message_is_given_up_after_its_time",
    ),
    Mechanism(
        "uncertain after the end of data",
        "quartapp/mail/transports/smtp/transaction.py",
        "Result.UNCERTAIN if self._phase is TransactionPhase.END_OF_DATA else Result.TRANSIENT",
        "Result.TRANSIENT",
        "tests/mail/delivery/test_delivery.py"
        "::test_a_connection_lost_after_the_end_of_data_leaves_the_message_uncertain",
    ),
    Mechanism(
        "resent no sooner than its delay",
        "quartapp/mail/delivery/retry.py",
        "return self.now + timedelta(seconds=self.settings.uncertain_delay)",
        "return self.now",
        "tests/mail/delivery/test_promises.py::test_3_a_message_is_resent_no_sooner_than_its_delay",
    ),
    Mechanism(
        "hold waits for an operator",
        "quartapp/mail/delivery/retry.py",
        "if self.settings.on_uncertain is OnUncertain.HOLD or",
        "if",
        "tests/mail/delivery/test_promises.py::test_3_an_uncertain_message_can_be_held_instead",
    ),
    Mechanism(
        "intent before the end of data under hold",
        "quartapp/mail/delivery/sender.py",
        "await self._stamp(job.claim)",
        "pass",
        "tests/crash/test_freezer.py"
        "::test_frozen_after_the_end_of_data_a_held_message_is_not_sent_again",
    ),
    Mechanism(
        "a stamped intent is uncertain under hold",
        "quartapp/mail/delivery/sender.py",
        "if claim.intent_at and",
        "if False and",
        "tests/crash/test_freezer.py"
        "::test_frozen_after_the_end_of_data_a_held_message_is_not_sent_again",
    ),
    Mechanism(
        "expiry",
        "quartapp/mail/delivery/sender.py",
        "if claim.has_expired(now):",
        "if False:",
        "tests/mail/delivery/test_delivery.py::test_an_expired_message_is_not_sent",
    ),
    Mechanism(
        "staging redirects",
        "quartapp/mail/delivery/staging.py",
        "if _is_allowed(address, settings):",
        "if True:",
        "tests/mail/delivery/test_staging.py::test_every_recipient_is_redirected_cc_and_bcc_too",
    ),
    Mechanism(
        "staging holds back",
        "quartapp/mail/delivery/staging.py",
        "held_back[address] = HELD_BACK",
        "routes[address] = (address,)",
        "tests/mail/delivery/test_staging.py::test_recipients_that_are_not_allowed_are_held_back_cc_and_bcc_too",
    ),
    Mechanism(
        "a message sent now is suppressed",
        "quartapp/mail/delivery/worker.py",
        "return MemoryTransport(SUPPRESSED)",
        "pass",
        "tests/mail/test_service.py::test_a_message_suppressed_on_the_spot_has_its_receipt",
    ),
    Mechanism(
        "suppression is decided when a message is queued",
        "quartapp/mail/outbox/outbox.py",
        "return SUPPRESSED if self._is_suppressed() else self._settings.backend",
        "return self._settings.backend",
        "tests/mail/events/test_suppression.py::test_the_delivery_says_that_it_was_suppressed",
    ),
    Mechanism(
        "a suppressed message ends as it is queued",
        "quartapp/mail/outbox/enqueue.py",
        "return self.backend == SUPPRESSED and",
        "return False and",
        "tests/mail/events/test_suppression.py::test_a_post_without_a_lifespan_is_recorded_at_once",
    ),
    Mechanism(
        "a repeated key is no news",
        "quartapp/mail/outbox/submission.py",
        "if delivery.id == new.id:",
        "if True:",
        "tests/mail/events/test_publish.py::test_a_repeated_key_in_a_session_is_told_of_once",
    ),
    Mechanism(
        "a message that is cancelled while it waits is told of",
        "quartapp/mail/outbox/outbox.py",
        "if stopped:",
        "if False:",
        "tests/mail/events/test_ending.py::test_a_program_cancels_what_waits",
    ),
    Mechanism(
        "a message that was cancelled while a dead owner had it is told of",
        "quartapp/mail/outbox/outbox.py",
        "if batch.stopped:",
        "if False:",
        "tests/mail/events/test_ending.py::test_it_is_cancelled_while_a_dead_owner_had_it",
    ),
    Mechanism(
        "a command ends when receivers have been told",
        "quartapp/mail/cli/target.py",
        "await service.publisher.settle(service.settings.drain_timeout)",
        "pass",
        "tests/mail/cli/test_changes.py"
        "::test_receivers_are_told_of_a_cancelled_message_before_the_command_ends",
    ),
    Mechanism(
        "others have their turns while many messages are encoded",
        "quartapp/mail/clock.py",
        "await asyncio.sleep(0)",
        "pass",
        "tests/mail/outbox/test_bulk.py::test_others_have_their_turns_while_many_are_encoded",
    ),
    Mechanism(
        "others have their turns while receivers are told of many messages",
        "quartapp/mail/events/publish.py",
        "if number % AT_ONCE == 0:",
        "if False:",
        "tests/mail/outbox/test_bulk.py"
        "::test_others_have_their_turns_while_receivers_are_told_of_many",
    ),
    Mechanism(
        "a receiver's context is its own",
        "quartapp/mail/events/publish.py",
        "name=name, context=Context())",
        "name=name)",
        "tests/mail/events/test_publish.py"
        "::test_a_receiver_sees_no_request_and_nothing_of_who_caused_the_change",
    ),
    Mechanism(
        "no reply begins a line of its own in a host's log",
        "quartapp/mail/events/log.py",
        """escaped(f"{fields['code'] or ''} {fields['reply']}".strip())""",
        """f"{fields['code'] or ''} {fields['reply']}".strip()""",
        "tests/mail/events/test_log.py::test_no_transports_reply_begins_a_line_of_its_own",
    ),
    Mechanism(
        "waiting where nothing delivers is refused",
        "quartapp/mail/events/watch.py",
        "if not self._worker.is_started:",
        "if False:",
        "tests/mail/events/test_suppression.py"
        "::test_waiting_where_nothing_delivers_is_refused[sqlite-wait]",
    ),
    Mechanism(
        "waiting where no process delivers is refused",
        "quartapp/mail/events/watch.py",
        "elif elapsed() - seen_at > ABSENCE:",
        "elif False:",
        "tests/mail/delivery/test_presence.py"
        "::test_who_waits_where_no_process_delivers_is_told[drain]",
    ),
    Mechanism(
        "a suppressed message is recorded as it was queued",
        "quartapp/mail/outbox/submission.py",
        "return copy(message) if self._outbox.backend == SUPPRESSED else message",
        "return message",
        "tests/migration/test_names.py::test_what_went_through_the_outbox_is_equal_and_as_it_was",
    ),
    Mechanism(
        "tables are made on first use",
        "quartapp/mail/outbox/first_use.py",
        "await self._make(connection)",
        "pass",
        "tests/mail/events/test_suppression.py::test_a_post_without_a_lifespan_is_recorded_at_once",
    ),
    Mechanism(
        "tables are remembered only after the commit",
        "quartapp/mail/outbox/transactions.py",
        "after_commit(self._tables.settle)",
        "self._tables.settle()",
        "tests/mail/events/test_suppression.py"
        "::test_what_is_rolled_back_is_not_recorded_and_its_tables_go_too",
    ),
    Mechanism(
        "what was sent is written however long the database is away",
        "quartapp/mail/delivery/batched_outbox.py",
        "await asyncio.sleep(self._outage.pause)",
        "raise",
        "tests/crash/test_restarts.py"
        "::test_messages_survive_a_postgresql_that_crashes_again_and_again",
    ),
    Mechanism(
        "a stop leaves uncertain what awaits the reply to its end of data",
        "quartapp/mail/delivery/sender.py",
        "        if job.is_past_end_of_data:\n            return self._unanswered",
        "        if False:\n            return self._unanswered",
        "tests/mail/delivery/test_cut.py"
        "::test_a_stop_makes_uncertain_what_a_transport_of_the_hosts_awaits",
    ),
    Mechanism(
        "an error after the end of data leaves it uncertain",
        "quartapp/mail/delivery/sender.py",
        "result = Result.UNCERTAIN if job.is_past_end_of_data else Result.TRANSIENT",
        "result = Result.TRANSIENT",
        "tests/mail/delivery/test_cut.py"
        "::test_an_error_of_our_own_leaves_what_was_heard_and_says_what_is_unknown",
    ),
    Mechanism(
        "an error leaves what was heard",
        "quartapp/mail/delivery/sender.py",
        "outcome = Outcome(dict.fromkeys(due, answer) | dict(job.heard))",
        "outcome = Outcome(dict.fromkeys(due, answer))",
        "tests/mail/delivery/test_cut.py"
        "::test_an_error_of_our_own_leaves_what_was_heard_and_says_what_is_unknown",
    ),
    Mechanism(
        "what is redirected to several goes to each of them",
        "quartapp/mail/delivery/staging.py",
        "if outcome.answers.keys() >= set(route)",
        "if outcome.answers.keys() & set(route)",
        "tests/mail/delivery/test_staging.py"
        "::test_each_address_that_it_is_redirected_to_gets_it_in_as_many_transactions",
    ),
)
