"""Revenue by day follows the orders, in the business's own days."""

from datetime import UTC, date, datetime
from decimal import Decimal

from commerce import services
from commerce.models import Order, RevenueDay
from commerce.queries import revenue_by_month
from crm import work
from crm.actor import Actor
from crm.models import Business, Job, Membership
from crm.scope import scope
from crm.services.businesses import update_business
from tests.commerce.test_resources import bring_in
from tests.factories import make_customer, make_order

HEADER = "order_number,customer_external_id,ordered_at,status,currency,total\n"


def _days() -> list[tuple[date, Decimal, int]]:
    return list(RevenueDay.objects.order_by("day").values_list("day", "revenue", "order_count"))


def test_a_day_is_a_day_of_the_business(in_scope: Business) -> None:
    """23:30 UTC in July is past midnight in London; cancelled and pending orders are no revenue, refunds lessen it."""
    customer = make_customer(in_scope)
    for at, status, total in [
        (datetime(2026, 7, 1, 22, 59, tzinfo=UTC), "completed", "10"),
        (datetime(2026, 7, 1, 23, 30, tzinfo=UTC), "completed", "20"),
        (datetime(2026, 7, 2, 10, tzinfo=UTC), "refund", "-5"),
        (datetime(2026, 7, 3, 10, tzinfo=UTC), "cancelled", "99"),
        (datetime(2026, 7, 3, 10, tzinfo=UTC), "pending", "99"),
    ]:
        make_order(customer, ordered_at=at, status=status, total=total)
    RevenueDay.objects.all().delete()
    assert services.refresh_revenue() == 2
    assert _days() == [(date(2026, 7, 1), Decimal(10), 1), (date(2026, 7, 2), Decimal(15), 1)]
    assert services.refresh_revenue() == 0


def test_only_the_given_days_are_summed_and_empty_ones_go(in_scope: Business) -> None:
    customer = make_customer(in_scope)
    first = make_order(customer, ordered_at=datetime(2026, 1, 5, 9, tzinfo=UTC), total="10")
    make_order(customer, ordered_at=datetime(2026, 1, 6, 9, tzinfo=UTC), total="10")
    services.refresh_revenue()
    Order.objects.update(total_base=11)
    assert services.refresh_revenue([date(2026, 1, 6), date(2026, 1, 6)]) == 1
    assert _days() == [(date(2026, 1, 5), Decimal(10), 1), (date(2026, 1, 6), Decimal(11), 1)]
    Order.objects.filter(pk=first.pk).delete()
    assert services.refresh_revenue([date(2026, 1, 5)]) == 0
    assert _days() == [(date(2026, 1, 6), Decimal(11), 1)]


def test_an_import_keeps_the_days_current(in_scope: Business) -> None:
    bring_in(in_scope, HEADER + "A1,7,2026-01-05 10:00,completed,GBP,10\nA2,7,2026-01-06 10:00,completed,GBP,7\n")
    assert _days() == [(date(2026, 1, 5), Decimal(10), 1), (date(2026, 1, 6), Decimal(7), 1)]
    bring_in(in_scope, HEADER + "A1,7,2026-02-01 10:00,completed,GBP,12\n")
    assert _days() == [(date(2026, 1, 6), Decimal(7), 1), (date(2026, 2, 1), Decimal(12), 1)]
    months = revenue_by_month(in_scope, actor=Actor.system("test"), today=date(2026, 2, 14), months=3)
    assert [(m.first_day, m.revenue, m.orders) for m in months] == [
        (date(2025, 12, 1), Decimal(0), 0), (date(2026, 1, 1), Decimal(7), 1), (date(2026, 2, 1), Decimal(12), 1),
    ]  # fmt: skip


def test_one_business_does_not_count_anothers_orders(in_scope: Business, other_business: Business) -> None:
    with scope(other_business):
        make_order(make_customer(other_business), ordered_at=datetime(2026, 1, 5, tzinfo=UTC))
        assert len(_days()) == 1
    assert services.refresh_revenue() == 0
    assert not _days()


def test_another_time_zone_moves_the_days(in_scope: Business, owner: Membership) -> None:
    make_order(make_customer(in_scope), ordered_at=datetime(2026, 7, 1, 22, tzinfo=UTC), total="10")
    services.refresh_revenue()
    actor = Actor.for_user(owner.user)
    update_business(actor=actor, business=in_scope, name="Acme Stores")
    assert not Job.objects.exists()
    update_business(actor=actor, business=in_scope, time_zone="Asia/Tokyo")
    job = Job.objects.get(task="commerce.tasks.rebuild_revenue")
    work.run(str(job.pk))
    job.refresh_from_db()
    assert (job.state, job.error) == ("done", "")
    assert _days() == [(date(2026, 7, 2), Decimal(10), 1)]
