"""What was done in the business, and who saw whose data."""

from collections.abc import Sequence
from typing import Any, cast

import django_filters
from django import forms
from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.access import saw
from crm.filters import StrictFilterSet
from crm.models import AccessRecord, Activity
from crm.pages import ListPage, Page
from crm.paging import Sort
from crm.registry import verbs
from crm.tables import Column
from crm.templatetags import ui

DOORS = [
    ("page", gettext_lazy("Pages")), ("api", gettext_lazy("API")), ("admin", gettext_lazy("Admin")),
    ("job", gettext_lazy("Background job")), ("command", gettext_lazy("Command")),
]  # fmt: skip
_NAMES = dict(DOORS)
_RECENT = Sort("recent", "id", "id", descending_first=True)


def verb_label(name: str) -> Any:
    verb = verbs.get(name)
    return verb.label if verb else name


def door_label(name: str) -> Any:
    return _NAMES.get(name, name)


class _TrailFilterSet(StrictFilterSet):
    actor_label = django_filters.CharFilter(label=gettext_lazy("Who"), lookup_expr="icontains", max_length=120)
    door = django_filters.ChoiceFilter(label=gettext_lazy("Through"), choices=DOORS, empty_label=gettext_lazy("Any"))
    since = django_filters.DateFilter(
        label=gettext_lazy("From day"),
        field_name="at",
        lookup_expr="date__gte",
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    until = django_filters.DateFilter(
        label=gettext_lazy("To day"),
        field_name="at",
        lookup_expr="date__lte",
        widget=forms.DateInput(attrs={"type": "date"}),
    )


class ActivityFilterSet(_TrailFilterSet):
    verb = django_filters.ChoiceFilter(
        label=gettext_lazy("Deed"),
        choices=lambda: [(verb.name, verb.label) for verb in verbs],
        empty_label=gettext_lazy("Any"),
    )


class AccessFilterSet(_TrailFilterSet):
    customer = django_filters.UUIDFilter(
        label=gettext_lazy("Customer's id"), field_name="customer_ids", method="of_customer"
    )

    def of_customer(self, rows: QuerySet, name: str, value: Any) -> QuerySet:
        return rows.filter(customer_ids__contains=[value])


class ActivityList(ListPage):
    """Every deed, newest first."""

    permission = "crm.view_activity"
    title = gettext_lazy("Activity")
    description = gettext_lazy("What was done in this business, by whom and through what. Nothing here can be changed.")
    default_sort = "-recent"
    filterset_class = ActivityFilterSet
    empty = {
        "icon": "history",
        "title": gettext_lazy("Nothing was done yet"),
        "text": gettext_lazy("Every change stands here as soon as it is made."),
    }

    def rows(self) -> QuerySet:
        return Activity.objects.all()

    def sorts(self) -> dict[str, Sort]:
        return {_RECENT.key: _RECENT}

    def columns(self) -> Sequence[Column]:
        return [
            Column("verb", _("Deed"), lambda row: verb_label(row.verb)),
            Column("counts", _("How many"), _counts),
            Column("actor", _("Who"), lambda row: ui.user_text(row.actor_label)),
            Column("door", _("Through"), lambda row: door_label(row.door)),
            Column("at", _("When"), lambda row: ui.when(row.at)),
        ]

    def row_href(self, row: Any) -> str:
        return reverse("crm:activity_detail", args=[row.pk])


def _counts(row: Activity) -> str:
    return ", ".join(f"{ui.number(count)} {name.replace('_', ' ')}" for name, count in row.counts.items())


class ActivityDetail(Page):
    """One deed: before and after. Values of customers are shown only to those who see all customers."""

    permission = "crm.view_activity"
    template_name = "crm/activity_detail.html"

    @cached_property
    def record(self) -> Activity:
        return cast(Activity, self.one(Activity.objects.select_related("detail")))

    def get_title(self) -> Any:
        return verb_label(self.record.verb)

    def breadcrumbs(self) -> list[dict[str, str]]:
        return [{"label": _("Activity"), "href": reverse("crm:activity")}]

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        row = self.record
        grant = self.actor.grant_in(self.business)
        shows_values = row.about is None or (grant is not None and grant.visibility == "all")
        detail = getattr(row, "detail", None)
        changes = []
        if detail is not None:
            changes = [{"field": field, "before": pair[0], "after": pair[1]} for field, pair in detail.changes.items()]
        if row.about is not None and shows_values:
            saw(request, [row.about])
        about = [
            (_("Who"), ui.user_text(row.actor_label)),
            (_("Through"), door_label(row.door)),
            (_("When"), ui.when(row.at, "full")),
            (_("Record"), f"{row.subject_type} {row.subject_id}"),
            (_("Request"), row.request_id),
            (_("Counts"), _counts(row)),
        ]  # fmt: skip
        return self.show(about=about, changes=changes, shows_values=shows_values, erased=detail is None)


class AccessList(ListPage):
    """Every response that showed customers' personal data, newest first."""

    permission = "crm.view_access"
    title = gettext_lazy("Access")
    description = gettext_lazy("Who was shown whose personal data. One line per page, answer, export or job.")
    default_sort = "-recent"
    filterset_class = AccessFilterSet
    empty = {
        "icon": "eye",
        "title": gettext_lazy("Nobody has seen personal data yet"),
        "text": gettext_lazy("As soon as somebody opens a list or a profile, it stands here."),
    }

    def rows(self) -> QuerySet:
        return AccessRecord.objects.all()

    def sorts(self) -> dict[str, Sort]:
        return {_RECENT.key: _RECENT}

    def columns(self) -> Sequence[Column]:
        return [
            Column("actor", _("Who"), lambda row: ui.user_text(row.actor_label)),
            Column("what", _("Saw"), lambda row: row.what),
            Column("customers", _("Customers"), lambda row: ui.number(len(row.customer_ids)), align="end"),
            Column("door", _("Through"), lambda row: door_label(row.door)),
            Column("purpose", _("Purpose"), lambda row: row.purpose),
            Column("at", _("When"), lambda row: ui.when(row.at)),
        ]
