"""What keeps applications apart that share a database."""

from __future__ import annotations

from tests.crash.mechanisms.mechanism import Mechanism

__all__ = ["QUEUES"]

TEST = "tests/mail/outbox/test_queue.py"

QUEUES = (
    Mechanism(
        "a message is claimed within its queue",
        "quartapp/mail/outbox/lanes.py",
        'messages.c.queue == bindparam("queue_"), ',
        "",
        f"{TEST}::test_a_message_is_claimed_by_its_own_application_alone",
    ),
    Mechanism(
        "a lease is watched within its queue",
        "quartapp/mail/outbox/claimed.py",
        'messages.c.queue == bindparam("queue_"),',
        "",
        f"{TEST}::test_what_a_dead_process_of_another_application_left_stays_there",
    ),
    Mechanism(
        "a message is found within its queue",
        "quartapp/mail/outbox/query/find.py",
        "if self.queue is not None:",
        "if False:",
        f"{TEST}::test_a_message_is_shown_to_its_own_application_alone",
    ),
    Mechanism(
        "a search stays within its queue",
        "quartapp/mail/outbox/report.py",
        "return replace(wanted, queue=self._outbox.worker.queue)",
        "return replace(wanted, queue='')",
        f"{TEST}::test_a_search_finds_what_is_of_its_own_application",
    ),
    Mechanism(
        "a message is changed within its queue",
        "quartapp/mail/outbox/change.py",
        "messages.c.id.in_(ids), messages.c.queue == queue)",
        "messages.c.id.in_(ids))",
        f"{TEST}::test_nothing_is_changed_in_another_application",
    ),
    Mechanism(
        "a key is unique within its queue",
        "quartapp/mail/outbox/keys.py",
        'f"{queue}\\0{key}"',
        "key",
        f"{TEST}::test_a_key_is_unique_within_its_application",
    ),
    Mechanism(
        "messages are pruned within their queue",
        "quartapp/mail/outbox/prune.py",
        "messages.c.queue == settings.queue,",
        "",
        f"{TEST}::test_each_application_prunes_as_its_own_settings_say",
    ),
    Mechanism(
        "workers are seen within their queue",
        "quartapp/mail/outbox/workers.py",
        "workers.c.queue == but.queue, ",
        "",
        f"{TEST}::test_figures_are_of_one_application",
    ),
    Mechanism(
        "a notification is of a queue",
        "quartapp/mail/delivery/notifier.py",
        "if queue == self._queue:",
        "if True:",
        "tests/mail/delivery/test_notifier.py"
        "::test_a_notification_of_another_application_is_not_heard",
    ),
)
