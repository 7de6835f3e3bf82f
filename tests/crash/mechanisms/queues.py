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
        "quartapp/mail/outbox/deletes.py",
        "messages.c.queue == self.queue,",
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
    Mechanism(
        "a notification is of the queue of MAIL_QUEUE",
        "quartapp/mail/delivery/worker.py",
        "Notifier(self._outbox.database, self._direct, self._settings.queue)",
        "Notifier(self._outbox.database, self._direct)",
        "tests/mail/delivery/test_notifier.py::test_a_notification_is_of_the_queue_of_the_settings",
    ),
    Mechanism(
        "messages are counted within their queue",
        "quartapp/mail/outbox/query/counts.py",
        "query = query.where(messages.c.queue == queue).group_by(messages.c.status)",
        "query = query.group_by(messages.c.status)",
        f"{TEST}::test_figures_are_of_one_application",
    ),
    Mechanism(
        "no page of an application shows a message of another",
        "quartapp/mail/outbox/query/find.py",
        'messages.c.queue == bindparam("queue"), ',
        "",
        "tests/web/test_two_applications.py"
        "::test_no_page_of_an_application_shows_a_message_of_another_or_waits_for_it",
    ),
    Mechanism(
        "the name of a queue is safe in a statement",
        "quartapp/mail/settings.py",
        '        "default",\n        kinds.name,\n',
        '        "default",\n        kinds.text,\n',
        "tests/mail/test_settings.py::test_a_setting_that_makes_no_sense_is_one_sentence",
    ),
)
