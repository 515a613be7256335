"""The words by which customers are found."""

from typing import Any, ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.constraints import SameBusiness
from crm.scope import ScopedManager, UnscopedManager
from customers.models.customer import Customer

# The words by which a customer `c` is found: of its names, address and numbers.
SEARCH_VECTOR = (
    "crm_search_vector(c.display_name || ' ' || c.first_name || ' ' || c.last_name || ' ' || c.legal_name, "
    "c.email, c.phone, c.external_id)"
)


class CustomerSearch(models.Model):
    """The folded words by which a customer is found; written only when a name, address or number changes."""

    customer = models.OneToOneField(
        Customer, on_delete=models.CASCADE, primary_key=True, related_name="search", db_constraint=False
    )
    business = models.ForeignKey("crm.Business", on_delete=models.CASCADE, related_name="+", db_index=False)
    is_live = models.BooleanField(default=True, db_default=True)
    sort_name = models.CharField(max_length=400, db_collation="C")
    email_key = models.CharField(max_length=400, db_collation="C", db_default="")
    vector = SearchVectorField()

    objects: ClassVar[Any] = ScopedManager()
    unscoped: ClassVar[Any] = UnscopedManager()

    class Meta:
        base_manager_name = "unscoped"
        verbose_name = _("search row")
        verbose_name_plural = _("search rows")
        constraints = [SameBusiness("customer")]
        indexes = [GinIndex(fields=["vector"], name="customers_search_vector", fastupdate=False)]

    def __str__(self) -> str:
        return str(self.customer_id)
