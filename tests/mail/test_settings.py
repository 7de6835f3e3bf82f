"""The mail service's settings, from any app's config."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from quartapp.mail.settings import MAIL_KEYS, Backend, MailSettings, OnUncertain, is_suppressed
from quartapp.settings.keys import SettingError

if TYPE_CHECKING:
    from pathlib import Path


KEY_OF = {
    each.name: each.metadata.get("name", f"MAIL_{each.name.upper()}")
    for each in fields(MailSettings)
}


def test_an_app_without_mail_settings_gets_the_defaults() -> None:
    settings = MailSettings.from_config({"DEBUG": True, "SERVER_NAME": "example.com"})

    assert settings == MailSettings()


def test_flask_mails_values_are_understood() -> None:
    settings = MailSettings.from_config(
        {
            "MAIL_SERVER": "smtp.googlemail.com",
            "MAIL_PORT": "587",
            "MAIL_USE_TLS": "True",
            "MAIL_USE_SSL": False,
            "MAIL_USERNAME": "ada",
            "MAIL_PASSWORD": "12345",
            "MAIL_DEFAULT_SENDER": ("Ada", "ada@example.com"),
            "MAIL_MAX_EMAILS": None,
            "MAIL_SUPPRESS_SEND": True,
        }
    )

    assert settings == MailSettings(
        server="smtp.googlemail.com",
        port=587,
        use_tls=True,
        username="ada",
        password="12345",
        default_sender="Ada <ada@example.com>",
        template_sender="Ada <ada@example.com>",
    )


def test_the_alias_for_the_server_works() -> None:
    settings = MailSettings.from_config({"MAIL_HOSTNAME": "smtp.example.com"})

    assert settings.server == "smtp.example.com"


def test_our_own_values_are_taken_as_they_are() -> None:
    settings = MailSettings(
        template_sender="b@example.com",
        on_uncertain=OnUncertain.HOLD,
        redirect_to=("a@example.com",),
    )
    config = {key: getattr(settings, name) for name, key in KEY_OF.items()}

    assert MailSettings.from_config(config) == settings


def test_prefix_and_sender_of_the_book_have_their_own_names() -> None:
    settings = MailSettings.from_config(
        {
            "FLASKY_MAIL_SUBJECT_PREFIX": "[Flasky]",
            "FLASKY_MAIL_SENDER": "Flasky <flasky@example.com>",
            "MAIL_DEFAULT_SENDER": "ada@example.com",
        }
    )

    assert settings.subject_prefix == "[Flasky]"
    assert settings.template_sender == "Flasky <flasky@example.com>"


def test_auto_is_smtp_where_there_is_no_mailbox() -> None:
    settings = MailSettings.from_config({"MAIL_BACKEND": "auto"})

    assert settings.backend is Backend.SMTP


def test_the_password_is_not_shown() -> None:
    settings = MailSettings(username="ada", password="hunter2")

    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (
            {"MAIL_PORT": "many"},
            "MAIL_PORT in app.config is 'many', which is not a whole number from 1 to 65535.",
        ),
        (
            {"MAIL_USETLS": True},
            "MAIL_USETLS in app.config is not a setting: did you mean MAIL_USE_TLS?",
        ),
        (
            {"MAIL_USE_TLS": True, "MAIL_USE_SSL": True},
            (
                "MAIL_USE_TLS (STARTTLS) and MAIL_USE_SSL (TLS from the start) exclude each other: "
                "keep MAIL_USE_TLS for port 587, MAIL_USE_SSL for port 465."
            ),
        ),
        (
            {"MAIL_USERNAME": "ada"},
            "MAIL_USERNAME is set without MAIL_PASSWORD: set both or neither.",
        ),
        (
            {"MAIL_PASSWORD": "hunter2"},
            "MAIL_PASSWORD is set without MAIL_USERNAME: set both or neither.",
        ),
        (
            {"MAIL_SERVER": "smtp.example.com", "MAIL_USERNAME": "ada", "MAIL_PASSWORD": "pw"},
            (
                "MAIL_PASSWORD would travel to smtp.example.com in clear: "
                "set MAIL_USE_TLS=true (port 587) or MAIL_USE_SSL=true (port 465)."
            ),
        ),
        (
            {"MAIL_RETRY_FIRST": "2h"},
            "MAIL_RETRY_FIRST (7200 s) is more than MAIL_RETRY_MAX (4000 s): swap them.",
        ),
        (
            # It stands in a statement.
            {"MAIL_QUEUE": "shop'; --"},
            (
                'MAIL_QUEUE in app.config is "shop\'; --", which is no name: use at most 64 '
                "letters, digits, dots, dashes or underscores."
            ),
        ),
        (
            {"MAIL_BREAKER_MAX": "0.5s"},
            "MAIL_BREAKER_FIRST (1 s) is more than MAIL_BREAKER_MAX (0.5 s): swap them.",
        ),
    ],
)
def test_a_setting_that_makes_no_sense_is_one_sentence(
    config: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(SettingError) as refused:
        MailSettings.from_config(config)

    assert str(refused.value) == sentence


@pytest.mark.parametrize("server", ["localhost", "LOCALHOST", "127.0.0.1", "127.1.2.3", "::1"])
def test_a_login_in_clear_is_fine_on_this_machine(server: str) -> None:
    settings = MailSettings(server=server, username="ada", password="secret")

    assert settings.is_local


@pytest.mark.parametrize("server", ["localhost.example.com", "10.0.0.1", "127.0.0.1.example.com"])
def test_a_name_that_looks_local_is_not(server: str) -> None:
    assert not MailSettings(server=server).is_local


@pytest.mark.parametrize(
    ("settings", "warning"),
    [
        (
            {"port": 465, "use_tls": True},
            (
                "MAIL_PORT is 465, where servers expect TLS at once: "
                "set MAIL_USE_SSL, and not MAIL_USE_TLS."
            ),
        ),
        (
            {"port": 587, "use_ssl": True},
            (
                "MAIL_PORT is 587, where servers expect STARTTLS: "
                "set MAIL_USE_TLS, and not MAIL_USE_SSL."
            ),
        ),
        (
            {
                "server": "10.0.0.1",
                "username": "ada",
                "password": "secret",
                "allow_insecure_login": True,
            },
            (
                "MAIL_ALLOW_INSECURE_LOGIN: MAIL_PASSWORD travels to 10.0.0.1 in clear; "
                "set MAIL_USE_TLS or MAIL_USE_SSL as soon as the server has TLS."
            ),
        ),
        (
            {"lease": 10.0},
            (
                "MAIL_LEASE (10 s) is shorter than MAIL_TIMEOUT (30 s): "
                "make it longer, or a slow process may lose its messages to another."
            ),
        ),
    ],
)
def test_a_probable_mistake_is_a_warning(settings: dict[str, Any], warning: str) -> None:
    assert MailSettings(**settings).warnings() == [warning]


def test_the_defaults_are_no_reason_to_warn() -> None:
    assert MailSettings().warnings() == []


def test_a_private_authority_is_a_file_that_is_looked_into(tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")

    settings = MailSettings.from_config({"MAIL_CA_FILE": str(tmp_path / "ca.pem")})

    assert settings.ca_file == tmp_path / "ca.pem"


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, False),
        ({"TESTING": True}, True),
        ({"TESTING": True, "MAIL_SUPPRESS_SEND": None}, True),
        ({"TESTING": True, "MAIL_SUPPRESS_SEND": False}, False),
        ({"TESTING": True, "MAIL_SUPPRESS_SEND": "0"}, False),
        ({"MAIL_SUPPRESS_SEND": "yes"}, True),
    ],
)
def test_tests_suppress_messages_unless_told_otherwise(
    config: dict[str, Any], expected: bool
) -> None:
    assert is_suppressed(config) is expected


def test_every_field_has_its_key() -> None:
    keys = {key.name for key in MAIL_KEYS}

    assert set(KEY_OF.values()) == keys - {"MAIL_SUPPRESS_SEND"}
