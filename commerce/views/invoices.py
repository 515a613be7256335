"""Pages of invoices: the list of all, one invoice with its payments, and its forms."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commerce import services
from commerce.choices import InvoiceStatus, PaymentMethod
from commerce.filters.invoices import InvoiceFilterSet
from commerce.forms.invoices import InvoiceForm, PaymentForm, SettledForm, VoidForm, invoice_initial
from commerce.models import Invoice, Payment
from commerce.tables.invoices import (
    invoice_badge,
    invoice_columns,
    invoice_facts,
    invoice_figures,
    invoice_href,
)
from commerce.views.subscriptions import asked_customer
from crm import clock
from crm.access import saw
from crm.forms import DeedForm, version_of
from crm.pages import DeedPage, FormPage, ListPage, Page
from crm.tables import Column
from crm.templatetags import ui
from customers.models import Customer


class InvoiceList(ListPage):
    permission = "commerce.view_invoices"
    title = gettext_lazy("Invoices")
    description = gettext_lazy("What customers were asked to pay, what they have paid and what they owe.")
    default_sort = "-issued_on"
    filterset_class = InvoiceFilterSet

    def rows(self) -> QuerySet:
        return Invoice.objects.visible_to(self.actor).select_related("customer")

    def columns(self) -> Sequence[Column]:
        return invoice_columns(clock.today(self.business.time_zone, clock.now()))

    def shown(self, rows: list[Any]) -> None:
        saw(self.request, (row.customer_id for row in rows))

    def row_href(self, row: Any) -> str:
        return invoice_href(row)

    def actions(self) -> list[dict[str, Any]]:
        return self.action(
            "commerce.change_invoices", _("Add invoice"), reverse("commerce:invoice_create"), icon="plus", kind="primary"
        )  # fmt: skip

    def empty_state(self, narrowed: bool) -> dict[str, Any]:
        if narrowed:
            return super().empty_state(narrowed)
        return {
            "icon": "receipt",
            "title": _("No invoices yet"),
            "text": _("Invoices tell what customers owe and have paid. Add one, or send them through the API."),
            "action": next(iter(self.actions()), None),
        }  # fmt: skip


class OneInvoice(Page):
    """A page about one invoice that the actor may see; 404 for any other."""

    abstract = True
    permission = ""

    @cached_property
    def invoice(self) -> Invoice:
        rows = Invoice.objects.visible_to(self.actor)
        found: Invoice = self.one(rows.select_related("business", "customer", "subscription", "order", "opportunity"))
        saw(self.request, [found.customer_id])
        return found

    def breadcrumbs(self) -> list[dict[str, str]]:
        crumbs = [{"label": _("Invoices"), "href": reverse("commerce:invoice_list")}]
        if not isinstance(self, InvoiceDetail):
            crumbs.append({"label": str(self.invoice), "href": invoice_href(self.invoice)})
        return crumbs

    def initial(self) -> dict[str, Any]:
        return {"version": version_of(self.invoice)}

    def cancel_href(self) -> str:
        return invoice_href(self.invoice)

    def success_url(self, result: Any) -> str:
        return invoice_href(self.invoice)


class InvoiceDetail(OneInvoice):
    """One invoice: what it is about, what was paid and what is owed."""

    permission = "commerce.view_invoices"
    title = gettext_lazy("An invoice")
    template_name = "commerce/invoice_detail.html"

    def get_title(self) -> Any:
        return _("Invoice %(number)s") % {"number": self.invoice.number}

    def actions(self) -> list[dict[str, Any]]:
        invoice = self.invoice

        def deed(
            name: str, label: str, icon: str, kind: str = "secondary", permission: str = "commerce.change_invoices"
        ) -> list[dict[str, Any]]:
            href = reverse(f"commerce:invoice_{name}", args=[invoice.pk])
            return self.action(permission, label, href, icon=icon, kind=kind)

        if invoice.status == InvoiceStatus.VOID:
            return []
        void = deed("void", _("Void"), "ban", "ghost", "commerce.void_invoices") if invoice.paid == 0 else []
        is_owed = invoice.status in (InvoiceStatus.OPEN, InvoiceStatus.PARTIAL)
        pay = deed("pay", _("Record payment"), "banknote", "primary") if is_owed else []
        return [*void, *deed("update", _("Edit"), "pencil"), *pay]

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        invoice = self.invoice
        return self.show(
            invoice=invoice, payments=list(invoice.payments.order_by("-paid_on", "-id")[:200]), facts=invoice_facts(invoice),
            figures=invoice_figures(invoice, self.business),
            badges=invoice_badge(invoice, clock.today(self.business.time_zone, clock.now())),
            line=_("Invoice to %(customer)s") % {"customer": invoice.customer},
            may_remove=self.actor.may("commerce.change_invoices", self.business),
        )  # fmt: skip


class InvoiceCreate(FormPage):
    permission = "commerce.change_invoices"
    title = gettext_lazy("Add an invoice")
    submit_label = gettext_lazy("Add invoice")
    success_message = gettext_lazy("The invoice was added.")
    form_class = InvoiceForm

    @cached_property
    def customer(self) -> Customer | None:
        return asked_customer(self)

    def breadcrumbs(self) -> list[dict[str, str]]:
        return [{"label": _("Invoices"), "href": reverse("commerce:invoice_list")}]

    def initial(self) -> dict[str, Any]:
        return {
            "customer": self.customer, "status": InvoiceStatus.OPEN, "currency": self.business.currency,
            "issued_on": clock.today(self.business.time_zone, clock.now()),
        }  # fmt: skip

    def form(self, data: Any = None, files: Any = None) -> DeedForm:
        return InvoiceForm(
            data, files, initial=self.initial(), actor=self.actor, business=self.business, customer=self.customer
        )

    def perform(self, version: str = "", **data: Any) -> Invoice:
        found, _created = services.create_invoice(actor=self.actor, business=self.business, at=clock.now(), **data)
        return found

    def success_url(self, result: Any) -> str:
        return invoice_href(result)

    def cancel_href(self) -> str:
        return reverse("commerce:invoice_list")


class InvoiceUpdate(OneInvoice, FormPage):
    """Edit an invoice; once money has come in, only the day on which it is due and the note."""

    permission = "commerce.change_invoices"
    title = gettext_lazy("Edit an invoice")
    form_class = InvoiceForm
    success_message = gettext_lazy("Saved.")

    def get_title(self) -> Any:
        return _("Edit invoice %(number)s") % {"number": self.invoice.number}

    @property
    def is_settled(self) -> bool:
        return self.invoice.status not in (InvoiceStatus.DRAFT, InvoiceStatus.OPEN)

    def initial(self) -> dict[str, Any]:
        return {**invoice_initial(self.invoice), **super().initial()}

    def form(self, data: Any = None, files: Any = None) -> DeedForm:
        more: dict[str, Any] = {"initial": self.initial(), "actor": self.actor, "business": self.business}
        if self.is_settled:
            return SettledForm(data, files, **more)
        return InvoiceForm(data, files, invoice=self.invoice, **more)

    def perform(self, **data: Any) -> Invoice:
        return services.update_invoice(actor=self.actor, invoice=self.invoice, **data)


class InvoiceVoid(OneInvoice, FormPage):
    permission = "commerce.void_invoices"
    title = gettext_lazy("Void an invoice")
    description = gettext_lazy(
        "It is not to be paid and no longer counts; its number stays taken. This can't be undone."
    )
    form_class = VoidForm
    submit_label = gettext_lazy("Void invoice")
    success_message = gettext_lazy("The invoice is void.")

    def perform(self, **data: Any) -> Invoice:
        return services.void_invoice(actor=self.actor, invoice=self.invoice, **data)


class InvoicePay(OneInvoice, FormPage):
    permission = "commerce.change_invoices"
    title = gettext_lazy("Record a payment")
    form_class = PaymentForm
    submit_label = gettext_lazy("Record payment")
    success_message = gettext_lazy("The payment was recorded.")

    def get_title(self) -> Any:
        return _("Record a payment for invoice %(number)s") % {"number": self.invoice.number}

    def initial(self) -> dict[str, Any]:
        return {
            "amount": self.invoice.amount - self.invoice.paid, "method": PaymentMethod.TRANSFER,
            "paid_on": clock.today(self.business.time_zone, clock.now()), **super().initial(),
        }  # fmt: skip

    def perform(self, **data: Any) -> Any:
        return services.record_payment(actor=self.actor, invoice=self.invoice, at=clock.now(), **data)


class PaymentRemove(DeedPage):
    permission = "commerce.change_invoices"
    title = gettext_lazy("Remove a payment?")
    submit_label = gettext_lazy("Remove payment")
    success_message = gettext_lazy("The payment was removed.")
    danger = True

    @cached_property
    def payment(self) -> Payment:
        seen = Invoice.objects.visible_to(self.actor)
        found: Payment = self.one(Payment.objects.filter(invoice__in=seen).select_related("invoice"))
        saw(self.request, [found.invoice.customer_id])
        return found

    def breadcrumbs(self) -> list[dict[str, str]]:
        invoice = self.payment.invoice
        return [
            {"label": _("Invoices"), "href": reverse("commerce:invoice_list")},
            {"label": str(invoice), "href": invoice_href(invoice)},
        ]

    def text(self) -> Any:
        payment = self.payment
        return _("%(amount)s are owed again for invoice %(number)s.") % {
            "amount": ui.money(payment.amount, payment.invoice.currency), "number": payment.invoice.number,
        }  # fmt: skip

    def perform(self) -> Invoice:
        return services.remove_payment(actor=self.actor, payment=self.payment)

    def cancel_href(self) -> str:
        return invoice_href(self.payment.invoice)

    def success_url(self, result: Any) -> str:
        return invoice_href(result)
