"""What the demo customers have besides names and addresses."""

from datetime import UTC, date, datetime, timedelta

from django.db import connection
from django.db.models import F

from crm.demo import demo_businesses, make_demo
from crm.scope import scope
from customers.demo.fill import BORN
from customers.models import Customer


def test_demo_customers_are_believable(db: None) -> None:
    make_demo(customers=400, seed=1, today=date(2026, 11, 21))
    for business in demo_businesses():
        with scope(business):
            rows = Customer.objects.filter(is_unidentified=False)
            born = rows.exclude(birth_date_sealed=None)
            assert all(date(1950, 1, 1) < customer.date_of_birth < date(2008, 12, 1) for customer in born[:20])
            assert born.count() <= BORN
            assert rows.exclude(phone="").exclude(phone_e164__startswith="+").count() == 0
            assert rows.exclude(acquisition_source="").exists()
            assert rows.filter(referred_by__isnull=False).exclude(referred_by=F("pk")).exists()
            assert not rows.filter(contract_end_on__lt=F("contract_start_on")).exists()
            assert not rows.filter(kind="person").exclude(parent=None).exists()
            for customer in rows.filter(kind="company")[:50]:
                customer.full_clean(
                    exclude=["business", "owner", "team", "parent", "referred_by"], validate_unique=False
                )
    software = Customer.unscoped.filter(arr_manual__gt=0, contract_start_on__isnull=False, renewal_on__isnull=False)
    assert software.count() > 10
    assert Customer.unscoped.filter(parent__isnull=False).exists()
    assert not Customer.unscoped.filter(parent__parent__isnull=False).exists()
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from customers_customer c join customers_customer p on p.id = c.parent_id where p.kind <> 'company'"
        )
        assert cursor.fetchone()[0] == 0


def test_demo_customers_were_changed_at_different_times(db: None) -> None:
    today = date(2026, 11, 21)
    make_demo(customers=400, seed=1, today=today)
    midnight = datetime(2026, 11, 21, 12, tzinfo=UTC)
    for business in demo_businesses():
        with scope(business):
            rows = Customer.objects.filter(is_unidentified=False)
            count, days = rows.count(), {row.updated_at.date() for row in rows}
            assert not rows.filter(updated_at__gt=midnight).exists()
            assert not rows.filter(updated_at__lt=F("created_at")).exists()
            assert not rows.filter(updated_at__lt=F("archived_at")).exists()
            lately = rows.filter(updated_at__gt=midnight - timedelta(days=7)).count()
            assert lately < count / 10
            assert len(days) > count / 4
    assert Customer.unscoped.filter(updated_at__gt=midnight - timedelta(days=7)).exists()
