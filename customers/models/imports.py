"""Files brought in, the rows of them that could not be taken, and what they have changed of each customer."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm.constraints import SameBusiness
from crm.models import BusinessModel, LedgerModel, User
from crm.scope import ScopedManager, UnscopedManager
from customers.choices import ImportState
from customers.models.contacts import Contact
from customers.models.customer import Customer
from customers.querysets import AskedForQuerySet


class ImportJob(BusinessModel):
    """A file brought in: which resource it holds, how far it is, what it did or why it was refused."""

    resource = models.CharField(_("kind of file"), max_length=40)
    file_name = models.CharField(_("file"), max_length=200)
    file = models.FileField(upload_to="imports/", max_length=200, blank=True)
    sha256 = models.CharField(max_length=64)
    state = models.CharField(_("state"), max_length=8, choices=ImportState, default=ImportState.UPLOADED)
    job = models.ForeignKey(
        "crm.Job", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_constraint=False
    )
    requested_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("requested by")
    )
    row_count = models.PositiveIntegerField(_("rows"), default=0)
    counts = models.JSONField(default=dict, blank=True)
    fault_count = models.PositiveIntegerField(_("faulty rows"), default=0)
    error = models.TextField(blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    objects: ClassVar[Any] = ScopedManager.from_queryset(AskedForQuerySet)()
    unscoped: ClassVar[Any] = UnscopedManager.from_queryset(AskedForQuerySet)()

    class Meta(BusinessModel.Meta):
        ordering = ["-created_at"]
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        constraints = [
            *BusinessModel.Meta.constraints,
            SameBusiness("job"),
            models.CheckConstraint(condition=Q(state__in=ImportState.values), name="customers_import_state_known"),
        ]
        indexes = [models.Index(fields=["business", "created_at", "id"], name="customers_import_recent")]

    def __str__(self) -> str:
        return self.file_name


class ImportRow(LedgerModel):
    """A row of an imported file that could not be taken: line, column, value and reason."""

    import_job = models.ForeignKey(ImportJob, on_delete=models.CASCADE, db_constraint=False, related_name="faults")
    line = models.PositiveIntegerField(_("line"))
    column = models.CharField(_("column"), max_length=80)
    value = models.CharField(_("value"), max_length=200, blank=True)
    reason = models.CharField(_("reason"), max_length=300)
    at = models.DateTimeField(db_default=Now())

    class Meta(LedgerModel.Meta):
        ordering = ["line", "id"]
        verbose_name = _("faulty row")
        verbose_name_plural = _("faulty rows")
        constraints = [SameBusiness("import_job")]
        indexes = [models.Index(fields=["import_job", "line"], name="customers_importrow_line")]

    def __str__(self) -> str:
        return f"line {self.line}, {self.column}: {self.reason}"


class ImportChange(LedgerModel):
    """What an import has changed of one customer, or of one contact of a company: the changed fields before and after; of private
    values only that there is one."""

    import_job = models.ForeignKey(
        ImportJob, on_delete=models.CASCADE, related_name="changes", db_constraint=False, db_index=False
    )
    customer = models.ForeignKey(
        Customer,
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("customer"),
    )
    contact = models.ForeignKey(
        Contact,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("contact"),
    )
    before = models.JSONField(_("before"), default=dict, blank=True)
    after = models.JSONField(_("after"), default=dict, blank=True)
    at = models.DateTimeField(_("when"), db_default=Now())

    class Meta(LedgerModel.Meta):
        ordering = ["id"]
        verbose_name = _("customer changed by an import")
        verbose_name_plural = _("customers changed by imports")
        constraints = [
            SameBusiness("import_job"),
            SameBusiness("customer"),
            SameBusiness("contact"),
            models.UniqueConstraint(
                fields=["import_job", "customer", "contact"], nulls_distinct=False, name="customers_importchange_once"
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "-id"], name="customers_importchange_of"),
            models.Index(fields=["contact"], condition=Q(contact__isnull=False), name="customers_importchange_contact"),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}: {', '.join(self.after or self.before)}"

    @property
    def is_new(self) -> bool:
        """Whether the import has added the customer or contact: nobody is without a name."""
        return "display_name" in self.after and "display_name" not in self.before
