"""Taking, correcting and deleting orders: one by one or in batches, by the same rules, with the figures that follow from them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import Q, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commerce.choices import OrderFlag, OrderStatus
from commerce.models import Opportunity, Order, OrderLine, OrderStatusChange, Product, ProductCategory
from commerce.services.facts import refresh_order_facts
from commerce.services.order_rows import FIELDS, Faults, Row, read_row
from commerce.services.rates import Rates
from commerce.services.revenue import refresh_revenue
from crm import activity, clock
from crm.actor import Actor
from crm.errors import DomainError, InvalidInput, NotFound
from crm.forms import check_version
from crm.models import Business
from crm.services.cleaning import refuse_unknown
from customers import services as customer_services
from customers.choices import Kind, LifecycleStage
from customers.models import Customer

UNIDENTIFIED_PREFIX = "order:"
"""External id of the unidentified customer of an order: this and the order's number."""
BATCH = 2_000
COMPARED = (
    "customer_id", "status", "ordered_at", "currency", "total", "refund_of_number", "channel", "source", "external_id",
    "opportunity_id",
)  # fmt: skip


class OrderDiffers(DomainError):
    """The number is taken by an order with other content; `details["differences"]` maps each field to (as it is, as it was sent)."""

    field = "number"
    code = "order_differs"
    message = gettext_lazy("There is an order with this number and other content.")


@dataclass
class Taken:
    """What became of a row: created, updated, unchanged or refused. `faults` says per field why, `differences` what an order of
    that number has otherwise."""

    status: str = ""
    order: Order | None = None
    faults: Faults = field(default_factory=dict)
    differences: dict[str, tuple[Any, Any]] = field(default_factory=dict)

    def refuse(self, faults: Faults) -> None:
        self.status, self.faults = "refused", faults

    def difference_faults(self) -> list[dict[str, str]]:
        """What stands there, field by field, as faults of a problem document."""
        words = _("It is %(before)s there.")
        return [
            {
                "field": name.removesuffix("_id"),
                "code": OrderDiffers.code,
                "message": words % {"before": _shown(before)},
            }
            for name, (before, _after) in self.differences.items()
        ]


@transaction.atomic
def create_order(*, actor: Actor, business: Business, at: datetime, **data: Any) -> tuple[Order, bool]:
    """Take an order; with the number and content of one that is there it is that one. Returns (order, whether it is new).

    Raises NotAllowed, InvalidInput, OrderDiffers.
    """
    taken = _take(actor, business, [data], at, replace=False)[0]
    if taken.differences:
        raise OrderDiffers(
            _("There is an order with this number and other content: %(fields)s.") % {"fields": ", ".join(taken.differences)},
            differences=taken.differences, faults=taken.difference_faults(),
        )  # fmt: skip
    if taken.order is None:
        raise InvalidInput(taken.faults)
    if taken.status == "created":
        _record("commerce.order.created", actor, taken.order, {"total": (None, taken.order.total)})
    return taken.order, taken.status == "created"


@transaction.atomic
def update_order(*, actor: Actor, order: Order, at: datetime, version: str | None = None, **data: Any) -> Order:
    """Correct an order; lines that are given replace all of them. Raises NotAllowed, StaleVersion, InvalidInput."""
    locked = _lock(order)
    actor.require("commerce.change_orders", locked.business)
    check_version(locked, version)
    before = Order.objects.get(pk=locked.pk)
    values = {"number": locked.number, **data}
    if values["number"] != locked.number:
        raise InvalidInput({"number": [_("An order keeps its number. Delete it and take it anew.")]})
    taken = _take(actor, locked.business, [values], at, replace=True)[0]
    if taken.order is None:
        raise InvalidInput(taken.faults)
    changes = activity.changes_between(before, taken.order, COMPARED)
    if taken.status == "updated":
        _record(
            "commerce.order.updated", actor, taken.order, changes or {"lines": (None, len(data.get("lines") or ()))}
        )
    return taken.order


