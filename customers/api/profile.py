"""What an answer about a single customer tells beside its fields: private values, signs of risk, what is missing, whether it is stale."""

from datetime import UTC
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from crm import clock
from crm.actor import Actor
from crm.models import Business
from customers import queries
from customers.api.representation import PRIVATE_FIELDS, PRIVATE_SAMPLE, private_values
from customers.models import Customer
from customers.queries.profile import UNTOUCHED, risks_of


class Risk(serializers.Serializer):
    key = serializers.CharField(help_text=_("The sign"))
    label = serializers.CharField(help_text=_("The sign in words"))  # type: ignore[assignment]  # as answered
    text = serializers.CharField(help_text=_("Why it is true now"))


class Completeness(serializers.Serializer):
    percent = serializers.IntegerField(min_value=0, max_value=100)
    missing = serializers.ListField(
        child=serializers.CharField(),
        help_text=_("Names of the fields; of a field of the business's own, custom_values.<key>"),
    )
    how = serializers.CharField(help_text=_("How the figure comes about"))


class Staleness(serializers.Serializer):
    is_stale = serializers.BooleanField()
    untouched_since = serializers.DateTimeField(allow_null=True, help_text=_("Null while it is not stale"))
    how = serializers.CharField(help_text=_("What makes a profile stale"))


PROFILE_FIELDS: dict[str, serializers.Field] = {
    **PRIVATE_FIELDS,
    "risks": Risk(many=True, help_text=_("The signs of risk that are true now; none: not at risk")),
    "completeness": Completeness(help_text=_("How much of the profile is filled in")),
    "staleness": Staleness(help_text=_("Whether anybody has looked after the customer lately")),
}
PROFILE_SAMPLE = {
    **PRIVATE_SAMPLE,
    "risks": [{"key": "stage", "label": "Stage", "text": "The stage is Churn risk."}],
    "completeness": {
        "percent": 81, "missing": ["phone", "owner"],
        "how": "How many of the 11 fields that a complete profile has are filled in.",
    },
    "staleness": {
        "is_stale": False, "untouched_since": None,
        "how": "Stale is a customer without a change, note, new stage or order in 180 days.",
    },
}  # fmt: skip


def profile_values(actor: Actor, customer_id: UUID, business: Business) -> dict[str, Any]:
    """What is told of one customer alone, as far as the actor may see it."""
    customer: Any = Customer.objects.with_facts().select_related("business").get(pk=customer_id)
    at = clock.now()
    filled = queries.completeness_of(customer, queries.custom_fields_of(business, kind=customer.kind))
    since = queries.untouched_since(customer, at)
    return {
        **private_values(actor, customer, business),
        "risks": [
            {"key": reason.key, "label": str(reason.label), "text": words}
            for reason, words in risks_of(actor, customer, at)
        ],
        "completeness": {
            "percent": filled.percent, "missing": list(filled.missing),
            "how": _t("How many of the %(total)d fields that a complete profile has are filled in.") % {"total": filled.total},
        },
        "staleness": {
            "is_stale": since is not None, "untouched_since": since and since.astimezone(UTC),
            "how": _t("Stale is a customer without a change, note, new stage or order in %(days)d days.") % {"days": UNTOUCHED.days},
        },
    }  # fmt: skip
