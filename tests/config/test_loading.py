"""Settings from file, environment and mapping, as `create_app` sees them."""

from __future__ import annotations

import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from quartapp.config import KEYS, ConfigError, load, settings_file
from quartapp.config.loading import HOST_BELIEVED, PAGES_OPEN, WARNINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Read = Callable[..., dict[str, Any]]

ROOT = Path(__file__).parents[2]
PRODUCTION = {
    "QUARTAPP_ENV": "production",
    "SECRET_KEY": "one that is long",
    "MAIL_SERVER": "smtp.example.com",
}


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Load the settings from a file's text, an environment and a mapping."""

    def read(
        file: str = "", environ: Mapping[str, str] | None = None, **mapping: Any
    ) -> dict[str, Any]:
        path = tmp_path / "settings.toml"
        path.write_text(file, encoding="utf-8")
        environ = {"QUARTAPP_CONFIG": str(path), **(environ or {})}
        return load(mapping, environ, tmp_path / "instance")

    return read


@pytest.fixture
def refusal(read: Read, tmp_path: Path) -> Callable[..., str]:
    """The sentence that refuses these settings, without the folder of this test."""

    def refusal(*args: Any, **mapping: Any) -> str:
        with pytest.raises(ConfigError) as refused:
            read(*args, **mapping)
        return str(refused.value).replace(f"{tmp_path}/", "")

    return refusal


def test_without_any_settings_everything_has_its_default(read: Read, tmp_path: Path) -> None:
    values = read()

    assert {key.name for key in KEYS} <= values.keys()
    assert values["DATABASE_URL"] == f"sqlite+aiosqlite:///{tmp_path}/instance/quartapp.sqlite"
    assert values["FLASKY_MAIL_SENDER"] == "Flasky Admin <flasky@example.com>"
    assert (values["FLASKY_ADMIN"], values["QUARTAPP_ENV"]) == (None, "development")


def test_the_environment_wins_over_the_file(read: Read) -> None:
    values = read("MAIL_PORT = 1025", {"MAIL_PORT": "2025"})

    assert values["MAIL_PORT"] == 2025


def test_a_mapping_wins_over_the_environment(read: Read) -> None:
    values = read("MAIL_PORT = 1025", {"MAIL_PORT": "2025"}, MAIL_PORT=3025)

    assert values["MAIL_PORT"] == 3025


def test_a_blank_variable_leaves_the_file_its_word(read: Read) -> None:
    values = read('FLASKY_ADMIN = "ada@example.com"', {"FLASKY_ADMIN": ""})

    assert values["FLASKY_ADMIN"] == "ada@example.com"


def test_none_in_a_mapping_means_the_default(read: Read) -> None:
    values = read("MAIL_PORT = 1025", {"FLASKY_ADMIN": "a@b.c"}, FLASKY_ADMIN=None, MAIL_PORT="")

    assert (values["FLASKY_ADMIN"], values["MAIL_PORT"]) == (None, 25)


def test_values_of_the_environment_are_read_by_their_kind(read: Read) -> None:
    environ = {
        "MAIL_USE_TLS": "0",
        "MAIL_USERNAME": "007",
        "MAIL_PASSWORD": "12345",
        "MAIL_TIMEOUT": "5m",
        "MAIL_MAX_SIZE": "10KiB",
        "MAIL_SUPPRESS_SEND": "no",
    }

    values = read("", environ)

    assert {name: values[name] for name in environ} == {
        "MAIL_USE_TLS": False,
        "MAIL_USERNAME": "007",
        "MAIL_PASSWORD": "12345",
        "MAIL_TIMEOUT": 300.0,
        "MAIL_MAX_SIZE": 10240,
        "MAIL_SUPPRESS_SEND": False,
    }


def test_what_is_neither_yes_nor_no_is_refused(refusal: Callable[..., str]) -> None:
    sentence = refusal("", {"MAIL_USE_TLS": "yes-ish"})

    assert sentence == (
        "MAIL_USE_TLS in the environment is 'yes-ish', which is neither: "
        "use true, 1, yes, on or false, 0, no, off."
    )


def test_an_administrator_with_a_line_break_is_refused(refusal: Callable[..., str]) -> None:
    sentence = refusal("", {"FLASKY_ADMIN": "ada@example.com\nBcc: eve@example.com"})

    assert sentence == (
        r"FLASKY_ADMIN in the environment is 'ada@example.com\nBcc: eve@example.com', which "
        "contains a line break or another control character: remove it."
    )


