"""What all tables have in common."""

from typing import Any, ClassVar

from django.db import models
from django.db.models.functions import Now

from crm.clock import Uuid7, uuid7
from crm.scope import ScopedManager, UnscopedManager


class Timestamped(models.Model):
    """A row with a time-ordered key that knows when it was made and last changed."""

    id = models.UUIDField(primary_key=True, default=uuid7, db_default=Uuid7(), editable=False)
    created_at = models.DateTimeField(auto_now_add=True, db_default=Now())
    updated_at = models.DateTimeField(auto_now=True, db_default=Now())

    class Meta:
        abstract = True


class BusinessModel(Timestamped):
    """A row that belongs to one business and is never seen from another."""

    business = models.ForeignKey("crm.Business", on_delete=models.CASCADE, related_name="+", db_index=False)

    objects: ClassVar[Any] = ScopedManager()
    unscoped: ClassVar[Any] = UnscopedManager()

    class Meta:
        abstract = True
        base_manager_name = "unscoped"
        constraints = [
            models.UniqueConstraint(fields=["business", "id"], name="%(app_label)s_%(class)s_business_id_key")
        ]


class LedgerModel(models.Model):
    """A line that is only ever added: ledgers and lines have short keys and no time of change."""

    id = models.BigAutoField(primary_key=True)
    business = models.ForeignKey("crm.Business", on_delete=models.CASCADE, related_name="+", db_index=False)

    objects: ClassVar[Any] = ScopedManager()
    unscoped: ClassVar[Any] = UnscopedManager()

    class Meta:
        abstract = True
        base_manager_name = "unscoped"
