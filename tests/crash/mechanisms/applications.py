"""Whose mail it is, when it runs, and where its tables are."""

from __future__ import annotations

from tests.crash.mechanisms.mechanism import Mechanism

__all__ = ["APPLICATIONS"]

APPLICATIONS = (
    Mechanism(
        "never another app's mail",
        "quartapp/mail/bound.py",
        "if isinstance(found, MailService) and found in services:",
        "if isinstance(found, MailService):",
        "tests/mail/test_handle.py"
        "::test_an_app_of_another_mail_is_refused_and_the_package_s_takes_it",
    ),
    Mechanism(
        "mail starts behind every hook",
        "quartapp/mail/lifespan.py",
        "generators.append(self)",
        "generators.insert(0, self)",
        "tests/mail/test_lifespan.py::test_it_starts_after_every_hook_and_stops_before_every_hook",
    ),
    Mechanism(
        "mail stops when a start fails",
        "quartapp/mail/lifespan.py",
        "        got_serving_exception.connect(self._failed, app)\n",
        "",
        "tests/mail/test_lifespan.py::test_it_stops_when_a_later_generator_fails",
    ),
    Mechanism(
        "a run does not carry a request along",
        "quartapp/mail/run.py",
        "context=contextvars.Context()",
        "context=contextvars.copy_context()",
        "tests/mail/test_lifespan.py::test_what_is_started_in_a_request_does_not_carry_it_along",
    ),
    Mechanism(
        "each event loop has a queue of its own",
        "quartapp/database/writer_queue.py",
        "self._locks.setdefault(asyncio.get_running_loop(), asyncio.Lock())",
        "self._locks.setdefault(asyncio.Lock, asyncio.Lock())",
        "tests/database/test_sqlite.py::test_writers_take_turns_in_one_event_loop_after_another",
    ),
    Mechanism(
        "tables made by create_all have a version",
        "quartapp/mail/outbox/upgrade.py",
        "if messages in tables:",
        "if False:",
        "tests/mail/outbox/test_upgrade.py::test_tables_made_by_create_all_have_their_version",
    ),
    Mechanism(
        "tables of another version are left alone",
        "quartapp/database/migrations.py",
        "if current is not None and current not in known:",
        "if False:",
        "tests/mail/outbox/test_upgrade.py"
        "::test_tables_of_an_older_checkout_are_one_sentence_with_the_cure",
    ),
    Mechanism(
        "tables that differ get no version",
        "quartapp/database/migrations.py",
        "if found := self._differences(connection):",
        "if found := []:",
        "tests/mail/outbox/test_upgrade.py::test_tables_without_a_version_that_differ_are_named",
    ),
    Mechanism(
        "an installed app's files are not in its environment",
        "quartapp/settings/folder.py",
        "return _data() / name if is_installed else path",
        "return path",
        "tests/settings/test_folder.py::test_the_folder_for_data_may_be_set",
    ),
    Mechanism(
        "a WebSocket asked of a page is answered without error pages",
        "quartapp/mail/pages/blueprint.py",
        "        self.before_app_websocket(_no_websocket)\n",
        "",
        "tests/web/test_websockets.py::test_our_pages_have_none_in_a_host",
    ),
    Mechanism(
        "the demo's error page is for requests",
        "quartapp/web/errors.py",
        "    if has_websocket_context():\n",
        "    if False:\n",
        "tests/web/test_websockets.py::test_the_demo_has_none_anywhere",
    ),
    Mechanism(
        "a proxy's word about a WebSocket is a scheme of WebSockets",
        "quartapp/web/proxies.py",
        '"websocket": {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"},',
        '"websocket": {"http": "http", "https": "https", "ws": "ws", "wss": "wss"},',
        "tests/web/test_websockets.py::test_the_demo_has_none_anywhere",
    ),
)
