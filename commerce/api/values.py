"""Endpoints of predicted value: that of a customer, and the model with its back-test."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.response import Response

from commerce.models import LifetimeValueEstimate, ValueModel
from commerce.queries.values import expected_of_all, latest_model
from crm.access import saw
from crm.api.representation import Representation, Shown, amount
from crm.api.views import Doc, Endpoint
from crm.errors import NotFound
from customers.api.ground import BelowCustomer

ESTIMATE = Representation(
    "ValueEstimate",
    [
        Shown("customer", "customer_id", "id", _("Customer")),
        Shown("predicted", "predicted", "money", _("What the customer is expected to bring, discounted")),
        Shown("low", "low", "money", _("What it will be at least, with the model's probability")),
        Shown("high", "high", "money", _("What it will be at most")),
        Shown("currency", "", "currency", _("Reporting currency of the business")),
        Shown("orders", "orders", "float", _("Expected orders"), example=2.4),
        Shown(
            "probability_alive", "alive", "float", _("Whether the customer still buys, from 0 to 1; null for the simpler estimate"),
            nullable=True, example=0.83,
        ),
        Shown("horizon_months", "model__horizon_months", "number", _("Months ahead"), example=12),
        Shown("model_version", "model__version", "number", _("Version of the model")),
        Shown("calculated_at", "calculated_at", "datetime", _("Reckoned")),
    ],
)  # fmt: skip


class CustomerValue(BelowCustomer, Endpoint):
    """What a customer is expected to bring."""

    tag = "Values"
    permissions = {"GET": "commerce.view_values"}
    docs = {
        "GET": Doc(
            "get_customer_value",
            _("Get a customer's predicted value"),
            answer=ESTIMATE.serializer(),
            answer_example=ESTIMATE.sample(),
            text=_("404 as well for a customer without an order, or before values were first predicted."),
        )
    }

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        customer = self.customer
        row = ESTIMATE.read(LifetimeValueEstimate.objects.filter(customer=customer)).first()
        if row is None:
            raise NotFound
        saw(request, [customer.pk])
        return Response(ESTIMATE.of(row, self.business))


class ValueModelAnswer(serializers.Serializer[Any]):
    """The model of predicted value."""

    version = serializers.IntegerField()
    method = serializers.DictField(help_text=_("How orders and their worth are predicted, and why a model is not used"))
    parameters = serializers.DictField()
    backtest = serializers.DictField(
        help_text=_("What the model would have said of the days held out, beside what came")
    )
    trained_from = serializers.DateField()
    trained_to = serializers.DateField()
    horizon_months = serializers.IntegerField()
    customers = serializers.IntegerField(help_text=_("With an estimate, that the caller sees"))
    predicted = serializers.CharField(help_text=_("What they are expected to bring together"))
    currency = serializers.CharField()


class ValueReport(Endpoint):
    """The model, how good it is, and what all customers are expected to bring."""

    tag = "Values"
    permissions = {"GET": "commerce.view_values"}
    docs = {
        "GET": Doc(
            "get_value_report",
            _("Get the model of predicted value"),
            answer=ValueModelAnswer,
            answer_example={
                "version": 1, "method": {"orders": "bg_nbd", "value": "gamma_gamma", "reasons": []}, "parameters": {}, "backtest": {},
                "trained_from": "2024-01-01", "trained_to": "2026-01-30", "horizon_months": 12, "customers": 1200,
                "predicted": "150000.00", "currency": "GBP",
            },
            text=_("404 before values were first predicted."),
        )
    }  # fmt: skip

    def get(self, request: Any) -> Response:
        self.refuse_parameters()
        model: ValueModel | None = latest_model()
        if model is None:
            raise NotFound
        found = expected_of_all(self.actor)
        return Response(
            {
                "version": model.version, "method": model.fit, "parameters": model.parameters, "backtest": model.backtest,
                "trained_from": model.trained_from, "trained_to": model.trained_to, "horizon_months": model.horizon_months,
                "customers": found.customers, "predicted": amount(found.predicted, self.business.currency),
                "currency": self.business.currency,
            }
        )  # fmt: skip