@transaction.atomic
def delete_order(*, actor: Actor, order: Order, version: str | None = None) -> None:
    """Remove an order with its lines, as if it had never come in; refunds of it stay and are flagged. Raises NotAllowed, StaleVersion."""
    locked = _lock(order)
    actor.require("commerce.delete_orders", locked.business)
    check_version(locked, version)
    _record("commerce.order.deleted", actor, locked, {"number": (locked.number, None), "total": (locked.total, None)})
    customers, original = {locked.customer_id}, locked.refund_of_id
    days = {clock.today(locked.business.time_zone, locked.ordered_at)}
    flag = [OrderFlag.UNLINKED_REFUND.value]
    for refund in Order.objects.filter(refund_of=locked).order_by("pk"):
        Order.objects.filter(pk=refund.pk).update(refund_of=None, flags=sorted({*refund.flags, *flag}))
    locked.delete()
    if original:
        days |= _mark_refunded([original], locked.business)
        customers |= set(Order.objects.filter(pk=original).values_list("customer_id", flat=True))
    refresh_order_facts(sorted(customers))
    refresh_revenue(sorted(days))


@transaction.atomic
def take_orders(
    *, actor: Actor, business: Business, rows: Sequence[Mapping[str, Any]], at: datetime, replace: bool = False
) -> list[Taken]:
    """Take many orders, each with a result of its own; one that is refused doesn't keep the others out. With `replace` an order of
    the same number is corrected, else one with other content is refused. Raises NotAllowed."""
    taken = _take(actor, business, rows, at, replace=replace)
    counts = {word: sum(one.status == word for one in taken) for word in ("created", "updated", "unchanged", "refused")}
    touched = sorted({one.order.customer_id for one in taken if one.order and one.status in ("created", "updated")})
    if touched:
        activity.record(
            "commerce.orders.taken", actor=actor, business=business, subject=business, counts=counts, touched=touched
        )
    return taken


def _take(
    actor: Actor, business: Business, asked: Sequence[Mapping[str, Any]], at: datetime, *, replace: bool
) -> list[Taken]:
    actor.require("commerce.change_orders" if replace else "commerce.add_orders", business)
    return _Taking(actor, business, asked, at, replace).run()


