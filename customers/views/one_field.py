"""Editing one field of a customer in its place on the profile."""

from typing import Any

from django.http import HttpResponse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_htmx.http import reselect, reswap, retarget

from crm import clock
from crm.errors import NotFound
from crm.forms import DeedForm, version_of
from crm.pages import FormPage
from customers import queries, services
from customers.forms import OneFieldForm, customer_initial, fields_in_place
from customers.models import Customer, CustomField
from customers.services.values import PRIVATE
from customers.views.profile import OneCustomer


class CustomerFieldUpdate(OneCustomer, FormPage):
    """A page with one field; asked for by the profile, the field alone, which it shows in the place of the value."""

    permission = "customers.change"
    title = gettext_lazy("Edit one field of a customer")
    form_class = OneFieldForm

    @cached_property
    def key(self) -> str:
        key: str = self.kwargs["key"]
        if key not in fields_in_place() and key not in self.own_fields:
            raise NotFound
        if key in PRIVATE and not self.actor.may("customers.view_private", self.business):
            raise NotFound
        return key

    @cached_property
    def own_fields(self) -> dict[str, CustomField]:
        """The business's own fields of such customers, by the names that forms know them by."""
        fields = queries.custom_fields_of(self.business, kind=self.customer.kind)
        return {f"custom_values.{field.key}": field for field in fields}

    def get_title(self) -> Any:
        own = self.own_fields.get(self.key)
        label = own.label if own else OneFieldForm.base_fields[self.key].label
        return _("%(field)s of %(name)s") % {"field": label, "name": self.customer}

    def initial(self) -> dict[str, Any]:
        return {**customer_initial(self.customer), "version": version_of(self.customer)}

    def form(self, data: Any = None, files: Any = None) -> DeedForm:
        return OneFieldForm(
            data, files, key=self.key, initial=self.initial(), actor=self.actor, business=self.business,
            auto_id="in-place-%s" if self.request.htmx else "id_%s",
        )  # fmt: skip

    def perform(self, **data: Any) -> Customer:
        return services.update_customer(actor=self.actor, customer=self.customer, at=clock.now(), **data)

    def success_url(self, result: Customer) -> str:
        if not Customer.objects.visible_to(self.actor).filter(pk=result.pk).exists():  # handed over to somebody else
            return self.breadcrumbs()[0]["href"]
        return self.profile_href()

    def show_form(self, form: DeedForm, status: int = 200) -> HttpResponse:
        if not self.request.htmx:
            return super().show_form(form, status)
        answer = self.show(
            "customers/_field_form.html", status, form=form, key=self.key, cancel_href=self.cancel_href()
        )
        if self.request.method == "POST":  # a saved value brings the whole profile, a refused one this form again
            answer = reselect(reswap(retarget(answer, "#in-place"), "outerHTML"), "#in-place")
        return answer
