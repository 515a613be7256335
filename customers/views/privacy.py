"""Requests of customers about their own data: taking one in from the profile, and the page on which they are decided."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import clock, formats
from crm.access import saw
from crm.forms import version_of
from crm.models import Activity
from crm.pages import DeedPage, FormPage, ListPage
from crm.paging import Sort
from crm.tables import Column
from crm.templatetags import ui
from customers import services
from customers.choices import PrivacyRequestState
from customers.forms.preferences import DeclineForm
from customers.models import PrivacyRequest
from customers.queries.preferences import communication_settings
from customers.views.profile import OneCustomer

_NOT_YET = gettext_lazy(
    "Nothing is erased yet: until the erasure itself is part of the product, whoever answers for the data carries it out by the due day."
)


class CustomerErase(OneCustomer, DeedPage):
    permission = "customers.request_erasure"
    title = gettext_lazy("Request erasure")
    template_name = "customers/customer_erase.html"
    submit_label = gettext_lazy("Take the request in")
    danger = True

    def get_title(self) -> Any:
        return _("Does %(name)s want to be erased?") % {"name": self.customer}

    def text(self) -> Any:
        return _NOT_YET

    def consequences(self) -> list[Any]:
        days = communication_settings(self.business)["erasure_days"]
        return [
            _("At once nobody sees the customer any more: not in lists, searches, orders or the API."),
            _("Nothing is sent to the customer any more."),
            _("The request is due in %(count)d days. Owners and compliance find it under Privacy requests.")
            % {"count": days},
        ]

    def confirm_word(self) -> str:
        return _("erase")

    def perform(self) -> PrivacyRequest:
        reason = self.request.POST.get("reason", "")
        return services.request_erasure(actor=self.actor, customer=self.customer, at=clock.now(), reason=reason)

    def success_url(self, result: PrivacyRequest) -> str:
        due = formats.day(result.due_on)
        messages.success(self.request, _("The request is taken in; it is due on %(day)s.") % {"day": due})
        may_decide = self.actor.may("customers.decide_privacy", self.business)
        return reverse("customers:privacy_request_list" if may_decide else "customers:customer_list")


class PrivacyRequestList(ListPage):
    """Requests for erasure, the latest first."""

    permission = "customers.decide_privacy"
    title = gettext_lazy("Privacy requests")
    description = gettext_lazy(
        "Customers who want their data erased. They are hidden from everybody until this is decided."
    )
    template_name = "customers/privacy_requests.html"
    default_sort = "-received_at"

    def rows(self) -> QuerySet:
        return PrivacyRequest.objects.select_related("customer", "requested_by")

    def columns(self) -> Sequence[Column]:
        received = Sort("received_at", "received_at", descending_first=True)
        return [
            Column("customer", _("Customer"), lambda row: ui.user_text(row.customer.display_name)),
            Column("kind", _("Wants"), lambda row: row.get_kind_display()),
            Column("state", _("State"), _state),
            Column("received_at", _("Received"), lambda row: ui.when(row.received_at), sort=received),
            Column("due_on", _("Due"), lambda row: ui.when(row.due_on, "day")),
            Column("requested_by", _("Entered by"), lambda row: ui.user_text(row.requested_by or _("a program"))),
            Column("reason", _("Reason"), lambda row: ui.user_text(row.decision or row.reason)),
        ]

    def shown(self, rows: list[Any]) -> None:
        saw(self.request, (row.customer_id for row in rows))
        declined = [str(row.pk) for row in rows if row.state == PrivacyRequestState.DECLINED]
        deeds = Activity.objects.filter(
            subject_type="customers.privacyrequest", subject_id__in=declined, verb="customers.privacy_request.declined"
        )
        reasons = dict(deeds.values_list("subject_id", "detail__payload__reason"))
        for row in rows:
            row.decision = reasons.get(str(row.pk), "")

    def row_href(self, row: Any) -> str:
        if row.state == PrivacyRequestState.RECEIVED:
            return reverse("customers:privacy_request_decline", args=[row.pk])
        return reverse("customers:customer_detail", args=[row.customer_id])

    def extra(self) -> dict[str, Any]:
        return {"not_yet": _NOT_YET}

    def empty_state(self, narrowed: bool) -> dict[str, Any]:
        return {
            "icon": "shield-check", "title": _("No requests"),
            "text": _("Who wants to be erased is taken in from the profile, under Preferences & consent."),
        }  # fmt: skip


def _state(row: PrivacyRequest) -> Any:
    return ui.badge(row.get_state_display(), "warn" if row.state == PrivacyRequestState.RECEIVED else "neutral")


class PrivacyRequestDecline(FormPage):
    permission = "customers.decide_privacy"
    title = gettext_lazy("Decline a privacy request")
    form_class = DeclineForm
    submit_label = gettext_lazy("Decline the request")
    success_message = gettext_lazy("The request is declined and the customer is back.")

    @cached_property
    def record(self) -> PrivacyRequest:
        found: PrivacyRequest = self.one(PrivacyRequest.objects.select_related("customer", "business"))
        saw(self.request, [found.customer_id])
        return found

    def get_title(self) -> Any:
        return _("Decline the request of %(name)s?") % {"name": self.record.customer}

    def breadcrumbs(self) -> list[dict[str, str]]:
        return [{"label": _("Privacy requests"), "href": reverse("customers:privacy_request_list")}]

    def context(self, **extra: Any) -> dict[str, Any]:
        context = super().context(**extra)
        context["page"]["description"] = _(
            "The customer comes back as before, for everybody who saw it. Received %(received)s, due %(due)s."
        ) % {"received": formats.day(self.record.received_at), "due": formats.day(self.record.due_on)}
        return context

    def initial(self) -> dict[str, Any]:
        return {"version": version_of(self.record)}

    def perform(self, **data: Any) -> PrivacyRequest:
        return services.decline_request(actor=self.actor, privacy_request=self.record, at=clock.now(), **data)

    def success_url(self, result: PrivacyRequest) -> str:
        return reverse("customers:customer_detail", args=[result.customer_id])

    def cancel_href(self) -> str:
        return reverse("customers:privacy_request_list")
