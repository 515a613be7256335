"""Removing the demo data takes all of it and nothing else."""

from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.files.base import ContentFile
from django.db import DatabaseError, connection, transaction

from crm.actor import Actor
from crm.errors import NotAllowed
from crm.models import Activity, Business, User
from crm.registry import business_tables
from crm.services.demo import NoDemoData, remove_demo_data
from crm.services.demo import demo_size as measure
from customers.models import Customer
from tests import planted
from tests.factories import make_membership


def _tables() -> list[type[Any]]:
    return [model for model in apps.get_models() if any(field.name == "business" for field in model._meta.fields)]


def test_every_table_that_holds_a_business_is_named_children_first() -> None:
    named = [label for plug in business_tables for label in plug.models]
    assert sorted(named) == sorted(model._meta.label for model in _tables())


def test_remove_demo_data_takes_all_of_it(
    business: Business, other_business: Business, settings: Any, tmp_path: Path, django_capture_on_commit_callbacks: Any
) -> None:
    settings.DATA_DIR = tmp_path
    (tmp_path / "demo-sign-ins.json").write_text("[]")
    Business.objects.filter(pk=business.pk).update(is_demo=True)
    boss, guest, leader = (
        make_membership(business, "owner"),
        make_membership(business, "agent"),
        make_membership(business, "agent"),
    )
    make_membership(other_business, "analyst", guest.user)
    User.objects.filter(pk=leader.user.pk).update(is_superuser=True)
    demo = planted.objects_of(business)
    planted.objects_of(other_business)
    before = planted.fingerprint(other_business)
    customer_count = Customer.unscoped.filter(business=business).count()
    file = demo["import"].file
    assert file.storage.exists(file.name)
    with django_capture_on_commit_callbacks(execute=True):
        size = remove_demo_data(actor=Actor.for_user(boss.user))
    for model in _tables():
        assert not model._base_manager.filter(business_id=business.pk).exists(), model
    assert customer_count > 0
    assert ("customers", customer_count) in size.rows
    assert planted.fingerprint(other_business) == before
    assert not Business.objects.filter(pk=business.pk).exists()
    assert not User.objects.filter(pk=boss.user.pk).exists()
    assert User.objects.filter(pk__in=[guest.user.pk, leader.user.pk]).count() == 2
    assert not file.storage.exists(file.name)
    assert not (tmp_path / "demo-sign-ins.json").exists()
    with pytest.raises(NoDemoData):
        remove_demo_data(actor=Actor.system("test"))


def test_the_deed_stands_in_the_actors_other_business(business: Business, other_business: Business) -> None:
    Business.objects.filter(pk=business.pk).update(is_demo=True)
    boss = make_membership(business, "owner")
    make_membership(other_business, "agent", boss.user)
    remove_demo_data(actor=Actor.for_user(boss.user))
    assert Activity.unscoped.get().verb == "crm.business.demo_removed"
    assert User.objects.filter(pk=boss.user.pk).exists()


def test_who_does_not_own_all_of_it_may_not(business: Business, other_business: Business) -> None:
    Business.objects.update(is_demo=True)
    boss = make_membership(business, "owner")
    make_membership(other_business, "manager", boss.user)
    with pytest.raises(NotAllowed):
        remove_demo_data(actor=Actor.for_user(boss.user))
    assert [b.pk for b in measure().businesses] == [b.pk for b in Business.objects.all()]


def test_the_trail_of_a_real_business_can_not_be_removed(business: Business) -> None:
    with (
        connection.cursor() as cursor,
        pytest.raises(DatabaseError, match="only demo businesses"),
        transaction.atomic(),
    ):
        cursor.execute("select crm_remove_demo_trail(%s)", [[business.pk]])


def test_a_file_that_is_gone_already_does_not_stop_it(
    business: Business, django_capture_on_commit_callbacks: Any
) -> None:
    Business.objects.filter(pk=business.pk).update(is_demo=True)
    demo = planted.objects_of(business)
    demo["import"].file.storage.delete(demo["import"].file.name)
    demo["import"].file.storage.save("imports/other.csv", ContentFile(b"x"))
    with django_capture_on_commit_callbacks(execute=True):
        remove_demo_data(actor=Actor.system("test"))
    assert demo["import"].file.storage.exists("imports/other.csv")
    demo["import"].file.storage.delete("imports/other.csv")
