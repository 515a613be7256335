"""Components: what they say, that they escape, and that nothing in templates breaks the content security policy."""

import re
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import lucide
import pytest
from django import forms
from django.template import Context, Template
from django.utils.safestring import SafeString

from crm.tables import Cell, Column, Head, Row, Table
from crm.templatetags import ui

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
NASTY = "<script>alert(1)</script>"


def show(source: str, **context: Any) -> str:
    return Template(source).render(Context(context))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_template_has_inline_script_style_or_handler(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"<style|[\s\"']style=|\son[a-z]+\s*=\s*[\"']|javascript:|hx-on|hx-vals=.js:", text)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text))
    assert not re.search(r"(?:src|href)=[\"'](?:https?:)?//", text)


@pytest.mark.parametrize("path", sorted((ROOT / "templates" / "ui").glob("*.html")), ids=lambda path: path.name)
def test_component_names_its_variables(path: Path) -> None:
    assert "{#" in path.read_text().splitlines()[0]


def test_every_icon_exists() -> None:
    names: dict[str, str] = {}
    for path in TEMPLATES:
        text = path.read_text()
        for name in re.findall(
            r"{%\s*icon\s+[\"']([\w-]+)[\"']|\bicon=[\"']([\w-]+)[\"']|\|default:[\"']([a-z-]+)[\"'] %}{% button", text
        ):
            names.setdefault("".join(name), str(path))
        for name in re.findall(r"{%\s*badge\s+\S+\s+\S+\s+\"([\w-]+)\"", text):
            names.setdefault(name, str(path))
    for path in (path for app in ("crm", "customers", "commerce") for path in (ROOT / app).rglob("*.py")):
        for name in re.findall(r"icon[\"']?\s*[=:]\s*[\"']([\w-]+)[\"']", path.read_text()):
            names.setdefault(name, str(path))
    names |= dict.fromkeys(ui.KIND_ICONS.values(), "KIND_ICONS")
    assert len(names) > 30
    unknown = {name: place for name, place in names.items() if not _exists(name)}
    assert unknown == {}


def _exists(name: str) -> bool:
    try:
        lucide._load_icon(name)
    except lucide.IconDoesNotExist:
        return False
    return True


def test_an_icon_is_decoration() -> None:
    drawn = ui.icon("users", 20)
    assert 'aria-hidden="true"' in drawn
    assert 'width="20"' in drawn
    assert ui.icon("") == ""
    with pytest.raises(lucide.IconDoesNotExist):
        ui.icon("no-such-icon")


@pytest.mark.parametrize(
    "drawn",
    [
        lambda: ui.badge(NASTY, "good"),
        lambda: ui.chip(NASTY, "?a=" + NASTY),
        lambda: ui.avatar(NASTY),
        lambda: ui.button(NASTY, href=NASTY),
        lambda: ui.stat(NASTY, NASTY, hint=NASTY, how=NASTY, href=NASTY),
        lambda: ui.definitions([(NASTY, NASTY)]),
        lambda: ui.diff(NASTY, NASTY, NASTY),
        lambda: ui.tabs([{"label": NASTY, "href": NASTY, "current": True, "count": 1}]),
        lambda: ui.copy(NASTY),
        lambda: ui.explain(NASTY),
        lambda: ui.progress(1, 2, NASTY, hint=NASTY),
        lambda: ui.stepper([NASTY], 1),
        lambda: ui.user_text(NASTY),
        lambda: show("{% panel title=x hint=x %}{{ x }}{% endpanel %}", x=NASTY),
        lambda: show("{% empty_state title=x text=x %}{{ x }}{% endempty_state %}", x=NASTY),
        lambda: show("{% page_head title=x description=x count=x avatar=x %}{{ x }}{% endpage_head %}", x=NASTY),
        lambda: show("{% dialog id=x title=x %}{{ x }}{% enddialog %}", x=NASTY),
        lambda: show("{% timeline_item title=x by=x href=x %}{{ x }}{% endtimeline_item %}", x=NASTY),
    ],
)
def test_components_escape(drawn: Any) -> None:
    words = drawn()
    assert isinstance(words, SafeString)
    assert "<script" not in words


def test_safe_html_stays() -> None:
    assert "<b>x</b>" in ui.definitions([("a", SafeString("<b>x</b>"))])
    assert "<bdi>a &amp; b</bdi>" in ui.definitions([("a", ui.user_text("a & b"))])


def test_badge_knows_its_kinds() -> None:
    assert "badge-warn" in ui.badge("x", "warn")
    assert "badge-neutral" in ui.badge("x", 'x" onclick="')


def test_avatar_shows_initials() -> None:
    assert ">MC<" in ui.avatar("Maya van der Chen")
    assert ">A<" in ui.avatar("acme")
    assert ">?<" in ui.avatar("")


@pytest.mark.parametrize(
    ("trend", "rising_is_good", "mood", "word"),
    [
        (2.4, True, "good", "up"),
        (-2.4, True, "bad", "down"),
        (3, False, "bad", "up"),
        (-3, False, "good", "down"),
        (0, True, "flat", ""),
    ],
)
def test_a_trend_is_told_in_words_too(trend: float, rising_is_good: bool, mood: str, word: str) -> None:
    drawn = ui.stat("At risk", "12", trend=trend, trend_good=rising_is_good)
    assert f"trend-{mood}" in drawn
    assert word in drawn


def test_stat_without_trend_shows_none() -> None:
    assert "trend" not in ui.stat("Orders", 42)
    assert "€5.00" in ui.stat("Spent", ui.money(5, "EUR"))


