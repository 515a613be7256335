"""The endpoint of a company's stakeholders: how well they are covered."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.response import Response

from crm import clock
from crm.access import saw
from crm.api.views import Doc
from customers.api.contact_fields import CONTACT, ROLE_CHOICES
from customers.api.ground import CustomerEndpoint
from customers.choices import ContactRole, Kind
from customers.queries.contacts import days_since_touch, stakeholder_coverage
from customers.services.contacts import NotACompany

_SAMPLE = CONTACT.sample()


class StakeholderShape(serializers.Serializer):
    id = serializers.UUIDField()
    display_name = serializers.CharField()
    role = serializers.ChoiceField(choices=ROLE_CHOICES)
    influence = serializers.IntegerField(allow_null=True)
    sentiment = serializers.IntegerField(allow_null=True)
    reports_to = serializers.UUIDField(allow_null=True)
    days_since_touch = serializers.IntegerField(allow_null=True, help_text=_("Null when never spoken to."))


class CoverageShape(serializers.Serializer):
    contacts = StakeholderShape(many=True)
    untouched_after_days = serializers.IntegerField(help_text=_("A setting of the business."))
    missing_roles = serializers.ListField(child=serializers.ChoiceField(choices=ContactRole.choices))
    untouched = serializers.ListField(
        child=serializers.UUIDField(), help_text=_("Not spoken to for so many days, or never.")
    )
    engaged = serializers.ListField(
        child=serializers.UUIDField(),
        help_text=_("Spoken to since, and of a sentiment of at least 0; unknown counts as 0."),
    )
    single_threaded = serializers.BooleanField(help_text=_("There are contacts, and fewer than two are engaged."))
    champion = serializers.UUIDField(allow_null=True, help_text=_("The strongest champion."))
    champion_strength = serializers.IntegerField(
        allow_null=True,
        help_text=_(
            "0 to 100: 100 × influence ÷ 5 × (sentiment + 2) ÷ 4, halved when untouched; unknown influence counts as 3."
        ),
    )


class CustomerStakeholders(CustomerEndpoint):
    """How well the people of a company are covered, and what the map of them is drawn from."""

    tag = "Contacts"
    has_version = False
    permissions = {"GET": "customers.view"}
    docs = {
        "GET": Doc(
            "get_stakeholders",
            _("Get the stakeholders of a company and how they are covered"),
            answer=CoverageShape,
            answer_example={
                "contacts": [
                    {
                        "id": _SAMPLE["id"], "display_name": "Dana Reyes", "role": "champion", "influence": 4, "sentiment": 1,
                        "reports_to": None, "days_since_touch": 12,
                    }
                ],
                "untouched_after_days": 60,
                "missing_roles": ["decision_maker", "executive_sponsor", "user"],
                "untouched": [],
                "engaged": [_SAMPLE["id"]],
                "single_threaded": True,
                "champion": _SAMPLE["id"],
                "champion_strength": 60,
            },
            text=_("Of a company with very many contacts, the 300 most influential."),
            problems=(422,),
        )
    }  # fmt: skip

    def rows(self) -> QuerySet:
        return super().rows().select_related("business")

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        company = self.record
        self.refuse_parameters()
        if company.kind != Kind.COMPANY:
            raise NotACompany
        at = clock.now()
        coverage = stakeholder_coverage(company, at)
        saw(request, [company.pk])
        return Response(
            {
                "contacts": [
                    {
                        "id": c.pk, "display_name": c.display_name, "role": c.role, "influence": c.influence, "sentiment": c.sentiment,
                        "reports_to": c.reports_to_id, "days_since_touch": days_since_touch(c, self.business, at),
                    }
                    for c in coverage.contacts
                ],
                "untouched_after_days": coverage.after_days,
                "missing_roles": list(coverage.missing_roles),
                "untouched": [c.pk for c in coverage.untouched],
                "engaged": [c.pk for c in coverage.engaged],
                "single_threaded": coverage.single_threaded,
                "champion": coverage.champion.pk if coverage.champion else None,
                "champion_strength": coverage.champion_strength,
            }
        )  # fmt: skip
