"""The endpoint of “My day”: what awaits the caller at the customers that are theirs."""

from datetime import UTC
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.response import Response

from crm import clock
from crm.access import saw
from crm.api.views import Doc, Endpoint
from customers.api.ground import ShowsCustomers
from customers.api.representation import CUSTOMER
from customers.choices import LifecycleStage, SignalKind
from customers.models import Customer
from customers.queries import reasons_at_risk
from customers.queries.contacts import untouched_after_days
from customers.queries.day import (
    CHANGED_DAYS,
    RENEWAL_DAYS,
    own_at_risk,
    own_changed,
    own_opportunities,
    own_renewals,
    own_untouched_contacts,
)

_ID = CUSTOMER.sample()["id"]
_WHO = {"id": _ID, "display_name": "Acme Corp"}


class DayCustomer(serializers.Serializer):
    id = serializers.UUIDField()
    display_name = serializers.CharField()


class DayRisk(serializers.Serializer):
    customer = DayCustomer()
    reasons = serializers.ListField(child=serializers.CharField(), help_text=_("Each sign that is true, in words"))


class DayRenewal(serializers.Serializer):
    customer = DayCustomer()
    due_on = serializers.DateField()
    is_renewal = serializers.BooleanField(help_text=_("Whether it is a renewal; else the contract ends"))


class DayOpportunity(serializers.Serializer):
    id = serializers.UUIDField(help_text=_("Of the signal"))
    customer = DayCustomer()
    kind = serializers.ChoiceField(choices=SignalKind.choices)
    text = serializers.CharField()
    strength = serializers.IntegerField()
    seen_on = serializers.DateField()


class DayContact(serializers.Serializer):
    id = serializers.UUIDField(help_text=_("Of the contact"))
    display_name = serializers.CharField()
    title = serializers.CharField()
    customer = DayCustomer(help_text=_("Where the contact works"))
    last_touched_at = serializers.DateTimeField(allow_null=True, help_text=_("Null: nobody has spoken to them yet"))


class DayChange(serializers.Serializer):
    customer = DayCustomer()
    lifecycle_stage = serializers.ChoiceField(choices=LifecycleStage.choices)
    updated_at = serializers.DateTimeField()


class Day(serializers.Serializer):
    at_risk = DayRisk(
        many=True, help_text=_("In stage Churn risk or with an open signal of risk, who has spent most first")
    )
    renewals = DayRenewal(many=True, help_text=_("Contracts that are renewed or end within renewal_days, by the day"))
    renewal_days = serializers.IntegerField()
    opportunities = DayOpportunity(
        many=True, help_text=_("Open signals of buying and of more business, strongest first")
    )
    untouched = DayContact(
        many=True, help_text=_("Contacts not spoken to for untouched_after_days, most influential first")
    )
    untouched_after_days = serializers.IntegerField(help_text=_("A setting of the business."))
    changed = DayChange(many=True, help_text=_("Changed within changed_days, the latest first"))
    changed_days = serializers.IntegerField()


class MyDay(ShowsCustomers, Endpoint):
    """What awaits the caller, eight of each at most."""

    tag = "Customers"
    permissions = {"GET": "customers.view"}
    docs = {
        "GET": Doc(
            "get_my_day",
            _("Get what awaits the caller at their own customers"),
            answer=Day,
            answer_example={
                "at_risk": [{"customer": _WHO, "reasons": ["The stage is Churn risk."]}],
                "renewals": [{"customer": _WHO, "due_on": "2026-03-01", "is_renewal": True}],
                "renewal_days": RENEWAL_DAYS,
                "opportunities": [
                    {
                        "id": _ID, "customer": _WHO, "kind": "buying", "text": "Asked for an offer.", "strength": 4,
                        "seen_on": "2026-01-31",
                    }
                ],
                "untouched": [
                    {"id": _ID, "display_name": "Dana Reyes", "title": "CTO", "customer": _WHO, "last_touched_at": None}
                ],
                "untouched_after_days": 60,
                "changed": [{"customer": _WHO, "lifecycle_stage": "active", "updated_at": "2026-01-31T14:05:00Z"}],
                "changed_days": CHANGED_DAYS,
            },
            text=_("What the page My day shows: eight of each at most. Customers are owned by people, so a key's day is empty."),
        )
    }  # fmt: skip

    def get(self, request: Any) -> Response:
        self.refuse_parameters()
        actor, business, at = self.actor, self.business, clock.now()
        risks, renewals, changed = own_at_risk(actor), own_renewals(actor, business, at), own_changed(actor, at)
        signals, contacts = own_opportunities(actor), own_untouched_contacts(actor, business, at)
        saw(request, (row.pk for row in (*risks, *renewals, *changed)))
        saw(request, [*(row.customer_id for row in signals), *(row.customer_id for row in contacts)])
        return Response(
            {
                "at_risk": [{"customer": _who(row), "reasons": reasons_at_risk(actor, row, at)} for row in risks],
                "renewals": [
                    {"customer": _who(row), "due_on": row.due_on, "is_renewal": row.renewal_on is not None}  # type: ignore[attr-defined]  # annotated
                    for row in renewals
                ],
                "renewal_days": RENEWAL_DAYS,
                "opportunities": [
                    {
                        "id": row.pk, "customer": _who(row.customer), "kind": row.kind, "text": row.text, "strength": row.strength,
                        "seen_on": row.seen_on,
                    }
                    for row in signals
                ],
                "untouched": [
                    {
                        "id": row.pk, "display_name": row.display_name, "title": row.title, "customer": _who(row.customer),
                        "last_touched_at": row.last_touched_at.astimezone(UTC) if row.last_touched_at else None,
                    }
                    for row in contacts
                ],
                "untouched_after_days": untouched_after_days(business),
                "changed": [
                    {
                        "customer": _who(row), "lifecycle_stage": row.lifecycle_stage,
                        "updated_at": row.updated_at.astimezone(UTC),
                    }
                    for row in changed
                ],
                "changed_days": CHANGED_DAYS,
            }
        )  # fmt: skip


def _who(customer: Customer) -> dict[str, Any]:
    return {"id": customer.pk, "display_name": customer.display_name}
