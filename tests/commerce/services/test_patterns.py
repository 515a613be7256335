"""Order patterns: cohorts, moves and quintiles are what plain Python makes of the same orders."""

import csv
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command

from commerce import services, tasks
from commerce.models import CohortMonth, Order, OrderGap, OrderPatterns
from commerce.queries.retention import add_months, average_of, cohorts_of, moves_of
from crm.actor import Actor
from crm.errors import NotAllowed
from crm.models import Business, Job, Notification
from crm.services import update_business
from customers.models import Customer, CustomerFacts
from tests.factories import make_business, make_customer, make_membership, make_order
from tests.real_data import real_file

AT = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
SYSTEM = Actor.system("test")
LONDON = ZoneInfo("Europe/London")
Table = dict[tuple[date, date], tuple[int, int, Decimal]]


def stored() -> Table:
    rows = CohortMonth.objects.values_list("cohort", "month", "customers", "orders", "revenue")
    return {(cohort, month): tuple(rest) for cohort, month, *rest in rows}


def compute(business: Business, at: datetime = AT) -> OrderPatterns:
    return services.compute_patterns(actor=SYSTEM, business=business, at=at)


def month_of(day: date) -> date:
    return day.replace(day=1)


def reckoned(rows: list[tuple[Any, datetime, Decimal, bool]], zone: ZoneInfo) -> Table:
    """Cohort, month -> customers, orders, money; of rows (customer, moment, money, whether it is an order that counts)."""
    by_customer: dict[Any, list[tuple[date, Decimal, bool]]] = defaultdict(list)
    for customer, at, money, counts in rows:
        by_customer[customer].append((at.astimezone(zone).date(), money, counts))
    table: dict[tuple[date, date], list[Any]] = defaultdict(lambda: [0, 0, Decimal(0)])
    for lines in by_customer.values():
        visits = [day for day, _money, counts in lines if counts]
        if not visits:
            continue
        cohort = month_of(min(visits))
        for month in {month_of(day) for day in visits}:
            table[cohort, month][0] += 1
        for day in visits:
            table[cohort, month_of(day)][1] += 1
        for day, money, _counts in lines:
            table[cohort, max(cohort, month_of(day))][2] += money
    return {key: tuple(values) for key, values in table.items()}


def test_a_cohort_is_the_month_of_the_first_order_in_the_zone_of_the_business(in_scope: Business) -> None:
    one, two = make_customer(in_scope), make_customer(in_scope)
    make_order(one, "10.00", ordered_at=datetime(2026, 3, 31, 23, 30, tzinfo=UTC))  # April in London
    make_order(one, "20.00", ordered_at=datetime(2026, 6, 1, 12, tzinfo=UTC))
    make_order(two, "30.00", ordered_at=datetime(2026, 3, 31, 22, 30, tzinfo=UTC))
    compute(in_scope)
    assert stored() == {
        (date(2026, 4, 1), date(2026, 4, 1)): (1, 1, Decimal(10)), (date(2026, 4, 1), date(2026, 6, 1)): (1, 1, Decimal(20)),
        (date(2026, 3, 1), date(2026, 3, 1)): (1, 1, Decimal(30)),
    }  # fmt: skip


def test_refunds_are_money_and_no_order_and_wholly_refunded_orders_no_visit(in_scope: Business) -> None:
    customer = make_customer(in_scope)
    make_order(customer, "50.00", ordered_at=datetime(2026, 1, 5, tzinfo=UTC), is_refunded=True)
    make_order(customer, "-50.00", ordered_at=datetime(2026, 4, 6, tzinfo=UTC))
    make_order(customer, "80.00", ordered_at=datetime(2026, 3, 5, tzinfo=UTC))
    make_order(customer, "70.00", ordered_at=datetime(2026, 3, 9, tzinfo=UTC), status="cancelled")
    make_order(make_customer(in_scope), "9.00", ordered_at=datetime(2026, 3, 5, tzinfo=UTC), is_refunded=True)
    compute(in_scope)
    assert stored() == {
        (date(2026, 3, 1), date(2026, 3, 1)): (1, 1, Decimal(130)), (date(2026, 3, 1), date(2026, 4, 1)): (0, 0, Decimal(-50)),
    }  # fmt: skip
    spent = CustomerFacts.objects.get(pk=customer.pk).total_spent
    assert sum(row[2] for row in stored().values()) == spent == Decimal(80)