@pytest.mark.parametrize("name", ["MAIL_USETLS", "MIAL_USE_TLS"])
def test_a_slip_in_the_environment_is_refused(refusal: Callable[..., str], name: str) -> None:
    sentence = refusal("", {name: "1"})

    assert sentence == f"{name} in the environment is not a setting: did you mean MAIL_USE_TLS?"


def test_a_slip_in_the_file_is_refused(refusal: Callable[..., str]) -> None:
    sentence = refusal('QUARTAP_ENV = "production"')

    assert sentence == "QUARTAP_ENV in settings.toml is not a setting: did you mean QUARTAPP_ENV?"


def test_a_slip_in_a_mapping_is_refused(refusal: Callable[..., str]) -> None:
    sentence = refusal(MAIL_SEVER="localhost")

    assert sentence == "MAIL_SEVER given to create_app is not a setting: did you mean MAIL_SERVER?"


def test_an_unknown_key_of_ours_in_the_file_is_refused(refusal: Callable[..., str]) -> None:
    sentence = refusal("FLASKY_POSTS_PER_PAGE = 20")

    assert sentence == "FLASKY_POSTS_PER_PAGE in settings.toml is not a setting: remove it."


def test_unknown_variables_are_one_warning(read: Read) -> None:
    environ = {"FLASKY_POSTS_PER_PAGE": "20", "MAIL_HOST": "x", "QUART_DEBUG": "1", "HOME": "/"}

    values = read("", environ, TESTING=True)

    assert values[WARNINGS] == (
        (
            "In the environment, no settings of quartapp and left alone: "
            "FLASKY_POSTS_PER_PAGE, MAIL_HOST."
        ),
    )


def test_what_kubernetes_injects_is_ignored(read: Read) -> None:
    environ = {
        "MAIL_SERVICE_HOST": "10.0.0.1",
        "MAIL_SERVICE_PORT_SMTP": "25",
        "MAIL_PORT": "tcp://10.0.0.1:25",
        "MAIL_PORT_25_TCP_ADDR": "10.0.0.1",
        "QUARTAPP_SERVICE_HOST": "10.0.0.2",
        "QUARTAPP_PORT": "tcp://10.0.0.2:80",
        "QUARTAPP_PORT_80_TCP": "tcp://10.0.0.2:80",
    }

    values = read("", environ, TESTING=True)

    assert (values["MAIL_PORT"], values[WARNINGS]) == (25, ())


def test_keys_of_quart_and_of_others_are_passed_on(read: Read) -> None:
    values = read("MAX_CONTENT_LENGTH = 2048", TESTING=True, WTF_CSRF_ENABLED=False)

    assert values["MAX_CONTENT_LENGTH"] == 2048
    assert (values["TESTING"], values["WTF_CSRF_ENABLED"]) == (True, False)


def test_lower_case_keys_in_the_file_are_the_servers(read: Read) -> None:
    values = read('bind = "127.0.0.1:8000"\nworkers = 0')

    assert "bind" not in values


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        ("workes = 0", "workes in settings.toml is not a setting of hypercorn: remove it."),
        ("mail_port = 25", "mail_port in settings.toml must be written MAIL_PORT."),
        ("[MAIL]\nSERVER = 1", "MAIL in settings.toml is a table: write its keys without one."),
        (
            'QUARTAPP_CONFIG = "x"',
            "QUARTAPP_CONFIG in settings.toml comes too late: set it in the environment.",
        ),
        (
            "MAIL_PASSWORD = 12345",
            "MAIL_PASSWORD in settings.toml is not text: put it in quotes.",
        ),
    ],
)
def test_a_key_out_of_place_in_the_file_is_refused(
    refusal: Callable[..., str], file: str, sentence: str
) -> None:
    assert refusal(file) == sentence


def test_a_file_that_is_no_toml_is_refused(refusal: Callable[..., str]) -> None:
    sentence = refusal("MAIL_PORT 25")

    assert re.fullmatch(r"The settings file .* is not valid TOML: .*line 1.*\.", sentence)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml cannot be read: No such file"):
        load({}, {"QUARTAPP_CONFIG": str(tmp_path / "nowhere.toml")}, tmp_path)