def test_progress_with_and_without_a_total() -> None:
    assert 'value="3" max="9"' in ui.progress(3, 9, "Import")
    assert "3 / 9 · 33%" in ui.progress(3, 9, "Import")
    assert "value=" not in ui.progress(3, 0, "Import")
    assert "9 / 9 · 100%" in ui.progress(12, 9, "Import")


def test_stepper_marks_the_current_step() -> None:
    drawn = ui.stepper(["a", "b", "c"], 2)
    assert drawn.count('aria-current="step"') == 1
    assert drawn.count("step-done") == 1
    assert "aria-current" not in ui.stepper(["a"], 2)


def test_when_carries_both_forms() -> None:
    moment = datetime(2020, 2, 3, 4, 5, tzinfo=UTC)
    drawn = ui.when(moment)
    assert drawn.startswith('<time datetime="2020-02-03T04:05:00+00:00" title="Feb 3, 2020')
    assert drawn.endswith("years ago</time>")
    assert ">Feb 3, 2020<" in ui.when(moment, "day")
    assert ui.when(None) == "–"
    assert "Feb 3, 2020, 4:05:00" in show("{{ x|when:'full' }}", x=moment)


def test_filters_take_what_models_hold() -> None:
    assert show("{{ x|money:'EUR' }} {{ y|number }} {{ z|percent }}", x="12.5", y=None, z=7) == "€12.50 – 7%"
    assert ui.number("not a number") == "–"


class Form(forms.Form):
    name = forms.CharField(help_text="As on invoices.")
    kind = forms.ChoiceField(choices=[("a", "A")], widget=forms.RadioSelect)
    agree = forms.BooleanField(required=False)
    version = forms.CharField(widget=forms.HiddenInput)
    fieldsets = (("Person", ["name"]),)


def test_a_field_names_its_help_and_its_errors() -> None:
    form = Form({"version": "1"})
    drawn = ui.field(form["name"])
    assert 'aria-describedby="id_name_helptext id_name_error"' in drawn
    assert 'id="id_name_helptext"' in drawn
    assert 'id="id_name_error"' in drawn
    assert 'aria-invalid="true"' in drawn
    assert '<label for="id_name">' in drawn
    assert "<legend>" in ui.field(form["kind"])
    assert ui.field(form["agree"]).index("<input") < ui.field(form["agree"]).index("<label")


def test_the_summary_links_to_the_faulty_fields() -> None:
    form = Form({})
    form.add_error(None, "Somebody else has changed this.")
    drawn = ui.form_errors(form)
    assert 'href="#id_name"' in drawn
    assert "Somebody else has changed this." in drawn
    assert "#id_version" not in drawn
    assert drawn.count("This field is required.") == 3
    assert ui.form_errors(Form()) == ""
    assert ui.form_errors(Form({"name": "x", "kind": "a", "version": "1"})) == ""


def test_form_fields_come_in_groups_and_none_is_lost() -> None:
    drawn = ui.form_fields(Form())
    assert drawn.index("<legend>Person</legend>") < drawn.index('name="kind"')
    assert all(f'name="{name}"' in drawn for name in ("name", "kind", "agree", "version"))


def sample_table(html: str, href: str = "/x", **more: Any) -> Table:
    head = Head("name", "Name", "start", "?sort=name", "ascending", "")
    cells = [Cell(SafeString(html), Column("name", "Name", str))]
    return Table([head], [Row("1", href, cells, "Ann <3", SafeString("<a>Edit</a>"))], "People", **more)


def test_the_first_cell_of_a_row_is_its_link() -> None:
    drawn = ui.table(sample_table("<bdi>Ann</bdi>"))
    assert '<a class="row-link" href="/x"><bdi>Ann</bdi></a>' in drawn
    assert 'aria-sort="ascending"' in drawn
    assert 'data-label="Name"' in drawn
    assert "row-link" not in ui.table(sample_table('<a href="/y">Ann</a>'))
    assert "data-href" not in ui.table(sample_table("Ann", href=""))


def test_rows_can_be_picked_for_a_form_and_have_links_at_their_end() -> None:
    plain, drawn = ui.table(sample_table("Ann")), ui.table(sample_table("Ann", picks="bulk", has_tools=True))
    assert 'type="checkbox" name="ids" value="1" form="bulk" aria-label="Select Ann &lt;3"' in drawn
    assert '<td class="row-tools"><a>Edit</a></td>' in drawn
    assert "checkbox" not in plain
    assert "row-tools" not in plain


def test_pager_says_when_it_estimates() -> None:
    paging = {
        "next_href": "?cursor=a",
        "previous_href": "",
        "first_href": "",
        "shown": 25,
        "total": 86000,
        "is_estimate": True,
    }
    assert "25 of about 86,000" in ui.pager(paging)
    assert 'rel="next"' in ui.pager(paging)
    assert 'rel="prev"' not in ui.pager(paging)
    assert "25 of 30" in ui.pager({**paging, "total": 30, "is_estimate": False})


def test_toasts_announce_faults_at_once() -> None:
    drawn = ui.toasts([SimpleNamespace(level_tag="bad", __str__=lambda: "x"), SimpleNamespace(level_tag="good")])
    assert drawn.count('role="alert"') == 1
    assert 'aria-live="polite"' in drawn
    assert 'id="toasts"' in ui.toasts("")


def test_scripts_that_every_page_loads_stay_small() -> None:
    loaded = re.findall(r"static 'js/(\w+\.js)'", (ROOT / "templates" / "base.html").read_text())
    assert {"frame.js", "lists.js", "forms.js"} <= set(loaded)
    assert sum((ROOT / "static" / "js" / name).stat().st_size for name in loaded) < 18_000
