"""The rules of `<style>` written into the elements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from quartapp.mail import MessageError
from quartapp.mail.rendering.css import DEEPEST, LONG, with_inlined_css
from quartapp.mail.settings import MailSettings
from quartapp.settings.keys import SettingError

if TYPE_CHECKING:
    from pathlib import Path

STYLE = "<style>p { color: red } .no { a: b } @media (x) { p { color: blue } }</style>"


async def test_rules_go_into_the_elements_where_the_setting_is_on(
    composed: Any, write: Any
) -> None:
    write("hi.html", f"{STYLE}<style>.gone {{ display: none }}</style><p>Hi<p class=gone>Pre")

    message = await composed("hi", inline_css=True)

    assert '<p style="color: red;">Hi' in message.html
    assert "@media (x)" in message.html
    assert message.body == "Hi"
    assert "style=" not in (await composed("hi")).html


def test_nothing_is_fetched(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("p { color: red }")
    links = f'<link rel="stylesheet" href="{tmp_path}/a.css"><style>@import "{tmp_path}/a.css";'

    html = with_inlined_css(f"{links} b {{ a: b }}</style><p>Hi</p>")

    assert "<p>Hi</p>" in html
    assert "a.css" in html


def test_html_without_rules_is_left_as_it_is() -> None:
    assert with_inlined_css("<p>Hi<br>") == "<p>Hi<br>"


def test_long_html_is_inlined_by_a_process_of_its_own() -> None:
    html = with_inlined_css(f"{STYLE}<p>é</p>{'x' * LONG}")

    assert '<p style="color: red;">é</p>' in html


def test_css_that_cannot_be_inlined_is_refused() -> None:
    broken = "<style>p { color: \\</style><p style='a'>"

    for html in (broken, broken + "x" * LONG):
        with pytest.raises(MessageError, match=r"^html has CSS .* be inlined: .*End of input\.$"):
            with_inlined_css(html)


@pytest.mark.parametrize(
    "html",
    [
        "<div>",
        "<b>x",
        "<b></i>",
        "<div><table><tr><td></div></table>",
        "<ul><li>",
        "<p><b></p>",
    ],
)
def test_elements_that_are_nested_too_deep_do_not_end_the_process(html: str) -> None:
    with pytest.raises(MessageError, match=f"^html has more than {DEEPEST} elements within each"):
        with_inlined_css(STYLE + html * 2_000)


@pytest.mark.parametrize(
    "html",
    [
        *("<p>x", "<li>x", "<br>", "<p><b>x</b></p>", "</b>", "<img src=x>"),
        *("<ul><li>a<li>b</ul>", "<dl><dt>a<dd>b</dl>"),
        "<table><tr><td>x<td>y<tr><th>z</table>",
    ],
)
def test_long_html_is_not_taken_for_deep(html: str) -> None:
    assert with_inlined_css(STYLE + html * 1000)


def test_the_setting_without_the_package_is_one_sentence_at_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("quartapp.mail.settings.find_spec", lambda name: None)

    with pytest.raises(SettingError, match=r"needs the package css-inline: pip install 'quartapp"):
        MailSettings.from_config({"MAIL_INLINE_CSS": "true"})
    assert not MailSettings.from_config({}).inline_css
