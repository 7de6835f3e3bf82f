"""How the mail server is used."""

from __future__ import annotations

from tests.crash.mechanisms.mechanism import Mechanism

__all__ = ["SERVERS"]

SERVERS = (
    Mechanism(
        "only the recipient beyond ASCII fails without SMTPUTF8",
        "quartapp/mail/transports/smtp/connection.py",
        "if not (is_ascii and each.isascii())]",
        "if True]",
        "tests/mail/message/test_smtputf8.py"
        "::test_only_the_recipient_in_utf8_fails_where_the_rest_is_ascii",
    ),
    Mechanism(
        "used-up chaos ends with its process",
        "quartapp/mail/mailbox/catcher.py",
        "        await self._desk.forget_chaos()\n",
        "",
        "tests/mail/mailbox/test_chaos.py"
        "::test_what_was_used_up_is_forgotten_when_the_mailbox_starts_again",
    ),
    Mechanism(
        "a message that was sent and cannot be read again was sent",
        "quartapp/mail/events/publish.py",
        'logger.exception("a message that was sent cannot be read again for receivers")',
        "raise",
        "tests/mail/delivery/test_accepted.py::test_what_cannot_be_read_again_was_sent_all_the_same",
    ),
    Mechanism(
        "breaker",
        "quartapp/mail/transports/breaker.py",
        "self.outage = outage\n",
        "pass\n",
        "tests/mail/transports/test_outage.py::test_an_outage_and_its_end_are_logged_once_each",
    ),
    Mechanism(
        "a refusal goes on to the next address",
        "quartapp/mail/transports/smtp/server_addresses.py",
        "                if is_about_login(error):\n",
        "                if True:\n",
        "tests/mail/transports/test_addresses_of_a_server.py"
        "::test_a_refusal_goes_on_to_the_next_address",
    ),
    Mechanism(
        "a rejected login is not repeated at the next address",
        "quartapp/mail/transports/smtp/server_addresses.py",
        "                if is_about_login(error):\n",
        "                if False:\n",
        "tests/mail/transports/test_addresses_of_a_server.py"
        "::test_a_rejected_login_is_not_repeated_at_the_next_address",
    ),
    Mechanism(
        "an address that failed is asked last",
        "quartapp/mail/transports/smtp/server_addresses.py",
        "self._failed[address] = time.monotonic()",
        "pass",
        "tests/mail/transports/test_addresses_of_a_server.py"
        "::test_an_address_that_failed_is_asked_last_from_then_on",
    ),
    Mechanism(
        "a silent address has only its share of the time",
        "quartapp/mail/transports/smtp/server_addresses.py",
        "return max(whole / count, min(whole, SHARE))",
        "return 3600.0",
        "tests/mail/transports/test_addresses_of_a_server.py"
        "::test_an_address_that_says_nothing_has_only_its_share_of_the_time",
    ),
    Mechanism(
        "HELO where EHLO is unknown",
        "quartapp/mail/transports/smtp/client.py",
        "if error.code not in NO_EHLO:",
        "if True:",
        "tests/mail/transports/test_greeting.py"
        "::test_a_server_that_does_not_know_ehlo_is_greeted_with_helo",
    ),
    Mechanism(
        "replies before TLS do not reach into it",
        "quartapp/mail/transports/smtp/client.py",
        "            self._replies = Replies()\n            waiter",
        "            waiter",
        "tests/mail/transports/test_tls.py"
        "::test_what_was_sent_ahead_of_tls_is_no_part_of_a_reply_in_it",
    ),
    Mechanism(
        "a rejected login pauses all processes",
        "quartapp/mail/delivery/shared_logins.py",
        "return await logins.write(self._outbox.database, self._server, state, expects)",
        "pass",
        "tests/mail/delivery/test_shared_logins.py"
        "::test_a_wrong_password_is_sent_once_by_all_processes_together",
    ),
    Mechanism(
        "a rejected login doubles the pause",
        "quartapp/mail/transports/logins.py",
        "min(before.pause * 2 or",
        "min(",
        "tests/mail/transports/test_logins.py"
        "::test_each_rejected_login_doubles_the_pause_up_to_an_hour",
    ),
    Mechanism(
        "delivery goes on when another process has logged in",
        "quartapp/mail/delivery/shared_logins.py",
        "            breaker.lift()\n",
        "            pass\n",
        "tests/mail/delivery/test_shared_logins.py"
        "::test_a_check_by_hand_that_logs_in_ends_the_pause",
    ),
    Mechanism(
        "a restart logs in at once",
        "quartapp/mail/transports/logins.py",
        "return self._since is not None and state.asked_at < self._since",
        "return False",
        "tests/mail/transports/test_logins.py::test_a_restart_logs_in_at_once",
    ),
    Mechanism(
        "one probe after an outage",
        "quartapp/mail/transports/smtp/pool.py",
        "return self._breaker.state is BreakerState.CLOSED or self._probe not in self._busy",
        "return True",
        "tests/mail/transports/test_outage.py::test_one_probes_while_the_others_wait",
    ),
    Mechanism(
        "the first connection opens before the others",
        "quartapp/mail/transports/smtp/pool.py",
        "return not self._opening or any(c.is_open for c in self._busy if c not in self._opening)",
        "return True",
        "tests/mail/transports/test_outage.py"
        "::test_others_connect_as_soon_as_the_first_has_logged_in",
    ),
    Mechanism(
        "replies about the session do not reject the message",
        "quartapp/mail/transports/smtp/transaction.py",
        "if subject_of(self._phase, reply.code, reply.message) is Subject.SESSION:",
        "if reply.code == 421:",
        "tests/mail/delivery/test_session_replies.py"
        "::test_a_reply_about_the_session_is_an_outage_at_every_phase",
    ),
    Mechanism(
        "replies about the session do not reject a recipient",
        "quartapp/mail/transports/smtp/heard.py",
        "if subject is Subject.SESSION:",
        "if reply.code == 421:",
        "tests/mail/delivery/test_session_replies.py"
        "::test_a_reply_about_the_session_is_an_outage_at_every_phase",
    ),
    Mechanism(
        "without a login others that pass disprove a reply about the session",
        "quartapp/mail/transports/smtp/suspicion.py",
        "return is_second if is_logged_in else not is_proven",
        "return is_second if is_logged_in else True",
        "tests/mail/transports/test_suspicion.py::test_without_a_login_others_that_pass_disprove_it",
    ),
    Mechanism(
        "after a login one message does not pause the server",
        "quartapp/mail/transports/smtp/suspicion.py",
        "return is_second if is_logged_in else not is_proven",
        "return True",
        "tests/mail/delivery/test_session_replies.py"
        "::test_after_a_login_one_message_never_stops_the_rest",
    ),
    Mechanism(
        "a 421 after a rejected recipient is no outage",
        "quartapp/mail/transports/smtp/transaction.py",
        "if reply.code == 421 and self._heard.is_any_rejected:",
        "if False:",
        "tests/mail/transports/test_heard.py::test_a_421_after_a_rejected_recipient_is_no_outage",
    ),
    Mechanism(
        "a rejection is kept when the server is paused later",
        "quartapp/mail/transports/smtp/session.py",
        "if outage.answers:",
        "if False:",
        "tests/mail/transports/test_heard.py"
        "::test_a_reply_about_the_session_pauses_the_server_and_leaves_the_rejections",
    ),
    Mechanism(
        "a rejection is kept when a reused connection is lost",
        "quartapp/mail/transports/smtp/transaction.py",
        "if not self._heard.is_any_rejected:",
        "if True:",
        "tests/mail/transports/test_heard.py"
        "::test_a_reused_connection_that_is_lost_leaves_the_rejections",
    ),
    Mechanism(
        "recipients that were not asked go in the next transaction at once",
        "quartapp/mail/delivery/retry.py",
        "goes_on=bool(rest),",
        "",
        "tests/mail/delivery/test_rest.py::test_nobody_is_told_before_the_rest_is_through",
    ),
    Mechanism(
        "how many recipients a server takes is remembered",
        "quartapp/mail/transports/smtp/connection.py",
        "self._limit.saw(transaction.limit)",
        "pass",
        "tests/mail/transports/test_heard.py"
        "::test_recipients_that_are_too_many_are_left_for_the_next_transaction",
    ),
    Mechanism(
        "a dead reused connection is replaced at no cost",
        "quartapp/mail/transports/smtp/transaction.py",
        "if self._is_reused and self._phase < TransactionPhase.DATA:",
        "if False:",
        "tests/mail/transports/test_pool.py"
        "::test_a_connection_that_the_server_closed_is_replaced_at_once",
    ),
    Mechanism(
        "a doubtful connection is never used again",
        "quartapp/mail/transports/smtp/connection.py",
        "        except BaseException:\n"
        "            self._is_broken = True\n"
        "            raise\n"
        "        finally:",
        "        finally:",
        "tests/mail/transports/test_pool.py::test_a_cancelled_connection_is_never_used_again",
    ),
    Mechanism(
        "a reply to no command closes the connection",
        "quartapp/mail/transports/smtp/stream.py",
        'self.close("the server sent a reply to no command")',
        "pass",
        "tests/mail/transports/test_pool.py::test_a_reply_to_no_command_is_not_taken_for_a_reply",
    ),
    Mechanism(
        "a limit of messages per connection",
        "quartapp/mail/transports/smtp/connection.py",
        "return self._messages >= self._most",
        "return False",
        "tests/mail/transports/test_pool.py::test_a_connection_carries_so_many_messages_and_no_more",
    ),
    Mechanism(
        "a limit of messages that the server announces",
        "quartapp/mail/transports/smtp/connection.py",
        'min(most, announced_limit("MAILMAX", limits) or most)',
        "most",
        "tests/mail/transports/test_pool.py"
        "::test_a_connection_carries_no_more_messages_than_the_server_announces",
    ),
    Mechanism(
        "a limit of messages on the connection of mail.connect()",
        "quartapp/mail/transports/smtp/session.py",
        "connection.is_open and not connection.is_used_up",
        "connection.is_open",
        "tests/migration/test_newsletter.py"
        "::test_an_issue_reaches_every_reader_on_four_connections",
    ),
    Mechanism(
        "SIZE is respected before sending",
        "quartapp/mail/transports/smtp/connection.py",
        'if re.fullmatch("[0-9]{1,19}", limit) and 0 < int(limit) < len(content):',
        "if False:",
        "tests/mail/transports/test_messages.py"
        "::test_a_message_too_large_for_the_server_is_not_begun",
    ),
    Mechanism(
        "dots are doubled",
        "quartapp/mail/transports/smtp/transaction.py",
        '.replace(b"\\n.", b"\\n..")',
        "",
        "tests/mail/transports/test_messages.py::test_dots_arrive_as_they_were",
    ),
    Mechanism(
        "large messages wait for room",
        "quartapp/mail/transports/smtp/conversation.py",
        "if not self._stream.has_room:",
        "if False:",
        "tests/mail/transports/test_messages.py::test_a_large_message_does_not_accumulate_in_memory",
    ),
    Mechanism(
        "large messages are built off the loop",
        "quartapp/mail/outbox/submission.py",
        "if _weight(message) > OFF_THE_LOOP:",
        "if False:",
        "tests/crash/test_loop.py::test_a_message_of_25_mib_does_not_hold_up_the_loop",
    ),
    Mechanism(
        "large messages are read off the loop for receivers",
        "quartapp/mail/events/publish.py",
        "if len(content) > OFF_THE_LOOP:",
        "if False:",
        "tests/crash/test_loop.py::test_a_message_of_25_mib_does_not_hold_up_the_loop",
    ),
    Mechanism(
        "a connection does not hold the request that opened it",
        "quartapp/mail/transports/smtp/pool.py",
        'name="mail: connect", context=Context()',
        'name="mail: connect"',
        "tests/mail/transports/test_contexts.py::test_an_idle_connection_does_not_hold_the_request",
    ),
    Mechanism(
        "the timer of idle connections does not hold a request",
        "quartapp/mail/transports/smtp/idle.py",
        ", context=Context()",
        "",
        "tests/mail/transports/test_contexts.py::test_an_idle_connection_does_not_hold_the_request",
    ),
    Mechanism(
        "delivery does not hold the request that started it",
        "quartapp/mail/delivery/dispatcher.py",
        "name=name, context=context_in_reserve()",
        "name=name",
        "tests/mail/delivery/test_contexts.py"
        "::test_a_running_dispatcher_does_not_hold_the_request_that_started_it",
    ),
    Mechanism(
        "a batch does not hold a request",
        "quartapp/database/batching.py",
        'name="mail: batcher", context=context_in_reserve()',
        'name="mail: batcher"',
        "tests/mail/delivery/test_contexts.py"
        "::test_a_batch_that_is_written_does_not_hold_a_request",
    ),
    Mechanism(
        "commands wait for their replies without PIPELINING",
        "quartapp/mail/transports/smtp/conversation.py",
        "if self.is_pipelined:",
        "if True:",
        "tests/mail/transports/test_messages.py"
        "::test_a_server_without_pipelining_gets_one_command_at_a_time",
    ),
    Mechanism(
        "a check goes on to the sender and a recipient",
        "quartapp/mail/transports/smtp/probe.py",
        "            *self._rehearsals(),\n",
        "",
        "tests/mail/cli/test_check.py"
        "::test_a_sender_that_is_rejected_only_with_a_recipient_is_found_without_to",
    ),
    Mechanism(
        "chaos that is used up ends with the connection that it stalled",
        "quartapp/mail/mailbox/catcher.py",
        "                chaos.forget_used_up()",
        "                pass",
        "tests/mail/mailbox/test_chaos.py"
        "::test_what_is_used_up_is_forgotten_when_the_stalled_client_hangs_up",
    ),
    Mechanism(
        "what was heard before our own cut is recorded",
        "quartapp/mail/delivery/sender.py",
        "        if job.heard:\n",
        "        if False:\n",
        "tests/mail/delivery/test_rest.py::test_what_was_heard_before_a_stop_is_not_asked_again",
    ),
    Mechanism(
        "a limit that the server announces",
        "quartapp/mail/transports/smtp/connection.py",
        'self._limit.announced = announced_limit("RCPTMAX", limits)',
        "pass",
        "tests/mail/transports/test_heard.py"
        "::test_a_limit_that_the_server_announces_holds_from_the_first_message",
    ),
    Mechanism(
        "recipients that the server sets apart are asked again at once",
        "quartapp/mail/transports/smtp/heard.py",
        "self._apart.add(address)",
        "self.answers[address] = answer_of(reply)",
        "tests/mail/transports/test_heard.py"
        "::test_recipients_that_the_server_sets_apart_are_no_limit",
    ),
    Mechanism(
        "a 421 ends a transaction in which the session was spoken of",
        "quartapp/mail/transports/smtp/transaction.py",
        "                return self._is_rejected(reply)\n        self._settle_session()",
        "                break\n        self._settle_session()",
        "tests/mail/transports/test_heard.py"
        "::test_a_421_after_a_reply_about_the_session_ends_the_transaction",
    ),
)
