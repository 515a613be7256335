"""Endpoints of invoices and payments: all of them, those of one customer or invoice, one of them, and the deeds on it."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from rest_framework.response import Response

from commerce import services
from commerce.api.invoice_fields import (
    BILLED_TOTALS_SAMPLE,
    INVOICE,
    PAYMENT,
    BilledTotals,
    InvoiceInput,
    PaymentInput,
    VoidInput,
)
from commerce.api.subscriptions import customers_of
from commerce.filters.invoices import InvoiceFilterSet, PaymentFilterSet
from commerce.models import Invoice, Payment
from commerce.queries.invoices import billed_of
from commerce.tables.invoices import BY_DUE, BY_ISSUE
from crm import clock
from crm.access import saw
from crm.api.includes import Included, with_includes
from crm.api.lists import ListEndpoint, envelope, envelope_sample
from crm.api.representation import amount
from crm.api.views import Doc, RecordEndpoint
from crm.errors import NotFound
from crm.paging import Sort
from customers.api.ground import BelowCustomer, ShowsCustomers
from customers.api.representation import CUSTOMER

_ANSWER, _SAMPLE = INVOICE.serializer(), INVOICE.sample()
_PAYMENT, _PAYMENT_SAMPLE = PAYMENT.serializer(), PAYMENT.sample()
_BODY = {"number": "INV-1042", "amount": "1234.50", "issued_on": "2026-01-31", "due_on": "2026-03-02"}
INCLUDES = {
    "customer": Included(
        "customer", _("Who is to pay"), "customer", customers_of, CUSTOMER.serializer(), permission="customers.view"
    )
}


class InvoiceEndpoints(ShowsCustomers, ListEndpoint):
    """Lists of invoices, with what they come to."""

    abstract = True
    tag = "Invoices"
    representation = INVOICE
    filterset_class = InvoiceFilterSet
    sorts = {"issued_on": BY_ISSUE, "due_on": BY_DUE}
    default_sort = "-issued_on"
    includes = INCLUDES
    has_version = True
    permissions = {"GET": "commerce.view_invoices", "POST": "commerce.change_invoices"}

    def rows(self) -> QuerySet:
        return Invoice.objects.visible_to(self.actor)

    def needs(self) -> set[str]:
        return {"customer"}

    def totals(self, rows: QuerySet) -> dict[str, Any]:
        sums, currency = billed_of(rows), self.business.currency
        return {
            "amount": amount(sums.amount, currency), "paid": amount(sums.paid, currency), "owed": amount(sums.owed, currency),
            "currency": currency,
        }  # fmt: skip

    def shown(self, rows: Sequence[Mapping[str, Any]]) -> None:
        saw(self.request, [row["customer"] for row in rows])


_ENVELOPE = envelope(INVOICE, INCLUDES, BilledTotals)
_ENVELOPE_SAMPLE = {**envelope_sample(INVOICE), "totals": BILLED_TOTALS_SAMPLE}


class InvoiceList(InvoiceEndpoints):
    """The invoices that the caller sees, and writing one."""

    docs = {
        "GET": Doc("list_invoices", _("List and filter invoices"), answer=_ENVELOPE, answer_example=_ENVELOPE_SAMPLE),
        "POST": Doc(
            "create_invoice",
            _("Write an invoice"),
            answer=_ANSWER,
            body=InvoiceInput,
            status=201,
            again=True,
            text=_("An invoice with the number and content of one that is there is that one: the answer is then 200."),
            body_example={**_BODY, "customer": _SAMPLE["customer"]},
            answer_example=_SAMPLE,
            problems=(409,),
        ),
    }

    def post(self, request: Any) -> Response:
        self.refuse_parameters()
        values = self.body(InvoiceInput)
        found, created = services.create_invoice(actor=self.actor, business=self.business, at=clock.now(), **values)
        return self.answer_added(Invoice.objects.all(), found.pk, "api:invoice_detail", is_new=created)


class CustomerInvoices(BelowCustomer, InvoiceEndpoints):
    """The invoices of one customer."""

    permissions = {"GET": "commerce.view_invoices"}
    docs = {
        "GET": Doc(
            "list_invoices_of_customer",
            _("List the invoices of a customer"),
            answer=_ENVELOPE,
            answer_example=_ENVELOPE_SAMPLE,
        )
    }

    def rows(self) -> QuerySet:
        return Invoice.objects.visible_to(self.actor).filter(customer=self.customer)


class InvoiceEndpoint(ShowsCustomers, RecordEndpoint):
    """One invoice that the caller sees."""

    abstract = True
    tag = "Invoices"
    representation = INVOICE
    has_version = True

    def rows(self) -> QuerySet:
        return Invoice.objects.visible_to(self.actor)

    def shown(self, row: dict[str, Any]) -> None:
        saw(self.request, [row["customer"]])


class InvoiceDetail(InvoiceEndpoint):
    includes = INCLUDES
    permissions = {
        "GET": "commerce.view_invoices",
        "PATCH": "commerce.change_invoices",
        "PUT": "commerce.change_invoices",
    }
    _text = _(
        "Only the fields in the body change; PUT and PATCH do the same. Once money has come in, only “due_on” and “note” do."
    )
    docs = {
        "GET": Doc(
            "get_invoice",
            _("Get an invoice"),
            answer=with_includes(_ANSWER, INCLUDES.values()),
            answer_example=_SAMPLE,
        ),
        "PATCH": Doc(
            "change_invoice",
            _("Change an invoice"),
            answer=_ANSWER,
            body=InvoiceInput,
            text=_text,
            body_example={"due_on": "2026-04-30"},
            answer_example=_SAMPLE,
            problems=(409,),
        ),
        "PUT": Doc(
            "put_invoice",
            _("Change an invoice by PUT"),
            answer=_ANSWER,
            body=InvoiceInput,
            text=_text,
            body_example={"note": "Sent by post"},
            answer_example=_SAMPLE,
            problems=(409,),
        ),
    }

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        return self.show()

    def patch(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        invoice, version = self.record, self.asked_version()
        values = self.body(InvoiceInput, partial=True)
        services.update_invoice(actor=self.actor, invoice=invoice, version=version, **values)
        # who may see it by its customer alone may have given it away
        return self.show(Invoice.objects.all())

    put = patch


class InvoiceVoid(InvoiceEndpoint):
    permissions = {"POST": "commerce.void_invoices"}
    docs = {
        "POST": Doc(
            "void_invoice",
            _("Void an invoice"),
            answer=_ANSWER,
            body=VoidInput,
            text=_("It is not to be paid and no longer counts; its number stays taken."),
            body_example={"reason": "Sent twice"},
            answer_example=_SAMPLE,
            problems=(409,),
        )
    }

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        invoice, version = self.record, self.asked_version()
        services.void_invoice(actor=self.actor, invoice=invoice, version=version, **self.body(VoidInput))
        return self.show()


class PaymentEndpoints(ShowsCustomers, ListEndpoint):
    """Lists of payments."""

    abstract = True
    tag = "Invoices"
    representation = PAYMENT
    filterset_class = PaymentFilterSet
    sorts = {"paid_on": Sort("paid_on", "paid_on", descending_first=True)}
    default_sort = "-paid_on"
    permissions = {"GET": "commerce.view_invoices", "POST": "commerce.change_invoices"}

    def rows(self) -> QuerySet:
        return Payment.objects.filter(invoice__in=Invoice.objects.visible_to(self.actor))

    def needs(self) -> set[str]:
        return {"invoice__customer"}

    def shown(self, rows: Sequence[Mapping[str, Any]]) -> None:
        saw(self.request, [row["invoice__customer"] for row in rows])


_PAYMENTS, _PAYMENTS_SAMPLE = envelope(PAYMENT), envelope_sample(PAYMENT)


class PaymentList(PaymentEndpoints):
    """The payments that the caller sees."""

    permissions = {"GET": "commerce.view_invoices"}
    docs = {
        "GET": Doc("list_payments", _("List and filter payments"), answer=_PAYMENTS, answer_example=_PAYMENTS_SAMPLE)
    }


class InvoicePayments(PaymentEndpoints):
    """The payments for one invoice, and recording one."""

    docs = {
        "GET": Doc(
            "list_payments_of_invoice",
            _("List the payments for an invoice"),
            answer=_PAYMENTS,
            answer_example=_PAYMENTS_SAMPLE,
        ),
        "POST": Doc(
            "record_payment",
            _("Record a payment for an invoice"),
            answer=_PAYMENT,
            body=PaymentInput,
            status=201,
            text=_(
                "More than is owed is refused; send an Idempotency-Key so that a repeated request is not a second payment."
            ),
            body_example={"amount": "200.00", "method": "transfer", "reference": "R-77"},
            answer_example=_PAYMENT_SAMPLE,
            problems=(409,),
        ),
    }

    @cached_property
    def invoice(self) -> Invoice:
        found: Invoice | None = Invoice.objects.visible_to(self.actor).filter(pk=self.kwargs["id"]).first()
        if found is None:
            raise NotFound
        return found

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.invoice.pk  # noqa: B018 - raises NotFound
        return super().options(request, *args, **kwargs)

    def may_see_again(self, customers: Sequence[str]) -> bool:
        seen = Invoice.objects.visible_to(self.actor).filter(pk=self.kwargs["id"]).exists()
        return seen and super().may_see_again(customers)

    def rows(self) -> QuerySet:
        return Payment.objects.filter(invoice=self.invoice)

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        invoice = self.invoice
        self.refuse_parameters()
        values = self.body(PaymentInput)
        _invoice, payment = services.record_payment(actor=self.actor, invoice=invoice, at=clock.now(), **values)
        row = PAYMENT.one(Payment.objects.all(), payment.pk)
        self.shown([row])
        location = reverse("api:payment_detail", args=[payment.pk])
        return Response(PAYMENT.of(row, self.business), status=201, headers={"Location": location})


class PaymentDetail(ShowsCustomers, RecordEndpoint):
    """One payment for an invoice that the caller sees."""

    tag = "Invoices"
    representation = PAYMENT
    permissions = {"GET": "commerce.view_invoices", "DELETE": "commerce.change_invoices"}
    docs = {
        "GET": Doc("get_payment", _("Get a payment"), answer=_PAYMENT, answer_example=_PAYMENT_SAMPLE),
        "DELETE": Doc(
            "remove_payment", _("Remove a payment"), status=204, text=_("So much is owed for the invoice again.")
        ),
    }

    def rows(self) -> QuerySet:
        return Payment.objects.filter(invoice__in=Invoice.objects.visible_to(self.actor))

    def shown(self, row: dict[str, Any]) -> None:
        saw(self.request, [row["invoice__customer"]])

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        return self.show()

    def delete(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        services.remove_payment(actor=self.actor, payment=self.record)
        return Response(status=204)
