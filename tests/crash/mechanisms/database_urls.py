"""What the address of a database asks for, and how a pooler in between is told of."""

from __future__ import annotations

from tests.crash.mechanisms.mechanism import Mechanism

__all__ = ["DATABASE_URLS"]

PARAMETERS = "tests/database/test_parameters.py"
URL = "tests/database/test_url.py"
TLS = "tests/database/test_postgres_tls.py"
POOLER = "tests/database/test_pgbouncer.py"
NOTIFIER = "tests/mail/delivery/test_notifier.py"

DATABASE_URLS = (
    Mechanism(
        "sslmode reaches the driver in each of its values",
        "quartapp/database/tls.py",
        'return {"dsn": f"postgresql://?{urlencode(given)}"} if given else {}',
        "return {}",
        f"{TLS}::test_a_mode_takes_what_it_promises_and_nothing_less",
    ),
    Mechanism(
        "sslmode has libpq's values and no other",
        "quartapp/database/parameters.py",
        '"sslmode": _tls("sslmode", *SSLMODES),',
        '"sslmode": _tls("sslmode"),',
        f"{TLS}::test_what_cannot_be_honoured_is_refused_at_the_start",
    ),
    Mechanism(
        "sslrootcert names who is trusted",
        "quartapp/database/parameters.py",
        '"sslrootcert": _tls("sslrootcert"),',
        '"sslrootcert": lambda *_: None,',
        f"{TLS}::test_a_mode_takes_what_it_promises_and_nothing_less",
    ),
    Mechanism(
        "sslcert and sslkey are shown to the server",
        "quartapp/database/parameters.py",
        '"sslcert": _tls("sslcert"),',
        '"sslcert": lambda *_: None,',
        f"{TLS}::test_a_client_shows_its_certificate",
    ),
    Mechanism(
        "versions of TLS are ruled out",
        "quartapp/database/parameters.py",
        '"ssl_min_protocol_version": _tls("ssl_min_protocol_version", *TLS_VERSIONS),',
        '"ssl_min_protocol_version": lambda *_: None,',
        f"{TLS}::test_a_version_of_tls_that_is_ruled_out_is_not_spoken",
    ),
    Mechanism(
        "versions of TLS are ruled out with the system's authorities too",
        "quartapp/database/tls.py",
        '    if highest := given.get("ssl_max_protocol_version"):\n',
        '    if highest := "":\n',
        f"{TLS}::test_a_version_of_tls_that_is_ruled_out_is_not_spoken",
    ),
    Mechanism(
        "a parameter of the driver's own reaches it",
        "quartapp/database/parameters.py",
        '"passfile": _argument("passfile", str),',
        '"passfile": lambda *_: None,',
        f"{PARAMETERS}::test_each_asks_for_what_it_is_named_after",
    ),
    Mechanism(
        "files of TLS are read at the start",
        "quartapp/database/tls.py",
        "    _load_own(context, given)\n    return context",
        "    return context",
        f"{TLS}::test_what_cannot_be_honoured_is_refused_at_the_start",
    ),
    Mechanism(
        "application_name is the session's",
        "quartapp/database/parameters.py",
        '"application_name": _setting("application_name"),',
        '"application_name": lambda *_: None,',
        f"{PARAMETERS}::test_a_setting_holds_in_the_session",
    ),
    Mechanism(
        "options are the session's",
        "quartapp/database/parameters.py",
        '"options": _setting("options"),',
        '"options": lambda *_: None,',
        f"{PARAMETERS}::test_a_setting_holds_in_the_session",
    ),
    Mechanism(
        "connect_timeout ends the wait for a server",
        "quartapp/database/postgres.py",
        "            timeout=self._parameters.timeout,\n",
        "",
        f"{PARAMETERS}::test_the_next_host_is_asked_where_one_does_not_answer",
    ),
    Mechanism(
        "target_session_attrs passes a server over",
        "quartapp/database/postgres.py",
        "            target_session_attrs=session,\n",
        "",
        f"{PARAMETERS}::test_a_server_that_is_not_what_is_asked_for_is_passed_over",
    ),
    Mechanism(
        "prefer-standby is content with another server",
        "quartapp/database/postgres.py",
        'for session in ("standby", "any") if wanted == "prefer-standby" else (wanted,):',
        'for session in ("standby",) if wanted == "prefer-standby" else (wanted,):',
        f"{PARAMETERS}::test_a_server_that_is_not_what_is_asked_for_is_passed_over",
    ),
    Mechanism(
        "several hosts are tried in turn",
        "quartapp/database/postgres.py",
        "            for host in hosts:\n",
        "            for host in hosts[:1]:\n",
        f"{PARAMETERS}::test_the_next_host_is_asked_where_one_does_not_answer",
    ),
    Mechanism(
        "several hosts without ports have those of PGPORT",
        "quartapp/database/postgres_url.py",
        'os.environ.get("PGPORT", "")',
        '""',
        f"{URL}::test_several_hosts_without_ports_have_those_of_pgport",
    ),
    Mechanism(
        "a parameter without an effect is named in a warning",
        "quartapp/database/parameters.py",
        "self.ignored.append(name)",
        "pass",
        f"{PARAMETERS}::test_what_has_no_effect_is_said_once",
    ),
    Mechanism(
        "a parameter that cannot be honoured is refused by its name",
        "quartapp/database/parameters.py",
        "if value.lower() not in harmless:",
        "if False:",
        f"{PARAMETERS}::test_what_would_lose_its_meaning_is_refused_by_its_name",
    ),
    Mechanism(
        "a parameter that nobody knows is refused by its name",
        "quartapp/database/parameters.py",
        "if name not in KNOWN:",
        "if False:",
        f"{PARAMETERS}::test_what_cannot_be_read_is_refused_by_its_name",
    ),
    Mechanism(
        "a raw question mark in a password is told",
        "quartapp/database/postgres_url.py",
        'if any("@" in other for other in parameters):',
        "if False:",
        f"{URL}::test_what_cannot_be_used_is_refused_without_its_password",
    ),
    Mechanism(
        "a raw @ in a parameter is not taken for a password's",
        "quartapp/database/postgres_url.py",
        "if equals and unquote(name) in known:",
        "if False:",
        f"{URL}::test_a_usual_spelling_gets_its_async_driver",
    ),
    Mechanism(
        "no statements are remembered behind a pooler",
        "quartapp/database/parameters.py",
        'self.statements = self.arguments["statement_cache_size"] = 0',
        "pass",
        f"{POOLER}::test_forty_tasks_share_two_connections_to_the_server",
    ),
    Mechanism(
        "a lost prepared statement is told with the cure",
        "quartapp/database/errors.py",
        "if _is_elsewhere(error):",
        "if False:",
        f"{POOLER}::test_without_the_parameter_the_error_names_it",
    ),
    Mechanism(
        "what PgBouncer refuses at startup is told with the cure",
        "quartapp/database/postgres.py",
        "    if found is None:\n",
        "    if True:\n",
        f"{POOLER}::test_what_it_refuses_at_startup_is_a_sentence_with_the_cure",
    ),
    Mechanism(
        "LISTEN through a pooler is told as in vain",
        "quartapp/mail/delivery/notifier.py",
        "            await asyncio.sleep(BEFORE_LISTENING_AGAIN)\n"
        '        logger.warning("%s", POOLED)\n',
        "            await asyncio.sleep(BEFORE_LISTENING_AGAIN)\n",
        f"{POOLER}::test_what_another_process_queues_is_found_by_the_poll",
    ),
    Mechanism(
        "a pooler that nobody told of is noticed",
        "quartapp/mail/delivery/notifier.py",
        "return bool(process != driver.get_server_pid())",
        "return False",
        f"{POOLER}::test_a_pooler_that_nobody_told_of_is_noticed_when_listening_begins",
    ),
    Mechanism(
        "MAIL_NOTIFY_URL is where the notifier listens",
        "quartapp/mail/delivery/worker.py",
        "Notifier(self._outbox.database, self._direct, self._settings.queue)",
        "Notifier(self._outbox.database, None, self._settings.queue)",
        f"{POOLER}::test_what_another_process_queues_is_heard_at_a_direct_address",
    ),
)
