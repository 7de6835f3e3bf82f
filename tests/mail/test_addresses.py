"""How addresses are read, in what forms, and which are none."""

from __future__ import annotations

from typing import Any

import pytest

from quartapp.mail.addresses import Address, unique_specs
from quartapp.mail.errors import MessageError
from quartapp.mail.message.folding import address_pieces


@pytest.mark.parametrize(
    ("given", "name", "spec"),
    [
        ("ada@example.org", "", "ada@example.org"),
        (" ada@example.org ", "", "ada@example.org"),
        ("<ada@example.org>", "", "ada@example.org"),
        ("Ada <ada@example.org>", "Ada", "ada@example.org"),
        ("Ada, Countess <ada@example.org>", "Ada, Countess", "ada@example.org"),
        (r'"Ada \"A\" L@velace" <ada@example.org>', 'Ada "A" L@velace', "ada@example.org"),
        (("Ada <eve@x.org>,", "ada@example.org"), "Ada <eve@x.org>,", "ada@example.org"),
        ((None, "ada@example.org"), "", "ada@example.org"),
        ("Zoë <zoë@bücher.example>", "Zoë", "zoë@xn--bcher-kva.example"),
        ("ada@BÜCHER。example", "", "ada@xn--bcher-kva.example"),
        ('"ada l"@example.org', "", '"ada l"@example.org'),
        ("root@localhost", "", "root@localhost"),
        ("a+b=c@mail_1.example", "", "a+b=c@mail_1.example"),
        ("ada@[127.0.0.1]", "", "ada@[127.0.0.1]"),
        ("ada@[IPv6:::1]", "", "ada@[IPv6:::1]"),
    ],
)
def test_an_address_is_read_from_what_people_write(given: Any, name: str, spec: str) -> None:
    address = Address.read("sender", given)

    assert (address.name, address.spec) == (name, spec)
    assert Address.read("sender", str(address)) == address


@pytest.mark.parametrize(
    "given",
    [
        "",
        "ada",
        "@example.org",
        "ada@",
        "ada@@example.org",
        "ada@.example.org",
        "ada@example..org",
        "ada@example.org.",
        "ada@-example.org",
        "ada@exam ple.org",
        "a da@example.org",
        ".ada@example.org",
        "a..da@example.org",
        "ada@example.org>",
        "<ada@example.org",
        "a@x.org, Ada <ada@example.org>",
        "Ada <ada@example.org>, Bob <bob@example.org>",
        '"> SIZE=1"@example.org',
        "zo\u200be@example.org",
        "zo\u3000e@example.org",
        "a@\u2025example.org",
        "a@xn--\u00fc.example",
        f"{'a' * 65}@example.org",
        f"a@{'b' * 64}.org",
        f"a@{'bcd.' * 70}org",
        "undisclosed-recipients:;",
    ],
)
def test_what_is_no_address_is_refused_by_name(given: str) -> None:
    with pytest.raises(MessageError, match=r"^cc\[3\] "):
        Address.read("cc[3]", given)


def test_one_mailbox_is_written_once() -> None:
    mailboxes = ["Ada <a@Example.org>", "a@example.ORG", "A@example.org", "b@example.org"]

    specs = unique_specs(Address.read("cc", given) for given in mailboxes)

    assert specs == ("a@Example.org", "A@example.org", "b@example.org")


@pytest.mark.parametrize(
    ("name", "pieces"),
    [
        ("Flasky Admin", [" Flasky Admin", " <a@x.org>"]),
        ("Doe, Jane", [' "Doe, Jane"', " <a@x.org>"]),
        ('A "B" \\ C', [r' "A \"B\" \\ C"', " <a@x.org>"]),
        ("Zoë Lovelace", [" =?utf-8?q?Zo=C3=AB_Lovelace?=", " <a@x.org>"]),
        ("Zoë, Eve", [" =?utf-8?b?Wm/DqywgRXZl?=", " <a@x.org>"]),
        ("=?utf-8?q?x?=", [" =?utf-8?b?PT91dGYtOD9xP3g/PQ==?=", " <a@x.org>"]),
        ("", [" a@x.org"]),
    ],
)
def test_a_name_is_quoted_or_encoded_as_it_needs(name: str, pieces: list[str]) -> None:
    assert address_pieces([Address("a", "x.org", name)]) == pieces
