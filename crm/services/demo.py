"""Removing the demo data: all demo businesses with everything in them, and the people who belong to nothing else."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.files.storage import Storage
from django.db import connection, models, transaction
from django.utils.translation import gettext_lazy

from crm import activity
from crm.actor import Actor
from crm.errors import DomainError
from crm.models import Business, Membership, User
from crm.registry import business_tables

log = logging.getLogger(__name__)
# Only the owner of the tables may delete from the trail; a function of theirs does it, for demo businesses only.
_TRAIL = {"crm.Activity", "crm.ActivityDetail", "crm.ActivitySeal", "crm.AccessRecord"}


class NoDemoData(DomainError):
    code = "no_demo_data"
    message = gettext_lazy("There is no demo data.")


@dataclass(frozen=True)
class DemoSize:
    """What removing the demo data takes away: rows per kind of record, people, businesses."""

    businesses: list[Business]
    rows: list[tuple[str, int]]
    user_count: int


def demo_size() -> DemoSize:
    """Count what `remove_demo_data` would delete, in the words of the models; tables without rows are left out."""
    businesses = list(Business.objects.filter(is_demo=True))
    rows = []
    for model in _tables():
        count = model._base_manager.filter(business__in=businesses).count()
        if count:
            rows.append((str(model._meta.verbose_name_plural), count))
    return DemoSize(businesses, rows, _demo_users(businesses).count())


@transaction.atomic
def remove_demo_data(*, actor: Actor) -> DemoSize:
    """Delete every demo business with its rows and files, and its people who belong to no other; returns what went.

    Raises NoDemoData, and NotAllowed unless the actor may remove each of the demo businesses. The deed is recorded
    in the actor's other businesses, where there are any.
    """
    with connection.cursor() as cursor:
        cursor.execute("set local statement_timeout = 0")
        cursor.execute("set local lock_timeout = '30s'")
    businesses = list(Business.objects.select_for_update().filter(is_demo=True).order_by("pk"))
    if not businesses:
        raise NoDemoData
    for business in businesses:
        actor.require("crm.remove_demo", business)
    size = demo_size()
    ids = [business.pk for business in businesses]
    user_ids = list(_demo_users(businesses).values_list("pk", flat=True))
    files = _files(ids)
    with connection.cursor() as cursor:
        for model in _tables():
            if model._meta.label in _TRAIL:
                continue
            table = connection.ops.quote_name(model._meta.db_table)
            cursor.execute(f"delete from {table} where business_id = any(%s)", [ids])  # noqa: S608 - our own table's name
        cursor.execute("select crm_remove_demo_trail(%s)", [ids])
        cursor.execute("delete from crm_business where id = any(%s)", [ids])
    User.objects.filter(pk__in=user_ids).delete()
    counts = {"businesses": len(ids), "users": len(user_ids), "rows": sum(count for _name, count in size.rows)}
    for grant in actor.grants:
        if grant.business_id not in ids:
            business = Business.objects.get(pk=grant.business_id)
            activity.record(
                "crm.business.demo_removed", actor=actor, business=business, subject=business, counts=counts
            )
    transaction.on_commit(lambda: _clear_files(files))
    log.info("demo data removed by %s %s: %s", actor.kind, actor.id, counts)
    return size


def _tables() -> list[type[models.Model]]:
    """The tables that hold a business's rows, children first."""
    return [apps.get_model(label) for plug in business_tables for label in plug.models]


def _demo_users(businesses: list[Business]) -> models.QuerySet[User]:
    """People of the demo businesses who belong to no other; who operates the installation as a superuser stays."""
    elsewhere = Membership.unscoped.exclude(business__in=businesses).values("user")
    there = Membership.unscoped.filter(business__in=businesses).values("user")
    return User.objects.filter(pk__in=there, is_superuser=False).exclude(pk__in=elsewhere)


def _files(ids: list[Any]) -> list[tuple[Storage, str]]:
    """The files that rows of these businesses hold."""
    found: list[tuple[Storage, str]] = []
    for model in _tables():
        for field in model._meta.get_fields():
            if isinstance(field, models.FileField):
                names = (
                    model._base_manager.filter(business__in=ids)
                    .exclude(**{field.name: ""})
                    .values_list(field.name, flat=True)
                )
                found += [(field.storage, name) for name in names]
    return found


def _clear_files(files: list[tuple[Storage, str]]) -> None:
    for storage, name in files:
        storage.delete(name)
    Path(settings.DATA_DIR, "demo-sign-ins.json").unlink(missing_ok=True)
