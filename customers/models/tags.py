"""Tags: short colored words that staff put on customers."""

from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _

from crm.constraints import SameBusiness
from crm.errors import explain_constraint
from crm.models import BusinessModel, LedgerModel, User
from customers.models.customer import Customer


class Tag(BusinessModel):
    """A word that customers can be marked with."""

    name = models.CharField(_("name"), max_length=60)
    color = models.CharField(
        _("color"),
        max_length=7,
        default="#64748b",
        validators=[RegexValidator(r"^#[0-9a-f]{6}$", _("Give a color as #64748b."))],
    )
    description = models.CharField(_("description"), max_length=300, blank=True, default="", db_default="")
    created_by = models.ForeignKey(
        User,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
        verbose_name=_("made by"),
    )

    class Meta(BusinessModel.Meta):
        ordering = ["name"]
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        constraints = [
            *BusinessModel.Meta.constraints,
            models.UniqueConstraint("business", Lower("name"), name="customers_tag_name_unique"),
            models.CheckConstraint(condition=~models.Q(name=""), name="customers_tag_named"),
        ]

    def __str__(self) -> str:
        return self.name


class CustomerTag(LedgerModel):
    """A tag on a customer."""

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="tag_links", db_constraint=False, db_index=False
    )
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False)
    created_at = models.DateTimeField(_("put on"), db_default=Now())

    class Meta(LedgerModel.Meta):
        verbose_name = _("tag of a customer")
        verbose_name_plural = _("tags of customers")
        constraints = [
            SameBusiness("customer"),
            SameBusiness("tag"),
            models.UniqueConstraint(fields=["customer", "tag"], name="customers_customertag_once"),
        ]
        indexes = [models.Index(fields=["business", "tag", "customer"], name="customers_by_tag")]

    def __str__(self) -> str:
        return f"{self.tag_id} on {self.customer_id}"


explain_constraint(
    "customers_tag_name_unique", field="name", code="duplicate", message=_("There is a tag of this name already.")
)
