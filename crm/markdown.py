"""Markdown that people write, as HTML that is safe to show: parsed without HTML of its own, then cleaned by a list of what may stand."""

import html
import re

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

_PARSER = (
    MarkdownIt("commonmark", {"html": False, "linkify": False, "breaks": True}).enable("strikethrough").disable("image")
)
_TAGS = {"p", "br", "strong", "em", "s", "ul", "ol", "li", "a", "code", "pre", "blockquote", "h4", "h5", "h6", "hr"}
_HEADING = re.compile(r"<(/?)h([1-3])>")


def rendered(source: str) -> SafeString:
    """The text as HTML: paragraphs, emphasis, lists, quotations, code and links; headings stand below those of the page."""
    shown = _HEADING.sub(lambda found: f"<{found[1]}h{int(found[2]) + 3}>", _PARSER.render(source))
    clean = nh3.clean(
        shown,
        tags=_TAGS,
        attributes={"*": set(), "a": {"href"}, "ol": {"start"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    return mark_safe(clean)  # noqa: S308 - nh3 has cleaned it


def plain(source: str, length: int = 200) -> str:
    """The beginning of the text without its marks, on one line."""
    text = html.unescape(" ".join(nh3.clean(_PARSER.render(source), tags=set()).split()))
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"