class _Taking:
    """One pass over the rows: what they refer to is looked up in sets, then each row is judged, then all are written."""

    def __init__(
        self, actor: Actor, business: Business, asked: Sequence[Mapping[str, Any]], at: datetime, replace: bool
    ) -> None:
        self.actor, self.business, self.asked, self.at, self.replace = actor, business, asked, at, replace
        self.taken = [Taken() for _row in asked]
        self.touched: set[UUID] = set()
        self.days: set[Any] = set()
        self.originals: set[UUID] = set()

    def run(self) -> list[Taken]:
        for values in self.asked:
            refuse_unknown(dict(values), FIELDS)
        self._look_up()
        plans = [plan for index, values in enumerate(self.asked) if (plan := self._judge(index, values))]
        self._make_customers(plans)
        self._write(plans)
        self._link([plan.order for plan in plans])
        if self.originals:
            self.days |= _mark_refunded(sorted(self.originals), self.business)
            self.touched |= set(Order.objects.filter(pk__in=self.originals).values_list("customer_id", flat=True))
        if self.touched:
            refresh_order_facts(sorted(self.touched))
            refresh_revenue(sorted(self.days))
        return self.taken

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

    def _judge(self, index: int, values: Mapping[str, Any]) -> "_Plan | None":
        taken, number = self.taken[index], _number(values)
        if number and self.first[number] != index:
            taken.refuse({"number": [_("This number stands in an earlier row already.")]})
            return None
        before = self.before.get(number)
        row, faults = read_row(values, base_currency=self.business.currency, before=before)
        if row is None:
            taken.refuse(faults)
            return None
        plan = _Plan(
            taken, row, before, Order(business=self.business) if before is None else Order.objects.get(pk=before.pk)
        )
        self._fill(plan, faults)
        if faults:
            taken.refuse(faults)
            return None
        if before is not None and not self._differs(plan):
            taken.status, taken.order = "unchanged", before
            return None
        if before is not None and not self.replace:
            taken.differences = plan.changes
            taken.refuse({"number": [str(OrderDiffers.message)]})
            return None
        return plan

    def _fill(self, plan: "_Plan", faults: Faults) -> None:
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

    def _fill_customer(self, plan: "_Plan", faults: Faults) -> None:
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

    def _fill_refund(self, plan: "_Plan", faults: Faults) -> None:
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

    def _check_original(self, plan: "_Plan", original: Order, faults: Faults) -> None:
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

    def _differs(self, plan: "_Plan") -> bool:
        before, order = plan.before, plan.order
        assert before is not None  # noqa: S101  (the caller has looked)
        pairs = {name: (getattr(before, name), getattr(order, name)) for name in COMPARED}
        if plan.new_external:
            pairs["customer_external_id"] = (None, plan.new_external)
        plan.changes = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
        if plan.row.lines is not None and (stood := _lines_of(before)) != (asked := _lines_of_row(plan.row)):
            plan.changes["lines"] = (stood, asked)
        return bool(plan.changes)

    def _make_customers(self, plans: "list[_Plan]") -> None:
        """Buyers that are named but not known become customers; buyers that are not named unidentified ones, one per order."""
        made: dict[str, Customer] = {}
        for plan in plans:
            external = plan.new_external or (UNIDENTIFIED_PREFIX + plan.row.number if plan.is_unidentified else "")
            if external and external not in made:
                words = _("Customer %(id)s") if plan.new_external else _("Buyer of order %(id)s")
                made[external] = Customer(
                    business=self.business, kind=Kind.PERSON, external_id=external, is_unidentified=plan.is_unidentified,
                    display_name=(words % {"id": plan.new_external or plan.row.number})[:200], country=plan.row.text("country"),
                    acquired_on=None if plan.is_unidentified else clock.today(self.business.time_zone, plan.row.ordered_at),
                    lifecycle_stage=LifecycleStage.ACTIVE,
                )  # fmt: skip
            if external:
                plan.order.customer_id = made[external].pk
        if not made:
            return
        Customer.objects.bulk_create(made.values(), batch_size=BATCH)
        customer_services.refresh_search([customer.pk for customer in made.values()])
        named = [customer.pk for customer in made.values() if not customer.is_unidentified]
        customer_services.begin_stages(named, actor=self.actor)

    def _write(self, plans: "list[_Plan]") -> None:
        created = [plan for plan in plans if plan.before is None]
        changed = [plan for plan in plans if plan.before is not None]
        Order.objects.bulk_create([plan.order for plan in created], batch_size=BATCH)
        for plan in changed:
            plan.order.save()
        with_lines = [plan for plan in plans if plan.row.lines is not None]
        OrderLine.objects.filter(order__in=[plan.order.pk for plan in with_lines if plan.before]).delete()
        products = self._products(with_lines)
        OrderLine.objects.bulk_create(
            [
                OrderLine(
                    business=self.business, order=plan.order, position=position, product_id=products.get(line.product),
                    description=line.description[:200], quantity=line.quantity, unit_price=line.unit_price, amount=line.amount,
                )
                for plan in with_lines
                for position, line in enumerate(plan.row.lines or (), start=1)
            ],
            batch_size=BATCH,
        )  # fmt: skip
        self._note_statuses(plans)
        for plan in plans:
            plan.taken.status, plan.taken.order = ("updated" if plan.before else "created"), plan.order
            for order in filter(None, (plan.before, plan.order)):
                self.touched.add(order.customer_id)
                self.days.add(order.ordered_at.astimezone(ZoneInfo(self.business.time_zone)).date())
                self.originals |= {order.refund_of_id} if order.refund_of_id else set()
            if plan.before:
                self.originals.add(plan.order.pk)

    def _products(self, plans: "list[_Plan]") -> dict[str, UUID]:
        """Ids of products by code; those that are new are made, and a category that is named is given to what has none."""
        lines = [line for plan in plans for line in plan.row.lines or () if line.product]
        codes = {line.product for line in lines}
        if not codes:
            return {}
        names = {line.category for line in lines if line.category}
        ProductCategory.objects.bulk_create(
            [ProductCategory(business=self.business, name=name[:100]) for name in sorted(names)], ignore_conflicts=True
        )
        categories = dict(ProductCategory.objects.filter(name__in=names).values_list("name", "pk")) if names else {}
        said = {line.product: line for line in reversed(lines)}
        Product.objects.bulk_create(
            [Product(business=self.business, code=code, name=said[code].description[:200]) for code in sorted(codes)],
            ignore_conflicts=True, batch_size=BATCH,
        )  # fmt: skip
        found = dict(Product.objects.filter(code__in=codes).values_list("code", "pk"))
        for code, category in {line.product: line.category for line in lines if line.category}.items():
            Product.objects.filter(pk=found[code], category=None).update(category=categories[category[:100]])
        return found

    def _note_statuses(self, plans: "list[_Plan]") -> None:
        OrderStatusChange.objects.bulk_create(
            [
                OrderStatusChange(
                    business=self.business, order=plan.order, before=plan.before.status if plan.before else "",
                    after=plan.order.status, at=self.at, actor_kind=self.actor.kind, actor_id=self.actor.id,
                    actor_label=self.actor.label[:120],
                )
                for plan in plans
                if plan.before is None or plan.before.status != plan.order.status
            ],
            batch_size=BATCH,
        )  # fmt: skip

    def _link(self, orders: list[Order]) -> None:
        """Refunds that have waited for one of these orders are linked to it now; those that would give back too much go on waiting."""
        numbers = {order.number: order for order in orders if order.status != OrderStatus.REFUND}
        waiting = Order.objects.filter(refund_of_number__in=numbers, refund_of=None).exclude(refund_of_number="")
        for refund in waiting.order_by("pk").select_for_update(of=("self",)):
            original = numbers[refund.refund_of_number]
            given = self.refunded.get(original.pk, Decimal(0)) - refund.total
            if refund.currency != original.currency or given > original.total:
                continue
            self.refunded[original.pk] = given
            refund.refund_of = original
            refund.flags = [flag for flag in refund.flags if flag != OrderFlag.UNLINKED_REFUND]
            refund.save(update_fields=["refund_of", "flags", "updated_at"])
            self.originals.add(original.pk)
            self.touched.add(refund.customer_id)


