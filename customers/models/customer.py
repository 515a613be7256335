"""Customers as people enter them."""

from datetime import date
from typing import Any, ClassVar

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Left
from django.utils.translation import gettext_lazy as _

from crm.constraints import SameBusiness
from crm.errors import explain_constraint
from crm.folding import Fold
from crm.models import BusinessModel, Team, User
from crm.scope import ScopedManager, UnscopedManager
from crm.sealing import SealBroken, blind_key, seal, unseal
from customers.choices import SUBSTEPS, Kind, LifecycleStage, Size
from customers.querysets import CustomerQuerySet


class Customer(BusinessModel):  # type: ignore[django-manager-missing]  # its managers come from a queryset
    """A person or a company that the business serves: one row per relationship, with that business's own view of it."""

    kind = models.CharField(_("kind"), max_length=7, choices=Kind, default=Kind.PERSON)
    display_name = models.CharField(_("name"), max_length=200)
    first_name = models.CharField(_("first name"), max_length=100, blank=True, default="", db_default="")
    last_name = models.CharField(_("last name"), max_length=100, blank=True, default="", db_default="")
    email = models.EmailField(_("e-mail"), max_length=254, blank=True, default="", db_default="")
    phone = models.CharField(
        _("phone"),
        max_length=50,
        blank=True,
        default="",
        db_default="",
        help_text=_("With the country code, as in +44 20 7946 0018."),
    )
    country = models.CharField(_("country"), max_length=80, blank=True, default="", db_default="")
    city = models.CharField(_("city"), max_length=100, blank=True, default="", db_default="")
    website = models.URLField(_("website"), max_length=300, blank=True, default="", db_default="")
    industry = models.CharField(_("industry"), max_length=100, blank=True, default="", db_default="")
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
    lifecycle_substep = models.CharField(
        _("step within the stage"), max_length=24, blank=True, default="", db_default=""
    )
    stage_since = models.DateTimeField(_("in this stage since"), null=True, blank=True, editable=False)
    legal_name = models.CharField(_("legal name"), max_length=200, blank=True, default="", db_default="")
    street = models.CharField(_("street"), max_length=200, blank=True, default="", db_default="")
    postal_code = models.CharField(_("postal code"), max_length=20, blank=True, default="", db_default="")
    region = models.CharField(_("region"), max_length=100, blank=True, default="", db_default="")
    preferred_language = models.CharField(
        _("preferred language"), max_length=10, blank=True, default="EN", db_default="EN"
    )
    linkedin_url = models.URLField(_("LinkedIn"), max_length=300, blank=True, default="", db_default="")
    facebook_url = models.URLField(_("Facebook"), max_length=300, blank=True, default="", db_default="")
    instagram_url = models.URLField(_("Instagram"), max_length=300, blank=True, default="", db_default="")
    domain = models.CharField(_("domain"), max_length=253, blank=True, default="", db_default="")
    annual_revenue = models.DecimalField(_("annual revenue"), max_digits=16, decimal_places=2, null=True, blank=True)
    employee_count = models.PositiveIntegerField(_("employees"), null=True, blank=True)
    parent = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        db_constraint=False,
        db_index=False,
        related_name="children",
        verbose_name=_("parent company"),
    )
    arr_manual = models.DecimalField(
        _("annual recurring revenue, as agreed"), max_digits=16, decimal_places=2, null=True, blank=True
    )
    contract_start_on = models.DateField(_("contract starts"), null=True, blank=True)
    contract_end_on = models.DateField(_("contract ends"), null=True, blank=True)
    renewal_on = models.DateField(_("renewal"), null=True, blank=True)
    contract_terms = models.TextField(_("contract terms"), max_length=2000, blank=True, default="", db_default="")
    acquired_on = models.DateField(_("customer since"), null=True, blank=True)
    acquisition_source = models.CharField(_("source"), max_length=80, blank=True, default="", db_default="")
    acquisition_campaign = models.CharField(_("campaign"), max_length=120, blank=True, default="", db_default="")
    acquisition_cost = models.DecimalField(
        _("acquisition cost"), max_digits=16, decimal_places=2, null=True, blank=True
    )
    referred_by = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
        verbose_name=_("referred by"),
    )
    birth_date_sealed = models.BinaryField(null=True, editable=False)
    birthday = models.CharField(
        _("birthday"),
        max_length=4,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text=_("Month and day."),
    )
    birth_key = models.BinaryField(max_length=16, null=True, editable=False)
    telegram_sealed = models.BinaryField(null=True, editable=False)
    telegram_key = models.BinaryField(max_length=16, null=True, editable=False)
    phone_e164 = models.CharField(max_length=20, blank=True, default="", db_default="", editable=False)
    custom_values = models.JSONField(_("custom fields"), default=dict, db_default={}, blank=True)
    person = models.ForeignKey(
        "customers.Person",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,
        related_name="customers",
        editable=False,
    )
    hidden_at = models.DateTimeField(_("hidden"), null=True, blank=True, editable=False)
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
            SameBusiness("parent"),
            SameBusiness("referred_by"),
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
            models.CheckConstraint(condition=Q(lifecycle_stage__in=LifecycleStage.values), name="customers_customer_stage_known"),
            models.CheckConstraint(condition=Q(size__in=["", *Size.values]), name="customers_customer_size_known"),
            models.CheckConstraint(condition=~Q(display_name=""), name="customers_customer_named"),
            models.CheckConstraint(
                condition=Q(
                    lifecycle_substep__in=["", *(step for steps in SUBSTEPS.values() for step, _label in steps)]
                ),
                name="customers_customer_substep_known",
            ),
            models.CheckConstraint(condition=~Q(parent=F("id")), name="customers_customer_parent_other"),
            models.CheckConstraint(
                condition=Q(contract_end_on__isnull=True)
                | Q(contract_start_on__isnull=True)
                | Q(contract_end_on__gte=F("contract_start_on")),
                name="customers_customer_contract_order",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["business", "sort_name", "id"], condition=Q(is_live=True), name="customers_by_name"),
            models.Index(fields=["business", "created_at", "id"], condition=Q(is_live=True), name="customers_by_created"),
            models.Index(fields=["business", "lifecycle_stage", "sort_name", "id"], condition=Q(is_live=True), name="customers_by_stage"),
            models.Index(fields=["business", "kind", "sort_name", "id"], condition=Q(is_live=True), name="customers_by_kind"),
            models.Index(fields=["business", "country", "sort_name", "id"], condition=Q(is_live=True), name="customers_by_country"),
            models.Index(fields=["business", "owner", "sort_name", "id"], condition=Q(is_live=True), name="customers_by_owner"),
            models.Index(fields=["business", "team", "sort_name", "id"], condition=Q(is_live=True), name="customers_by_team"),
            models.Index(fields=["business", "email_key"], condition=Q(is_live=True), name="customers_by_email"),
            models.Index(fields=["business", "city"], condition=~Q(city="") & Q(is_live=True), name="customers_by_city"),
            models.Index(fields=["business", "industry"], condition=~Q(industry="") & Q(is_live=True), name="customers_by_industry"),
            models.Index(fields=["business", "postal_code"], condition=~Q(postal_code="") & Q(is_live=True), name="customers_by_postcode"),
            models.Index(fields=["business", "domain"], condition=~Q(domain="") & Q(is_live=True), name="customers_by_domain"),
            models.Index(fields=["business", "phone_e164"], condition=~Q(phone_e164="") & Q(is_live=True), name="customers_by_phone"),
            models.Index(fields=["business", "updated_at", "id"], condition=Q(is_live=True), name="customers_by_changed"),
            # a filter by any of these and the count of any pair of them is answered by this small index alone
            models.Index(
                fields=["business", "kind", "lifecycle_stage", "country", "owner"],
                include=["hidden_at", "id"],
                condition=Q(is_live=True),
                name="customers_by_all_filters",
            ),
            models.Index(
                fields=["business", "lifecycle_stage", "created_at", "id"],
                condition=Q(is_live=True),
                name="customers_by_stage_created",
            ),
            models.Index(fields=["business", "archived_at", "id"], condition=Q(archived_at__isnull=False), name="customers_archived"),
            models.Index(fields=["parent"], condition=Q(parent__isnull=False), name="customers_by_parent"),
            models.Index(fields=["referred_by"], condition=Q(referred_by__isnull=False), name="customers_by_referrer"),
            models.Index(fields=["person"], condition=Q(person__isnull=False), name="customers_by_person"),
            models.Index(fields=["business", "telegram_key"], condition=Q(telegram_key__isnull=False), name="customers_by_telegram"),
            models.Index(fields=["business", "birthday"], condition=~Q(birthday="") & Q(is_live=True), name="customers_by_birthday"),
            GinIndex(OpClass("custom_values", name="jsonb_path_ops"), condition=~Q(custom_values={}), name="customers_by_custom"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.display_name

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None

    @property
    def date_of_birth(self) -> date | None:
        """The birth date, which only this property can read."""
        text = unseal(self.birth_date_sealed, self, "date_of_birth")
        return date.fromisoformat(text) if text else None

    @date_of_birth.setter
    def date_of_birth(self, day: date | None) -> None:
        text = day.isoformat() if day else ""
        if self._holds(text, self.birth_date_sealed, "date_of_birth"):
            return
        self.birth_date_sealed = seal(text, self, "date_of_birth")
        self.birth_key = blind_key(text, self, "date_of_birth")
        self.birthday = f"{day:%m%d}" if day else ""

    @property
    def telegram_id(self) -> str:
        return unseal(self.telegram_sealed, self, "telegram_id")

    @telegram_id.setter
    def telegram_id(self, text: str) -> None:
        if not self._holds(text, self.telegram_sealed, "telegram_id"):
            self.telegram_sealed = seal(text, self, "telegram_id")
            self.telegram_key = blind_key(text, self, "telegram_id")

    def opened(self, name: str) -> Any:
        """`date_of_birth` or `telegram_id`; None when its key is lost, so that the rest of the customer can be shown."""
        try:
            return getattr(self, name)
        except SealBroken:
            return None

    def _holds(self, text: str, sealed: Any, field: str) -> bool:
        """Is this the sealed value? One that can't be opened any more is no reason not to seal another."""
        try:
            return unseal(sealed, self, field) == text
        except SealBroken:
            return False


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
explain_constraint(
    "customers_customer_parent_same_business",
    field="parent",
    code="unknown",
    message=_("The parent must be a customer of this business."),
)
explain_constraint(
    "customers_customer_parent_other", field="parent", code="cycle", message=_("A company can't be its own parent.")
)
explain_constraint(
    "customers_customer_referred_by_same_business",
    field="referred_by",
    code="unknown",
    message=_("Who referred the customer must be a customer of this business."),
)
explain_constraint(
    "customers_customer_contract_order",
    field="contract_end_on",
    code="order",
    message=_("The contract can't end before it starts."),
)
