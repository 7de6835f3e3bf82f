"""Pictures that templates show: files beside them, and nothing else."""

from __future__ import annotations

import asyncio
import threading
from email import message_from_bytes
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jinja2 import ChoiceLoader, FileSystemLoader, PrefixLoader
from quart import Blueprint

from quartapp.mail import MessageError

if TYPE_CHECKING:
    from quart import Quart

PNG = b"\x89PNG\r\n\x1a\n"


async def test_a_picture_shown_twice_is_one_part(composed: Any, write: Any) -> None:
    write("mail/logo.png", PNG)
    write("mail/copy.png", PNG)
    write("mail/hi.txt", "Hi")
    logo = "<img src=\"{{ inline('logo.png') }}\">"
    write("mail/hi.html", f"{logo}{logo}<img src=\"{{{{ inline('mail/copy.png') }}}}\">")

    message = await composed("mail/hi", subject_prefix="")
    message.sender = "a@example.org"

    (picture,) = message.attachments
    assert picture.filename == "logo.png"
    assert message.html.count(f'"cid:{picture.content_id[1:-1]}"') == 3
    kinds = [part.get_content_type() for part in message_from_bytes(bytes(message)).walk()]
    assert kinds == [
        *("multipart/alternative", "text/plain"),
        *("multipart/related", "text/html", "image/png"),
    ]


SEARCHED = [
    # Where the template is, the file, and how it is asked for.
    ("mail/hi.html", "mail/a.png", "a.png"),
    ("mail/hi.html", "a.png", "a.png"),
    ("mail/hi.html", "mail/images/a.png", "images/a.png"),
    ("mail/hi.html", "mail/a.png", "./a.png"),
    ("hi.html", "a.png", "a.png"),
]


@pytest.mark.parametrize(("template", "file", "asked"), SEARCHED)
async def test_a_picture_is_found_beside_its_template_or_among_all(
    composed: Any, write: Any, template: str, file: str, asked: str
) -> None:
    write(file, PNG)
    write(template, f"{{{{ inline('{asked}') }}}}")

    message = await composed(template.removesuffix(".html"))

    assert message.attachments[0].data == PNG


async def test_a_layout_shows_what_is_beside_itself(composed: Any, write: Any) -> None:
    write("layouts/a.png", PNG)
    write("mail/a.png", b"GIF8")
    write("layouts/base.html", "{{ inline('a.png') }}{% block body %}{% endblock %}")
    write("layouts/macros.html", "{% macro logo() %}{{ inline('a.png') }}{% endmacro %}")
    body = "{% block body %}{% from 'layouts/macros.html' import logo %}{{ logo() }}{% endblock %}"
    write("mail/hi.html", "{% extends 'layouts/base.html' %}" + body)

    message = await composed("mail/hi")

    assert [picture.data for picture in message.attachments] == [PNG]


async def test_every_loader_of_the_host_is_asked(
    app: Quart, composed: Any, write: Any, tmp_path: Path
) -> None:
    for folder in ("shop", "chosen", "prefixed"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{folder}.png").write_bytes(folder.encode())
    shop = Blueprint("shop", __name__, template_folder=str(tmp_path / "shop"))
    app.register_blueprint(shop)
    app.jinja_env.loader = ChoiceLoader(
        [
            app.jinja_env.loader or FileSystemLoader([]),
            FileSystemLoader([tmp_path / "chosen"]),
            PrefixLoader({"more": FileSystemLoader(tmp_path / "prefixed")}),
        ]
    )
    names = ("shop.png", "chosen.png", "more/prefixed.png")
    write("mail/hi.html", "".join(f"{{{{ inline('{name}') }}}}" for name in names))

    message = await composed("mail/hi")

    assert [each.data for each in message.attachments] == [b"shop", b"chosen", b"prefixed"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("../secret.png", "must name a file among the templates"),
        ("a/../../secret.png", "must name a file among the templates"),
        ("/etc/passwd", "must name a file among the templates"),
        ("", "must name a file among the templates"),
        ("https://example.org/a.png", "finds no mail/https://example.org/a.png and no https:"),
        ("file:///etc/passwd", "finds no mail/file:///etc/passwd and no file:///etc/passwd"),
        ("missing.png", "finds no mail/missing.png and no missing.png among the templates"),
        ("images", "finds no mail/images and no images among the templates"),
        ("big.png", "has more than the 100 bytes of MAIL_MAX_SIZE"),
        ("a\\0b", "inline cannot read|finds no"),
    ],
)
async def test_what_is_not_among_the_templates_is_refused(
    composed: Any, write: Any, templates: Path, name: str, words: str
) -> None:
    (templates.parent / "secret.png").write_bytes(PNG)
    write("mail/images/a.png", PNG)
    write("mail/big.png", b"x" * 101)
    write("mail/hi.html", f"{{{{ inline('{name}') }}}}")

    with pytest.raises(MessageError, match=words):
        await composed("mail/hi", max_size=100)


async def test_files_are_read_in_a_thread(
    composed: Any, write: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("a.png", PNG)
    write("hi.html", "{{ inline('a.png') }}")
    readers = []
    opened = Path.open

    def noted(path: Path, *args: Any, **named: Any) -> Any:
        readers.append((path.name, threading.current_thread()))
        return opened(path, *args, **named)

    monkeypatch.setattr(Path, "open", noted)
    await composed("hi")

    assert [name for name, _ in readers] == ["a.png"]
    assert threading.main_thread() not in [thread for _, thread in readers]


async def test_two_messages_at_once_keep_their_pictures_apart(composed: Any, write: Any) -> None:
    for name in ("a", "b"):
        write(f"{name}.png", name.encode())
        write(f"{name}.html", f"{{{{ inline('{name}.png') }}}}")

    messages = await asyncio.gather(*(composed(name) for name in "abab"))

    assert [[each.data for each in m.attachments] for m in messages] == [[b"a"], [b"b"]] * 2
