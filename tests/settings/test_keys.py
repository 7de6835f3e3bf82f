"""Keys: names that are nearly right, aliases, secrets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quartapp.config.table import KEYS
from quartapp.settings.keys import Key, Keys, Secret, SettingError, is_unset

NAMES = sorted(key.name for key in KEYS if len(key.name) > 10)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("MAIL_USETLS", "MAIL_USE_TLS"),
        ("MIAL_USE_TLS", "MAIL_USE_TLS"),
        ("MAIL_SEVER", "MAIL_SERVER"),
        ("MAIL_USER_NAME", "MAIL_USERNAME"),
        ("MAIL_PASSWD", "MAIL_PASSWORD"),
        ("MAIL_HOSTNAM", "MAIL_HOSTNAME"),
        ("mail_server", "MAIL_SERVER"),
        ("QUARTAP_ENV", "QUARTAPP_ENV"),
        ("FLASK_ADMIN", "FLASKY_ADMIN"),
        ("FLASKYADMIN", "FLASKY_ADMIN"),
        ("OPERATER_PASSWORD", "OPERATOR_PASSWORD"),
        ("DATABASE_URI", "DATABASE_URL"),
        ("SECRETKEY", "SECRET_KEY"),
    ],
)
def test_a_slip_is_recognised(typed: str, meant: str) -> None:
    assert KEYS.nearest(typed) == (meant,)


@pytest.mark.parametrize(
    "name",
    [
        "FLASKY_POSTS_PER_PAGE",
        "MAIL_HOST",
        "MAIL_SENDER",
        "MAIL_SERVICE",
        "EMAIL_PORT",
        "EMAIL_USE_TLS",
        "FLASK_APP",
        "QUART_ENV",
        "DATABASE_URL_2",
        "MAIL_SERVER2",
        "SECRET_KEY_FALLBACKS",
        "PATH",
        "",
        "_",
    ],
)
def test_a_name_of_its_own_is_no_slip(name: str) -> None:
    assert KEYS.nearest(name) == ()


def test_a_slip_between_two_keys_names_both() -> None:
    assert KEYS.nearest("MAIL_USE_TSL") == ("MAIL_USE_TLS", "MAIL_USE_SSL")


@given(st.sampled_from(NAMES), st.data())
def test_two_characters_swapped_are_always_recognised(name: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(name) - 2))
    typed = name[:at] + name[at + 1] + name[at] + name[at + 2 :]

    nearest = KEYS.nearest(typed)

    assert typed in KEYS or name in nearest


@given(st.sampled_from(NAMES), st.data())
def test_a_character_left_out_is_always_recognised(name: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(name) - 1))
    typed = name[:at] + name[at + 1 :]

    nearest = KEYS.nearest(typed)

    assert name in nearest


def test_an_alias_is_read_as_its_key() -> None:
    keys = Keys([Key("MAIL_SERVER", str, "", "", alias="MAIL_HOSTNAME")], ["MAIL"])

    written = keys.written({"MAIL_HOSTNAME": "mail.example.com"}, "here")

    assert written == {"MAIL_SERVER": "mail.example.com"}


def test_a_blank_alias_does_not_unset_its_key() -> None:
    written = KEYS.written({"MAIL_HOSTNAME": "", "MAIL_SERVER": "a.example.com"}, "here")

    assert written == {"MAIL_SERVER": "a.example.com"}


def test_a_key_and_its_alias_may_say_the_same() -> None:
    written = KEYS.written({"MAIL_HOSTNAME": "a.example", "MAIL_SERVER": "a.example"}, "here")

    assert written == {"MAIL_SERVER": "a.example"}


def test_a_key_and_its_alias_must_not_differ() -> None:
    both = {"MAIL_HOSTNAME": "a.example.com", "MAIL_SERVER": "b.example.com"}

    with pytest.raises(SettingError) as refused:
        KEYS.written(both, "in the environment")

    assert str(refused.value) == (
        "MAIL_SERVER and MAIL_HOSTNAME in the environment differ: "
        "they mean the same, keep MAIL_SERVER."
    )


def test_a_secret_is_used_as_text_and_never_shown() -> None:
    password = Secret("hunter2")

    shown = repr({"password": password})

    assert (password.encode(), shown) == (b"hunter2", "{'password': <secret>}")


def test_a_bad_secret_is_not_quoted_in_the_error() -> None:
    with pytest.raises(SettingError) as refused:
        KEYS["DATABASE_URL"].parse("mysql://root:hunter2@db/app", "here")

    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("raw", [None, "", "  ", "\n", [], ()])
def test_blank_is_unset(raw: object) -> None:
    assert is_unset(raw)


@pytest.mark.parametrize("raw", [0, False, 0.0, "0", "false", ["a@example.com"]])
def test_nought_and_false_are_set(raw: object) -> None:
    assert not is_unset(raw)


def test_every_key_says_what_it_means_in_one_sentence() -> None:
    meanings = [key.meaning for key in KEYS]

    assert all(meaning.endswith(".") and "\n" not in meaning for meaning in meanings)


def test_a_default_is_a_value_that_its_kind_accepts() -> None:
    defaults = {key.name: key.default for key in KEYS if key.default is not None}

    parsed = {name: KEYS[name].parse(default, "here") for name, default in defaults.items()}

    assert parsed == defaults
