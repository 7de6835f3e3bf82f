"""What deletes old messages, and remembers their keys."""

from __future__ import annotations

from tests.crash.mechanisms.mechanism import Mechanism

__all__ = ["RETENTION"]

RETENTION = (
    Mechanism(
        "a key outlives its message",
        "quartapp/mail/outbox/deletes.py",
        '"pruned_at": bindparam("now_", type_=key.c.pruned_at.type),',
        '"key_hash": key.c.message_hash,',
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
        "quartapp/mail/outbox/deletes.py",
        '*(delete(part).where(part.c.delivery_id == bindparam("id_")) for part in parts),',
        "",
        "tests/mail/outbox/test_host_engine.py::test_a_deleted_message_leaves_no_orphans",
    ),
    Mechanism(
        "what will be resent is not deleted",
        "quartapp/mail/outbox/deletes.py",
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
        "quartapp/mail/outbox/deletes.py",
        "if size < BYTES]",
        "if size >= 0]",
        "tests/mail/outbox/test_prune.py::test_large_messages_are_deleted_one_at_a_time",
    ),
    Mechanism(
        "no lock where nothing is to be deleted",
        "quartapp/mail/outbox/prune.py",
        "if not found:",
        "if False:",
        "tests/mail/outbox/test_prune.py::test_where_nothing_is_to_be_deleted_no_lock_is_taken",
    ),
    Mechanism(
        "what is deleted is overwritten",
        "quartapp/database/eraser.py",
        "PRAGMA secure_delete=ON",
        "PRAGMA secure_delete",
        "tests/mail/outbox/test_host_engine.py"
        "::test_what_was_deleted_is_overwritten_in_a_hosts_file",
    ),
    Mechanism(
        "what is deleted leaves SQLite's log",
        "quartapp/database/eraser.py",
        "wal_checkpoint(TRUNCATE)",
        "wal_checkpoint(PASSIVE)",
        "tests/mail/outbox/test_prune.py::test_what_was_deleted_is_in_no_file",
    ),
    Mechanism(
        "who deletes goes last",
        "quartapp/database/writer_queue.py",
        "if not self.waiting:",
        "if True:",
        "tests/database/test_writer_queue.py::test_who_comes_last_goes_after_those_who_came_later",
    ),
    Mechanism(
        "who deletes is not passed over for ever",
        "quartapp/database/writer_queue.py",
        "for _ in range(GIVES_WAY):",
        "while True:",
        "tests/database/test_writer_queue.py::test_who_comes_last_is_not_passed_over_for_ever",
    ),
    Mechanism(
        "a transaction that takes long leaves the rest",
        "quartapp/mail/outbox/deletes.py",
        "if perf_counter() - begun >= longest:",
        "if False:",
        "tests/mail/outbox/test_prune.py"
        "::test_a_transaction_that_takes_long_leaves_the_rest_to_the_next",
    ),
    Mechanism(
        "what was retried since it was found is not deleted",
        "quartapp/mail/outbox/deletes.py",
        ", *still_ended),",
        "),",
        "tests/mail/outbox/test_prune.py"
        "::test_a_message_that_was_retried_since_it_was_found_is_not_deleted",
    ),
    Mechanism(
        "a deletion is one trip to the driver",
        "quartapp/database/eraser.py",
        "driver.commit()",
        "pass",
        "tests/database/test_eraser.py::test_the_lock_is_free_before_the_event_loop_goes_on",
    ),
    Mechanism(
        "a deletion leaves the file to a checkpoint",
        "quartapp/database/engines.py",
        ', "wal_autocheckpoint=0"',
        "",
        "tests/database/test_eraser.py::test_a_deletion_leaves_the_file_to_a_checkpoint",
    ),
    Mechanism(
        "a deletion waits for no disk",
        "quartapp/database/engines.py",
        ', "synchronous=NORMAL"',
        "",
        "tests/database/test_eraser.py::test_a_deletion_waits_for_no_disk_while_it_has_the_lock",
    ),
    Mechanism(
        "a checkpoint waits for no lock",
        "quartapp/database/eraser.py",
        "wal_checkpoint(PASSIVE)",
        "wal_checkpoint(FULL)",
        "tests/database/test_eraser.py::test_a_checkpoint_waits_for_nobody_who_writes",
    ),
    Mechanism(
        "each deletion is followed by a checkpoint",
        "quartapp/mail/outbox/prune.py",
        "await database.eraser.checkpoint()",
        "pass",
        "tests/mail/outbox/test_prune.py::test_pruning_does_not_make_the_log_longer",
    ),
)
