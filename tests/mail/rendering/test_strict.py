"""What a mail template misses is an error, and the host's own pages are as before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from jinja2 import Environment, UndefinedError
from jinja2.loaders import DictLoader, FileSystemLoader
from quart import Quart, render_template

from quartapp.mail import MailError, MailService, PlainHost
from quartapp.mail.lifespan import QuartHost

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("one\n{{ user.usrname }}", 2, "'dict object' has no attribute 'usrname'"),
        ("{% if usr %}x{% endif %}", 1, "'usr' is undefined"),
        ("{% for each in\n usrs %}x{% endfor %}", 1, "'usrs' is undefined"),
        ("\n{% include 'part.txt' %}", 3, "'nobody' is undefined"),
        ("{% from 'macros.txt' import hello %}\n{{ hello() }}", 2, "'other' is undefined"),
        ("x{% block subject %}\n{{ usr }}{% endblock %}", 2, "'usr' is undefined"),
    ],
)
async def test_a_misspelt_name_is_told_with_file_and_line(
    composed: Any, write: Any, templates: Path, source: str, line: int, words: str
) -> None:
    write("hi.txt", source)
    write("part.txt", "\n\n{{ nobody }}")
    write("macros.txt", "{% macro hello() %}\n{{ other }}{% endmacro %}")

    with pytest.raises(UndefinedError) as raised:
        await composed("hi", user={"username": "Ada"})

    name = "part" if "nobody" in words else "macros" if "other" in words else "hi"
    told = str(raised.value)
    assert isinstance(raised.value, MailError)
    assert told.startswith(f"{templates / name}.txt, line {line}: {words}: correct the name")


async def test_a_template_in_no_file_is_told_by_its_name(app: Quart, composed: Any) -> None:
    app.jinja_env.loader = DictLoader({"mail/hi.html": "\n{{ nobody }}"})

    with pytest.raises(MailError, match=r"^mail/hi, line 2: 'nobody' is undefined: "):
        await composed("mail/hi")


MADE_NOTHING = [
    "{% for key, value in usr|items %}{{ key }}{% endfor %}",
    "{{ {'href': usr.url}|xmlattr }}",
    "<a{{ {'href': user.url}|xmlattr }}>",
    "{% if usr is none %}x{% endif %}",
    "{% if user.phone is not none %}x{% endif %}",
    "{{ usr is string }}",
    "{{ usr is sequence }}",
    "{{ usr is true }}",
    "{{ usr in [] }}{{ usr is in [] }}",
    "{{ usr|tojson }}",
    "{{ {'a': usr}|tojson }}",
    "{{ [usr]|tojson }}",
    "{{ usr|abs }}",
    "{{ usr|round }}",
    "{{ usr|pprint }}",
    "{{ [{}]|selectattr('url', 'none')|list }}",
    "{{ usr|map(attribute='a')|list }}",
]
ASKED = [
    ("{{ usr is defined }}", "False"),
    ("{{ usr|default('x') }}", "x"),
    ("{{ usr is undefined }}", "True"),
    ("{{ 'none' is test }}{{ 'items' is filter }}{{ 'no' is filter }}", "TrueTrueFalse"),
    ("{{ [{}, {'a': 1}]|selectattr('a', 'defined')|list|length }}", "1"),
    ("{{ [{}]|map(attribute='a', default='x')|join }}", "x"),
    ("{{ [1, 2]|map('string')|join(',') }}", "1,2"),
    ("{{ none is none }}{{ none is sameas none }}{{ {'a': 1}|items|list }}", "TrueTrue[('a', 1)]"),
    ("{{ {'a': 1, 'b': none}|xmlattr }}", ' a="1"'),
    ("{{ usr is admin }}", "False"),
    ("{{ usr|or_nobody }}", "nobody"),
]


@pytest.mark.parametrize("source", MADE_NOTHING)
async def test_no_filter_and_no_test_makes_nothing_of_what_is_missing(
    composed: Any, write: Any, source: str
) -> None:
    write("hi.txt", source)

    with pytest.raises(UndefinedError, match=r"hi\.txt, line 1: .*(usr|url|phone)"):
        await composed("hi", user={})


async def test_what_asks_for_what_may_be_missing_is_answered(
    app: Quart, composed: Any, write: Any
) -> None:
    app.add_template_test(lambda value: isinstance(value, str), "admin")
    app.add_template_filter(lambda value: "nobody", "or_nobody")
    for source, said in ASKED:
        write("hi.txt", "-" + source)
        assert (await composed("hi")).body == "-" + said, source


async def test_a_setting_lets_them_write_nothing(composed: Any, write: Any) -> None:
    write("hi.txt", "Hi {{ user.usrname }}!")

    message = await composed("hi", user={}, strict_templates=False)

    assert message.body == "Hi !"


async def test_a_name_that_may_be_missing_has_a_default(composed: Any, write: Any) -> None:
    write("hi.txt", "{{ nobody | default('you') }}{% if nobody is defined %}x{% endif %}")

    assert (await composed("hi")).body == "you"


async def test_pages_of_the_host_are_as_lenient_as_before(
    app: Quart, composed: Any, write: Any
) -> None:
    write("hi.txt", "{{ nobody }}")

    with pytest.raises(MailError):
        await composed("hi")

    async with app.test_request_context("/"):
        assert await render_template("hi.txt") == ""


async def test_what_the_host_sets_later_counts(app: Quart, write: Any) -> None:
    host = QuartHost(app)
    write("hi.txt", "{{ name | shout }}{{ greet() if with_greeting else '' }}")
    app.add_template_filter(str.upper, "shout")

    first = await host.render(["hi.txt"], {"name": "a", "with_greeting": False})
    app.add_template_global(lambda: "!", "greet")
    app.add_template_filter(str.title, "shout")
    app.jinja_env.loader = DictLoader({"other.txt": "{{ 'b' | shout }}{{ greet() }}"})
    second = await host.render(["other.txt", "hi.txt"], {})

    assert [each and each.text for each in (*first, *second)] == ["A", "B!", None]


async def test_a_host_without_quart_has_templates_too(tmp_path: Path, write: Any) -> None:
    write("hi.html", "<p>{{ name }}<img src='{{ inline('a.png') }}'>")
    write("a.png", b"\x89PNG")
    folder = tmp_path / "templates"
    settings = {"MAIL_DEFAULT_SENDER": "a@b.example", "MAIL_SUPPRESS_SEND": True}
    for given in (folder, Environment(loader=FileSystemLoader(folder), autoescape=True)):
        service = MailService(PlainHost(settings, folder=tmp_path, templates=given))

        message = await service.compose("b@b.example", "Hi", "hi", name="<Ada>")

        assert message.body == "<Ada>"
        assert message.html is not None
        assert message.html.startswith("<p>&lt;Ada&gt;<img src='cid:")
        assert len(message.attachments) == 1
        with pytest.raises(MailError, match=r"hi\.html, line 1: 'name' is undefined"):
            await service.compose("b@b.example", "Hi", "hi")
