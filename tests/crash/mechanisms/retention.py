"""What deletes old messages, and remembers their keys."""

from __future__ import annotations

from tests.crash.mechanisms.mechanism import Mechanism

__all__ = ["RETENTION"]

RETENTION = (
    Mechanism(
        "a key outlives its message",
        "quartapp/mail/outbox/prune.py",
        ".values(status=status, pruned_at=self._now())",
        ".values(status=status, key_hash=keys.c.message_hash)",
        "tests/mail/outbox/test_key.py::test_a_key_outlives_its_message",
    ),
    Mechanism(
        "a secret is remembered only after the commit",
        "quartapp/mail/outbox/keys.py",
        "on_commit(remember)",
        "remember()",
        "tests/mail/outbox/test_key.py::test_a_secret_that_was_rolled_back_is_forgotten",
    ),
    Mechanism(
        "what belongs to a message goes with it",
        "quartapp/mail/outbox/prune.py",
        "for table in (contents, recipients, attempts):",
        "for table in ():",
        "tests/mail/outbox/test_host_engine.py::test_a_deleted_message_leaves_no_orphans",
    ),
    Mechanism(
        "what will be resent is not deleted",
        "quartapp/mail/outbox/prune.py",
        "messages.c.due_at.is_(None),",
        "messages.c.id.is_not(None),",
        "tests/mail/outbox/test_prune.py"
        "::test_an_uncertain_message_that_will_be_resent_is_open_whenever_it_ended",
    ),
    Mechanism(
        "deleting pauses longer where it takes longer",
        "quartapp/mail/outbox/prune.py",
        "max(PAUSE, took * TIMES)",
        "PAUSE",
        "tests/mail/outbox/test_prune.py::test_deleting_pauses_longer_where_it_takes_longer",
    ),
    Mechanism(
        "large messages are deleted in small transactions",
        "quartapp/mail/outbox/prune.py",
        "if size < BYTES]",
        "if size >= 0]",
        "tests/mail/outbox/test_prune.py::test_large_messages_are_deleted_one_at_a_time",
    ),
    Mechanism(
        "no lock where nothing is to be deleted",
        "quartapp/mail/outbox/prune.py",
        "while await self._finds(self._over(status)):",
        "while True:",
        "tests/mail/outbox/test_prune.py::test_where_nothing_is_to_be_deleted_no_lock_is_taken",
    ),
    Mechanism(
        "what is deleted is overwritten",
        "quartapp/mail/outbox/prune.py",
        "await _overwrite(connection)",
        "pass",
        "tests/mail/outbox/test_host_engine.py"
        "::test_what_was_deleted_is_overwritten_in_a_hosts_file",
    ),
    Mechanism(
        "what is deleted leaves SQLite's log",
        "quartapp/database/database.py",
        "wal_checkpoint(TRUNCATE)",
        "wal_checkpoint(PASSIVE)",
        "tests/mail/outbox/test_prune.py::test_what_was_deleted_is_in_no_file",
    ),
)