def test_the_file_of_the_checkout_is_the_default(tmp_path: Path) -> None:
    values = load({}, {}, tmp_path)

    assert values["QUARTAPP_CONFIG"] == settings_file({}) == ROOT / "config.toml"


@pytest.mark.parametrize("missing", ["SECRET_KEY", "MAIL_SERVER"])
def test_production_needs_its_settings(refusal: Callable[..., str], missing: str) -> None:
    sentence = refusal("", {**PRODUCTION, missing: ""})

    assert sentence == f"{missing} is not set, and QUARTAPP_ENV=production needs it."


def test_production_has_secure_cookies_and_closed_pages(read: Read) -> None:
    values = read("", PRODUCTION, **{PAGES_OPEN: True})

    assert values["SESSION_COOKIE_SECURE"] is True
    assert (values[PAGES_OPEN], values["MAIL_BACKEND"]) == (False, "smtp")


def test_secure_cookies_can_be_switched_off_in_production(read: Read) -> None:
    values = read("", {**PRODUCTION, "SESSION_COOKIE_SECURE": "false"})

    assert values["SESSION_COOKIE_SECURE"] is False


def test_production_refuses_the_mailbox(refusal: Callable[..., str]) -> None:
    sentence = refusal("", {**PRODUCTION, "MAIL_BACKEND": "mailbox"})

    assert sentence == (
        "MAIL_BACKEND=mailbox would hide messages under QUARTAPP_ENV=production: remove it."
    )


@pytest.mark.parametrize("missing", ["OPERATOR_USERNAME", "OPERATOR_PASSWORD"])
def test_the_operators_settings_belong_together(refusal: Callable[..., str], missing: str) -> None:
    both = {"OPERATOR_USERNAME": "ada", "OPERATOR_PASSWORD": "secret"}

    sentence = refusal(**{**both, missing: None})

    assert sentence == (
        "OPERATOR_USERNAME and OPERATOR_PASSWORD belong together: set both or neither."
    )


def test_contradictions_of_the_mail_service_are_refused(refusal: Callable[..., str]) -> None:
    sentence = refusal("MAIL_USE_SSL = true", {"MAIL_USE_TLS": "1"})

    assert sentence.startswith("MAIL_USE_TLS (STARTTLS) and MAIL_USE_SSL")


def test_a_drain_that_the_server_would_cut_off_is_a_warning(read: Read) -> None:
    values = read("shutdown_timeout = 20", TESTING=True)

    assert values[WARNINGS] == (
        (
            "MAIL_DRAIN_TIMEOUT (25 s) is not shorter than hypercorn's shutdown_timeout (20 s), "
            "which would cut it off: make that longer."
        ),
    )


def test_warnings_of_the_mail_service_are_among_them(read: Read) -> None:
    values = read("", {"MAIL_SERVER": "localhost", "MAIL_PORT": "465"}, TESTING=True)

    assert values[WARNINGS][0].startswith("MAIL_PORT is 465")


@pytest.mark.parametrize(
    ("environ", "backend"),
    [
        ({}, "mailbox"),
        ({"MAIL_SERVER": "localhost"}, "smtp"),
        ({"MAIL_HOSTNAME": "localhost"}, "smtp"),
        ({"MAIL_SERVER": "localhost", "MAIL_BACKEND": "mailbox"}, "mailbox"),
        ({"MAIL_BACKEND": "smtp"}, "smtp"),
        ({"MAIL_SERVER": " "}, "mailbox"),
    ],
)
def test_the_backend_follows_from_the_server(
    read: Read, environ: dict[str, str], backend: str
) -> None:
    assert read("", environ)["MAIL_BACKEND"] == backend


def test_the_made_secret_key_is_stored(read: Read) -> None:
    first = read()["SECRET_KEY"]

    second = read()["SECRET_KEY"]

    assert first == second
    assert len(first) > 40


def test_secrets_are_not_shown(read: Read) -> None:
    secrets = {
        "SECRET_KEY": "hunter2",
        "MAIL_USERNAME": "ada",
        "MAIL_PASSWORD": "hunter2",
        "OPERATOR_USERNAME": "ada",
        "OPERATOR_PASSWORD": "hunter2",
        "DATABASE_URL": "postgresql://ada:hunter2@localhost/app",
    }

    values = read("", secrets)

    assert "hunter2" not in repr(values)


