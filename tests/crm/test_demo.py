"""The demo data: the same for the same seed and day, and in itself as consistent as real data would be."""

import json
import stat
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from commerce.choices import OrderStatus
from commerce.filters import OrderFilterSet
from commerce.models import Order, OrderLine, RevenueDay
from crm.actor import Actor
from crm.demo import DemoExists, demo_businesses, make_demo
from crm.demo import make as making
from crm.models import Activity, Business, Membership, User
from crm.scope import scope
from crm.services.demo import remove_demo_data
from customers.choices import Kind, LifecycleStage
from customers.filters import customer_filterset
from customers.models import Customer, CustomerFacts, CustomerSearch

TODAY = date(2026, 11, 21)
_COLUMNS = {
    "customers_customer": "id, kind, display_name, email, phone, country, city, lifecycle_stage, acquired_on, external_id, archived_at",
    "commerce_order": "id, customer_id, number, status, ordered_at, currency, total, total_base, refund_of_id, channel",
    "commerce_orderline": "order_id, position, quantity, unit_price, amount",
    "commerce_revenueday": "day, revenue, order_count",
}


def _fill(seed: int = 1, customers: int = 200) -> list[dict[str, str]]:
    return make_demo(customers=customers, seed=seed, today=TODAY)


def _ask(sql: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


def _digest() -> list[str]:
    return [
        _ask(f"select md5(string_agg(t::text, '|' order by t::text)) from (select {columns} from {table}) t")
        for table, columns in _COLUMNS.items()
    ]


def _shop() -> Business:
    return Business.objects.get(slug="demo")


def test_the_same_seed_and_day_give_the_same_data(db: None) -> None:
    _fill()
    first = _digest()
    with pytest.raises(DemoExists):
        _fill()
    assert _digest() == first
    remove_demo_data(actor=Actor.system("test"))
    assert not Business.objects.exists()
    assert not User.objects.exists()
    _fill()
    assert _digest() == first
    remove_demo_data(actor=Actor.system("test"))
    _fill(seed=2)
    assert all(one != other for one, other in zip(_digest(), first, strict=True))


def test_figures_follow_from_the_orders(db: None) -> None:
    _fill()
    assert (
        _ask(
            "select count(*) from commerce_order o where total <> (select sum(amount) from commerce_orderline l where l.order_id = o.id)"
        )
        == 0
    )
    assert _ask("select count(*) from commerce_orderline where amount <> round(quantity * unit_price, 2)") == 0
    assert (
        _ask("""
        select count(*) from customers_customerfacts f left join (
            select customer_id, sum(total_base) filter (where status in ('completed', 'refund')) as spent,
                   count(*) filter (where status = 'completed') as orders, min(ordered_at) filter (where status = 'completed') as first,
                   max(ordered_at) filter (where status = 'completed') as last
            from commerce_order group by customer_id) o using (customer_id)
        where (f.total_spent, f.order_count, f.first_order_at, f.last_order_at)
              is distinct from (coalesce(o.spent, 0), coalesce(o.orders, 0), o.first, o.last)""")
        == 0
    )
    assert _ask("select sum(revenue) from commerce_revenueday") == _ask(
        "select sum(total_base) from commerce_order where status in ('completed', 'refund')"
    )
    assert CustomerFacts.unscoped.count() == CustomerSearch.unscoped.count() == Customer.unscoped.count() == 240
    assert (
        _ask(
            "select count(*) from customers_customer c join commerce_order o on o.customer_id = c.id where o.ordered_at < c.acquired_on"
        )
        == 0
    )
    assert _ask(f"select count(*) from commerce_order where ordered_at > date '{TODAY}' + 1") == 0
    assert _ask("select count(distinct date_trunc('month', day)) from commerce_revenueday") >= 34


def test_refunds_belong_to_orders_and_foreign_money_has_a_rate(db: None) -> None:
    _fill()
    refunds = Order.unscoped.filter(status=OrderStatus.REFUND).select_related("refund_of")
    orders = Order.unscoped.filter(status=OrderStatus.COMPLETED).count()
    assert 0.02 < len(refunds) / orders < 0.06
    for refund in refunds:
        origin = refund.refund_of
        assert origin is not None
        assert (origin.customer_id, origin.status, origin.currency) == (
            refund.customer_id,
            OrderStatus.COMPLETED,
            refund.currency,
        )
        assert -origin.total <= refund.total < 0
        assert refund.ordered_at > origin.ordered_at
    assert Order.unscoped.filter(currency="EUR").exists()
    assert (
        _ask(
            "select count(*) from commerce_order o join crm_business b on b.id = o.business_id "
            "where o.currency <> b.currency and total_base = total and total <> 0"
        )
        == 0
    )


def test_stages_tell_how_long_ago_the_last_order_was(db: None) -> None:
    _fill()
    with scope(_shop()):
        long_ago = TODAY - timedelta(days=370)
        found = Customer.objects.filter(facts__last_order_at__date__lt=long_ago)
        assert found.exists()
        assert set(found.values_list("lifecycle_stage", flat=True)) == {LifecycleStage.CHURNED}
        buyers = Customer.objects.filter(facts__order_count__gt=0)
        assert not buyers.filter(lifecycle_stage__in=[LifecycleStage.PROSPECT, LifecycleStage.OPPORTUNITY]).exists()
        active = Customer.objects.filter(lifecycle_stage=LifecycleStage.ACTIVE)
        assert min(active.values_list("facts__last_order_at__date", flat=True)) >= TODAY - timedelta(days=152)


def test_no_reference_leaves_its_business(db: None) -> None:
    _fill()
    pairs = {
        "commerce_order": [("customer_id", "customers_customer"), ("refund_of_id", "commerce_order")],
        "commerce_orderline": [("order_id", "commerce_order"), ("product_id", "commerce_product")],
        "customers_customer": [("team_id", "crm_team")],
        "customers_customerfacts": [("customer_id", "customers_customer")],
    }
    for table, references in pairs.items():
        for column, target in references:
            assert (
                _ask(
                    f"select count(*) from {table} t join {target} r on r.id = t.{column} where r.business_id <> t.business_id"
                )
                == 0
            )
    assert (
        _ask("""select count(*) from customers_customer c where owner_id is not null and not exists (
        select from crm_membership m where m.user_id = c.owner_id and m.business_id = c.business_id)""")
        == 0
    )


def test_every_filter_finds_something(db: None) -> None:
    _fill()
    with scope(_shop()):
        filters = [{"kind": kind} for kind in Kind.values] + [
            {"lifecycle_stage": stage} for stage in LifecycleStage.values
        ]
        owners = Membership.objects.filter(role__in=["agent", "manager"]).values_list("user_id", flat=True)
        filters += [{"owner": str(owner)} for owner in owners] + [{"country": "Germany"}, {"owner__isnull": "true"}]
        for data in filters:
            assert (
                customer_filterset()(QueryDict(urlencode(data)), queryset=Customer.objects.all()).narrowed().exists()
            ), data
        for status in OrderStatus.values:
            assert OrderFilterSet(QueryDict(f"status={status}"), queryset=Order.objects.all()).narrowed().exists(), (
                status
            )
        assert Customer.objects.filter(archived_at__isnull=False).exists()
    assert all(
        len(set(Order.unscoped.filter(business=b).values_list("channel", flat=True))) > 2 for b in demo_businesses()
    )
    assert OrderLine.unscoped.filter(product=None).count() == 0
    assert RevenueDay.unscoped.values("business").distinct().count() == 2


def test_one_sign_in_per_role_opens_the_home_page(db: None, settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    out = StringIO()
    call_command("demo", customers=40, seed=3, today=TODAY, stdout=out)
    file = tmp_path / "demo-sign-ins.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    entries = json.loads(file.read_text())
    assert [entry["role"] for entry in entries] == ["owner", "manager", "agent", "marketing", "compliance", "analyst"]
    for entry in entries:
        assert entry["password"] in out.getvalue()
        client = Client()
        assert (
            client.post(reverse("account_login"), {"login": entry["email"], "password": entry["password"]}).status_code
            == 302
        )
        assert client.get("/").status_code == 200
    assert Membership.unscoped.filter(user__email=entries[0]["email"], role="owner").count() == 2
    assert Activity.unscoped.filter(verb="crm.business.created").count() == 2


def test_the_command_replaces_only_when_told(db: None, settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    call_command("demo", customers=40, today=TODAY, stdout=StringIO())
    before, out = _digest(), StringIO()
    call_command("demo", customers=50, today=TODAY, stdout=out)
    assert "--replace" in out.getvalue()
    assert _digest() == before
    call_command("demo", customers=50, today=TODAY, replace=True, stdout=StringIO())
    assert Customer.unscoped.filter(business=_shop()).count() == 50
    with pytest.raises(CommandError, match="--customers"):
        call_command("demo", customers=0)


def test_large_loads_leave_the_same_indexes_and_constraints(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    shape = """select md5(string_agg(line, '|' order by line)) from (
        select conrelid::regclass || conname || pg_get_constraintdef(oid) as line
        from pg_constraint where connamespace = 'public'::regnamespace
        union all select indexdef from pg_indexes where schemaname = 'public') s"""
    before = _ask(shape)
    _fill()
    small = _digest()
    remove_demo_data(actor=Actor.system("test"))
    monkeypatch.setattr(making, "BULK_FROM", 100)
    _fill()
    assert _ask(shape) == before
    assert _digest() == small
