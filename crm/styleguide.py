"""The living style guide: every component in its states, with invented figures."""

from datetime import timedelta
from typing import Any

from django import forms
from django.http import HttpResponse, QueryDict
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import charts, clock, formats
from crm.pages import SIGNED_IN, Page
from crm.paging import Sort
from crm.tables import Column, Table, build_table
from crm.templatetags import ui

MONTHS = ("Dec", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov")


class SampleForm(forms.Form):
    """One field of each kind."""

    name = forms.CharField(
        label=gettext_lazy("Name"), help_text=gettext_lazy("As it stands on invoices."), max_length=200
    )
    email = forms.EmailField(label=gettext_lazy("E-mail"), required=False)
    stage = forms.ChoiceField(
        label=gettext_lazy("Stage"), choices=[("", "–"), ("lead", "Lead"), ("customer", "Customer")], required=False
    )
    since = forms.DateField(
        label=gettext_lazy("Customer since"), widget=forms.DateInput(attrs={"type": "date"}), required=False
    )
    spend = forms.DecimalField(label=gettext_lazy("Monthly budget"), required=False)
    channels = forms.MultipleChoiceField(
        label=gettext_lazy("Channels"),
        choices=[("mail", "E-mail"), ("sms", "SMS"), ("post", "Post")],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    consent = forms.BooleanField(label=gettext_lazy("May be written to"), required=False)
    file = forms.FileField(label=gettext_lazy("Attachment"), required=False)
    notes = forms.CharField(label=gettext_lazy("Notes"), widget=forms.Textarea(attrs={"rows": 3}), required=False)

    fieldsets = [
        (gettext_lazy("Person"), ["name", "email", "stage", "since"]),
        (gettext_lazy("Preferences"), ["spend", "file", "channels", "consent", "notes"]),
    ]


class _SampleRow:
    def __init__(self, number: int, name: str, stage: str, kind: str, health: int, value: float) -> None:
        self.pk, self.name, self.stage, self.kind, self.health, self.value = number, name, stage, kind, health, value


class StyleGuide(Page):
    """Every component of templates/ui/ in every state."""

    permission = SIGNED_IN
    title = gettext_lazy("Style guide")
    description = gettext_lazy("Every component in its states. Pages are made of these and of nothing else.")
    template_name = "styleguide.html"

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.show(**sample_context())


def sample_context() -> dict[str, Any]:
    """What styleguide.html shows."""
    now = clock.now()
    return {
        "kinds": ui.KINDS,
        "form": SampleForm(prefix="empty"),
        "faulty": SampleForm({"faulty-name": "", "faulty-email": "maya@", "faulty-stage": "x"}, prefix="faulty"),
        "table": _sample_table(),
        "paging": {
            "next_href": "?cursor=next",
            "previous_href": "?cursor=previous",
            "first_href": "?",
            "shown": 25,
            "total": 86000,
            "is_estimate": True,
        },
        "steps": [_("File"), _("Columns"), _("Check"), _("Import")],
        "way": [
            {"label": _("New"), "state": "past", "kind": "", "href": "#steps"},
            {"label": _("In use"), "state": "current", "kind": "good", "href": ""},
            {"label": _("Leaving"), "state": "ahead", "kind": "", "href": "#steps"},
        ],
        "tabs": [
            {"label": _("Overview"), "href": "#tabs", "current": True},
            {"label": _("Orders"), "href": "#tabs", "current": False, "count": 42},
            {"label": _("History"), "href": "#tabs", "current": False},
        ],
        "pairs": [
            (_("E-mail"), ui.user_text("ops@acme.example")),
            (_("Phone"), "+31 10 555 0134"),
            (_("Name in Hebrew"), ui.user_text("דנה כהן")),
            (_("Empty"), ""),
            (_("Consent"), ui.badge(_("E-mail"), "good", "check")),
        ],
        "rising": [3, 4, 4, 6, 5, 7, 9],
        "falling": [9, 8, 8, 5, 6, 4, 3],
        "gappy": [1, None, 2, None, 5],
        "one": [4],
        "moments": {
            "now": now,
            "hours": now - timedelta(hours=2),
            "days": now - timedelta(days=3),
            "year": now - timedelta(days=400),
            "ahead": now + timedelta(days=12),
        },
        "charts": sample_charts(),
    }


def _sample_table() -> Table:
    rows = [
        _SampleRow(1, "Acme Industries", "Customer", "neutral", 92, 182400),
        _SampleRow(2, "Brightwater Foods", "Loyal", "accent", 81, 96120.5),
        _SampleRow(3, "Delphi Analytics", "At risk", "bad", 38, 41200),
        _SampleRow(4, "Ελληνική Εταιρεία Τροφίμων και Ποτών με πολύ μακρύ όνομα", "New", "good", 64, -310.25),
    ]
    bands = {True: "good", False: "bad"}
    columns = [
        Column(
            "name",
            _("Customer"),
            lambda row: format_html("{} <bdi>{}</bdi>", ui.avatar(row.name), row.name),
            sort=Sort("name", "name"),
        ),
        Column("stage", _("Stage"), lambda row: ui.badge(row.stage, row.kind)),
        Column(
            "health",
            _("Health"),
            lambda row: ui.meter(row.health, 100, _("Health"), bands[row.health >= 50]),
            hint=_("0 to 100"),
        ),
        Column(
            "trend",
            _("12 months"),
            lambda row: ui.sparkline(
                [row.health - 4, row.health + 3, row.health - 1, row.health], kind=bands[row.health >= 50]
            ),
        ),
        Column(
            "value",
            _("Lifetime value"),
            lambda row: formats.money(row.value, "EUR"),
            align="end",
            sort=Sort("value", "value", descending_first=True),
        ),
    ]
    return build_table(
        columns,
        rows,
        query=QueryDict("sort=-value"),
        sort="-value",
        caption=_("Sample"),
        href=lambda row: f"#row-{row.pk}",
    )


def sample_charts() -> list[charts.Chart]:
    this_year = [312, 298, 331, 352, 349, 376, 401, 395, 428, 447, 462, 489]
    last_year = [268, 271, 280, 301, 296, 312, 330, 341, 337, 362, 371, 390]
    links = tuple(f"#{month}" for month in MONTHS)
    euros = lambda value: formats.money(value, "EUR")  # noqa: E731
    return [
        charts.line(
            _("Revenue"),
            MONTHS,
            [
                charts.Series("2026", [v * 1000 for v in this_year], links),
                charts.Series("2025", [v * 1000 for v in last_year], dashed=True, tone="6"),
            ],
            area=True,
            format=euros,
            axis=_("Month"),
        ),
        charts.bars(
            _("Customers by tier"),
            [
                charts.Bar("Platinum", 1240, "#platinum"),
                charts.Bar("Gold", 5310, "#gold"),
                charts.Bar("Silver", 18420, "#silver"),
                charts.Bar("Bronze", 61030, "#bronze"),
            ],
        ),
        charts.bars(
            _("Net new customers"),
            [charts.Bar(m, v) for m, v in zip(MONTHS, [12, 18, -4, 7, 22, 31, 5, 0, -9, 14, 25, 30], strict=True)],
            horizontal=False,
        ),
        charts.bars(
            _("Change by region, with negative values"),
            [
                charts.Bar("North", 120, tone="good"),
                charts.Bar("South", -80, tone="bad"),
                charts.Bar("A region with a name that is far too long to fit", 30),
            ],
        ),
        charts.heat_map(
            _("Retention by cohort"),
            ["2026-07", "2026-08", "2026-09", "2026-10"],
            ["M0", "M1", "M2", "M3"],
            [[100, 82, 74, 70], [100, 79, 71, None], [100, 85, None, None], [100, None, None, None]],
            format=lambda v: formats.percent(v, 0),
            corner=_("Cohort"),
        ),
        charts.line(_("Nothing to show"), [], []),
        charts.line(_("A single point"), ["Nov"], [charts.Series("2026", [12])]),
    ]
