"""Writing orders that have been judged: rows, lines, new buyers and products, links of refunds, and the figures that follow."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _

from commerce.choices import OrderFlag, OrderStatus
from commerce.models import Order, OrderLine, OrderStatusChange, Product, ProductCategory
from commerce.services.facts import refresh_order_facts
from commerce.services.order_plans import Plan
from commerce.services.refunded import mark_refunded
from commerce.services.revenue import refresh_revenue
from crm import clock
from crm.actor import Actor
from crm.models import Business
from customers import services as customer_services
from customers.choices import Kind, LifecycleStage
from customers.models import Customer

UNIDENTIFIED_PREFIX = "order:"
"""External id of the unidentified customer of an order: this and the order's number."""
BATCH = 2_000


class Writing:
    """One pass that writes all plans. `refunded` is how much refunds have given back of each order so far."""

    def __init__(self, actor: Actor, business: Business, at: datetime, refunded: Mapping[UUID, Decimal]) -> None:
        self.actor, self.business, self.at = actor, business, at
        self.refunded = dict(refunded)
        self.touched: set[UUID] = set()
        self.days: set[date] = set()
        self.originals: set[UUID] = set()

    def write(self, plans: Sequence[Plan]) -> None:
        """Write them, and bring the figures of the customers and days that they touch up to date."""
        self._make_customers(plans)
        self._write(plans)
        self._link([plan.order for plan in plans])
        if self.originals:
            self.days |= {day for _buyer, day in mark_refunded(self.business, sorted(self.originals))}
            self.touched |= set(Order.objects.filter(pk__in=self.originals).values_list("customer_id", flat=True))
        if self.touched:
            refresh_order_facts(sorted(self.touched))
            refresh_revenue(sorted(self.days))

    def _make_customers(self, plans: Sequence[Plan]) -> None:
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

    def _write(self, plans: Sequence[Plan]) -> None:
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
                self.days.add(clock.today(self.business.time_zone, order.ordered_at))
                self.originals |= {order.refund_of_id} if order.refund_of_id else set()
            if plan.before:
                self.originals.add(plan.order.pk)

    def _products(self, plans: Sequence[Plan]) -> dict[str, UUID]:
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

    def _note_statuses(self, plans: Sequence[Plan]) -> None:
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
