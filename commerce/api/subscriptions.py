"""Endpoints of subscriptions: all of them, those of one customer, one of them, its ledger, and the deeds on it."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.response import Response

from commerce import services
from commerce.api.subscription_fields import (
    CHANGE,
    RECURRING_TOTALS_SAMPLE,
    SUBSCRIPTION,
    CancelInput,
    ChangeInput,
    FromDayInput,
    NewSubscriptionInput,
    ReasonInput,
    RecurringTotals,
)
from commerce.filters.subscriptions import SubscriptionFilterSet
from commerce.models import Subscription
from commerce.queries.subscriptions import recurring_of
from commerce.tables.subscriptions import BY_MRR, BY_RENEWAL, BY_START
from crm import clock
from crm.access import saw
from crm.api.includes import Included, with_includes
from crm.api.lists import ListEndpoint, envelope, envelope_sample
from crm.api.representation import amount
from crm.api.views import Doc, RecordEndpoint
from customers.api.ground import BelowCustomer, ShowsCustomers
from customers.api.representation import CUSTOMER
from customers.models import Customer

_ANSWER, _SAMPLE = SUBSCRIPTION.serializer(), SUBSCRIPTION.sample()
_BODY = {"plan": "Pro", "amount": "1234.50", "interval": "month", "seats": 12, "started_on": "2026-01-31"}


def customers_of(view: Any, ids: set[Any]) -> dict[Any, Any]:
    """The customers with these ids, as they are shown."""
    found = CUSTOMER.read(Customer.objects.visible_to(view.actor).filter(pk__in=ids))
    return {row["id"]: CUSTOMER.of(row, view.business) for row in found}


INCLUDES = {
    "customer": Included(
        "customer", _("Who pays"), "customer", customers_of, CUSTOMER.serializer(), permission="customers.view"
    )
}


class SubscriptionEndpoints(ShowsCustomers, ListEndpoint):
    """Lists of subscriptions, with what they bring."""

    abstract = True
    tag = "Subscriptions"
    representation = SUBSCRIPTION
    filterset_class = SubscriptionFilterSet
    sorts = {"started_on": BY_START, "renews_on": BY_RENEWAL, "mrr": BY_MRR}
    default_sort = "-started_on"
    includes = INCLUDES
    has_version = True
    permissions = {"GET": "commerce.view_subscriptions", "POST": "commerce.change_subscriptions"}

    def rows(self) -> QuerySet:
        return Subscription.objects.visible_to(self.actor)

    def needs(self) -> set[str]:
        return {"customer"}

    def totals(self, rows: QuerySet) -> dict[str, Any]:
        sums, currency = recurring_of(rows, self.business, clock.now()), self.business.currency
        return {"mrr": amount(sums.mrr, currency), "arr": amount(sums.arr, currency), "currency": currency}

    def shown(self, rows: Sequence[Mapping[str, Any]]) -> None:
        saw(self.request, [row["customer"] for row in rows])


_ENVELOPE = envelope(SUBSCRIPTION, INCLUDES, RecurringTotals)
_ENVELOPE_SAMPLE = {**envelope_sample(SUBSCRIPTION), "totals": RECURRING_TOTALS_SAMPLE}


class SubscriptionList(SubscriptionEndpoints):
    """The subscriptions that the caller sees, and starting one."""

    docs = {
        "GET": Doc(
            "list_subscriptions", _("List and filter subscriptions"), answer=_ENVELOPE, answer_example=_ENVELOPE_SAMPLE
        ),
        "POST": Doc(
            "start_subscription",
            _("Start a subscription"),
            answer=_ANSWER,
            body=NewSubscriptionInput,
            status=201,
            again=True,
            text=_(
                "A subscription with the source, external id and content of one that is there is that one: the answer is then 200."
            ),
            body_example={**_BODY, "customer": _SAMPLE["customer"]},
            answer_example=_SAMPLE,
            problems=(409,),
        ),
    }

    def post(self, request: Any) -> Response:
        self.refuse_parameters()
        values = self.body(NewSubscriptionInput)
        found, created = services.start_subscription(
            actor=self.actor, business=self.business, at=clock.now(), **values
        )  # fmt: skip
        return self.answer_added(Subscription.objects.all(), found.pk, "api:subscription_detail", is_new=created)


class CustomerSubscriptions(BelowCustomer, SubscriptionEndpoints):
    """The subscriptions of one customer."""

    permissions = {"GET": "commerce.view_subscriptions"}
    docs = {
        "GET": Doc(
            "list_subscriptions_of_customer",
            _("List the subscriptions of a customer"),
            answer=_ENVELOPE,
            answer_example=_ENVELOPE_SAMPLE,
        )
    }

    def rows(self) -> QuerySet:
        return Subscription.objects.visible_to(self.actor).filter(customer=self.customer)


class SubscriptionEndpoint(ShowsCustomers, RecordEndpoint):
    """One subscription that the caller sees."""

    abstract = True
    tag = "Subscriptions"
    representation = SUBSCRIPTION
    has_version = True

    def rows(self) -> QuerySet:
        return Subscription.objects.visible_to(self.actor)

    def shown(self, row: dict[str, Any]) -> None:
        saw(self.request, [row["customer"]])

    def done(self, deed: Any, body: Any) -> Response:
        """Carry out a deed on the subscription with the values of the body, and show it."""
        self.refuse_parameters()
        record, version = self.record, self.asked_version()
        deed(actor=self.actor, subscription=record, at=clock.now(), version=version, **self.body(body))
        return self.show()


class SubscriptionDetail(SubscriptionEndpoint):
    includes = INCLUDES
    permissions = {
        "GET": "commerce.view_subscriptions",
        "PATCH": "commerce.change_subscriptions",
        "PUT": "commerce.change_subscriptions",
    }
    _text = _(
        "Only the fields in the body change; PUT and PATCH do the same. Plan, amount, currency, interval and seats hold from “on”."
    )
    docs = {
        "GET": Doc(
            "get_subscription",
            _("Get a subscription"),
            answer=with_includes(_ANSWER, INCLUDES.values()),
            answer_example=_SAMPLE,
        ),
        "PATCH": Doc(
            "change_subscription",
            _("Change a subscription"),
            answer=_ANSWER,
            body=ChangeInput,
            text=_text,
            body_example={"amount": "1500.00", "seats": 15, "reason": "More people"},
            answer_example=_SAMPLE,
            problems=(409,),
        ),
        "PUT": Doc(
            "put_subscription",
            _("Change a subscription by PUT"),
            answer=_ANSWER,
            body=ChangeInput,
            text=_text,
            body_example={"auto_renews": False},
            answer_example=_SAMPLE,
            problems=(409,),
        ),
    }

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        return self.show()

    def patch(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        record, version = self.record, self.asked_version()
        values = self.body(ChangeInput, partial=True)
        services.change_subscription(
            actor=self.actor, subscription=record, at=clock.now(), version=version, **values
        )  # fmt: skip
        return self.show()

    put = patch


def _deed(name: str, summary: Any, body: Any, example: dict[str, Any], text: Any = "") -> dict[str, Doc]:
    return {
        "POST": Doc(
            name, summary, answer=_ANSWER, body=body, body_example=example, answer_example=_SAMPLE, text=text, problems=(409,)
        )
    }  # fmt: skip


class SubscriptionPause(SubscriptionEndpoint):
    permissions = {"POST": "commerce.change_subscriptions"}
    docs = _deed("pause_subscription", _("Pause a subscription"), FromDayInput, {"reason": "Season is over"})

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        return self.done(services.pause_subscription, FromDayInput)


class SubscriptionResume(SubscriptionEndpoint):
    permissions = {"POST": "commerce.change_subscriptions"}
    docs = _deed("resume_subscription", _("Resume a subscription, or let a trial be paid for"), FromDayInput, {})

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        return self.done(services.resume_subscription, FromDayInput)


class SubscriptionCancel(SubscriptionEndpoint):
    permissions = {"POST": "commerce.change_subscriptions"}
    docs = _deed(
        "cancel_subscription", _("Cancel a subscription"), CancelInput, {"reason": "Too dear"},
        _("It ends today, on the day that is given, or when it would renew; until then it counts."),
    )  # fmt: skip

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        return self.done(services.cancel_subscription, CancelInput)


class SubscriptionReopen(SubscriptionEndpoint):
    permissions = {"POST": "commerce.change_subscriptions"}
    docs = _deed(
        "reopen_subscription", _("Take the cancellation of a subscription back"), ReasonInput, {},
        _("One that is still to come is as if it had not been; what has ended runs again from today."),
    )  # fmt: skip

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        return self.done(services.reopen_subscription, ReasonInput)


class SubscriptionChanges(SubscriptionEndpoint):
    """The ledger of one subscription, the first line first."""

    permissions = {"GET": "commerce.view_subscriptions"}
    docs = {
        "GET": Doc(
            "list_subscription_changes",
            _("What a subscription brought per month, from which day on"),
            answer=type("SubscriptionChanges", (serializers.Serializer,), {"data": CHANGE.serializer()(many=True)}),
            answer_example={"data": [CHANGE.sample()]},
        )
    }

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        record = self.record
        self.shown({"customer": record.customer_id})
        lines = CHANGE.read(record.changes.order_by("on", "id"))
        return Response({"data": [CHANGE.of(line, self.business) for line in lines]})
