"""The plain text of a message whose author wrote HTML alone."""

from __future__ import annotations

import pytest

from quartapp.mail.rendering.text import text_of

ROWS = [
    # Words, blanks and marks.
    ("<p>Hi", "Hi"),
    ("<p> Hi\n\t <b>Ada</b> , you", "Hi Ada , you"),
    ("<p>One<p>Two<div>Three</div>Four", "One\n\nTwo\nThree\nFour"),
    ("One<br>Two<br><br><br>Three", "One\nTwo\n\nThree"),
    ("1 &lt; 2 &amp; 3&nbsp;&euro;", "1 < 2 & 3 €"),
    ("1 < 2 & 3 > 2", "1 < 2 & 3 > 2"),
    ("a<!-- no -->b<!doctype html>c<?x?>d", "abcd"),
    ("", ""),
    # What no reader sees.
    ("<style>p{}</style><script>x<b>y</script><title>t</title>Seen", "Seen"),
    ("<div style='DISPLAY : none'>pre<div>header</div>more</div>Seen", "Seen"),
    ("<span hidden>no</span><p style='max-height:0;overflow:hidden'>no</p>Seen", "Seen"),
    ("<p style='max-height:0.5em'>Seen", "Seen"),
    ("<script>never closed", ""),
    # Links.
    ("See <a href='https://x.org/?a=1&amp;b=2'>our page</a>.", "See our page <https://x.org/?a=1&b=2>."),
    ("<a href='https://x.org/'>x.org</a>", "x.org"),
    ("<a href='mailto:a@x.org?subject=s'>a@x.org</a>", "a@x.org"),
    ("<a href='mailto:a@x.org'>Write</a>", "Write <a@x.org>"),
    ("<a href='https://x.org'><img src=a.png></a>", "https://x.org"),
    ("<a href='https://x.org'><img src=a.png alt=Logo></a>", "Logo <https://x.org>"),
    ("<a href='#top'>Up</a> <a href='javascript:x()'>Run</a> <a>Not</a>", "Up Run Not"),
    ("<a href='https://x.org/a b>'>x</a>", "x <https://x.org/a%20b%3E>"),
    ("<a href=https://a.org>a<a href=https://b.org>b</a>", "a <https://a.org>b <https://b.org>"),
    # Headings, lists, tables, quotations.
    ("<h1>Hello</h1>a<h2>More</h2>b<h3>Last</h3>", "Hello\n=====\n\na\n\nMore\n----\n\nb\n\nLast"),
    ("<ul><li>a<li><p>b</p><ol><li>c</li><li>d</li></ol></ul>e", "- a\n- b\n  1. c\n  2. d\n\ne"),
    ("<ol start=3><li>a<li>b</ol><ol start=x><li>c</ol>", "3. a\n4. b\n\n1. c"),
    ("<table><tr><th>Item<th>Price<tr><td>Tea<td>3</table>", "Item | Price\nTea | 3"),
    ("<table role=presentation><tr><td>a<td>b<tr><td>c</table>", "a\n\nb\n\nc"),
    ("<blockquote>a<p>b</blockquote>c", "> a\n>\n> b\n\nc"),
    ("<pre>a\n  b\n\nc</pre>d", "a\n  b\n\nc\n\nd"),
    ("a<hr>b", f"a\n\n{'-' * 20}\n\nb"),
    # What fits nothing.
    ("</ul></td></table></a></blockquote></pre>a", "a"),
    ("<ul>" * 50 + "<li>a", "  " * 19 + "- a"),
    ("&#99999999999999999999;&#x110000;&#" + "9" * 5000, "\N{REPLACEMENT CHARACTER}" * 3),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(ROWS)), ids=[row[0][:40] for row in ROWS])
def test_html_is_told_as_text(number: int) -> None:
    html, text = ROWS[number]

    assert text_of(html) == text
