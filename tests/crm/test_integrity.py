"""The integrity check finds what no constraint of the database refuses, and says it without personal data."""

import os
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connection

from crm import integrity
from crm.access import record_access
from crm.actor import Actor
from crm.clock import uuid7
from crm.models import Activity, ActivityDetail, Business, Notification
from crm.registry import integrity_checks
from customers.models import Customer, ImportJob
from tests.factories import make_customer, make_order, make_user

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC).timestamp()


@pytest.fixture(autouse=True)
def _empty_storage(settings: Any, tmp_path: Path) -> None:
    default = settings.STORAGES["default"]
    settings.STORAGES = {
        **settings.STORAGES, "default": {**default, "OPTIONS": {**default["OPTIONS"], "location": tmp_path}}
    }  # fmt: skip


@pytest.fixture
def customer(in_scope: Business) -> Customer:
    customer = make_customer(in_scope, first_name="CANARY", last_name="Name", email="canary@acme.example")
    make_order(customer, "80.00")
    make_order(customer, "-20.00")
    make_order(customer, "5.00", status="cancelled")
    return customer


def _sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _broken() -> dict[str, int]:
    """Checks that found something, and how much."""
    found = [each for each in integrity.examine() if each.broken]
    assert "CANARY" not in str([each.examples for each in found])
    return {each.check.key: each.broken for each in found}


def test_sound_data_pass_every_check(customer: Customer) -> None:
    assert _broken() == {}
    assert len(list(integrity.examine())) == len(integrity_checks)


@pytest.mark.parametrize(
    ("statement", "key"),
    [
        ("update customers_customersearch set sort_name = 'x'", "customers.search_rows"),
        ("update customers_customersearch set is_live = false", "customers.search_rows"),
        ("delete from customers_customersearch", "customers.search_rows"),
        ("update customers_customersearch set vector = 'x'::tsvector", "customers.search_words"),
        ("update customers_customerfacts set lifecycle_stage = 'lost'", "customers.fact_rows"),
        ("delete from customers_customerfacts", "customers.fact_rows"),
        ("update customers_customerfacts set total_spent = total_spent + 0.0001", "commerce.facts"),
        ("update customers_customerfacts set order_count = 2", "commerce.facts"),
        ("update customers_customerfacts set average_order_value = null", "commerce.facts"),
        ("update customers_customerfacts set last_order_at = null", "commerce.facts"),
        ("update commerce_revenueday set revenue = revenue + 1", "commerce.revenue"),
        ("delete from commerce_revenueday", "commerce.revenue"),
        ("alter table crm_team add constraint odd check (name <> 'odd') not valid", "crm.catalog"),
    ],
)
def test_figures_and_copies_that_differ_are_found(customer: Customer, statement: str, key: str) -> None:
    _sql(statement)
    assert _broken() == {key: 1}


def test_references_to_customers_who_are_not_there_are_found(customer: Customer, other_business: Business) -> None:
    stranger = make_customer(other_business)
    record_access(
        actor=Actor.system("t"), business=customer.business, what="x", customer_ids=[customer.pk, stranger.pk, uuid7()]
    )
    Notification.unscoped.create(
        user=make_user(), kind="crm.job_done", title="x", about=uuid7(), business=customer.business
    )
    row = Activity.unscoped.filter(business=customer.business).latest("id")
    Activity.unscoped.create(
        business=customer.business, verb=row.verb, actor_kind="user", actor_label="x", door="page", about=uuid7(),
        subject_type="customers.customer", subject_id=str(uuid7()), digest=row.digest,
    )  # fmt: skip
    assert _broken() == {"customers.about": 4, "customers.subjects": 1}


@pytest.mark.parametrize("length", [2, 3, 7])
def test_companies_that_stand_above_themselves_are_found(in_scope: Business, length: int) -> None:
    """Each of the circle is named; the company below it, its subsidiary and the sound family beside it are not."""
    circle = [make_customer(in_scope, kind="company") for _ in range(length)]
    below = make_customer(in_scope, kind="company", parent=circle[0])
    make_customer(in_scope, kind="company", parent=below)
    sound = make_customer(in_scope, kind="company")
    make_customer(in_scope, kind="company", parent=sound)
    assert _broken() == {}
    for child, parent in zip(circle, [*circle[1:], circle[0]], strict=True):
        _sql(f"update customers_customer set parent_id = '{parent.pk}' where id = '{child.pk}'")
    assert _broken() == {"customers.families": length}
    (found,) = [each for each in integrity.examine() if each.broken]
    assert all(any(str(one.pk) in sentence for one in circle) for sentence in found.examples)


def test_a_detail_of_another_business_is_found(customer: Customer, other_business: Business) -> None:
    ActivityDetail.unscoped.filter(business=customer.business).update(business=other_business)
    assert _broken() == {"crm.details": 1}


def test_files_without_rows_and_rows_without_files_are_found(customer: Customer) -> None:
    kept = default_storage.save("imports/kept.csv", ContentFile(b"a"))
    old = default_storage.save("imports/old.csv", ContentFile(b"a"))
    default_storage.save("imports/new.csv", ContentFile(b"a"))
    for name in (kept, old):
        os.utime(default_storage.path(name), (LONG_AGO, LONG_AGO))
    for name in (kept, "imports/lost.csv", ""):
        ImportJob.objects.create(
            business=customer.business, resource="customers", file_name="x", file=name, sha256="0" * 64
        )
    (found,) = [each for each in integrity.examine() if each.broken]
    assert found.examples == (
        "The file imports/lost.csv is named by a row and not there.",
        "The file imports/old.csv belongs to no row.",
    )


def test_the_command_prints_the_share_and_ends_with_1(customer: Customer) -> None:
    out, errors = StringIO(), StringIO()
    call_command("check_integrity", stdout=out, stderr=errors)
    assert "100.0000 %" in out.getvalue()
    _sql("update customers_customerfacts set order_count = 2")
    with pytest.raises(SystemExit) as ended:
        call_command("check_integrity", stdout=out, stderr=errors)
    assert ended.value.code == 1
    assert str(customer.pk) in errors.getvalue()
    assert "99." in out.getvalue().splitlines()[-1]
