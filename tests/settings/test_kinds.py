"""Kinds: what may be written for a value, and what it becomes."""

from __future__ import annotations

from math import inf, nan
from typing import TYPE_CHECKING

import pytest

from quartapp.config.table import LogLevel
from quartapp.mail.addresses import addresses, mailbox, recipients
from quartapp.settings import kinds
from quartapp.settings.keys import Secret

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Kind = Callable[[object], object]

port = kinds.whole(1, 65535)
level = kinds.one_of(LogLevel)


@pytest.mark.parametrize(
    ("kind", "written", "value"),
    [
        (kinds.true_or_false, "0", False),
        (kinds.true_or_false, "False", False),
        (kinds.true_or_false, " off ", False),
        (kinds.true_or_false, "YES", True),
        (kinds.true_or_false, 1, True),
        (kinds.true_or_false, False, False),
        (kinds.text, " ada ", "ada"),
        (kinds.name, " shop-2 ", "shop-2"),
        (kinds.secret, " 00123 ", Secret(" 00123 ")),
        (port, "587", 587),
        (port, " 25 ", 25),
        (kinds.duration, "90", 90.0),
        (kinds.duration, "30s", 30.0),
        (kinds.duration, "1.5 m", 90.0),
        (kinds.duration, "2h", 7200.0),
        (kinds.duration, "5d", 432000.0),
        (kinds.duration, 0, 0.0),
        (kinds.size, "25 MiB", 26214400),
        (kinds.size, "10KiB", 10240),
        (kinds.size, "512", 512),
        (kinds.size, 1024, 1024),
        (level, "debug", LogLevel.DEBUG),
        (kinds.host, "smtp.example.com", "smtp.example.com"),
        (kinds.host, "[::1]", "::1"),
        (kinds.web_address, "https://flasky.example.com/", "https://flasky.example.com"),
        (kinds.web_address, "http://[::1]:5000/app", "http://[::1]:5000/app"),
        (kinds.rate_limit, "30/minute", "30/minute"),
        (kinds.rate_limit, "5 per Hour", "5/hour"),
        (kinds.rate_limit, "off", None),
        (kinds.rate_limit, False, None),
        (kinds.own_name, "mail.example.com", "mail.example.com"),
        (kinds.own_name, "web", "web"),
        (kinds.own_name, "192.0.2.1", "[192.0.2.1]"),
        (kinds.own_name, "[2001:DB8::1]", "[IPv6:2001:db8::1]"),
        (kinds.own_name, "[IPv6:2001:db8::1]", "[IPv6:2001:db8::1]"),
        (mailbox, "ada@example.com", "ada@example.com"),
        (mailbox, "Ada <ada@example.com>", "Ada <ada@example.com>"),
        (mailbox, ("Lovelace, Ada", "ada@example.com"), '"Lovelace, Ada" <ada@example.com>'),
        (addresses, "a@example.com, Ada <b@example.com>", ("a@example.com", "b@example.com")),
        (addresses, ["a@example.com"], ("a@example.com",)),
        (recipients, "Ada@Example.com,*@Example.com", ("ada@example.com", "@example.com")),
        (recipients, ["@example.com"], ("@example.com",)),
    ],
)
def test_what_is_written_becomes_a_value_and_stays_it(
    kind: Kind, written: object, value: object
) -> None:
    parsed = kind(written)

    again = kind(parsed) if parsed is not None else None

    assert (parsed, type(parsed), again) == (value, type(value), value)


@pytest.mark.parametrize(
    ("kind", "written", "complaint"),
    [
        (kinds.true_or_false, "yes-ish", "use true, 1, yes, on or false, 0, no, off"),
        (kinds.true_or_false, 2, "is neither"),
        (kinds.text, 12345, "put it in quotes"),
        (kinds.text, "a\nb", "line break"),
        (kinds.secret, "caf\udce9", "not valid UTF-8"),
        (kinds.secret, 12345, "put it in quotes"),
        (kinds.file, "~nobody-of-that-name/x", "begins with ~"),
        (port, "0", "from 1 to 65535"),
        (port, "65536", "from 1 to 65535"),
        (port, "25.0", "whole number"),
        (port, "٢٥", "whole number"),
        (port, True, "whole number"),
        (port, "9" * 5000, "whole number"),
        (kinds.duration, "five minutes", "use seconds"),
        (kinds.duration, "1h30m", "use seconds"),
        (kinds.duration, "-1", "use seconds"),
        (kinds.duration, -1, "use seconds"),
        (kinds.duration, inf, "use seconds"),
        (kinds.duration, nan, "use seconds"),
        (kinds.duration, True, "use seconds"),
        (kinds.duration, [], "use seconds"),
        (kinds.duration, "99999999d", "ten years"),
        (kinds.some_time, "0s", "more than 0"),
        (kinds.size, "25 MB", "KiB or MiB"),
        (kinds.size, "0", "KiB or MiB"),
        (kinds.size, "9999999 MiB", "KiB or MiB"),
        (level, "LOUD", "is not one of DEBUG, INFO, WARNING, ERROR, CRITICAL"),
        (kinds.name, "the shop", "letters, digits"),
        (kinds.name, "a" * 65, "64 letters"),
        (kinds.name, "shop'; --", "letters, digits"),
        (kinds.name, 7, "put it in quotes"),
        (kinds.host, "smtp://example.com", "leave scheme and port out"),
        (kinds.host, "example.com:587", "leave scheme and port out"),
        (kinds.host, "two words", "leave scheme and port out"),
        (kinds.web_address, "flasky.example.com", "https://flasky.example.com"),
        (kinds.web_address, "ftp://example.com", "not a web address"),
        (kinds.web_address, "https://user:secret@example.com", "not a web address"),
        (kinds.web_address, "https://example.com/?a=b", "not a web address"),
        (kinds.web_address, "https://example.com:port", "not a web address"),
        (kinds.web_address, "http://[::1", "not a web address"),
        (kinds.rate_limit, "30", "30/minute"),
        (kinds.rate_limit, "0/minute", "30/minute"),
        (kinds.rate_limit, "many/minute", "30/minute"),
        (kinds.own_name, "my_host", "mail.example.com"),
        (kinds.own_name, "mail.example.com 250", "mail.example.com"),
        (kinds.own_name, "-web", "mail.example.com"),
        (kinds.own_name, "1.2", "mail.example.com"),
        (mailbox, "ada", "ada@example.com"),
        (mailbox, "a@example.com, b@example.com", "is not an address"),
        (mailbox, "a@example.com\nBcc: b@example.com", "line break"),
        (mailbox, 7, "is not an address"),
        (mailbox, ("Ada",), "is not an address"),
        (addresses, "a@example.com, nobody", "is not an address"),
        (addresses, [1], "is not a list of addresses"),
        (addresses, 1, "is not a list of addresses"),
        (recipients, "@", "is not an address"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_cure(
    kind: Kind, written: object, complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        kind(written)


def test_a_missing_certificate_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"cannot be read \(No such file or directory\)"):
        kinds.certificates(str(tmp_path / "ca.pem"))


def test_a_folder_is_no_certificate_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"cannot be read|holds no certificates"):
        kinds.certificates(str(tmp_path))


def test_a_file_without_certificates_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("not a certificate")

    with pytest.raises(ValueError, match="holds no certificates: it must be a PEM file"):
        kinds.certificates(str(tmp_path / "ca.pem"))