def test_the_instance_folder_is_for_its_owner_alone(read: Read, tmp_path: Path) -> None:
    values = read("", {"QUARTAPP_INSTANCE": str(tmp_path / "far" / "away")})

    folder = values["QUARTAPP_INSTANCE"]

    assert folder == tmp_path / "far" / "away"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_an_instance_folder_that_cannot_be_made_is_refused(
    refusal: Callable[..., str], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()

    sentence = refusal(QUARTAPP_INSTANCE=str(tmp_path / "file" / "instance"))

    assert sentence == (
        "The instance folder file/instance cannot be made (Not a directory): "
        "set QUARTAPP_INSTANCE to a folder that can be written."
    )


def test_pages_open_where_development_is_spelled_out(read: Read) -> None:
    values = read("", {"QUARTAPP_ENV": "development"})

    assert (values[PAGES_OPEN], values[WARNINGS]) == (True, ())


def test_pages_open_in_tests(read: Read) -> None:
    values = read(TESTING=True)

    assert (values[PAGES_OPEN], values[WARNINGS]) == (True, ())


def test_pages_open_under_a_server_that_says_it_is_for_development(read: Read) -> None:
    values = read(**{PAGES_OPEN: True})

    assert (values[PAGES_OPEN], values[WARNINGS]) == (True, ())


def test_pages_stay_closed_under_an_unknown_server_with_one_warning(read: Read) -> None:
    values = read()

    assert values[PAGES_OPEN] is False
    assert values[WARNINGS] == (
        (
            "QUARTAPP_ENV is not set, so /dev/mail/ and /outbox/ are closed: "
            "set it to development to open them, or to production."
        ),
    )


def test_a_command_that_serves_nothing_is_not_warned(read: Read) -> None:
    values = read(**{PAGES_OPEN: False})

    assert (values[PAGES_OPEN], values[WARNINGS]) == (False, ())


def test_the_pages_key_cannot_be_set_in_the_file(refusal: Callable[..., str]) -> None:
    sentence = refusal("QUARTAPP_PAGES_OPEN = true")

    assert sentence == "QUARTAPP_PAGES_OPEN in settings.toml is not a setting: remove it."


def test_a_setting_that_cannot_be_used_ends_a_process_with_one_sentence(tmp_path: Path) -> None:
    script = "from quartapp.config import load; load({'MAIL_PORT': 'many'}, {}, 'nowhere')"

    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (
        1,
        "",
        "MAIL_PORT given to create_app is 'many', which is not a whole number from 1 to 65535.\n",
    )
    assert list(tmp_path.iterdir()) == []


def test_production_without_a_place_of_its_own_is_warned(read: Read) -> None:
    unplaced = "Neither DATABASE_URL nor QUARTAPP_INSTANCE is set"

    warned = read(environ=PRODUCTION)[WARNINGS]
    placed = read(environ=PRODUCTION | {"DATABASE_URL": "sqlite:///app.sqlite"})[WARNINGS]

    assert [each for each in warned if unplaced in each]
    assert not [each for each in placed if unplaced in each]


@pytest.mark.parametrize(
    ("environ", "mapping", "expected"),
    [
        ({"QUARTAPP_ENV": "development"}, {}, True),
        ({}, {"TESTING": True}, True),
        ({}, {}, False),
        ({}, {PAGES_OPEN: True}, False),
        (PRODUCTION, {"TESTING": True}, False),
    ],
)
def test_the_host_of_a_request_is_believed_where_development_is_spelled_out(
    read: Read, environ: Mapping[str, str], mapping: Mapping[str, Any], expected: bool
) -> None:
    assert read("", environ, **mapping)[HOST_BELIEVED] is expected


@pytest.mark.parametrize("key", ["x" * 15, "\N{SNOWMAN}" * 5])
def test_production_refuses_a_key_that_can_be_guessed(
    refusal: Callable[..., str], key: str
) -> None:
    sentence = refusal("", {**PRODUCTION, "SECRET_KEY": key})

    assert "shorter than 16 bytes, so that sessions could be forged: make one" in sentence
    assert key not in sentence


def test_production_refuses_a_former_key_that_can_be_guessed(refusal: Callable[..., str]) -> None:
    assert "fallbacks" in refusal("", PRODUCTION, SECRET_KEY_FALLBACKS=["dev"])


def test_development_may_have_any_key(read: Read) -> None:
    assert read("", {"SECRET_KEY": "dev"})["SECRET_KEY"] == "dev"
