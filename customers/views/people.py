"""Joining a customer with the same person's record in another business, for those who work in both."""

from typing import Any

from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.access import record_access
from crm.errors import NotFound
from crm.forms import DeedForm
from crm.pages import DeedPage, FormPage
from customers import services
from customers.forms import JoinForm
from customers.models import Customer
from customers.queries.people import joinable
from customers.views.profile import OneCustomer


class CustomerJoin(OneCustomer, FormPage):
    """Which customer of another business is the same: those of the same e-mail address are offered."""

    permission = "customers.change"
    title = gettext_lazy("Join with a customer of another business")
    description = gettext_lazy(
        "Each business keeps its own record. Whoever works in one of them alone sees nothing of the other."
    )
    form_class = JoinForm
    submit_label = gettext_lazy("Join")
    success_message = gettext_lazy("The two are joined.")

    def get_title(self) -> Any:
        return _("Is %(name)s a customer elsewhere too?") % {"name": self.customer}

    @cached_property
    def others(self) -> list[Customer]:
        others = joinable(self.actor, self.customer)
        for other in others:
            record_access(
                actor=self.actor, business=other.business, what="customers:customer_join", customer_ids=[other.pk]
            )
        return others

    def form(self, data: Any = None, files: Any = None) -> DeedForm:
        self.customer  # noqa: B018 - one that the actor doesn't see is not found
        if not self.others:
            raise NotFound(_("No other business that you work in has a customer of the same e-mail address."))
        return JoinForm(data, files, actor=self.actor, business=self.business, others=self.others)

    def perform(self, **data: Any) -> Any:
        return services.join_person(actor=self.actor, customer=self.customer, **data)


class CustomerPart(OneCustomer, DeedPage):
    """The customer is not the one of the other businesses that it was joined with."""

    permission = "customers.change"
    title = gettext_lazy("Part a customer from those of other businesses")
    submit_label = gettext_lazy("Part them")
    success_message = gettext_lazy("They are parted.")

    def get_title(self) -> Any:
        return _("Is %(name)s somebody else than the customers elsewhere?") % {"name": self.customer}

    def text(self) -> Any:
        return _("The records of all businesses stay as they are; they no longer count as one person.")

    def perform(self) -> Any:
        return services.leave_person(actor=self.actor, customer=self.customer)
