"""The endpoint of the person behind customers of several businesses."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.response import Response

from crm.access import record_access
from crm.api.fields import Id, Input
from crm.api.views import Doc
from customers import services
from customers.api.ground import CustomerEndpoint
from customers.api.representation import CUSTOMER
from customers.queries.people import customer_elsewhere


class JoinInput(Input):
    customer = Id(help_text=_("Id of a customer of another business in which the caller may change customers."))


class CustomerPerson(CustomerEndpoint):
    """Which customers of other businesses are the same person or company."""

    permissions = {"POST": "customers.change", "DELETE": "customers.change"}
    docs = {
        "POST": Doc(
            "join_person",
            _("Note that a customer of another business is the same"),
            body=JoinInput,
            body_example={"customer": CUSTOMER.sample()["id"]},
            status=204,
            text=_("For people who may change customers in both businesses. Each keeps its own record."),
            problems=(409, 422),
        ),
        "DELETE": Doc("leave_person", _("Part a customer from those of other businesses"), status=204, problems=(409,)),
    }

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        customer = self.record
        pk = self.body(JoinInput)["customer"]
        other = customer_elsewhere(self.actor, pk, apart_from=self.business)
        if other is None:
            raise ValidationError(
                {
                    "customer": [
                        ErrorDetail(
                            str(_("There is no such customer in another of your businesses.")), code="unknown_id"
                        )
                    ]
                }
            )
        record_access(actor=self.actor, business=other.business, what="api:customer_person", customer_ids=[other.pk])
        services.join_person(actor=self.actor, customer=customer, other=other)
        return Response(status=204)

    def delete(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        services.leave_person(actor=self.actor, customer=self.record)
        return Response(status=204)