@dataclass
class _Plan:
    """What is to be done with a row: the order as it stood and as it will stand."""

    taken: Taken
    row: Row
    before: Order | None
    order: Order
    new_external: str = ""
    is_unidentified: bool = False
    changes: dict[str, tuple[Any, Any]] = field(default_factory=dict)


# An order is wholly refunded when the refunds linked to it give back as much as it has brought.
_MARK_REFUNDED = """
update commerce_order o set is_refunded = n.is_refunded
from (
    select x.id, x.status = 'completed' and x.total > 0 and x.total + coalesce(
        (select sum(r.total) from commerce_order r where r.refund_of_id = x.id and r.status = 'refund'), 0) <= 0 as is_refunded
    from commerce_order x where x.business_id = %(business)s and x.id = any(%(ids)s)
) n
where o.id = n.id and o.is_refunded <> n.is_refunded
returning (o.ordered_at at time zone %(zone)s)::date
"""


def _mark_refunded(ids: Sequence[UUID], business: Business) -> set[Any]:
    """Mark orders as wholly refunded or not; returns the days whose number of orders has changed."""
    with connection.cursor() as cursor:
        cursor.execute(_MARK_REFUNDED, {"business": business.pk, "ids": list(ids), "zone": business.time_zone})
        return {row[0] for row in cursor.fetchall()}


def _lines_of(order: Order) -> list[tuple[Any, ...]]:
    rows = OrderLine.objects.filter(order=order).order_by("position")
    return [
        (code or "", text, quantity, price)
        for code, text, quantity, price in rows.values_list("product__code", "description", "quantity", "unit_price")
    ]


def _lines_of_row(row: Row) -> list[tuple[Any, ...]]:
    return [(line.product, line.description[:200], line.quantity, line.unit_price) for line in row.lines or ()]


def _shown(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, list):
        return _("%(count)d lines") % {"count": len(value)}
    return value.isoformat() if isinstance(value, datetime) else str(value or _("empty"))


def _number(values: Mapping[str, Any]) -> str:
    return str(values.get("number") or values.get("external_id") or "").strip()


def _key(value: Any) -> Any:
    return getattr(value, "pk", value)


def _lock(order: Order) -> Order:
    locked: Order | None = (
        Order.objects.select_for_update(of=("self",)).select_related("business").filter(pk=order.pk).first()
    )
    if locked is None:
        raise NotFound
    return locked


def _record(verb: str, actor: Actor, order: Order, changes: dict[str, tuple[Any, Any]]) -> None:
    activity.record(
        verb,
        actor=actor,
        business=order.business_id,
        subject=order,
        about=order.customer_id,
        changes=changes,
    )
