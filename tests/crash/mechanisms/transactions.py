"""What is kept of the replies to a transaction, and which recipients go in the next one."""

from __future__ import annotations

from tests.crash.mechanisms.mechanism import Mechanism

__all__ = ["TRANSACTIONS"]

SMTP = "quartapp/mail/transports/smtp"
HEARD = "tests/mail/transports/test_heard.py"
TOO_MANY = "tests/mail/transports/test_subjects.py::test_what_may_mean_too_many_recipients"
REST = "tests/mail/delivery/test_rest.py"

TRANSACTIONS = (
    Mechanism(
        "a rejection is kept when the connection is lost",
        f"{SMTP}/heard.py",
        "self.answers.setdefault(address, answer)",
        "self.answers[address] = answer",
        f"{HEARD}::test_a_lost_connection_leaves_the_rejections",
    ),
    Mechanism(
        "a rejection is kept when a reply does not come in time",
        f"{SMTP}/connection.py",
        "        except (aiosmtplib.SMTPException, OSError) as error:\n"
        "            self._is_broken = True",
        "        except (aiosmtplib.SMTPException, ConnectionError) as error:\n"
        "            self._is_broken = True",
        f"{HEARD}::test_a_lost_connection_leaves_the_rejections",
    ),
    Mechanism(
        "what was accepted now is kept when the server fails later",
        "quartapp/mail/delivery/connection.py",
        "                if not answers:\n                    raise\n",
        "                raise\n",
        f"{REST}::test_what_was_accepted_now_is_known_when_the_server_fails_later",
    ),
    Mechanism(
        "too many recipients are no rejection",
        f"{SMTP}/heard.py",
        "elif self._accepted and says_too_many_recipients(reply.code, reply.message):",
        "elif False:",
        f"{REST}::test_too_many_recipients_go_in_the_next_transactions_at_once",
    ),
    Mechanism(
        "too many are those after one that was accepted",
        f"{SMTP}/heard.py",
        "elif self._accepted and says_too_many_recipients(",
        "elif says_too_many_recipients(",
        f"{HEARD}::test_too_many_with_nobody_accepted_is_a_reply_like_others",
    ),
    Mechanism(
        "552 means too many recipients only where it says so",
        f"{SMTP}/subjects.py",
        "return code == 452 and not",
        "return code in (452, 552) and not",
        TOO_MANY,
    ),
    Mechanism(
        "X.5.3 says too many recipients",
        f"{SMTP}/subjects.py",
        'return _status(text) == "5.3" or TOO_MANY',
        "return TOO_MANY",
        TOO_MANY,
    ),
    Mechanism(
        "words say too many recipients",
        f"{SMTP}/subjects.py",
        "or TOO_MANY.search(_own_words(text)) is not None",
        "",
        TOO_MANY,
    ),
    Mechanism(
        "452 of a full mailbox does not mean too many recipients",
        f"{SMTP}/subjects.py",
        " and not NO_SPACE.search(_own_words(text))",
        "",
        TOO_MANY,
    ),
    Mechanism(
        "452 with another status does not mean too many recipients",
        f"{SMTP}/subjects.py",
        "code == 452 and not _status(text) and",
        "code == 452 and",
        TOO_MANY,
    ),
    Mechanism(
        "a transaction has as many recipients as the settings allow",
        f"{SMTP}/pool.py",
        "RecipientLimit(settings.max_recipients)",
        "RecipientLimit(None)",
        f"{HEARD}::test_a_message_has_as_many_recipients_as_the_settings_allow",
    ),
    Mechanism(
        "what is sent now goes in as many transactions",
        "quartapp/mail/delivery/connection.py",
        "            if not rest:\n",
        "            if True:\n",
        f"{REST}::test_what_is_sent_now_goes_in_as_many_transactions",
    ),
    Mechanism(
        "what was accepted is recorded before the next transaction",
        "quartapp/mail/outbox/record.py",
        "changes = (row for each in ours for row in _recipients(each))",
        "changes = (row for each in ours if not each.is_held for row in _recipients(each))",
        "tests/crash/test_processes.py"
        "::test_after_kill_9_between_two_transactions_none_that_was_recorded_is_asked_again",
    ),
)
