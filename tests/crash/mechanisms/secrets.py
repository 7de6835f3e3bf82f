"""Whom a message could be turned against."""

from __future__ import annotations

from tests.crash.mechanisms.mechanism import Mechanism

__all__ = ["SECRETS"]

SECRETS = (
    Mechanism(
        "no line breaks in headers",
        "quartapp/mail/lines.py",
        "if found := BREAKS.search(text):",
        "if found := None:",
        "tests/mail/delivery/test_promises_to_others.py"
        "::test_8_a_message_cannot_carry_injected_headers",
    ),
    Mechanism(
        "no impossible header names",
        "quartapp/mail/message/headers.py",
        "if isinstance(name, str) and NAME.fullmatch(name):",
        "if isinstance(name, str):",
        "tests/mail/delivery/test_promises_to_others.py"
        "::test_8_a_message_cannot_carry_injected_headers",
    ),
    Mechanism(
        "bounces go where the message says",
        "quartapp/mail/message/encoding.py",
        "        or message.envelope_from",
        "",
        "tests/mail/message/test_envelope.py::test_it_is_stored_with_the_message",
    ),
    Mechanism(
        "no commands in options",
        "quartapp/mail/message/fields.py",
        'text = checked_line(f"{place}[{index}]", option)',
        "text = 'A=1'",
        "tests/mail/delivery/test_promises_to_others.py"
        "::test_8_a_message_cannot_carry_injected_headers",
    ),
    Mechanism(
        "no link to what a visitor called the host",
        "quartapp/web/main.py",
        'if address or not current_app.config["QUARTAPP_HOST_BELIEVED"]:',
        "if address:",
        "tests/web/test_main.py"
        "::test_in_production_no_message_links_to_what_a_visitor_called_the_host",
    ),
    Mechanism(
        "no such link where nothing says that this is development",
        "quartapp/config/loading.py",
        "values[HOST_BELIEVED] = values[PAGES_OPEN] and serves_this_machine()",
        "pass",
        "tests/web/test_main.py"
        "::test_without_development_spelled_out_no_message_links_to_a_visitors_host",
    ),
    Mechanism(
        "no redirect to what a visitor called the host",
        "quartapp/mail/pages/blueprint.py",
        "        self.before_app_request(_redirect_within)\n",
        "",
        "tests/mail/pages/test_hosts.py::test_a_redirect_never_names_the_host_as_the_visitor_did",
    ),
    Mechanism(
        "no key that can be guessed",
        "quartapp/config/loading.py",
        "        raise SettingError(SHORT_KEY)",
        "        pass",
        "tests/config/test_loading.py::test_production_refuses_a_key_that_can_be_guessed",
    ),
    Mechanism(
        "no numbers for everybody in production",
        "quartapp/web/access.py",
        'if not config["QUARTAPP_PAGES_OPEN"] and config["QUARTAPP_METRICS"] != "open":',
        "if False:",
        "tests/mail/pages/test_metrics.py"
        "::test_in_production_without_an_operator_it_is_open_only_where_that_was_said",
    ),
    Mechanism(
        "TLS is verified",
        "quartapp/mail/transports/smtp/tls.py",
        "context = ssl.create_default_context(cafile=settings.ca_file)",
        "context = ssl._create_unverified_context()",
        "tests/mail/delivery/test_promises_to_others.py"
        "::test_8_a_server_without_a_trusted_certificate_gets_nothing",
    ),
    Mechanism(
        "STARTTLS is required",
        "quartapp/mail/transports/smtp/tls.py",
        'if not client.supports_extension("starttls"):',
        'if not client.supports_extension("starttls"):\n        return\n    if False:',
        "tests/mail/transports/test_tls.py"
        "::test_a_stripped_starttls_gets_neither_password_nor_message",
    ),
    Mechanism(
        "no password in clear",
        "quartapp/mail/transports/smtp/login.py",
        "if _is_in_clear(client) and not settings.allow_insecure_login:",
        "if False:",
        "tests/mail/transports/test_tls.py"
        "::test_a_password_is_never_sent_in_clear_to_another_machine",
    ),
    Mechanism(
        "a rejected password is not sent with the next mechanism",
        "quartapp/mail/transports/smtp/login.py",
        "if not (refusal.code in OF_THE_MECHANISM or is_first_534):",
        "if False:",
        "tests/mail/transports/test_login.py::test_any_other_refusal_is_the_last_attempt",
    ),
    Mechanism(
        "who asks for the name never gets the password",
        "quartapp/mail/transports/smtp/sasl.py",
        "if asks_for_name or not is_named:",
        "if not is_named:",
        "tests/mail/transports/test_login.py"
        "::test_who_asks_for_the_name_for_ever_never_gets_the_password",
    ),
    Mechanism(
        "a server cannot ask for endless work",
        "quartapp/mail/transports/smtp/sasl.py",
        "if iterations > MOST_ITERATIONS:",
        "if False:",
        "tests/mail/transports/test_login.py::test_a_server_that_asks_for_endless_work_gets_none",
    ),
    Mechanism(
        "a server proves that it knows the password",
        "quartapp/mail/transports/smtp/sasl.py",
        'raise ScramException("the server said nothing of it")',
        "return reply",
        "tests/mail/transports/test_login.py"
        "::test_a_server_that_does_not_prove_that_it_knows_the_password_is_an_outage",
    ),
    Mechanism(
        "no login in clear in the settings",
        "quartapp/mail/server_settings.py",
        "if self.logs_in_in_clear and not self.allow_insecure_login:",
        "if False:",
        "tests/mail/test_settings.py::test_a_setting_that_makes_no_sense_is_one_sentence",
    ),
    Mechanism(
        "a database is for its owner alone",
        "quartapp/database/engines.py",
        "make_private(path)\n    connection:",
        "pass\n    connection:",
        "tests/database/test_private_files.py::test_a_new_database_is_for_its_owner_alone",
    ),
    Mechanism(
        "what the mailbox has is for its owner alone",
        "quartapp/mail/mailbox/store.py",
        "return os.open(path, flags, 0o600)",
        "return os.open(path, flags)",
        "tests/mail/mailbox/test_store.py::test_messages_are_for_the_owner_only",
    ),
    Mechanism(
        "a folder that others can read is told",
        "quartapp/settings/folder.py",
        "& 0o077:",
        "& 0:",
        "tests/settings/test_folder.py::test_a_folder_that_others_can_read_is_one_warning",
    ),
    Mechanism(
        "our password in a reply is masked",
        "quartapp/mail/transports/smtp/replies.py",
        'self._mask("\\n".join(self._lines))',
        '"\\n".join(self._lines)',
        "tests/mail/transports/test_mask.py"
        "::test_whatever_a_server_says_back_our_password_is_not_in_it",
    ),
    Mechanism(
        "our password in a refused login is masked",
        "quartapp/mail/transports/smtp/client.py",
        "return reply if reply.code < 400 else",
        "return reply if True else",
        "tests/mail/transports/test_mask.py"
        "::test_whatever_a_server_says_back_our_password_is_not_in_it",
    ),
    Mechanism(
        "no password in the address of a database",
        "quartapp/database/url.py",
        "if secret else url",
        "if False else url",
        "tests/database/test_url.py::test_an_address_is_shown_without_the_secrets_in_its_query",
    ),
    Mechanism(
        "a secret masks itself",
        "quartapp/settings/keys.py",
        'return "<secret>"',
        "return super().__repr__()",
        "tests/settings/test_keys.py::test_a_secret_is_used_as_text_and_never_shown",
    ),
    Mechanism(
        "no password in a repr",
        "quartapp/settings/fields.py",
        'repr=not key.get("secret")',
        "repr=True",
        "tests/mail/test_settings.py::test_the_password_is_not_shown",
    ),
    Mechanism(
        "one command is one command",
        "quartapp/mail/transports/smtp/conversation.py",
        "if CONTROL.search(command):",
        "if False:",
        "tests/mail/transports/test_overlap.py::test_a_command_is_one_command",
    ),
    Mechanism(
        "no terminal is coloured by a server",
        "quartapp/mail/cli/logs.py",
        "message = escaped(record.getMessage())",
        "message = record.getMessage()",
        "tests/mail/cli/test_logs.py::test_a_servers_words_stay_in_one_line_and_without_controls[text]",
    ),
    Mechanism(
        "the operator's pages want a sign-in in production",
        "quartapp/web/access.py",
        "guard(local=False)\n\n\nasync def developers",
        "guard(local=True)\n\n\nasync def developers",
        "tests/mail/pages/test_outbox.py::test_in_production_everybody_must_sign_in",
    ),
    Mechanism(
        "this machine's pages want its own name",
        "quartapp/mail/pages/guard.py",
        "and _is_named_here(request.host)",
        "",
        "tests/mail/pages/test_outbox.py::test_another_name_for_this_machine_is_not_believed",
    ),
    Mechanism(
        "no form of another page is taken",
        "quartapp/mail/pages/blueprint.py",
        "if not is_our_form():",
        "if False:",
        "tests/mail/pages/test_outbox.py::test_nothing_is_done_for_a_form_of_another_page",
    ),
    Mechanism(
        "another port is another origin",
        "quartapp/mail/pages/access.py",
        'return site == "same-origin"',
        'return site in ("same-origin", "same-site")',
        "tests/mail/pages/test_outbox.py::test_nothing_is_done_for_a_form_of_another_page",
    ),
    Mechanism(
        "a host's headers do not replace ours",
        "quartapp/mail/pages/blueprint.py",
        "    request_finished.connect(_secure, sender=state.app)",
        "    pass",
        "tests/mail/pages/test_hosts.py::test_our_headers_have_the_last_word",
    ),
    Mechanism(
        "no other site reads our pages, whatever the host shares",
        "quartapp/mail/pages/headers.py",
        "        headers.remove(name)",
        "        pass",
        "tests/mail/pages/test_hosts.py::test_our_headers_have_the_last_word",
    ),
    Mechanism(
        "who may only look changes nothing",
        "quartapp/mail/pages/blueprint.py",
        "if operator().readonly:",
        "if False:",
        "tests/mail/pages/test_access.py"
        "::test_who_may_only_look_sees_no_button_and_changes_nothing",
    ),
    Mechanism(
        "wrong sign-ins are throttled",
        "quartapp/mail/pages/guard.py",
        "        guesses.check(address, sign_in)\n",
        "",
        "tests/mail/pages/test_access.py::test_each_app_counts_wrong_sign_ins_by_itself",
    ),
    Mechanism(
        "a neighbour's wrong sign-ins do not lock out who is signed in",
        "quartapp/mail/pages/guard.py",
        "            guesses.remember(address, sign_in)\n",
        "",
        "tests/mail/pages/test_access.py"
        "::test_who_is_signed_in_stays_so_whatever_a_neighbour_guesses",
    ),
    Mechanism(
        "a signed-in neighbour tells nobody the password",
        "quartapp/mail/pages/throttle.py",
        "        self._set(client, ends_at, number + 1)\n        wait",
        "        wait",
        "tests/mail/pages/test_throttle.py"
        "::test_beside_a_sign_in_no_more_guesses_are_answered_than_a_flood",
    ),
    Mechanism(
        "a proxy's word about a client is an address",
        "quartapp/web/proxies.py",
        'if address := address_in(self._word(headers, b"x-forwarded-for")):',
        'if address := self._word(headers, b"x-forwarded-for"):',
        "tests/web/test_proxies.py::test_garbage_is_the_proxy_itself",
    ),
    Mechanism(
        "no forged line in the access log",
        "quartapp/web/access_log.py",
        "            record.args = Atoms(record.args)",
        "            pass",
        "tests/web/test_access_log.py::test_a_client_writes_no_line_and_no_field_of_its_own",
    ),
    Mechanism(
        "a form of the mail pages is no larger than a page",
        "quartapp/mail/pages/blueprint.py",
        "    await limit_form()\n",
        "",
        "tests/mail/pages/test_forms.py::test_a_form_with_more_is_refused_by_a_page_of_ours",
    ),
    Mechanism(
        "a visitor's form is no larger than what is typed",
        "quartapp/web/csrf.py",
        "if sent is not None and sum(map(len, sent.listvalues())) > MOST_FIELDS:",
        "if False:",
        "tests/web/test_errors.py::test_a_form_with_more_than_a_visitor_types_is_too_much",
    ),
    Mechanism(
        "no message in the text of a database's error",
        "quartapp/database/engines.py",
        '{"hide_parameters": True}',
        "{}",
        "tests/database/test_database.py::test_an_error_says_nothing_of_what_the_statement_carried",
    ),
    Mechanism(
        "our pages escape",
        "quartapp/mail/pages/answers.py",
        "autoescape=True,",
        "autoescape=False,",
        "tests/mail/pages/test_outbox.py::test_hostile_words_are_shown_escaped",
    ),
)
