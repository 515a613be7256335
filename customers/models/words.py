"""The words of names, by which misspelt ones are put right."""

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Func
from django.utils.translation import gettext_lazy as _

from crm.models import LedgerModel
from crm.scope import ScopedManager, UnscopedManager


class SearchWord(LedgerModel):
    """A word that stands in the name of a customer or contact, with what is left of it when any one letter is missing.

    Two words that differ by one letter missing, added, changed or moved share one of these rests.
    """

    word = models.CharField(max_length=30, db_collation="C")
    rests = models.GeneratedField(
        expression=Func("word", function="crm_rests", output_field=ArrayField(models.TextField())),
        output_field=ArrayField(models.TextField()),
        db_persist=True,
    )

    objects: ClassVar[Any] = ScopedManager()
    unscoped: ClassVar[Any] = UnscopedManager()

    class Meta(LedgerModel.Meta):
        verbose_name = _("search word")
        verbose_name_plural = _("search words")
        constraints = [models.UniqueConstraint(fields=["business", "word"], name="customers_searchword_once")]
        indexes = [GinIndex(fields=["rests"], name="customers_searchword_rests", fastupdate=False)]

    def __str__(self) -> str:
        return self.word