def test_archived_customers_and_other_businesses_stay_out(in_scope: Business, other_business: Business) -> None:
    archived = make_customer(in_scope)
    make_order(archived, ordered_at=AT - timedelta(days=9))
    CustomerFacts.objects.filter(pk=archived.pk).update(is_live=False)
    make_order(make_customer(other_business), ordered_at=AT - timedelta(days=9))
    patterns = compute(in_scope)
    assert (patterns.customer_count, patterns.recency, stored(), patterns.months) == (0, [], {}, [])


def test_cohorts_of_random_orders_are_those_of_plain_python(in_scope: Business) -> None:
    draw, customers = Random(11), [make_customer(in_scope) for _n in range(40)]
    orders: list[Order] = []
    for customer in customers:
        for _n in range(draw.randrange(0, 9)):
            kind = draw.choice(["completed", "completed", "completed", "refund", "cancelled"])
            money = Decimal(draw.randrange(100, 20_000)) / 100 * (-1 if kind == "refund" else 1)
            orders.append(
                Order(
                    business=in_scope, customer=customer, number=f"R{len(orders)}", currency="GBP", total=money, total_base=money,
                    status=kind, is_refunded=kind == "completed" and draw.random() < 0.15,
                    ordered_at=AT - timedelta(minutes=draw.randrange(0, 700 * 1440)),
                )
            )  # fmt: skip
    Order.objects.bulk_create(orders)
    services.refresh_order_facts()
    patterns = compute(in_scope)
    rows = [
        (o.customer_id, o.ordered_at, o.total_base, o.status == "completed" and not o.is_refunded)
        for o in orders
        if o.status != "cancelled"
    ]
    expected = reckoned(rows, LONDON)
    assert len(expected) > 60
    assert stored() == expected
    visits = [(customer, at.astimezone(LONDON).date()) for customer, at, _money, counts in rows if counts]
    assert patterns.months == moves_in_python(visits, AT.astimezone(LONDON).date())


def moves_in_python(visits: list[tuple[Any, date]], today: date) -> list[list[Any]]:
    days: dict[Any, list[date]] = defaultdict(list)
    for customer, day in visits:
        days[customer].append(day)
    found: dict[date, list[int]] = defaultdict(lambda: [0, 0, 0])
    for visited in days.values():
        ordered = sorted(visited)
        for day, following in zip(ordered, [*ordered[1:], None], strict=True):
            lost_on = day + timedelta(days=90)
            if following is None and lost_on <= today:
                found[month_of(lost_on)][0] += 1
                found[month_of(lost_on)][1] += 1
            elif following is not None and lost_on <= following:
                found[month_of(lost_on)][0] += 1
                found[month_of(following)][2] += 1
    return [[f"{month:%Y-%m}", *found[month]] for month in sorted(found)]


@pytest.mark.parametrize(
    ("gap", "today", "expected"),
    [
        (89, date(2026, 6, 15), []),
        (90, date(2026, 6, 15), [["2026-04", 1, 0, 0], ["2026-04", 0, 0, 1]]),
        (None, date(2026, 4, 1), []),
        (None, date(2026, 4, 2), [["2026-04", 1, 1, 0]]),
    ],
)
def test_lost_on_the_ninetieth_day_and_back_with_the_next_order(
    in_scope: Business, gap: int | None, today: date, expected: list[Any]
) -> None:
    customer, first = make_customer(in_scope), datetime(2026, 1, 2, 12, tzinfo=UTC)
    make_order(customer, ordered_at=first)
    if gap is not None:
        for n in range(2):  # a second order soon after, so that it isn't lost again
            make_order(customer, ordered_at=first + timedelta(days=gap + 45 * n))
    patterns = compute(in_scope, datetime(today.year, today.month, today.day, 12, tzinfo=UTC))
    totals: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for month, *counts in expected:
        totals[month] = [a + b for a, b in zip(totals[month], counts, strict=True)]
    assert patterns.months == [[month, *counts] for month, counts in totals.items()]


def test_quintiles_share_ties(in_scope: Business) -> None:
    for n in range(10):
        customer = make_customer(in_scope)
        make_order(customer, f"{10 * (n + 1)}.00", ordered_at=datetime(2026, 3, 1 + n, 12, tzinfo=UTC))
        if n >= 8:
            make_order(customer, "1.00", ordered_at=datetime(2026, 2, 1, 12, tzinfo=UTC))
    patterns = compute(in_scope)
    assert patterns.customer_count == 10
    assert patterns.recency == ["2026-03-02", "2026-03-04", "2026-03-06", "2026-03-08"]
    assert patterns.frequency == [1, 1, 1, 1]
    assert [Decimal(amount) for amount in patterns.monetary] == [20, 40, 60, 80]


