"""Judging rows of orders: what they refer to is looked up in sets, then each row gets a plan or is refused."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Q, Sum
from django.utils.translation import gettext as _

from commerce.choices import OrderFlag, OrderStatus
from commerce.models import Opportunity, Order
from commerce.services.order_plans import OrderDiffers, Plan, Taken
from commerce.services.order_rows import FIELDS, Faults, Row, read_row
from commerce.services.rates import Rates
from crm import clock
from crm.actor import Actor
from crm.models import Business
from crm.services.cleaning import refuse_unknown
from customers.models import Customer


class Judging:
    """One reading of the rows against what stands there. `refunded` is how much refunds have given back of each order named."""

    def __init__(self, actor: Actor, business: Business, asked: Sequence[Mapping[str, Any]], *, replace: bool) -> None:
        self.actor, self.business, self.asked, self.replace = actor, business, asked, replace
        self.taken = [Taken() for _row in asked]

    def plans(self) -> list[Plan]:
        """What is to be written; `taken` says of every other row why not."""
        for values in self.asked:
            refuse_unknown(dict(values), FIELDS)
        self._look_up()
        return [plan for index, values in enumerate(self.asked) if (plan := self._judge(index, values))]

    def _look_up(self) -> None:
        self.first: dict[str, int] = {}
        for place, values in enumerate(self.asked):
            self.first.setdefault(_number(values), place)
        numbers = set(self.first) - {""}
        found = Order.objects.filter(number__in=numbers).order_by("pk").select_for_update(of=("self",))
        self.before = {order.number: order for order in found}
        externals = {str(v["customer_external_id"]) for v in self.asked if v.get("customer_external_id")}
        ids = {_key(v["customer"]) for v in self.asked if v.get("customer")}
        visible = Customer.objects.visible_to(self.actor).filter(Q(pk__in=ids) | Q(external_id__in=externals))
        known = list(visible.only("pk", "external_id", "is_unidentified"))
        self.customers = {customer.pk for customer in known}
        self.by_external = {customer.external_id: customer for customer in known if customer.external_id in externals}
        self.taken_externals = set(
            Customer.objects.filter(external_id__in=externals).values_list("external_id", flat=True)
        ) - set(self.by_external)
        refunded = {str(v["refund_of_number"]).strip() for v in self.asked if v.get("refund_of_number")}
        refunded_ids = {_key(v["refund_of"]) for v in self.asked if v.get("refund_of")}
        originals = Order.objects.visible_to(self.actor).filter(Q(number__in=refunded) | Q(pk__in=refunded_ids))
        self.refundable = {order.pk: order for order in originals}
        self.refundable_numbers = {order.number: order for order in self.refundable.values()}
        self.given_back = self._given_back(self.refundable, [order.pk for order in self.before.values()])
        self.refunded = self._given_back([order.pk for order in self.before.values()], [])
        deals = {_key(v["opportunity"]) for v in self.asked if v.get("opportunity")}
        self.deals = set(
            Opportunity.objects.visible_to(self.actor).filter(pk__in=deals).values_list("pk", flat=True)
            if deals
            else ()
        )
        self.rates = Rates(self.business)

    def _given_back(self, originals: Iterable[UUID], without: list[UUID]) -> dict[UUID, Decimal]:
        """How much the refunds that stand give back of each order, `without` those that this request replaces."""
        rows = Order.objects.filter(refund_of__in=list(originals)).exclude(pk__in=without).order_by()
        return {row["refund_of"]: -row["total"] for row in rows.values("refund_of").annotate(total=Sum("total"))}

    def _judge(self, index: int, values: Mapping[str, Any]) -> Plan | None:
        taken, number = self.taken[index], _number(values)
        if number and self.first[number] != index:
            taken.refuse({"number": [_("This number stands in an earlier row already.")]})
            return None
        before = self.before.get(number)
        row, faults = read_row(values, base_currency=self.business.currency, before=before)
        if row is None:
            taken.refuse(faults)
            return None
        plan = Plan(
            taken, row, before, Order(business=self.business) if before is None else Order.objects.get(pk=before.pk)
        )
        self._fill(plan, faults)
        if faults:
            taken.refuse(faults)
            return None
        if before is not None and not plan.differs():
            taken.status, taken.order = "unchanged", before
            return None
        if before is not None and not self.replace:
            taken.differences = plan.changes
            taken.refuse({"number": [str(OrderDiffers.message)]})
            return None
        return plan

    def _fill(self, plan: Plan, faults: Faults) -> None:
        """The order as it will stand; what can't be is named in `faults`."""
        row, order = plan.row, plan.order
        order.number, order.status, order.ordered_at = row.number, row.status, row.ordered_at
        order.currency, order.total, order.flags = row.currency, row.total, row.flags
        for name in ("channel", "source", "external_id"):
            if name in row.values:
                setattr(order, name, row.text(name))
        if "opportunity" in row.values:
            order.opportunity_id = row.key("opportunity")
            if order.opportunity_id and order.opportunity_id not in self.deals:
                faults["opportunity"] = [_("There is no such deal.")]
        self._fill_customer(plan, faults)
        self._fill_refund(plan, faults)
        if plan.before is not None:
            self._check_refunds(plan.before, order, faults)
        rate = self.rates.on(row.currency, clock.today(self.business.time_zone, row.ordered_at))
        if rate is None:
            faults["currency"] = [
                _("There is no exchange rate for this currency on that day. Add one under Settings, Exchange rates.")
            ]
        else:
            order.total_base = self.rates.converted(row.total, rate)

    def _fill_customer(self, plan: Plan, faults: Faults) -> None:
        row, order = plan.row, plan.order
        named, external = row.key("customer"), row.text("customer_external_id")
        if named is not None:
            order.customer_id = named
            if named not in self.customers:
                faults["customer"] = [_("There is no such customer.")]
        elif external:
            known = self.by_external.get(external)
            if external in self.taken_externals:
                faults["customer_external_id"] = [_("There is no such customer.")]
            elif known is not None and known.is_unidentified:
                faults["customer_external_id"] = [_("This id stands for the unknown buyer of an order.")]
            elif known is not None:
                order.customer_id = known.pk
            else:
                plan.new_external = external
        elif plan.before is None and not (original := self._original(row)):
            plan.is_unidentified = True
        elif plan.before is None and original:
            order.customer_id = original.customer_id

    def _original(self, row: Row) -> Order | None:
        key = row.key("refund_of")
        return self.refundable.get(key) if key else self.refundable_numbers.get(row.text("refund_of_number"))

    def _fill_refund(self, plan: Plan, faults: Faults) -> None:
        """Linked to what it refunds, never for more than that; what is not there yet is waited for."""
        row, order = plan.row, plan.order
        asked = bool(row.key("refund_of") or row.text("refund_of_number"))
        if row.status != OrderStatus.REFUND:
            if asked:
                faults["refund_of"] = [_("Only a refund is of another order.")]
            order.refund_of, order.refund_of_number = None, ""
            return
        original = self._original(row)
        if row.key("refund_of") and original is None:
            faults["refund_of"] = [_("There is no such order.")]
            return
        if not asked and plan.before is not None:
            original = plan.before.refund_of
        if asked:
            order.refund_of = original
            order.refund_of_number = original.number if original else row.text("refund_of_number")
        if original is None:
            order.flags = sorted({*order.flags, OrderFlag.UNLINKED_REFUND})
            return
        self._check_original(plan, original, faults)

    def _check_original(self, plan: Plan, original: Order, faults: Faults) -> None:
        order = plan.order
        if original.status == OrderStatus.REFUND or original.number == order.number:
            faults["refund_of"] = [_("A refund can't be of another refund.")]
        elif original.currency != order.currency:
            faults["currency"] = [
                _("The order was paid in %(currency)s; refund it in that.") % {"currency": original.currency}
            ]
        else:
            given = self.given_back.get(original.pk, Decimal(0)) - order.total
            if given > original.total:
                faults["total"] = [
                    _("All refunds together would give back %(given)s of an order of %(total)s.")
                    % {"given": format(given.normalize(), "f"), "total": format(original.total.normalize(), "f")}
                ]
            else:
                self.given_back[original.pk] = given

    def _check_refunds(self, before: Order, order: Order, faults: Faults) -> None:
        """A correction never leaves less than its refunds give back."""
        given = self.refunded.get(before.pk)
        if given is None:
            return
        if order.status == OrderStatus.REFUND:
            faults["status"] = [_("There are refunds of this order, so it can't be one itself.")]
        elif order.currency != before.currency:
            faults["currency"] = [_("There are refunds of this order in %(currency)s.") % {"currency": before.currency}]
        elif order.total < given:
            words = _("Refunds have given back %(given)s of this order.")
            faults["total"] = [words % {"given": format(given.normalize(), "f")}]


def _number(values: Mapping[str, Any]) -> str:
    return str(values.get("number") or values.get("external_id") or "").strip()


def _key(value: Any) -> Any:
    return getattr(value, "pk", value)
