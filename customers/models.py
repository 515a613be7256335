"""Customers as people enter them, their search rows, their computed facts, and imports."""

from typing import Any, ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Left, Now
from django.utils.translation import gettext_lazy as _

from crm.constraints import SameBusiness
from crm.errors import explain_constraint
from crm.folding import Fold
from crm.models import BusinessModel, LedgerModel, Team, User
from crm.scope import ScopedManager, UnscopedManager
from customers.choices import ImportState, Kind, LifecycleStage, Size
from customers.querysets import CustomerQuerySet, ImportQuerySet


class Customer(BusinessModel):  # type: ignore[django-manager-missing]  # its managers come from a queryset
    """A person or a company that the business serves: one row per relationship, with that business's own view of it."""

    kind = models.CharField(_("kind"), max_length=7, choices=Kind, default=Kind.PERSON)
    display_name = models.CharField(_("name"), max_length=200)
    first_name = models.CharField(_("first name"), max_length=100, blank=True, default="", db_default="")
    last_name = models.CharField(_("last name"), max_length=100, blank=True, default="", db_default="")
    email = models.EmailField(_("e-mail"), max_length=254, blank=True, default="", db_default="")
    phone = models.CharField(
        _("phone"),
        max_length=40,
        blank=True,
        default="",
        db_default="",
        help_text=_("With the country code, as in +44 20 7946 0018."),
    )
    country = models.CharField(_("country"), max_length=80, blank=True, default="", db_default="")
    city = models.CharField(_("city"), max_length=100, blank=True, default="", db_default="")
    website = models.URLField(_("website"), max_length=300, blank=True, default="", db_default="")
    industry = models.CharField(_("industry"), max_length=80, blank=True, default="", db_default="")
    size = models.CharField(_("size"), max_length=10, choices=Size, blank=True, default="", db_default="")
    lifecycle_stage = models.CharField(
        _("lifecycle stage"),
        max_length=11,
        choices=LifecycleStage,
        default=LifecycleStage.ACTIVE,
        db_default=LifecycleStage.ACTIVE,
    )
    owner = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_constraint=False,
        related_name="+",
        verbose_name=_("owner"),
    )
    team = models.ForeignKey(
        Team,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        db_constraint=False,
        related_name="+",
        verbose_name=_("team"),
    )
    acquired_on = models.DateField(_("customer since"), null=True, blank=True)
    external_id = models.CharField(
        _("external id"),
        max_length=100,
        blank=True,
        default="",
        db_default="",
        help_text=_("The id that this customer has in the system it came from."),
    )
    sort_name = models.GeneratedField(
        expression=Left(Fold("display_name"), 400),
        output_field=models.CharField(max_length=400, db_collation="C"),
        db_persist=True,
    )
    email_key = models.GeneratedField(
        expression=Left(Fold("email"), 400),
        output_field=models.CharField(max_length=400, db_collation="C"),
        db_persist=True,
    )
    is_unidentified = models.BooleanField(_("unidentified"), default=False, db_default=False, editable=False)
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True, editable=False)
    is_live = models.GeneratedField(
        expression=Q(archived_at__isnull=True) & Q(is_unidentified=False),  # type: ignore[arg-type]  # a condition is one
        output_field=models.BooleanField(),
        db_persist=True,
    )

    objects: ClassVar[Any] = ScopedManager.from_queryset(CustomerQuerySet)()
    unscoped: ClassVar[Any] = UnscopedManager.from_queryset(CustomerQuerySet)()

    class Meta(BusinessModel.Meta):
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        constraints = [
            *BusinessModel.Meta.constraints,
            SameBusiness("team"),
            SameBusiness("owner", to="crm.Membership", to_columns=("business_id", "user_id")),
            models.UniqueConstraint(
                fields=["business", "email_key"],
                condition=~Q(email_key="") & Q(is_live=True),
                name="customers_customer_email_unique",
            ),
            models.UniqueConstraint(
                fields=["business", "external_id"],
                condition=~Q(external_id=""),
                name="customers_customer_external_id_unique",
            ),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="customers_customer_kind_known"),
            models.CheckConstraint(
                condition=Q(lifecycle_stage__in=LifecycleStage.values), name="customers_customer_stage_known"
            ),
            models.CheckConstraint(condition=Q(size__in=["", *Size.values]), name="customers_customer_size_known"),
            models.CheckConstraint(condition=~Q(display_name=""), name="customers_customer_named"),
        ]
        indexes = [
            models.Index(fields=["business", "sort_name", "id"], condition=Q(is_live=True), name="customers_by_name"),
            models.Index(
                fields=["business", "created_at", "id"], condition=Q(is_live=True), name="customers_by_created"
            ),
            models.Index(
                fields=["business", "lifecycle_stage", "sort_name", "id"],
                condition=Q(is_live=True),
                name="customers_by_stage",
            ),
            models.Index(
                fields=["business", "kind", "sort_name", "id"], condition=Q(is_live=True), name="customers_by_kind"
            ),
            models.Index(
                fields=["business", "country", "sort_name", "id"],
                condition=Q(is_live=True),
                name="customers_by_country",
            ),
            models.Index(
                fields=["business", "owner", "sort_name", "id"], condition=Q(is_live=True), name="customers_by_owner"
            ),
            models.Index(
                fields=["business", "team", "sort_name", "id"], condition=Q(is_live=True), name="customers_by_team"
            ),
            models.Index(fields=["business", "email_key"], condition=Q(is_live=True), name="customers_by_email"),
            # a filter by any of these and the count of any pair of them is answered by this small index alone
            models.Index(
                fields=["business", "kind", "lifecycle_stage", "country", "owner"],
                condition=Q(is_live=True),
                name="customers_by_filters",
            ),
            models.Index(
                fields=["business", "lifecycle_stage", "created_at", "id"],
                condition=Q(is_live=True),
                name="customers_by_stage_created",
            ),
            models.Index(
                fields=["business", "archived_at", "id"],
                condition=Q(archived_at__isnull=False),
                name="customers_archived",
            ),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None


class CustomerFacts(models.Model):
    """What the system has computed of a customer; each column is written by the app that owns it, never by a form.

    `is_live` and `lifecycle_stage` are copies, kept by `services.refresh_search`, so that lists are narrowed and ordered by one index.
    """

    customer = models.OneToOneField(
        Customer, on_delete=models.CASCADE, primary_key=True, related_name="facts", db_constraint=False
    )
    business = models.ForeignKey("crm.Business", on_delete=models.CASCADE, related_name="+", db_index=False)
    is_live = models.BooleanField(default=True, db_default=True)
    lifecycle_stage = models.CharField(
        max_length=11, choices=LifecycleStage, default=LifecycleStage.ACTIVE, db_default=LifecycleStage.ACTIVE
    )
    total_spent = models.DecimalField(_("total spent"), max_digits=16, decimal_places=4, default=0, db_default=0)
    order_count = models.PositiveIntegerField(_("orders"), default=0, db_default=0)
    average_order_value = models.DecimalField(
        _("average order value"), max_digits=16, decimal_places=4, null=True, blank=True
    )
    first_order_at = models.DateTimeField(_("first order"), null=True, blank=True)
    last_order_at = models.DateTimeField(_("last order"), null=True, blank=True)

    objects: ClassVar[Any] = ScopedManager()
    unscoped: ClassVar[Any] = UnscopedManager()

    class Meta:
        base_manager_name = "unscoped"
        verbose_name = _("customer facts")
        verbose_name_plural = _("customer facts")
        constraints = [SameBusiness("customer")]
        indexes = [
            models.Index(fields=["business", "total_spent", "customer"], condition=Q(is_live=True), name="facts_by_total_spent"),
            models.Index(
                F("business"), F("last_order_at").desc(nulls_last=True), F("customer").desc(),
                condition=Q(is_live=True), name="facts_by_last_order",
            ),
            models.Index(
                fields=["business", "lifecycle_stage", "total_spent", "customer"], condition=Q(is_live=True), name="facts_by_stage_spent"
            ),
            models.Index(
                F("business"), F("lifecycle_stage"), F("last_order_at").desc(nulls_last=True), F("customer").desc(),
                condition=Q(is_live=True), name="facts_by_stage_last_order",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return str(self.customer_id)


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

    objects: ClassVar[Any] = ScopedManager.from_queryset(ImportQuerySet)()
    unscoped: ClassVar[Any] = UnscopedManager.from_queryset(ImportQuerySet)()

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


explain_constraint(
    "customers_customer_email_unique",
    field="email",
    code="duplicate",
    message=_("Another customer of this business has this e-mail address."),
)
explain_constraint(
    "customers_customer_external_id_unique",
    field="external_id",
    code="duplicate",
    message=_("Another customer of this business has this external id."),
)
explain_constraint(
    "customers_customer_owner_same_business",
    field="owner",
    code="unknown",
    message=_("The owner must be a member of this business."),
)
