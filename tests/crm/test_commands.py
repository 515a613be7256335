"""Commands of the operator: imports in the foreground, sealing and verifying the trail."""

import csv
import time
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Sum

from commerce.models import Order
from crm import activity, seals
from crm.actor import Actor
from crm.models import Activity, ActivitySeal, Business
from crm.scope import scope
from customers.models import Customer
from tests.real_data import real_file

SYSTEM = Actor.system("test")
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def business() -> Business:
    return Business.objects.create(name="Acme Retail", slug="acme", currency="GBP", time_zone="Europe/London")


def _import(path: Path, **options: str) -> str:
    out = StringIO()
    call_command(
        "import_orders", str(path), business=options.pop("business", "acme"), stdout=out, stderr=out, **options
    )
    return out.getvalue()


def test_import_orders_takes_the_real_files_to_the_penny(business: Business) -> None:
    customers = real_file("online_retail_orders_dev/customers.csv")
    orders = real_file("online_retail_orders_dev/orders.csv")
    assert "948 rows of customers imported" in _import(customers)
    assert "1,708 rows of orders imported" in _import(orders)
    with orders.open(encoding="utf-8", newline="") as file:
        expected = sum(Decimal(row["total"]) for row in csv.DictReader(file))
    with scope(business):
        assert Order.objects.aggregate(total=Sum("total"))["total"] == expected
        assert Customer.objects.filter(is_unidentified=False).count() == 948
    with real_file("online_retail_dev/online_retail_2010-12.csv").open(encoding="utf-8", newline="") as file:
        lines = sum(Decimal(row["Quantity"]) * Decimal(row["UnitPrice"]) for row in csv.DictReader(file))
    assert "42,481 rows of order lines imported" in _import(real_file("online_retail_dev/online_retail_2010-12.csv"))
    with scope(business):
        stored = Order.objects.aggregate(total=Sum("total"))["total"]
    assert abs(stored - lines) < Decimal("0.05")  # amounts are rounded to the penny line by line


def test_import_orders_names_each_faulty_row_and_imports_nothing(
    business: Business, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(
        "order_number,customer_id,ordered_at,total\nA1,7,2026-01-05,10\nA2,7,2026-13-05,10\nA3,7,2026-01-05,ten\n"
    )
    out = StringIO()
    with pytest.raises(SystemExit) as stop:
        call_command("import_orders", str(path), business="acme", stdout=out, stderr=out)
    assert stop.value.code == 1
    assert "row 3, ordered_at: " in out.getvalue()
    assert "row 4, total: Not a decimal number such as 1234.50. (“ten”)" in out.getvalue()
    assert not Order.unscoped.exists()


def test_import_orders_refuses_what_it_can_not_read(business: Business, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("nothing\nto see\n")
    with pytest.raises(CommandError, match="header"):
        _import(path)
    with pytest.raises(CommandError, match="no business nobody"):
        _import(path, business="nobody")
    with pytest.raises(CommandError, match="There is no file"):
        _import(tmp_path / "missing.csv")


def _deeds(business: Business, count: int) -> list[Activity]:
    from django.db import transaction

    with transaction.atomic():
        return [
            activity.record(
                "crm.business.updated",
                actor=SYSTEM,
                business=business,
                subject=business,
                changes={"name": ("A", str(n))},
            )
            for n in range(count)
        ]


def _seal(business: Business, rows: int) -> None:
    """Seal `rows` rows; waits while a transaction anywhere on the server, as of other tests, is older than they are."""
    deadline = time.monotonic() + 300
    sealed = seals.seal(business)
    while sealed < rows and time.monotonic() < deadline:
        time.sleep(0.1)
        sealed += seals.seal(business)
    assert sealed == rows, "another transaction on the server stays open, or sealing is broken"


def test_seal_audit_and_verify_audit_find_nothing_wrong(business: Business) -> None:
    _deeds(business, 3)
    _seal(business, 3)
    out = StringIO()
    call_command("seal_audit", stdout=out)
    assert "Acme Retail: 0 rows sealed" in out.getvalue()
    _deeds(business, 1)
    out = StringIO()
    call_command("verify_audit", business="acme", stdout=out)
    assert "3 rows under seals, 1 not sealed yet, no fault" in out.getvalue()
    with pytest.raises(CommandError, match="no business"):
        call_command("verify_audit", business="nobody")


_TAMPERINGS = {
    "a changed verb": "update crm_activity set verb = 'crm.business.created' where id = (select min(id) from crm_activity)",
    "a changed actor": "update crm_activity set actor_label = 'somebody' where id = (select max(id) from crm_activity)",
    "a row removed": "delete from crm_activitydetail; delete from crm_activity where id = (select min(id) from crm_activity)",
    "a detail rewritten": """update crm_activitydetail set changes = '{"name": ["A", "other"]}'
        where activity_id = (select min(id) from crm_activity)""",
    "a seal removed": "delete from crm_activityseal where id = (select min(id) from crm_activityseal)",
    "a seal rewritten": "update crm_activityseal set root_hash = sha256('x') where id = (select max(id) from crm_activityseal)",
}


@pytest.mark.parametrize("tampering", _TAMPERINGS, ids=list(_TAMPERINGS))
def test_verify_audit_finds_tampering(business: Business, tampering: str) -> None:
    _deeds(business, 2)
    _seal(business, 2)
    _deeds(business, 2)
    _seal(business, 2)
    assert ActivitySeal.unscoped.count() >= 2
    tables = ("crm_activity", "crm_activitydetail", "crm_activityseal")
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"alter table {table} disable trigger user")
        cursor.execute(_TAMPERINGS[tampering])
        for table in tables:
            cursor.execute(f"alter table {table} enable trigger user")
    out = StringIO()
    with pytest.raises(SystemExit) as stop:
        call_command("verify_audit", stdout=out, stderr=out)
    assert stop.value.code == 1
    assert "fault" in out.getvalue()
