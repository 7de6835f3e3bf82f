"""How a server is greeted, logged in to and connected to."""

from __future__ import annotations

from tests.crash.mechanisms.mechanism import Mechanism

__all__ = ["CONNECTING"]

SMTP = "quartapp/mail/transports/smtp"
GREETING = "tests/mail/transports/test_greeting.py"
LOGIN = "tests/mail/transports/test_login.py"
LOGINS = "tests/mail/transports/test_logins.py"
ADDRESSES = "tests/mail/transports/test_addresses_of_a_server.py"

CONNECTING = (
    Mechanism(
        "MAIL_LOCAL_HOSTNAME is our name",
        f"{SMTP}/local_name.py",
        "return setting or _dotted(host)",
        "return _dotted(host)",
        f"{GREETING}::test_the_settings_name_wins",
    ),
    Mechanism(
        "the host's dotted name is our name",
        f"{SMTP}/local_name.py",
        "return setting or _dotted(host) or",
        "return setting or",
        f"{GREETING}::test_a_host_with_a_dotted_name_gives_that",
    ),
    Mechanism(
        "a host without a dotted name gives its address",
        f"{SMTP}/local_name.py",
        "return setting or _dotted(host) or _literal",
        "return setting or host or _literal",
        f"{GREETING}::test_a_host_without_a_usable_name_gives_the_address_of_its_own_end",
    ),
    Mechanism(
        "an IPv6 address says that it is one",
        f"{SMTP}/local_name.py",
        "[IPv6:{found}]",
        "[{found}]",
        f"{GREETING}::test_a_host_without_a_usable_name_gives_the_address_of_its_own_end",
    ),
    Mechanism(
        "our name is in EHLO",
        f"{SMTP}/client.py",
        'self.local_hostname = local_name(self._settings, self.get_transport_info("sockname"))',
        "pass",
        f"{GREETING}::test_our_name_in_ehlo_is_the_one_of_the_settings",
    ),
    Mechanism(
        "the strongest mechanism of a login comes first",
        f"{SMTP}/login.py",
        "[name for name in MECHANISMS if name in client.server_auth_methods]",
        "[name for name in client.server_auth_methods if name in MECHANISMS]",
        f"{LOGIN}::test_the_strongest_mechanism_comes_first",
    ),
    Mechanism(
        "a reply about the mechanism goes on to the next",
        f"{SMTP}/login.py",
        "if not (refusal.code in OF_THE_MECHANISM or is_first_534):",
        "if not is_first_534:",
        f"{LOGIN}::test_a_reply_about_the_mechanism_goes_on_to_the_next",
    ),
    Mechanism(
        "534 goes on to the next mechanism",
        f"{SMTP}/login.py",
        "if not (refusal.code in OF_THE_MECHANISM or is_first_534):",
        "if refusal.code not in OF_THE_MECHANISM:",
        f"{LOGIN}::test_a_reply_about_the_mechanism_goes_on_to_the_next",
    ),
    Mechanism(
        "534 goes on once",
        f"{SMTP}/login.py",
        " and not was_too_weak",
        "",
        f"{LOGIN}::test_a_second_534_is_about_the_account",
    ),
    Mechanism(
        "a rejected password is not repeated with the next mechanism",
        f"{SMTP}/login.py",
        "                break\n",
        "                pass\n",
        f"{LOGIN}::test_any_other_refusal_is_the_last_attempt",
    ),
    Mechanism(
        "of refused mechanisms the first reply is kept",
        f"{SMTP}/login.py",
        "        return first\n",
        "        return last\n",
        f"{LOGIN}::test_where_every_mechanism_is_refused_the_first_reply_is_kept",
    ),
    Mechanism(
        "LOGIN lets itself be asked for the name",
        f"{SMTP}/sasl.py",
        "await exchange.begin(username, UNKNOWN)",
        "await exchange.begin(username, frozenset())",
        f"{LOGIN}::test_login_lets_itself_be_asked_where_the_name_is_not_taken_along",
    ),
    Mechanism(
        "a server that asks for the name gets the name",
        f"{SMTP}/sasl.py",
        "if asks_for_name or not is_named:",
        "if not is_named:",
        f"{LOGIN}::test_who_asks_for_the_name_once_more_gets_the_name",
    ),
    Mechanism(
        "a server that asks for the name for ever gets no password",
        f"{SMTP}/sasl.py",
        "if asks_for_name or not is_named:",
        "if not is_named or (asks_for_name and _ < 2):",
        f"{LOGIN}::test_who_asks_for_the_name_for_ever_never_gets_the_password",
    ),
    Mechanism(
        "AUTH has 512 octets at most",
        f"{SMTP}/sasl.py",
        "> LONGEST_COMMAND:",
        "> 12288:",
        f"{LOGIN}::test_a_command_has_512_octets_at_most",
    ),
    Mechanism(
        "an empty initial response is an equals sign",
        f"{SMTP}/sasl.py",
        ' or b"=")',
        ")",
        f"{LOGIN}::test_an_initial_response_that_is_empty_is_an_equals_sign",
    ),
    Mechanism(
        "the pause of logins begins with five minutes",
        "quartapp/mail/server_settings.py",
        "login_pause_first: float = setting(\n        300.0,",
        "login_pause_first: float = setting(\n        30.0,",
        f"{LOGINS}::test_after_a_rejected_login_no_process_logs_in_for_five_minutes",
    ),
    Mechanism(
        "the pause of logins ends with an hour",
        "quartapp/mail/transports/logins.py",
        "settings.login_pause_first, settings.login_pause_max)",
        "settings.login_pause_first, 1e9)",
        f"{LOGINS}::test_each_rejected_login_doubles_the_pause_up_to_an_hour",
    ),
    Mechanism(
        "the pause of logins is that of the settings",
        "quartapp/mail/transports/logins.py",
        "min(before.pause * 2 or settings.login_pause_first,",
        "min(before.pause * 2 or 300.0,",
        f"{LOGINS}::test_the_pauses_are_those_of_the_settings",
    ),
    Mechanism(
        "one login is made when the pause is over",
        "quartapp/mail/transports/logins.py",
        "claim = LoginState(now, now + timedelta(seconds=deadline), pause, reply)",
        "claim = LoginState(now, now, pause, reply)",
        f"{LOGINS}::test_when_the_pause_is_over_one_process_logs_in",
    ),
    Mechanism(
        "a login is paused for its server and user",
        "quartapp/mail/delivery/shared_logins.py",
        'f"{settings.username}@{settings.server}:{settings.port}"',
        '"everywhere"',
        "tests/mail/delivery/test_shared_logins.py::test_another_server_or_user_does_not_wait",
    ),
    Mechanism(
        "a check that logs in ends the pause of logins",
        "quartapp/mail/parts.py",
        "await self.worker.logins.accepted()",
        "pass",
        "tests/mail/delivery/test_shared_logins.py"
        "::test_a_check_by_hand_that_logs_in_ends_the_pause",
    ),
    Mechanism(
        "an operator has a login made at once",
        "quartapp/mail/pages/outbox.py",
        "await _logins().ask()",
        "pass",
        "tests/mail/pages/test_outbox.py"
        "::test_the_operator_has_a_rejected_login_made_again_at_once",
    ),
    Mechanism(
        "the next address is tried beside a silent one",
        f"{SMTP}/server_addresses.py",
        "happy_eyeballs_delay=APART,",
        "happy_eyeballs_delay=None,",
        f"{ADDRESSES}::test_an_address_that_never_answers_does_not_hold_up_the_next",
    ),
    Mechanism(
        "after an outage in a transaction another address is asked",
        f"{SMTP}/session.py",
        "connection.blame_address()",
        "pass",
        f"{ADDRESSES}::test_after_an_outage_in_a_transaction_the_next_address_is_asked",
    ),
    Mechanism(
        "after a lost connection another address is asked",
        f"{SMTP}/connection.py",
        "            self.blame_address()\n",
        "",
        f"{ADDRESSES}::test_after_a_lost_connection_the_next_address_is_asked",
    ),
    Mechanism(
        "the space after a reply's code may be missing",
        f"{SMTP}/replies.py",
        r"(?:([ -])|(?!\d))",
        "([ -])",
        "tests/mail/transports/test_replies.py::test_the_space_after_the_code_may_be_missing",
    ),
    Mechanism(
        "replies are read in one way before and after the login",
        f"{SMTP}/client.py",
        "lambda: Protocol(loop,",
        "lambda: SMTPProtocol(loop,",
        f"{GREETING}::test_replies_without_a_space_are_read_the_same_in_every_mode",
    ),
)
