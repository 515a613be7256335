"""The endpoint of companies: the list of customers limited to them, and adding one. One of them stands among the customers."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework.response import Response

from crm.api.fields import Choice
from crm.api.lists import envelope, envelope_sample
from crm.api.views import Doc
from customers.api.inputs import CustomerInput
from customers.api.representation import CUSTOMER
from customers.api.views import ANSWER, INCLUDES, SAMPLE, CustomerList
from customers.choices import Kind


class CompanyInput(CustomerInput):
    """What may be entered of a company: the fields of a customer. A name is needed."""

    kind = Choice(
        choices=[(Kind.COMPANY.value, Kind.COMPANY.label)],
        required=False,
        help_text=_("A company, also when left out."),
    )


class CompanyList(CustomerList):
    """Live customers that are companies, and adding one."""

    docs = {
        "GET": Doc(
            "list_companies",
            _("List, filter and search companies"),
            answer=envelope(CUSTOMER, INCLUDES),
            answer_example=envelope_sample(CUSTOMER),
            text=_("The customers that are companies, with the parameters of their list."),
        ),
        "POST": Doc(
            "create_company",
            _("Add a company"),
            answer=ANSWER,
            body=CompanyInput,
            status=201,
            body_example={"display_name": "Acme Corp", "industry": "Technology", "country": "United Kingdom"},
            answer_example=SAMPLE,
            text=_("Its address is that of a customer."),
        ),
    }

    def rows(self) -> QuerySet:
        return super().rows().filter(kind=Kind.COMPANY)

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        return self.add({**self.body(CompanyInput), "kind": Kind.COMPANY})
