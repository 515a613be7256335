"""The ground of endpoints that show customers: who may see an answer again, the customer that the address names, one customer."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.functional import cached_property
from rest_framework.response import Response

from crm.access import saw
from crm.api.views import RecordEndpoint
from crm.errors import NotFound
from customers.api.profile import profile_values
from customers.api.representation import CUSTOMER
from customers.models import Customer


class ShowsCustomers:
    """An endpoint whose stored answers are given again to those who still see the customers in them."""

    actor: Any

    def may_see_again(self, customers: Sequence[str]) -> bool:
        wanted = set(customers)
        return Customer.objects.visible_to(self.actor).filter(pk__in=wanted).count() == len(wanted)


class BelowCustomer(ShowsCustomers):
    """An endpoint whose address names a customer; 404, stored answers and OPTIONS included, for one that the caller doesn't see."""

    kwargs: Any

    @cached_property
    def customer(self) -> Customer:
        found: Customer | None = Customer.objects.visible_to(self.actor).filter(pk=self.kwargs["id"]).first()
        if found is None:
            raise NotFound
        return found

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.customer.pk  # noqa: B018 - raises NotFound
        return super().options(request, *args, **kwargs)  # type: ignore[misc]  # an endpoint's

    def may_see_again(self, customers: Sequence[str]) -> bool:
        seen = Customer.objects.visible_to(self.actor).filter(pk=self.kwargs["id"]).exists()
        return seen and super().may_see_again(customers)


class CustomerEndpoint(ShowsCustomers, RecordEndpoint):
    """One customer that the caller may see."""

    abstract = True
    tag = "Customers"
    representation = CUSTOMER
    has_version = True

    def rows(self) -> QuerySet:
        return Customer.objects.visible_to(self.actor)

    def shown(self, row: dict[str, Any]) -> None:
        saw(self.request, [row["id"]])

    def details(self, row: dict[str, Any]) -> dict[str, Any]:
        return profile_values(self.actor, row["id"], self.business)
