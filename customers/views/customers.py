"""The forms and deeds of one customer."""

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm import clock
from crm.access import saw
from crm.forms import version_of
from crm.pages import DeedPage, FormPage, Page
from crm.templatetags import ui
from customers import services
from customers.choices import Kind, LifecycleStage
from customers.forms import ConvertCustomerForm, CustomerForm, customer_initial, reference_to
from customers.models import Customer
from customers.queries import fitting
from customers.views.profile import OneCustomer


class CustomerCreate(FormPage):
    permission = "customers.add"
    title = gettext_lazy("Add customer")
    form_class = CustomerForm
    submit_label = gettext_lazy("Add customer")
    success_message = gettext_lazy("The customer was added.")

    def breadcrumbs(self) -> list[dict[str, str]]:
        return [{"label": _("Customers"), "href": reverse("customers:customer_list")}]

    def initial(self) -> dict[str, Any]:
        kind = self.request.GET.get("kind", "")
        data = {
            "kind": kind if kind in Kind.values else Kind.PERSON.value,
            "lifecycle_stage": "active",
            "preferred_language": "EN",
        }
        if not self.actor.sees_all(self.business):  # else the customer would be out of sight at once
            data["owner"] = self.actor.id
        return data

    def perform(self, **data: Any) -> Customer:
        data.pop("version", None)
        return services.create_customer(actor=self.actor, business=self.business, at=clock.now(), **data)

    def success_url(self, result: Customer) -> str:
        if not Customer.objects.visible_to(self.actor).filter(pk=result.pk).exists():
            return reverse("customers:customer_list")
        return reverse("customers:customer_detail", args=[result.pk])

    def cancel_href(self) -> str:
        return reverse("customers:customer_list")


class CustomerUpdate(OneCustomer, FormPage):
    permission = "customers.change"
    title = gettext_lazy("Edit a customer")
    form_class = CustomerForm
    success_message = gettext_lazy("Saved.")

    def get_title(self) -> Any:
        return _("Edit %(name)s") % {"name": self.customer}

    def initial(self) -> dict[str, Any]:
        return {**customer_initial(self.customer), "version": version_of(self.customer)}

    def perform(self, **data: Any) -> Customer:
        return services.update_customer(actor=self.actor, customer=self.customer, at=clock.now(), **data)

    def success_url(self, result: Customer) -> str:
        if not Customer.objects.visible_to(self.actor).filter(pk=result.pk).exists():  # handed over to somebody else
            return reverse("customers:customer_list")
        return self.profile_href()


class CustomerConvert(OneCustomer, FormPage):
    permission = "customers.change"
    title = gettext_lazy("Mark a prospect as a customer")
    description = gettext_lazy(
        "The stage changes today, and “Customer since” is set to today unless it holds another day."
    )
    form_class = ConvertCustomerForm
    submit_label = gettext_lazy("Mark as customer")
    success_message = gettext_lazy("This is a customer now.")

    def get_title(self) -> Any:
        return _("Mark %(name)s as a customer") % {"name": self.customer}

    def initial(self) -> dict[str, Any]:
        return {"stage": LifecycleStage.ONBOARDING if self.customer.kind == Kind.COMPANY else LifecycleStage.ACTIVE}

    def perform(self, **data: Any) -> Customer:
        return services.mark_as_customer(actor=self.actor, customer=self.customer, at=clock.now(), **data)


class CustomerOptions(Page):
    """The customers that are offered while somebody types the name of one into a field."""

    permission = "customers.view"
    title = gettext_lazy("Customers to choose from")
    template_name = "customers/_options.html"
    fragment = True

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        words = request.GET.get(request.GET.get("of", ""), "").partition(" · ")[0].strip()
        kind = request.GET.get("kind", "")
        found = [row for row in fitting(self.actor, words, 50) if kind in ("", row.kind)][:8] if words else []
        saw(request, [row.pk for row in found])
        return self.show(options=[reference_to(row) for row in found])


class CustomerArchive(OneCustomer, DeedPage):
    permission = "customers.archive"
    title = gettext_lazy("Archive a customer")
    submit_label = gettext_lazy("Archive")
    success_message = gettext_lazy("The customer was archived.")

    def get_title(self) -> Any:
        return _("Archive %(name)s?") % {"name": self.customer}

    def text(self) -> Any:
        return _(
            "The customer leaves lists, counts and searches. Nothing is deleted, and you can restore it at any time."
        )

    def consequences(self) -> list[Any]:
        count = self.customer.facts.order_count
        text = ngettext("%(count)s order stays with the customer.", "%(count)s orders stay with the customer.", count)
        return [text % {"count": ui.number(count)}]

    def perform(self) -> Customer:
        return services.archive_customer(actor=self.actor, customer=self.customer, at=clock.now())


class CustomerRestore(OneCustomer, DeedPage):
    permission = "customers.archive"
    title = gettext_lazy("Restore a customer")
    submit_label = gettext_lazy("Restore")
    success_message = gettext_lazy("The customer is back.")

    def get_title(self) -> Any:
        return _("Restore %(name)s?") % {"name": self.customer}

    def text(self) -> Any:
        return _("The customer returns to lists, counts and searches.")

    def perform(self) -> Customer:
        return services.restore_customer(actor=self.actor, customer=self.customer)
