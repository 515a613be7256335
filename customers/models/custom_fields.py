"""Fields that a business defines itself; their values stand in `Customer.custom_values` under the field's key."""

from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.constraints import SameBusiness
from crm.errors import explain_constraint
from crm.models import BusinessModel, LedgerModel
from customers.choices import FieldType, Kind
from customers.models.customer import Customer


class CustomField(BusinessModel):
    """A field of customers that the business has defined: its type, rules and where it is shown."""

    key = models.CharField(
        _("key"),
        max_length=40,
        validators=[RegexValidator(r"^[a-z][a-z0-9_]*$", _("Lower-case letters, digits and _; a letter first."))],
        help_text=_("Its name in addresses, files and the API; it can't be changed later."),
    )
    label = models.CharField(_("label"), max_length=80)
    type = models.CharField(_("type"), max_length=8, choices=FieldType)
    choices = ArrayField(models.CharField(max_length=80), default=list, blank=True, verbose_name=_("choices"))
    help_text = models.CharField(_("help text"), max_length=200, blank=True, default="", db_default="")
    kind = models.CharField(_("asked of"), max_length=7, choices=Kind, blank=True, default="", db_default="")
    is_required = models.BooleanField(_("required"), default=False)
    is_unique = models.BooleanField(_("unique"), default=False)
    in_form = models.BooleanField(_("on the form"), default=True)
    on_profile = models.BooleanField(_("on the profile"), default=True)
    in_list = models.BooleanField(_("a column of the list by default"), default=False)
    order = models.PositiveSmallIntegerField(_("order"), default=100)
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True, editable=False)

    class Meta(BusinessModel.Meta):
        ordering = ["order", "label"]
        verbose_name = _("custom field")
        verbose_name_plural = _("custom fields")
        constraints = [
            *BusinessModel.Meta.constraints,
            models.UniqueConstraint(fields=["business", "key"], name="customers_customfield_key_unique"),
            models.CheckConstraint(
                condition=models.Q(type__in=FieldType.values), name="customers_customfield_type_known"
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=["", *Kind.values]), name="customers_customfield_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return self.label


class UniqueCustomValue(LedgerModel):
    """A value of a custom field that may stand at one customer only."""

    field = models.ForeignKey(CustomField, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    value_key = models.CharField(max_length=400)

    class Meta(LedgerModel.Meta):
        verbose_name = _("unique value")
        verbose_name_plural = _("unique values")
        constraints = [
            SameBusiness("field"),
            SameBusiness("customer"),
            models.UniqueConstraint(fields=["field", "value_key"], name="customers_uniquecustomvalue_once"),
            models.UniqueConstraint(fields=["field", "customer"], name="customers_uniquecustomvalue_of_customer"),
        ]

    def __str__(self) -> str:
        return self.value_key


explain_constraint(
    "customers_customfield_key_unique",
    field="key",
    code="duplicate",
    message=_("There is a field with this key already."),
)