def test_computing_again_gives_the_same_and_forgets_what_is_gone(in_scope: Business) -> None:
    customer = make_customer(in_scope)
    make_order(customer, ordered_at=AT - timedelta(days=40))
    compute(in_scope)
    first = stored()
    compute(in_scope)
    assert stored() == first
    Order.objects.all().delete()
    services.refresh_order_facts()
    compute(in_scope)
    assert (stored(), OrderPatterns.objects.get().frequency) == ({}, [])


def test_cohorts_are_read_with_empty_months_and_the_running_one_apart(in_scope: Business) -> None:
    one, two = make_customer(in_scope), make_customer(in_scope)
    for day in (date(2026, 3, 3), date(2026, 5, 5), date(2026, 6, 6)):
        make_order(one, "10.00", ordered_at=datetime(day.year, day.month, day.day, 12, tzinfo=UTC))
    make_order(two, "30.00", ordered_at=datetime(2026, 3, 9, 12, tzinfo=UTC))
    make_order(make_customer(in_scope), "7.00", ordered_at=datetime(2026, 5, 9, 12, tzinfo=UTC))
    patterns = compute(in_scope)
    march, may = cohorts_of(patterns)
    assert (march.month, march.customers, may.month, may.customers) == (date(2026, 3, 1), 2, date(2026, 5, 1), 1)
    assert [march.retention(cell) for cell in march.cells] == [100, 0, 50, 50]
    assert [march.per_customer(cell) for cell in march.cells] == [20, 20, 25, 30]
    assert [cell.is_over for cell in march.cells] == [True, True, True, False]
    kept = average_of([march, may], lambda cell: 100 * cell.customers)
    assert kept[:4] == [100, 0, 50, None]
    assert [(row.month.month, row.new) for row in moves_of(patterns)] == [(3, 2), (4, 0), (5, 1), (6, 0)]
    assert cohorts_of(patterns, 2) == [may]


def test_months_are_added_over_the_end_of_the_year() -> None:
    assert [add_months(date(2026, 1, 1), n) for n in (-13, -1, 0, 11, 12)] == [
        date(2024, 12, 1), date(2025, 12, 1), date(2026, 1, 1), date(2026, 12, 1), date(2027, 1, 1),
    ]  # fmt: skip


def test_asked_for_once_by_those_who_may(in_scope: Business, actor: Actor) -> None:
    assert services.ask_for_patterns(actor=actor, business=in_scope) is not None
    assert services.ask_for_patterns(actor=actor, business=in_scope) is None
    for role, visibility in (("agent", "all"), ("manager", "own")):
        member = make_membership(in_scope, role, visibility=visibility)
        with pytest.raises(NotAllowed):
            services.ask_for_patterns(actor=Actor.for_user(member.user), business=in_scope)


def test_a_new_time_zone_asks_for_new_months(in_scope: Business, actor: Actor) -> None:
    jobs = Job.objects.filter(task="commerce.tasks.compute_patterns")
    update_business(actor=actor, business=in_scope, name="Acme again")
    assert not jobs.exists()
    update_business(actor=actor, business=in_scope, time_zone="Asia/Tokyo")
    assert jobs.count() == 1


