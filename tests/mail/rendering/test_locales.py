"""Which templates a locale means, and what the subject is."""

from __future__ import annotations

from typing import Any

import pytest

from quartapp.mail import MessageError
from quartapp.mail.rendering.locales import language_tag, variants


class Locale:
    """Like Babel's: its text has an underscore."""

    def __str__(self) -> str:
        return "de_AT"


@pytest.mark.parametrize(
    ("locale", "tag"),
    [
        (None, None),
        ("", None),
        ("de", "de"),
        ("DE_at", "de-AT"),
        (Locale(), "de-AT"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("es-419", "es-419"),
    ],
)
def test_a_locale_is_read_as_a_language_tag(locale: object, tag: str | None) -> None:
    assert language_tag(locale) == tag


@pytest.mark.parametrize(
    "locale",
    [
        *("../de", "de/../../etc", "de\\x", "de.x", "de\n", "de\0", "d", "*", "de-", "de--AT"),
        *("POSIX", "en_US.UTF-8", "x" * 100, "de" + "-a" * 50, 5, "d\u00e9", "subject"),
    ],
)
async def test_a_locale_from_outside_leads_nowhere(composed: Any, write: Any, locale: Any) -> None:
    write("hi.txt", "Hi")

    with pytest.raises(MessageError, match=r"^locale '?.* is no language tag: give one like de"):
        await composed("hi", locale=locale)


def test_a_wider_language_is_tried_after_a_narrower_one() -> None:
    assert list(variants("hi", "zh-Hant-TW")) == [
        ("hi.zh-Hant-TW", "zh-Hant-TW"),
        ("hi.zh_Hant_TW", "zh-Hant-TW"),
        ("hi.zh-Hant", "zh-Hant"),
        ("hi.zh_Hant", "zh-Hant"),
        ("hi.zh", "zh"),
        ("hi", None),
    ]
    assert [name for name, _ in variants("hi", "de-x-a")][-2:] == ["hi.de", "hi"]


@pytest.mark.parametrize(
    ("files", "locale", "told"),
    [
        ("hi.txt hi.html", "de", ("hi.txt", "hi.html", None)),
        ("hi.txt hi.html hi.de.txt hi.de.html", None, ("hi.txt", "hi.html", None)),
        ("hi.txt hi.html hi.de.txt hi.de.html", "de", ("hi.de.txt", "hi.de.html", "de")),
        ("hi.txt hi.html hi.de.txt hi.de.html", "de-AT", ("hi.de.txt", "hi.de.html", "de")),
        ("hi.txt hi.de.txt hi.de_AT.txt", "de-at", ("hi.de_AT.txt", None, "de-AT")),
        # A reader gets one language, never the text of one and the HTML of another.
        ("hi.txt hi.html hi.de.html", "de", ("hi.de.html", "hi.de.html", "de")),
        ("hi.txt hi.html hi.de.txt", "de", ("hi.de.txt", None, "de")),
        ("hi.txt hi.fr.txt", "de", ("hi.txt", None, None)),
        ("hi.de.txt", "de", ("hi.de.txt", None, "de")),
    ],
)
async def test_the_nearest_templates_are_rendered(
    composed: Any, write: Any, files: str, locale: str | None, told: Any
) -> None:
    for name in files.split():
        write(name, name)

    message = await composed("hi", locale=locale)

    language = message.extra_headers.get("Content-Language")
    assert (message.body, message.html, language) == told
    assert message.template == "hi"


async def test_templates_know_the_locale_that_was_asked_for(composed: Any, write: Any) -> None:
    write("hi.txt", "{{ locale }}")

    assert (await composed("hi", locale="de_at")).body == "de-AT"


SUBJECTS = [
    # Files, the subject given, the locale, the message's subject.
    ({"hi.txt": "x", "hi.subject.txt": " Hello\n {{ name }}\n"}, None, None, "Hello A & <B> C"),
    ({"hi.txt": "x", "hi.subject.txt": "Hello"}, "", None, "Hello"),
    ({"hi.txt": "x", "hi.subject.txt": "Hello"}, "Given", None, "Given"),
    ({"hi.txt": "{% block subject %}Hello{% endblock %}\nx"}, None, None, "Hello"),
    ({"hi.txt": "{% block subject %}Hello{% endblock %}\nx"}, "Given", None, "Given"),
    (
        {"hi.html": "<title>{% block subject %}To {{ name }} &amp; you{% endblock %}</title>x"},
        None,
        None,
        "To A & <B> C & you",
    ),
    (
        {
            "base.txt": "{% block subject %}Base{% endblock %}{% block text %}{% endblock %}",
            "hi.txt": "{% extends 'base.txt' %}{% block text %}x{% endblock %}",
        },
        None,
        None,
        "Base",
    ),
    (
        {
            "base.txt": "{% block subject %}Base{% endblock %}{% block text %}{% endblock %}",
            "hi.txt": "{% extends 'base.txt' %}{% block text %}x{% endblock %}"
            "{% block subject %}{{ super() }} of {{ name }}{% endblock %}",
        },
        None,
        None,
        "Base of A & <B> C",
    ),
    ({"hi.txt": "x", "hi.subject.txt": "Hello", "hi.de.txt": "x"}, None, "de", "Hello"),
    (
        {"hi.txt": "x", "hi.subject.txt": "Hi", "hi.de.txt": "x", "hi.de.subject.txt": "Hallo"},
        None,
        "de-AT",
        "Hallo",
    ),
    (
        {
            "hi.txt": "{% block subject %}Text{% endblock %}x",
            "hi.html": "{% block subject %}HTML{% endblock %}x",
        },
        None,
        None,
        "Text",
    ),
]


@pytest.mark.parametrize("number", range(len(SUBJECTS)))
async def test_a_subject_comes_from_the_caller_or_else_from_the_templates(
    composed: Any, write: Any, number: int
) -> None:
    files, given, locale, subject = SUBJECTS[number]
    for name, content in files.items():
        write(name, content)

    message = await composed("hi", given, locale, name="A & <B>\nC", subject_prefix="[Us]")

    assert message.subject == f"[Us] {subject}"
    assert message.body == "x" or "title" in message.html


async def test_a_message_without_a_subject_says_where_to_write_one(
    composed: Any, write: Any
) -> None:
    write("hi.txt", "x")

    with pytest.raises(MessageError, match=r"^There is no subject: give one, or write hi\.subject"):
        await composed("hi", None)
    assert (await composed("hi", "")).subject == ""
