"""What keeps messages with many recipients small."""

from __future__ import annotations

from tests.crash.mechanisms.mechanism import Mechanism

__all__ = ["RECIPIENTS"]

TEST = "tests/mail/outbox/test_recipients.py"
REST = "tests/mail/delivery/test_rest.py"

RECIPIENTS = (
    Mechanism(
        "a detail counts many recipients",
        "quartapp/mail/outbox/decision.py",
        "if len(others) > NAMED:",
        "if False:",
        f"{TEST}::test_what_an_attempt_leaves_does_not_grow_with_the_recipients",
    ),
    Mechanism(
        "a reply is cut",
        "quartapp/mail/transports/contract.py",
        "if len(self.reply) > self.LONGEST:",
        "if False:",
        f"{TEST}::test_a_reply_without_an_end_is_cut",
    ),
    Mechanism(
        "a reply is stored once for a message",
        "quartapp/mail/outbox/recipients.py",
        "is_first = first == position",
        "is_first = True",
        f"{TEST}::test_the_same_reply_is_stored_once_for_a_message",
    ),
    Mechanism(
        "lists have the first recipients",
        "quartapp/mail/outbox/query/find.py",
        ".where(true() if listed is None else recipients.c.position < at_most(listed))",
        "",
        f"{TEST}::test_lists_have_the_first_recipients_and_count_all",
    ),
    Mechanism(
        "a message's recipients are read page by page",
        "quartapp/mail/outbox/recipients.py",
        "        .limit(size)\n",
        "",
        f"{TEST}::test_recipients_are_shown_page_by_page",
    ),
    Mechanism(
        "a message's page has a page of its recipients",
        "quartapp/mail/pages/outbox.py",
        "**await _place()))",
        "size=10**6))",
        "tests/mail/pages/test_outbox.py"
        "::test_a_messages_page_has_a_hundred_recipients_and_leads_to_the_others",
    ),
    Mechanism(
        "the mailbox lists the first recipients",
        "quartapp/mail/mailbox/entry.py",
        "self.recipients[: self.LISTED]",
        "self.recipients",
        "tests/mail/pages/test_mailbox.py"
        "::test_the_list_for_programs_has_the_first_hundred_recipients",
    ),
    Mechanism(
        "a claim is bounded by recipients",
        "quartapp/mail/outbox/lanes.py",
        ".where(summed.c.before < at_most(RECIPIENTS))",
        "",
        f"{TEST}::test_a_claim_has_few_messages_with_many_recipients",
    ),
    Mechanism(
        "messages are changed some hundreds in a statement",
        "quartapp/mail/outbox/change.py",
        "while some := list(islice(rest, AT_ONCE)):",
        "while some := list(rest):",
        f"{TEST}::test_no_statement_grows_with_the_messages_that_are_changed",
    ),
    Mechanism(
        "leases are renewed some hundreds in a statement",
        "quartapp/mail/outbox/claimed.py",
        "while ours := list(islice(rest, AT_ONCE)):",
        "while ours := list(rest):",
        f"{TEST}::test_no_statement_grows_with_the_messages_that_are_changed",
    ),
    Mechanism(
        "claims are taken over some hundreds in a statement",
        "quartapp/mail/outbox/claiming.py",
        "self.lapsed[: min(self.limit, MOST_LAPSED)]",
        "self.lapsed[: self.limit]",
        f"{TEST}::test_no_statement_grows_with_the_messages_that_are_changed",
    ),
    Mechanism(
        "a message in many transactions is claimed once",
        "quartapp/mail/delivery/sender.py",
        "return replace(decision, is_held=decision.goes_on)",
        "return decision",
        f"{REST}::test_a_message_in_many_transactions_is_claimed_once",
    ),
    Mechanism(
        "a stop ends a message between two transactions",
        "quartapp/mail/delivery/attempts.py",
        "if self._stopping.is_set():",
        "if False:",
        f"{REST}::test_a_stop_ends_a_message_after_the_transaction_in_progress",
    ),
    Mechanism(
        "an intent is that of one transaction",
        "quartapp/mail/outbox/record.py",
        "intent_at=None,",
        "",
        "tests/mail/outbox/test_record.py::test_a_message_that_is_held_stays_claimed[sqlite]",
    ),
    Mechanism(
        "a message in many transactions goes out once",
        "quartapp/mail/events/publish.py",
        "if decision.is_held:",
        "if False:",
        f"{REST}::test_a_message_in_many_transactions_goes_out_once",
    ),
    Mechanism(
        "a message in several attempts goes out once",
        "quartapp/mail/outbox/decision.py",
        "if self.claim.was_sent:",
        "if False:",
        f"{REST}::test_a_message_in_two_attempts_goes_out_once",
    ),
)
