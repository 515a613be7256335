"""The endpoint of a company with its subsidiaries: their figures together, and what they were summed from."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.response import Response

from crm.access import saw
from crm.api.patterns import CURRENCY
from crm.api.representation import Shown
from crm.api.views import Doc
from customers import queries
from customers.api.ground import CustomerEndpoint
from customers.api.representation import CUSTOMER
from customers.models import Customer
from customers.queries.families import family_fields, family_value

_FIGURES: dict[str, Shown] = {field.key: CUSTOMER.shown[field.key] for field in family_fields()}
_Figures = type(
    "FamilyFigures", (serializers.Serializer,), {key: shown.documented() for key, shown in _FIGURES.items()}
)
_ID = CUSTOMER.sample()["id"]
_FIGURES_SAMPLE = {key: shown.sample() for key, shown in _FIGURES.items()}


class FamilyMember(serializers.Serializer):
    id = serializers.UUIDField()
    display_name = serializers.CharField()
    parent = serializers.UUIDField(allow_null=True)  # type: ignore[assignment]  # as answered
    figures = _Figures()


class Family(serializers.Serializer):
    currency = serializers.RegexField(CURRENCY, help_text=_("Currency of all amounts"))
    figures = _Figures(help_text=_("Of all of them together; null where there is nothing to add up"))
    members = FamilyMember(many=True, help_text=_("What they were summed from, the nearest first, at most 200"))
    is_cut = serializers.BooleanField(help_text=_("Whether there are more, which were not summed"))


class CustomerFamily(CustomerEndpoint):
    """A company with the subsidiaries below it that the caller may see."""

    permissions = {"GET": "customers.view"}
    has_version = False
    docs = {
        "GET": Doc(
            "get_family",
            _("Get the figures of a company with its subsidiaries"),
            answer=Family,
            answer_example={
                "currency": "GBP", "figures": _FIGURES_SAMPLE,
                "members": [{"id": _ID, "display_name": "Acme Corp", "parent": None, "figures": _FIGURES_SAMPLE}],
                "is_cut": False,
            },
            text=_("Subsidiaries of subsidiaries count too. A person stands alone."),
        )
    }  # fmt: skip

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        customer = self.record
        members, is_cut = queries.family_of(self.actor, customer)
        saw(request, [customer.pk, *(member.pk for member in members)])
        return Response(
            {
                "currency": self.business.currency,
                "figures": self._figures(members),
                "members": [
                    {
                        "id": member.pk, "display_name": member.display_name, "parent": member.parent_id,
                        "figures": self._figures([member]),
                    }
                    for member in members
                ],
                "is_cut": is_cut,
            }
        )  # fmt: skip

    def _figures(self, members: list[Customer]) -> dict[str, Any]:
        return {
            field.key: _FIGURES[field.key].value({field.path: family_value(field, members)}, self.business)
            for field in family_fields()
        }
