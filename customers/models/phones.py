"""Phone numbers that may stand at one customer only."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.constraints import SameBusiness
from crm.models import LedgerModel
from customers.models.customer import Customer


class UniquePhone(LedgerModel):
    """The number of a live customer in a business whose numbers are unique, as E.164."""

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    number = models.CharField(max_length=20)

    class Meta(LedgerModel.Meta):
        verbose_name = _("unique phone number")
        verbose_name_plural = _("unique phone numbers")
        constraints = [
            SameBusiness("customer"),
            models.UniqueConstraint(fields=["business", "number"], name="customers_uniquephone_once"),
            models.UniqueConstraint(fields=["customer"], name="customers_uniquephone_of_customer"),
        ]

    def __str__(self) -> str:
        return self.number
