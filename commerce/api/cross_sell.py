"""Endpoints of what is bought together: pairs of products and of categories, and what to suggest to a customer."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.response import Response

from commerce.filters.cross_sell import CategoryPairFilterSet, ProductPairFilterSet
from commerce.models import CategoryPair, ProductPair
from commerce.queries.cross_sell import CROSS_SELL, UPSELL, Suggestion, suggestions_for
from commerce.queries.products import latest_run
from commerce.tables.cross_sell import BY_BOTH, BY_CONFIDENCE, BY_LIFT, BY_SCORE
from crm.access import saw
from crm.api.lists import ListEndpoint, envelope, envelope_sample
from crm.api.representation import Representation, Shown
from crm.api.views import Doc, Endpoint
from customers.api.ground import BelowCustomer

_MEASURES = [
    Shown("both", "both", "number", _("Customers who bought both"), example=120),
    Shown("followed", "followed", "number", _("Of these, who bought the second on a later day"), example=70),
    Shown("buyers", "buyers", "number", _("Customers of the first"), example=400),
    Shown("partner_buyers", "partner_buyers", "number", _("Customers of the second"), example=300),
    Shown("support", "support", "float", _("both ÷ all customers who bought anything"), example=0.03),
    Shown("confidence", "confidence", "float", _("both ÷ customers of the first"), example=0.3),
    Shown("lift", "lift", "float", _("confidence ÷ share of the second"), example=4.0),
]
PRODUCT_PAIR = Representation(
    "ProductPair",
    [
        Shown("id", "id", "number"),
        Shown("product", "product", "id", _("The first product")),
        Shown("product_code", "product__code", "text", _("Its code"), example="85123A"),
        Shown("partner", "partner", "id", _("The second product")),
        Shown("partner_code", "partner__code", "text", _("Its code"), example="22423"),
        *_MEASURES,
    ],
)
CATEGORY_PAIR = Representation(
    "CategoryPair",
    [
        Shown("id", "id", "number"),
        Shown("category", "category", "id", _("The first category")),
        Shown("category_name", "category__name", "text", _("Its name"), example="Lights"),
        Shown("partner", "partner", "id", _("The second category")),
        Shown("partner_name", "partner__name", "text", _("Its name"), example="Candles"),
        *_MEASURES,
    ],
)


class RunTotals(serializers.Serializer):
    """The reckoning by which the pairs stand; null before the first."""

    calculated_at = serializers.DateTimeField(allow_null=True)
    day_from = serializers.DateField(allow_null=True)
    day_to = serializers.DateField(allow_null=True)
    customers = serializers.IntegerField(allow_null=True, help_text=_("Who bought anything in these days"))
    floor = serializers.IntegerField(allow_null=True, help_text=_("How many customers a pair has at least"))


_TOTALS_SAMPLE = {
    "calculated_at": "2026-01-31T02:00:00Z", "day_from": "2025-01-31", "day_to": "2026-01-30", "customers": 4000, "floor": 20,
}  # fmt: skip


class PairEndpoints(ListEndpoint):
    """Pairs, the strongest first."""

    abstract = True
    tag = "Cross-sell"
    sorts = {"score": BY_SCORE, "lift": BY_LIFT, "confidence": BY_CONFIDENCE, "both": BY_BOTH}
    default_sort = "-score"
    permissions = {"GET": "commerce.view_cross_sell"}

    def totals(self, rows: QuerySet) -> dict[str, Any]:
        run = latest_run()
        names = {name: name for name in ("calculated_at", "day_from", "day_to", "floor")} | {
            "customers": "customer_count"
        }
        return {name: getattr(run, column, None) for name, column in names.items()}


def _list(name: str, summary: Any, representation: Representation) -> dict[str, Doc]:
    return {
        "GET": Doc(
            name, summary, answer=envelope(representation, None, RunTotals),
            answer_example={**envelope_sample(representation), "totals": _TOTALS_SAMPLE},
            text=_("Sorted by “score”, which is lift times confidence, unless told otherwise."),
        )
    }  # fmt: skip


class CrossSellReport(PairEndpoints):
    """Pairs of products that the same customers bought."""

    representation = PRODUCT_PAIR
    filterset_class = ProductPairFilterSet
    docs = _list("list_product_pairs", _("List products that are bought together"), PRODUCT_PAIR)

    def rows(self) -> QuerySet:
        return ProductPair.objects.all()


class CategoryPairs(PairEndpoints):
    """Pairs of categories of which the same customers bought."""

    representation = CATEGORY_PAIR
    filterset_class = CategoryPairFilterSet
    docs = _list("list_category_pairs", _("List categories that are bought together"), CATEGORY_PAIR)

    def rows(self) -> QuerySet:
        return CategoryPair.objects.all()


class SuggestionAnswer(serializers.Serializer):
    """A product that the customer hasn't bought, and the one of its own that speaks for it."""

    kind = serializers.ChoiceField(choices=[(CROSS_SELL, CROSS_SELL), (UPSELL, UPSELL)])
    product = serializers.UUIDField()
    code = serializers.CharField()
    name = serializers.CharField(allow_blank=True)
    because = serializers.UUIDField(help_text=_("The product that the customer has bought"))
    because_code = serializers.CharField()
    confidence = serializers.FloatField(help_text=_("Part of those who bought that one who bought this one as well"))
    lift = serializers.FloatField(help_text=_("How many times as often as all customers"))
    went_on = serializers.FloatField(help_text=_("Part of them who bought this one on a later day"))


class SuggestionsAnswer(serializers.Serializer[Any]):
    """What to suggest, cross-sell first, and as of when; null without any."""

    data = SuggestionAnswer(many=True)  # type: ignore[assignment]  # declared fields are no attributes
    calculated_at = serializers.DateTimeField(allow_null=True)


_ID = "01980a3e-5c1b-7e0a-9d3f-2b6f1c4d8e90"
_SUGGESTION = {
    "kind": CROSS_SELL, "product": _ID, "code": "22423", "name": "Cake stand", "because": _ID, "because_code": "85123A",
    "confidence": 0.34, "lift": 4.1, "went_on": 0.2,
}  # fmt: skip


class CustomerSuggestions(BelowCustomer, Endpoint):
    """What to suggest to a customer."""

    tag = "Cross-sell"
    permissions = {"GET": "commerce.view_products"}
    docs = {
        "GET": Doc(
            "list_suggestions",
            _("Get what to suggest to a customer"),
            answer=SuggestionsAnswer,
            answer_example={"data": [_SUGGESTION], "calculated_at": "2026-01-31T02:00:00Z"},
            text=_(
                "At most five products for cross-sell and three dearer ones of the same category, each with its reason."
            ),
        )
    }

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        customer = self.customer
        saw(request, [customer.pk])
        found = suggestions_for(customer)
        return Response(
            {"data": [_shown(one) for one in found], "calculated_at": found[0].calculated_at if found else None}
        )


def _shown(one: Suggestion) -> dict[str, Any]:
    return {
        "kind": one.kind, "product": one.product_id, "code": one.code, "name": one.name, "because": one.because_id,
        "because_code": one.because_code, "confidence": one.confidence, "lift": one.lift, "went_on": one.went_on,
    }  # fmt: skip
