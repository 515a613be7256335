"""Pages on which orders are taken, corrected, refunded and deleted, all through the services of orders."""

from typing import Any

from django.db.models import Sum
from django.http import HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from commerce import services
from commerce.choices import OrderStatus
from commerce.forms.orders import (
    MOST_ROWS,
    ROWS,
    OrderForm,
    RefundForm,
    order_initial,
    product_reference,
    rows_of,
    to_the_second,
)
from commerce.models import Order
from commerce.queries.products import products_by_words
from commerce.views.orders import OneOrder, order_href
from commerce.views.subscriptions import asked_customer
from crm import clock
from crm.errors import DomainError
from crm.forms import DeedForm
from crm.pages import DeedPage, FormPage, Page
from crm.templatetags import ui
from customers.models import Customer

_OFFERED = 10


class ProductOptions(Page):
    """The products that are offered while somebody types one into a field."""

    permission = "commerce.view_products"
    title = gettext_lazy("Products to choose from")
    template_name = "customers/_options.html"
    fragment = True

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        words = request.GET.get(request.GET.get("of", ""), "").partition(" · ")[0].strip()[:200]
        found = products_by_words(words, _OFFERED) if words else []
        return self.show(options=[product_reference(product) for product in found])


class WithLines(FormPage):
    """A form with rows of lines, to which more are added without losing what was typed."""

    abstract = True
    permission = ""
    template_name = "commerce/order_form.html"
    whose: Any
    """What the form is made with besides: the customer of a new order, or the order that is corrected."""

    def with_initial(self, initial: dict[str, Any], rows: int) -> DeedForm:
        """The form, unbound, with other initial values."""
        return OrderForm(initial=initial, rows=rows, actor=self.actor, business=self.business, **self.whose)

    def post(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if "more_lines" not in request.POST:
            return super().post(request, *args, **kwargs)
        asked = request.POST.get("rows", "")
        rows = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 0
        return self.show_form(self.with_initial(request.POST.dict(), min(rows + ROWS, MOST_ROWS)))


class OrderCreate(WithLines):
    permission = "commerce.add_orders"
    title = gettext_lazy("Add an order")
    submit_label = gettext_lazy("Add order")
    success_message = gettext_lazy("The order was added.")
    form_class = OrderForm

    @cached_property
    def customer(self) -> Customer | None:
        return asked_customer(self)

    def breadcrumbs(self) -> list[dict[str, str]]:
        return [{"label": _("Orders"), "href": reverse("commerce:order_list")}]

    def initial(self) -> dict[str, Any]:
        return {
            "customer": self.customer, "ordered_at": to_the_second(clock.now()), "status": OrderStatus.COMPLETED,
            "currency": self.business.currency,
        }  # fmt: skip

    def form(self, data: Any = None, files: Any = None) -> DeedForm:
        return OrderForm(
            data, files, initial=self.initial(), rows=ROWS, actor=self.actor, business=self.business, customer=self.customer
        )  # fmt: skip

    @cached_property
    def whose(self) -> dict[str, Any]:
        return {"customer": self.customer}

    def perform(self, version: str = "", **data: Any) -> Order:
        order, _is_new = services.create_order(actor=self.actor, business=self.business, at=clock.now(), **data)
        return order

    def success_url(self, result: Any) -> str:
        return order_href(result)

    def cancel_href(self) -> str:
        return reverse("commerce:order_list")


class OrderUpdate(OneOrder, WithLines):
    """Correct an order; it keeps its number."""

    permission = "commerce.change_orders"
    title = gettext_lazy("Correct an order")
    form_class = OrderForm
    success_message = gettext_lazy("Saved.")

    def get_title(self) -> Any:
        return _("Correct order %(number)s") % {"number": self.order.number}

    def initial(self) -> dict[str, Any]:
        return {**order_initial(self.order), **super().initial()}

    def form(self, data: Any = None, files: Any = None) -> DeedForm:
        return OrderForm(
            data, files, initial=self.initial(), rows=rows_of(self.order), actor=self.actor, business=self.business, order=self.order
        )  # fmt: skip

    @cached_property
    def whose(self) -> dict[str, Any]:
        return {"order": self.order}

    def perform(self, **data: Any) -> Order:
        if data["ordered_at"] == to_the_second(self.order.ordered_at):
            del data["ordered_at"]  # the field knows no parts of a second
        return services.update_order(actor=self.actor, order=self.order, at=clock.now(), **data)


class OrderRefund(OneOrder, FormPage):
    """Give money of an order back: a refund that names it."""

    permission = "commerce.add_orders"
    title = gettext_lazy("Refund an order")
    submit_label = gettext_lazy("Refund")
    success_message = gettext_lazy("The refund was added.")
    form_class = RefundForm

    def get_title(self) -> Any:
        return _("Refund order %(number)s") % {"number": self.order.number}

    def initial(self) -> dict[str, Any]:
        number = f"{self.order.number}-R{self.order.refunds.count() + 1}"
        return {"number": number[-60:], "ordered_at": to_the_second(clock.now())}

    def form(self, data: Any = None, files: Any = None) -> DeedForm:
        given = self.order.refunds.aggregate(sum=Sum("total"))["sum"] or 0
        lines = list(self.order.lines.filter(quantity__gt=0).select_related("product").order_by("position")[:MOST_ROWS])
        return RefundForm(
            data, files, initial=self.initial(), actor=self.actor, business=self.business, order=self.order,
            left=self.order.total + given, lines=lines,
        )  # fmt: skip

    def perform(self, **data: Any) -> Order:
        order = self.order
        if order.status != OrderStatus.COMPLETED:
            raise DomainError(_("Only a completed order is refunded."))
        refund, _is_new = services.create_order(
            actor=self.actor, business=self.business, at=clock.now(), status=OrderStatus.REFUND, refund_of=order,
            customer=order.customer_id, currency=order.currency, channel=order.channel, **data,
        )  # fmt: skip
        return refund

    def success_url(self, result: Any) -> str:
        return order_href(result)


class OrderDelete(OneOrder, DeedPage):
    permission = "commerce.delete_orders"
    title = gettext_lazy("Delete an order")
    submit_label = gettext_lazy("Delete order")
    success_message = gettext_lazy("The order was deleted.")
    danger = True

    def get_title(self) -> Any:
        return _("Delete order %(number)s?") % {"number": self.order.number}

    def text(self) -> Any:
        return _("It goes from lists, figures and reports, as if it had never come. This can't be undone.")

    def consequences(self) -> list[Any]:
        lines, refunds = self.order.lines.count(), self.order.refunds.count()
        found = [
            ngettext("%(count)s line is deleted.", "%(count)s lines are deleted.", lines) % {"count": ui.number(lines)}
        ]
        if refunds:
            found.append(
                ngettext(
                    "%(count)s refund of it stays, marked as one of an unknown order.",
                    "%(count)s refunds of it stay, marked as those of an unknown order.",
                    refunds,
                )
                % {"count": ui.number(refunds)}
            )
        return found

    def confirm_word(self) -> str:
        return self.order.number

    def perform(self) -> Order:
        services.delete_order(actor=self.actor, order=self.order)
        return self.order

    def success_url(self, result: Any) -> str:
        return reverse("commerce:order_list")
