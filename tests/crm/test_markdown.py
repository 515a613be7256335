"""Markdown as safe HTML: what people write stands there, and nothing that they write runs."""

import html
import json
import re
from html.parser import HTMLParser

import pytest

from crm.markdown import plain, rendered
from tests.real_data import real_file

ALLOWED = {"p", "br", "strong", "em", "s", "ul", "ol", "li", "a", "code", "pre", "blockquote", "h4", "h5", "h6", "hr"}
HOSTILE = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "![x](http://evil.example/p.png)", "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))", "[x](java\tscript:alert(1))", "[x](&#106;avascript:alert(1))", "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:x)", "<javascript:alert(1)>", "[x]: javascript:alert(1)\n\n[x]", '[x](http://a.example/" onclick="alert(1))',
    "<svg/onload=alert(1)>", "<a href='javascript:alert(1)'>x</a>", "<style>*{display:none}</style>", "<iframe src=//evil.example>",
    '```"><script>alert(1)</script>\nx\n```', "``` x onload=alert(1)\nx\n```", "`<script>`", "<!-- --><script>alert(1)</script>",
    "[a](http://a.example 'title\" onmouseover=\"alert(1)')", "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<math><mi//xlink:href='data:x,<script>'>",
    "[x](//evil.example)", "[x](file:///etc/passwd)", "[x](\x01javascript:alert(1))", "<b onmouseover=alert(1)>x</b>",
]  # fmt: skip


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def faults(source: str) -> list[str]:
    """What stands in the HTML of the text that must not."""
    parser = _Tags()
    parser.feed(rendered(source))
    wrong = []
    for tag, attributes in parser.found:
        known = {"href", "rel"} if tag == "a" else {"start"} if tag == "ol" else set()
        wrong += [tag] if tag not in ALLOWED else []
        wrong += [f"{tag} {name}" for name in attributes if name not in known]
        href = attributes.get("href")
        wrong += [f"{href}"] if href is not None and not re.match(r"(?:https?:|mailto:|[^:]*$)", href.lower()) else []
    return wrong


@pytest.mark.parametrize("source", HOSTILE)
def test_nothing_that_is_written_runs(source: str) -> None:
    assert faults(source) == []


def test_none_of_the_odd_strings_runs_or_breaks() -> None:
    for text in json.loads(real_file("edge_strings/blns.json").read_text(encoding="utf-8")):
        assert faults(text) == [], text
        assert len(plain(text)) <= 200


def test_what_people_write_is_shown() -> None:
    source = (
        "# Plan\n\n**bold**, *it* and `code`  \nnext\n\n- a\n- b\n\n3. c\n\n> said\n\n~~old~~ [us](https://a.example)"
    )
    shown = rendered(source)
    for part in (
        "<h4>Plan</h4>", "<strong>bold</strong>", "<em>it</em>", "<code>code</code>", "<br>", "<li>a</li>", '<ol start="3">',
        "<blockquote>", "<s>old</s>", '<a href="https://a.example" rel="noopener noreferrer nofollow">us</a>',
    ):  # fmt: skip
        assert part in shown, part


def test_html_is_shown_as_it_was_typed() -> None:
    assert rendered("a <b>c</b> & d") == "<p>a &lt;b&gt;c&lt;/b&gt; &amp; d</p>\n"


def test_a_line_break_is_one() -> None:
    assert "<br>" in rendered("one\ntwo")


def test_the_beginning_is_plain_text_on_one_line() -> None:
    assert plain("# Plan\n\n**a** & [b](https://x.example) <i>") == "Plan a & b <i>"
    assert plain("x" * 300, 10) == "x" * 9 + "…"
    assert html.escape(plain("&lt;script&gt;")) == "&lt;script&gt;"


def test_deep_nesting_costs_no_time() -> None:
    for source in (">" * 20_000, "- " * 10_000, "[" * 20_000, "*" * 20_000, "`" * 20_000, "[a](" * 5_000):
        assert faults(source) == []
