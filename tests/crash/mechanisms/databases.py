"""What the database is asked for, and what happens when it says no."""

from __future__ import annotations

from tests.crash.mechanisms.mechanism import Mechanism

__all__ = ["DATABASES"]

DATABASES = (
    Mechanism(
        "operators have database connections of their own",
        "quartapp/mail/pages/blueprint.py",
        "        use_reserve()\n",
        "",
        "tests/mail/pages/test_reserve.py"
        "::test_operator_and_dispatcher_have_connections_of_their_own",
    ),
    Mechanism(
        "deliveries have database connections of their own",
        "quartapp/mail/delivery/dispatcher.py",
        "context=context_in_reserve())",
        "context=Context())",
        "tests/mail/pages/test_reserve.py"
        "::test_operator_and_dispatcher_have_connections_of_their_own",
    ),
    Mechanism(
        "who is in reserve does not wait for every writer",
        "quartapp/database/writer_queue.py",
        "if is_in_reserve():",
        "if False:",
        "tests/mail/pages/test_reserve.py::test_who_is_in_reserve_waits_for_two_writers_at_most",
    ),
    Mechanism(
        "a host's own write transaction is known",
        "quartapp/database/database.py",
        "if self._begun is not None and self._begun.is_ours:",
        "if False:",
        "tests/mail/test_mistakes.py"
        "::test_a_write_transaction_of_the_hosts_own_session_is_named_too",
    ),
    Mechanism(
        "a new SQLite file is private where a link leads",
        "quartapp/database/engines.py",
        "path = path.resolve()",
        "pass",
        "tests/database/test_private_files.py"
        "::test_a_new_database_behind_a_link_is_for_its_owner_alone",
    ),
    Mechanism(
        "a new SQLite file of a host's engine is private",
        "quartapp/database/database.py",
        "            make_private(file_of(engine.url))\n",
        "",
        "tests/database/test_private_files.py"
        "::test_a_new_database_of_a_hosts_engine_is_for_its_owner_alone",
    ),
    Mechanism(
        "joining the caller's transaction",
        "quartapp/mail/outbox/transactions.py",
        "if session is not None:",
        "if False:",
        "tests/mail/delivery/test_promises.py::test_2_rolled_back_means_never_sent",
    ),
    Mechanism(
        "user and message in one transaction",
        "quartapp/web/main.py",
        "url=_address(), session=session",
        "url=_address()",
        "tests/test_story.py::test_a_new_name_becomes_a_message_to_the_administrator",
    ),
    Mechanism(
        "the rate limit in the same transaction",
        "quartapp/web/main.py",
        'await _new_users().charge(request.remote_addr or "")',
        "pass",
        "tests/web/test_limits.py::test_one_name_too_many_is_not_stored_and_nobody_is_told",
    ),
    Mechanism(
        "one user for one name",
        "quartapp/models.py",
        "insert(USERS).on_conflict_do_nothing(index_elements=[USERS.c.username])",
        "insert(USERS)",
        "tests/test_story.py::test_fifty_posts_of_one_name_make_one_user_and_one_message",
    ),
    Mechanism(
        "one message for one key",
        "quartapp/mail/outbox/insert.py",
        ".on_conflict_do_nothing(index_elements=[keys.c.key_hash])",
        ".on_conflict_do_update(index_elements=[keys.c.key_hash], set_=values)",
        "tests/mail/outbox/test_key.py::test_fifty_at_once_with_one_key_store_one_message",
    ),
    Mechanism(
        "a key belongs to one message",
        "quartapp/mail/outbox/keys.py",
        "if not hmac.compare_digest(row.message_hash, signature.message_hash):",
        "if False:",
        "tests/mail/outbox/test_key.py::test_a_key_belongs_to_one_message",
    ),
    Mechanism(
        "savepoint guard",
        "quartapp/mail/outbox/enqueue.py",
        "if driver.isolation_level is not None:",
        "if False:",
        "tests/mail/outbox/test_host_engine.py"
        "::test_a_savepoint_that_would_outlive_a_rollback_is_refused",
    ),
    Mechanism(
        "a write takes SQLite's lock before it reads",
        "quartapp/database/database.py",
        'await connection.exec_driver_sql("BEGIN IMMEDIATE")',
        "pass",
        "tests/mail/outbox/test_host_engine.py"
        "::test_a_write_of_ours_takes_the_lock_before_it_reads",
    ),
    Mechanism(
        "writer lock",
        "quartapp/database/database.py",
        "async with self._queue:",
        "if True:",
        "tests/database/test_sqlite.py::test_a_write_inside_a_write_is_refused_at_once",
    ),
    Mechanism(
        "no write inside a write",
        "quartapp/database/writer_queue.py",
        "if self.holder is not None and self.holder is asyncio.current_task():",
        "if False:",
        "tests/database/test_sqlite.py::test_a_write_inside_a_write_is_refused_at_once",
    ),
    Mechanism(
        "a turn is waited for so long and no longer",
        "quartapp/database/writer_queue.py",
        "async with asyncio.timeout(self._patience):",
        "if True:",
        "tests/database/test_sqlite.py::test_a_writer_who_waits_too_long_is_told",
    ),
    Mechanism(
        "readers read",
        "quartapp/database/engines.py",
        '"query_only=ON"',
        '"foreign_keys=ON"',
        "tests/database/test_sqlite.py::test_a_session_to_read_with_does_not_write",
    ),
    Mechanism(
        "a statement of SQLite's is never left half done",
        "quartapp/database/onehop.py",
        "self._rows = await trip(self._run, sql, parameters or ())",
        "await trip(self._cursor.execute, sql, parameters or ())\n"
        "        if self._cursor.description:\n"
        "            self._rows = await trip(self._cursor.fetchall)",
        "tests/crash/test_cancellation.py"
        "::test_a_write_that_is_cut_at_any_moment_lets_go_of_the_lock",
    ),
    Mechanism(
        "a rollback comes after a statement that was cut",
        "quartapp/database/onehop.py",
        "if self._conn.in_transaction or not self._is_settled:",
        "if self._conn.in_transaction:",
        "tests/database/test_onehop.py::test_a_rollback_comes_after_a_statement_that_was_cut",
    ),
    Mechanism(
        "a dead connection of PostgreSQL's is replaced",
        "quartapp/database/postgres.py",
        "if connection.driver_connection.is_closed():",
        "if False:",
        "tests/database/test_postgresql.py::test_a_restart_between_two_transactions_goes_unnoticed",
    ),
    Mechanism(
        "an outage is told as one",
        "quartapp/database/errors.py",
        "if code in SQLITE_BUSY:",
        "if False:",
        "tests/crash/test_restarts.py"
        "::test_while_another_holds_the_lock_of_sqlite_the_form_says_so_and_then_recovers",
    ),
    Mechanism(
        "half a message is taken back",
        "quartapp/mail/outbox/insert.py",
        'driver.execute("ROLLBACK TO quartapp_insert")',
        "pass",
        "tests/mail/outbox/test_host_engine.py"
        "::test_a_message_that_fails_half_way_leaves_nothing_to_commit",
    ),
    Mechanism(
        "a connection that everybody shares is refused",
        "quartapp/mail/outbox/source.py",
        "if isinstance(engine.pool, StaticPool):",
        "if False:",
        "tests/mail/outbox/test_source.py::test_a_database_in_memory_is_refused_with_the_cure",
    ),
    Mechanism(
        "a session that only reads is a mistake and no outage",
        "quartapp/mail/outbox/joining.py",
        "if await _only_reads(connection, error):",
        "if False:",
        "tests/mail/test_mistakes.py::test_a_session_that_only_reads_is_refused",
    ),
    Mechanism(
        "what the driver's own cursor raises is translated",
        "quartapp/mail/outbox/prepared.py",
        "connection._handle_dbapi_exception(error, self.sql, None, cursor, None)",
        "raise",
        "tests/mail/test_mistakes.py::test_a_session_that_only_reads_is_refused",
    ),
    Mechanism(
        "a session of another server is refused",
        "quartapp/mail/outbox/joining.py",
        "port = url.port or (POSTGRES_PORT if url.host else None)",
        "port = None",
        "tests/mail/outbox/test_host_engine.py"
        "::test_the_same_name_at_another_port_is_another_database",
    ),
    Mechanism(
        "tables are looked for in the outbox's schema",
        "quartapp/mail/outbox/first_use.py",
        "has_table(messages.name, schema=schema_of(connection))",
        "has_table(messages.name)",
        "tests/mail/outbox/test_host_engine.py::test_a_session_joins_the_schema_of_the_outbox",
    ),
    Mechanism(
        "statements without a name behind a pooler",
        "quartapp/database/postgres.py",
        '    return ""\n',
        '    return "statement"\n',
        "tests/database/test_pgbouncer.py::test_forty_tasks_share_two_connections_to_the_server",
    ),
    Mechanism(
        "a host's engine for a pooler is asked in transactions",
        "quartapp/database/database.py",
        "if not self._is_ours and not self.is_sqlite and is_for_a_pooler(connection):",
        "if False:",
        "tests/database/test_pgbouncer.py"
        "::test_an_engine_of_the_host_for_a_pooler_is_asked_in_transactions",
    ),
    Mechanism(
        "a notification is committed",
        "quartapp/mail/delivery/notifier.py",
        "async with self._database.writing() as connection:",
        "async with self._database.reading() as connection:",
        "tests/database/test_pgbouncer.py::test_an_engine_of_the_host_for_a_pooler_notifies",
    ),
    Mechanism(
        "no password in an error about an address",
        "quartapp/database/postgres_url.py",
        'if authority.count("@") > 1 or "@" in path or "#" in path:',
        "if False:",
        "tests/database/test_url.py::test_what_cannot_be_used_is_refused_without_its_password",
    ),
    Mechanism(
        "each host has the whole time to answer",
        "quartapp/database/postgres.py",
        "except (OSError, CannotConnectNowError, TargetServerAttributeNotMatched) as error:",
        "except (CannotConnectNowError, TargetServerAttributeNotMatched) as error:",
        "tests/database/test_parameters.py::test_the_next_host_is_asked_where_one_does_not_answer",
    ),
    Mechanism(
        "sslrootcert=system verifies the host's name",
        "quartapp/database/tls.py",
        "    context.load_default_certs()\n",
        "    context.load_default_certs()\n    context.check_hostname = False\n",
        "tests/database/test_postgres_tls.py::test_a_mode_takes_what_it_promises_and_nothing_less",
    ),
)
