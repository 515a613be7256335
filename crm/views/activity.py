"""What was done in the business."""

from collections.abc import Sequence
from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import trail
from crm.access import saw
from crm.models import Activity
from crm.pages import Page
from crm.paging import Sort
from crm.tables import Column
from crm.templatetags import ui
from crm.views.access import AboutCustomer, CustomerPicker


class ActivityList(AboutCustomer):
    """Every deed, newest first."""

    permission = "crm.view_activity"
    title = gettext_lazy("Activity")
    description = gettext_lazy("What was done in this business, by whom and through what. Nothing here can be changed.")
    template_name = "crm/activity.html"
    default_sort = "-recent"
    filterset_class = trail.ActivityFilterSet
    searchable = True
    empty = {
        "icon": "history",
        "title": gettext_lazy("Nothing was done yet"),
        "text": gettext_lazy("Every change stands here as soon as it is made."),
    }

    def rows(self) -> QuerySet:
        return Activity.objects.all()

    def sorts(self) -> dict[str, Sort]:
        return {trail.RECENT.key: trail.RECENT}

    def search(self, rows: QuerySet, words: str) -> QuerySet:
        return trail.with_text(rows, words, self.actor, self.business)

    def actions(self) -> list[dict[str, Any]]:
        href = reverse("crm:activity_customers")
        return self.action("crm.view_activity", _("By customer"), href, icon="user-search")

    def columns(self) -> Sequence[Column]:
        return [
            Column("verb", _("Deed"), lambda row: trail.verb_label(row.verb)),
            Column("record", _("Record"), self._record),
            Column("counts", _("How many"), _counts),
            Column("actor", _("Who"), lambda row: ui.user_text(row.actor_label)),
            Column("door", _("Through"), lambda row: trail.door_label(row.door)),
            Column("at", _("When"), lambda row: ui.when(row.at)),
        ]

    def _record(self, row: Activity) -> Any:
        return _record(
            trail.record_label(row.subject_type),
            trail.record_href(self.actor, self.business, row.subject_type, row.subject_id),
        )

    def row_href(self, row: Any) -> str:
        return reverse("crm:activity_detail", args=[row.pk])

    def empty_state(self, narrowed: bool) -> dict[str, Any]:
        empty = super().empty_state(narrowed)
        if self.opened.query.get("search", "").strip():
            text = _(
                "Words are looked for in the latest %(count)s deeds that the filters leave; narrow the days to look further back."
            )
            empty["text"] = text % {"count": ui.number(trail.TEXT_ROWS)}
        return empty

    def extra(self) -> dict[str, Any]:
        return {"since": Activity.objects.order_by("-id").values_list("id", flat=True).first() or 0}


def _record(label: Any, href: str) -> Any:
    return format_html('<a href="{}">{}</a>', href, label) if href else label


def _counts(row: Activity) -> str:
    return ", ".join(f"{ui.number(count)} {name.replace('_', ' ')}" for name, count in row.counts.items())


class ActivityDetail(Page):
    """One deed: before and after. Values of customers are shown only to those who see all customers, and of those who have asked for
    erasure only to those who decide that."""

    permission = "crm.view_activity"
    title = gettext_lazy("A deed")
    template_name = "crm/activity_detail.html"

    @cached_property
    def record(self) -> Activity:
        return cast(Activity, self.one(Activity.objects.select_related("detail")))

    def get_title(self) -> Any:
        return trail.verb_label(self.record.verb)

    def breadcrumbs(self) -> list[dict[str, str]]:
        return [{"label": _("Activity"), "href": reverse("crm:activity")}]

    def actions(self) -> list[dict[str, Any]]:
        if self.record.about is None:
            return []
        href = f"{reverse('crm:activity')}?{urlencode({'customer': self.record.about})}"
        return [{"label": _("All about this customer"), "href": href, "icon": "history", "kind": "secondary"}]

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        row = self.record
        href = trail.record_href(self.actor, self.business, row.subject_type, row.subject_id)
        reason = trail.why_withheld(self.actor, self.business, row)
        if not reason and row.about is not None and not self.actor.sees_all(self.business):
            reason = _("The values are shown to those who see all customers.")
        detail = getattr(row, "detail", None)
        changes = []
        if detail is not None:
            changes = [{"field": field, "before": pair[0], "after": pair[1]} for field, pair in detail.changes.items()]
        if row.about is not None and not reason:
            saw(request, [row.about])
        about = [
            (_("Who"), ui.user_text(row.actor_label)),
            (_("Through"), trail.door_label(row.door)),
            (_("When"), ui.when(row.at, "full")),
            (_("Record"), _record(f"{trail.record_label(row.subject_type)} {row.subject_id}", href)),
            (_("Request"), row.request_id),
            (_("Counts"), _counts(row)),
        ]  # fmt: skip
        return self.show(about=about, changes=changes, why_withheld=reason, erased=detail is None)


class ActivityCustomers(CustomerPicker):
    permission = "crm.view_activity"
    title = gettext_lazy("What was done to a customer?")
    description = gettext_lazy("Search for the customer first.")

    def breadcrumbs(self) -> list[dict[str, str]]:
        return [{"label": _("Activity"), "href": reverse("crm:activity")}]

    def leads_to(self, customer: UUID) -> str:
        return f"{reverse('crm:activity')}?{urlencode({'customer': customer})}"