def test_regular_tasks_come_once_a_day_in_each_zone(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    zones = ("UTC", "Asia/Kolkata", "America/St_Johns", "Australia/Lord_Howe")
    for zone in zones:
        make_business(slug=zone.rpartition("/")[2].lower().replace("_", "-"), time_zone=zone)
    asked: list[str] = []
    for hour in range(24):
        monkeypatch.setattr("crm.clock.now", lambda hour=hour: datetime(2026, 6, 15, hour, 37, tzinfo=UTC))
        asked += [business.time_zone for business in tasks.businesses_at(3)]
    assert sorted(asked) == sorted(zones)


def test_owners_are_told_once_of_each_gap(in_scope: Business) -> None:
    riley, sam = make_membership(in_scope, "agent"), make_membership(in_scope, "agent")
    customers = [make_customer(in_scope, owner=member.user) for member in (riley, riley, sam)] + [
        make_customer(in_scope)
    ]
    for customer in customers:
        for days in (40, 50, 60):
            make_order(customer, ordered_at=AT - timedelta(days=days))
    assert services.tell_order_gaps(actor=SYSTEM, business=in_scope, at=AT) == {"gaps": 4, "owners": 2}
    told = {row.user_id: row for row in Notification.objects.filter(kind="commerce.order_gaps")}
    assert told[riley.user_id].title == "2 customers of yours are overdue to order"
    assert told[riley.user_id].href == f"/customers?overdue_to_order=true&owner={riley.user_id}"
    assert told[sam.user_id].title == "1 customer of yours is overdue to order"
    tomorrow = AT + timedelta(days=1)
    assert services.tell_order_gaps(actor=SYSTEM, business=in_scope, at=tomorrow) == {"gaps": 0, "owners": 0}
    make_order(customers[2], ordered_at=AT)
    later = AT + timedelta(days=60)
    assert services.tell_order_gaps(actor=SYSTEM, business=in_scope, at=later) == {"gaps": 1, "owners": 1}
    assert Notification.objects.filter(kind="commerce.order_gaps").count() == 3
    assert OrderGap.objects.count() == 4


def test_nobody_is_told_of_other_businesses(in_scope: Business, other_business: Business) -> None:
    there = make_customer(other_business)
    for days in (40, 50, 60):
        make_order(there, ordered_at=AT - timedelta(days=days))
    assert services.tell_order_gaps(actor=SYSTEM, business=in_scope, at=AT) == {"gaps": 0, "owners": 0}


def test_the_cohorts_of_a_real_shop_are_those_of_its_file(in_scope: Business) -> None:
    customers = real_file("online_retail_orders_dev/customers.csv")
    orders = real_file("online_retail_orders_dev/orders.csv")
    for file in (customers, orders):
        call_command("import_orders", str(file), business=in_scope.slug, stdout=StringIO())
    assert Job.objects.filter(task="commerce.tasks.compute_patterns").count() == 1
    compute(in_scope, datetime(2011, 12, 31, 12, tzinfo=UTC))
    counts = dict(Order.objects.values_list("number", "is_refunded"))
    with orders.open(encoding="utf-8-sig", newline="") as text:
        lines = list(csv.DictReader(text))
    rows = []
    for line in lines:
        at = datetime.fromisoformat(line["ordered_at"])
        at = at if at.tzinfo else at.replace(tzinfo=LONDON)
        money = Decimal(line["total"])
        rows.append((line["customer_external_id"], at, money, money >= 0 and not counts[line["order_number"]]))
    live = set(Customer.objects.live().values_list("external_id", flat=True))
    expected = reckoned([row for row in rows if row[0] in live], LONDON)
    assert stored() == expected


def test_two_years_of_a_trading_company_make_the_cohorts_of_its_files(in_scope: Business, tmp_path: Path) -> None:
    totals: dict[str, Decimal] = defaultdict(Decimal)
    with real_file("northwind/order_details.csv").open(encoding="utf-8", newline="") as text:
        for line in csv.DictReader(text):
            part = Decimal(line["unit_price"]) * int(line["quantity"]) * (1 - Decimal(line["discount"]))
            totals[line["order_id"]] += part
    with real_file("northwind/orders.csv").open(encoding="utf-8", newline="") as text:
        lines = list(csv.DictReader(text))
    rows = [
        (
            line["customer_id"],
            datetime.fromisoformat(f"{line['order_date']}T12:00+00:00"),
            round(totals[line["order_id"]], 2),
        )
        for line in lines
    ]
    file = tmp_path / "orders.csv"
    with file.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target)
        writer.writerow(["order_number", "customer_external_id", "ordered_at", "total"])
        writer.writerows([(n, customer, at.isoformat(), total) for n, (customer, at, total) in enumerate(rows, 1)])
    call_command("import_orders", str(file), business=in_scope.slug, stdout=StringIO())
    patterns = compute(in_scope, datetime(1998, 6, 1, 12, tzinfo=UTC))
    expected = reckoned([(*row, True) for row in rows], LONDON)
    assert (len(rows), len({cohort for cohort, _month in expected})) == (830, 17)
    assert stored() == expected
    visits = [(customer, at.astimezone(LONDON).date()) for customer, at, _money in rows]
    assert patterns.months == moves_in_python(visits, date(1998, 6, 1))
