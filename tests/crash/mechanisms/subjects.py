"""What a reply speaks of: the session, the sender, a recipient, or the message."""

from __future__ import annotations

from tests.crash.mechanisms.mechanism import Mechanism

__all__ = ["SUBJECTS"]

FILE = "quartapp/mail/transports/smtp/subjects.py"
TABLE = "tests/mail/transports/test_subjects.py::test_a_reply_speaks_of_what_the_table_says"
SESSION = "tests/mail/delivery/test_session_replies.py"
SUSPICION = "tests/mail/transports/test_suspicion.py"

SUBJECTS = (
    Mechanism(
        "MAIL speaks of the sender",
        FILE,
        "TransactionPhase.MAIL: Subject.SENDER,",
        "TransactionPhase.MAIL: Subject.MESSAGE,",
        TABLE,
    ),
    Mechanism(
        "RCPT speaks of the recipient",
        FILE,
        "TransactionPhase.RCPT: Subject.RECIPIENT,",
        "TransactionPhase.RCPT: Subject.MESSAGE,",
        TABLE,
    ),
    Mechanism(
        "DATA speaks of the message",
        FILE,
        "TransactionPhase.DATA: Subject.MESSAGE,",
        "TransactionPhase.DATA: Subject.SENDER,",
        TABLE,
    ),
    Mechanism(
        "the end of data speaks of the message",
        FILE,
        "TransactionPhase.END_OF_DATA: Subject.MESSAGE,",
        "TransactionPhase.END_OF_DATA: Subject.SENDER,",
        TABLE,
    ),
    Mechanism("421 speaks of the session", FILE, "codes=(421,),", "codes=(999,),", TABLE),
    Mechanism("530 speaks of the session", FILE, "(432, 525, 530, ", "(432, 525, ", TABLE),
    Mechanism("538 speaks of the session", FILE, ", 535, 538),", ", 535),", TABLE),
    Mechanism("503 speaks of the session", FILE, "codes=(503,),", "codes=(999,),", TABLE),
    Mechanism("454 4.7.0 speaks of the session", FILE, "codes=(454,),", "codes=(999,),", TABLE),
    Mechanism("no other X.7.0 speaks of the session", FILE, "codes=(454,),", "", TABLE),
    Mechanism("X.7.8 speaks of the session", FILE, '("7.8", "7.9",', '("7.9",', TABLE),
    Mechanism("X.7.9 speaks of the session", FILE, '"7.8", "7.9",', '"7.8",', TABLE),
    Mechanism("X.7.11 speaks of the session", FILE, '"7.11", ', "", TABLE),
    Mechanism("not every X.7.x speaks of the session", FILE, '("7.8",', '("7.*",', TABLE),
    Mechanism(
        "504 about HELO speaks of the session",
        FILE,
        "(450, 501, 504, 550, 554)",
        "(450, 501, 550, 554)",
        TABLE,
    ),
    Mechanism(
        "550 about HELO speaks of the session",
        FILE,
        "(450, 501, 504, 550, 554)",
        "(450, 501, 504, 554)",
        TABLE,
    ),
    Mechanism(
        "504 about anything else is judged by its phase",
        FILE,
        r'words=r"(?<![\w.-])(?:helo|ehlo)(?![\w=-]|\.\w)",',
        "",
        TABLE,
    ),
    Mechanism(
        "an address makes no reply about HELO",
        FILE,
        'if "@" not in word)',
        ")",
        "tests/mail/transports/test_subjects.py"
        "::test_nobody_makes_a_reply_about_helo_with_an_address",
    ),
    Mechanism("X.1.7 speaks of the sender", FILE, '("1.7", "1.8")', '("1.8",)', TABLE),
    Mechanism("X.1.8 speaks of the sender", FILE, '("1.7", "1.8")', '("1.7",)', TABLE),
    Mechanism("X.7.20 speaks of the sender", FILE, '("7.20", ', "(", TABLE),
    Mechanism("X.7.21 speaks of the sender", FILE, '"7.21", ', "", TABLE),
    Mechanism("X.7.22 speaks of the sender", FILE, '"7.22", ', "", TABLE),
    Mechanism("X.7.23 speaks of the sender", FILE, '"7.23", ', "", TABLE),
    Mechanism("X.7.24 speaks of the sender", FILE, '"7.24", ', "", TABLE),
    Mechanism("X.7.26 speaks of the sender", FILE, '"7.26", ', "", TABLE),
    Mechanism("X.7.27 speaks of the sender", FILE, ', "7.27")', ")", TABLE),
    Mechanism("X.2.3 speaks of the message", FILE, '("2.3", ', "(", TABLE),
    Mechanism("X.3.4 speaks of the message", FILE, '"3.4", ', "", TABLE),
    Mechanism("X.6.x speaks of the message", FILE, ', "6.*")', ")", TABLE),
    Mechanism(
        "Postfix and Exim speak of the sender at RCPT",
        FILE,
        r'words=r"\bsender (?:address rejected|verify failed)\b"',
        'words="nothing at all"',
        TABLE,
    ),
    Mechanism(
        "a reply about the sender at RCPT is about all",
        "quartapp/mail/transports/smtp/heard.py",
        "if subject is not Subject.RECIPIENT:",
        "if False:",
        "tests/mail/transports/test_heard.py"
        "::test_a_rejected_sender_is_rejected_for_all_who_were_not_asked",
    ),
    Mechanism(
        "a reply about the session pauses the server",
        "quartapp/mail/transports/smtp/session.py",
        "self._pool.report(outage)",
        "pass",
        "tests/mail/transports/test_heard.py"
        "::test_a_reply_about_the_session_pauses_the_server_and_leaves_the_rejections",
    ),
    Mechanism(
        "a reply about the session never costs an attempt",
        "quartapp/mail/transports/smtp/transaction.py",
        "mid_message=reply.code == 421 or self._is_logged_in,",
        "mid_message=True,",
        f"{SESSION}::test_a_reply_about_the_session_costs_no_attempt_however_often",
    ),
    Mechanism(
        "after a login a message that pauses the server reaches an end",
        "quartapp/mail/transports/smtp/transaction.py",
        "mid_message=reply.code == 421 or self._is_logged_in,",
        "mid_message=reply.code == 421,",
        f"{SESSION}::test_after_a_login_a_message_reaches_an_end_though_it_pauses_the_server",
    ),
    Mechanism(
        "after a login a second message pauses the server",
        "quartapp/mail/transports/smtp/suspicion.py",
        "return is_second if is_logged_in else",
        "return False if is_logged_in else",
        f"{SESSION}::test_after_a_login_the_first_message_counts_and_the_second_pauses",
    ),
    Mechanism(
        "after a login the second message is a different one",
        "quartapp/mail/transports/smtp/suspicion.py",
        "self._suspect is not None and not is_same and not",
        "self._suspect is not None and not",
        f"{SUSPICION}::test_after_a_login_a_second_message_proves_it",
    ),
    Mechanism(
        "what is not said of the session counts by its phase",
        "quartapp/mail/transports/smtp/heard.py",
        "            self.answers[address] = answer_of(reply)\n        self._about_session.clear()",
        "            pass\n        self._about_session.clear()",
        "tests/mail/transports/test_heard.py"
        "::test_a_421_after_a_reply_about_the_session_ends_the_transaction",
    ),
)
