"""Endpoints of deals: all of them, those of one customer, one deal, moving it, and the steps that it has taken."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.response import Response

from commerce import services
from commerce.api.deal_fields import DEAL, STEP, TOTALS_SAMPLE, DealInput, DealTotals, MoveInput, NewDealInput
from commerce.filters import DealFilterSet
from commerce.models import Opportunity
from commerce.queries.deal_search import MATCHES, deals_matching
from commerce.queries.deals import sums_of
from crm import clock
from crm.access import saw
from crm.api.includes import Included, Person, load_people, with_includes
from crm.api.lists import ListEndpoint, envelope, envelope_sample
from crm.api.representation import amount
from crm.api.views import Doc, RecordEndpoint
from crm.paging import Sort
from customers.api.contact_fields import CONTACT
from customers.api.ground import BelowCustomer, ShowsCustomers
from customers.api.representation import CUSTOMER
from customers.models import Contact, Customer

_ANSWER, _SAMPLE = DEAL.serializer(), DEAL.sample()
_BODY = {"name": "40 more seats", "kind": "expansion", "amount": "4800.00", "expected_close_on": "2026-09-30"}


def _customers(view: Any, ids: set[Any]) -> dict[Any, Any]:
    found = CUSTOMER.read(Customer.objects.visible_to(view.actor).filter(pk__in=ids))
    return {row["id"]: CUSTOMER.of(row, view.business) for row in found}


def _contacts(view: Any, ids: set[Any]) -> dict[Any, Any]:
    found = CONTACT.read(Contact.objects.visible_to(view.actor).filter(pk__in=ids))
    return {row["id"]: CONTACT.of(row, view.business) for row in found}


INCLUDES = {
    "customer": Included(
        "customer", _("Whose deal it is"), "customer", _customers, CUSTOMER.serializer(), permission="customers.view"
    ),
    "contact": Included(
        "contact", _("With whom it is made"), "contact", _contacts, CONTACT.serializer(), permission="customers.view"
    ),
    "owner": Included("owner", _("Who looks after it"), "owner", load_people, Person),
}


class DealEndpoints(ShowsCustomers, ListEndpoint):
    """Lists of deals, with what they come to."""

    abstract = True
    tag = "Deals"
    representation = DEAL
    filterset_class = DealFilterSet
    sorts = {
        "created_at": Sort("created_at", "created_at", descending_first=True),
        "expected_close_on": Sort("expected_close_on", "expected_close_on", nullable=True),
        "amount": Sort("amount", "amount_base", nullable=True, descending_first=True),
    }
    default_sort = "-created_at"
    searchable = True
    includes = INCLUDES
    has_version = True
    permissions = {"GET": "commerce.view_deals", "POST": "commerce.add_deals"}

    def rows(self) -> QuerySet:
        return Opportunity.objects.visible_to(self.actor)

    def search(self, rows: QuerySet, words: str) -> QuerySet:
        found = deals_matching(rows, words)
        self.is_cut = len(found) >= MATCHES
        return rows.filter(pk__in=found)

    def needs(self) -> set[str]:
        return {"customer"}

    def totals(self, rows: QuerySet) -> dict[str, Any]:
        sums, currency = sums_of(rows), self.business.currency
        return {
            "amount": amount(sums.amount, currency), "weighted": amount(sums.weighted, currency), "currency": currency,
        }  # fmt: skip

    def shown(self, rows: Sequence[Mapping[str, Any]]) -> None:
        saw(self.request, [row["customer"] for row in rows if row["customer"]])


_ENVELOPE = envelope(DEAL, INCLUDES, DealTotals)
_ENVELOPE_SAMPLE = {**envelope_sample(DEAL), "totals": TOTALS_SAMPLE}
_AGAIN = _("A deal with the source, external id and content of one that is there is that one: the answer is then 200.")


class DealList(DealEndpoints):
    """The deals that the caller sees, and adding one."""

    docs = {
        "GET": Doc("list_deals", _("List and filter deals"), answer=_ENVELOPE, answer_example=_ENVELOPE_SAMPLE),
        "POST": Doc(
            "create_deal",
            _("Add a deal"),
            answer=_ANSWER,
            body=NewDealInput,
            status=201,
            again=True,
            text=_AGAIN,
            body_example={**_BODY, "customer": _SAMPLE["customer"]},
            answer_example=_SAMPLE,
            problems=(409,),
        ),
    }

    def post(self, request: Any) -> Response:
        self.refuse_parameters()
        values = self.body(NewDealInput)
        deal, created = services.create_deal(actor=self.actor, business=self.business, at=clock.now(), **values)
        return self.answer_added(Opportunity.objects.all(), deal.pk, "api:deal_detail", is_new=created)


class CustomerDeals(BelowCustomer, DealEndpoints):
    """The deals of one customer."""

    permissions = {"GET": "commerce.view_deals"}
    docs = {
        "GET": Doc(
            "list_deals_of_customer", _("List the deals of a customer"), answer=_ENVELOPE, answer_example=_ENVELOPE_SAMPLE
        )
    }  # fmt: skip

    def rows(self) -> QuerySet:
        return Opportunity.objects.visible_to(self.actor).filter(customer=self.customer)


class DealEndpoint(ShowsCustomers, RecordEndpoint):
    """One deal that the caller sees."""

    abstract = True
    tag = "Deals"
    representation = DEAL
    has_version = True

    def rows(self) -> QuerySet:
        return Opportunity.objects.visible_to(self.actor)

    def shown(self, row: dict[str, Any]) -> None:
        saw(self.request, [row["customer"]] if row["customer"] else [])


class DealDetail(DealEndpoint):
    includes = INCLUDES
    permissions = {
        "GET": "commerce.view_deals",
        "PATCH": "commerce.change_deals",
        "PUT": "commerce.change_deals",
        "DELETE": "commerce.delete_deals",
    }
    _text = _("Only the fields in the body change; PUT and PATCH do the same. The stage is changed by moving the deal.")
    docs = {
        "GET": Doc(
            "get_deal", _("Get a deal"), answer=with_includes(_ANSWER, INCLUDES.values()), answer_example=_SAMPLE
        ),
        "PATCH": Doc(
            "change_deal",
            _("Change a deal"),
            answer=_ANSWER,
            body=DealInput,
            text=_text,
            body_example={"expected_close_on": "2026-10-31"},
            answer_example=_SAMPLE,
        ),
        "PUT": Doc(
            "put_deal",
            _("Change a deal by PUT"),
            answer=_ANSWER,
            body=DealInput,
            text=_text,
            body_example={"amount": "5200.00"},
            answer_example=_SAMPLE,
        ),
        "DELETE": Doc(
            "delete_deal",
            _("Delete a deal"),
            status=204,
            text=_("The deal and its steps are gone, as if it had never been; orders and invoices of it stay."),
        ),
    }

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        return self.show()

    def patch(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        deal, version = self.record, self.asked_version()
        values = self.body(DealInput, partial=True)
        services.update_deal(actor=self.actor, deal=deal, at=clock.now(), version=version, **values)
        # who may see it by its customer alone may have given it away
        return self.show(Opportunity.objects.all())

    put = patch

    def delete(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        services.delete_deal(actor=self.actor, deal=self.record, version=self.asked_version())
        return Response(status=204)


class DealMove(DealEndpoint):
    permissions = {"POST": "commerce.change_deals"}
    docs = {
        "POST": Doc(
            "move_deal",
            _("Move a deal to another stage"),
            answer=_ANSWER,
            body=MoveInput,
            body_example={"stage": "won"},
            answer_example={**_SAMPLE, "stage": "won"},
            text=_(
                "Also closes it as won or lost, and opens it again. Winning a deal of the kind expansion moves its customer to"
                " the stage Expansion."
            ),
            problems=(409,),
        )
    }

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        deal, version = self.record, self.asked_version()
        values = self.body(MoveInput)
        services.move_deal(actor=self.actor, deal=deal, at=clock.now(), version=version, **values)
        return self.show()


class DealStages(DealEndpoint):
    """The steps of one deal from stage to stage, the first one first."""

    permissions = {"GET": "commerce.view_deals"}
    docs = {
        "GET": Doc(
            "list_deal_stages",
            _("The steps of a deal from stage to stage"),
            answer=type("DealSteps", (serializers.Serializer,), {"data": STEP.serializer()(many=True)}),
            answer_example={"data": [STEP.sample()]},
        )
    }

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        deal = self.record
        self.shown({"customer": deal.customer_id})
        steps = STEP.read(deal.stage_changes.order_by("id"))
        return Response({"data": [STEP.of(step, self.business) for step in steps]})
