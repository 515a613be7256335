"""The database itself refuses a reference into another business."""

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction

from crm.models import Business, Membership
from crm.models.base import BusinessModel
from crm.scope import UnscopedManager
from customers.models import Customer, ImportJob, ImportRow
from tests.factories import make_customer, make_membership, make_order, make_user


def _business_models() -> list[type[models.Model]]:
    return [
        m
        for m in apps.get_models()
        if any(f.name == "business" for f in m._meta.fields) and m._meta.app_label in ("crm", "customers", "commerce")
    ]


def test_every_reference_between_tables_of_a_business_is_composite(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "select conrelid::regclass::text, a.attname from pg_constraint c "
            "join lateral unnest(c.conkey) k on true join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k "
            "where contype = 'f' and cardinality(conkey) = 2"
        )
        composite = set(cursor.fetchall())
    missing = [
        f"{model.__name__}.{field.name}"
        for model in _business_models()
        for field in model._meta.fields
        if isinstance(field, models.ForeignKey)
        and issubclass(field.related_model, models.Model)
        and field.related_model in _business_models()
        and field.name not in ("business",)
        and (model._meta.db_table, field.column) not in composite
    ]
    # A detail is the other half of its activity's row and shares its key.
    assert missing == ["ActivityDetail.activity"]


def test_every_table_of_a_business_has_the_scoped_manager(db: None) -> None:
    from crm.scope import ScopedManager

    for model in _business_models():
        assert isinstance(model._default_manager, ScopedManager), model
        assert isinstance(model._base_manager, UnscopedManager), model


def _refused(**rows: object) -> None:
    with transaction.atomic():
        for row in rows.values():
            row.save()  # type: ignore[attr-defined]
        connection.check_constraints()


def test_an_order_can_not_name_a_customer_of_another_business(business: Business, other_business: Business) -> None:
    order = make_order(make_customer(business))
    order.customer = make_customer(other_business)
    with pytest.raises(IntegrityError, match="commerce_order_customer_same_business"):
        _refused(order=order)


def test_a_customer_can_not_be_owned_by_a_stranger(business: Business, other_business: Business) -> None:
    stranger = make_membership(other_business)
    customer = make_customer(business)
    customer.owner = stranger.user
    with pytest.raises(IntegrityError, match="owner_same_business"):
        _refused(customer=customer)


def test_a_fault_can_not_hang_on_an_import_of_another_business(business: Business, other_business: Business) -> None:
    job = ImportJob.unscoped.create(business=other_business, resource="orders", file_name="x.csv", sha256="0" * 64)
    with pytest.raises(IntegrityError, match="import_job_same_business"):
        _refused(row=ImportRow(business=business, import_job=job, line=1, column="x", reason="x"))


def test_a_member_can_not_be_put_into_a_foreign_team(business: Business, other_business: Business) -> None:
    from crm.models import Team

    team = Team.unscoped.create(business=other_business, name="Elsewhere")
    with pytest.raises(IntegrityError, match="team_same_business"):
        _refused(member=Membership(business=business, user=make_user(), role="agent", team=team))


def test_business_models_have_time_ordered_keys(business: Business) -> None:
    first, second = make_customer(business), make_customer(business)
    assert first.pk.version == 7
    assert first.pk < second.pk
    assert issubclass(Customer, BusinessModel)
