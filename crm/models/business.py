"""Businesses, the people who work in them and what lets them in."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from crm.clock import Uuid7, uuid7
from crm.constraints import SameBusiness
from crm.errors import explain_constraint
from crm.models.base import BusinessModel, Timestamped
from crm.money import CURRENCIES


class Role(models.TextChoices):
    OWNER = "owner", _("Owner")
    MANAGER = "manager", _("Manager")
    AGENT = "agent", _("Agent")
    MARKETING = "marketing", _("Marketing")
    COMPLIANCE = "compliance", _("Compliance")
    ANALYST = "analyst", _("Analyst")
    INTEGRATION = "integration", _("Integration")


class Visibility(models.TextChoices):
    ALL = "all", _("All customers")
    TEAM = "team", _("Customers of the own team")
    OWN = "own", _("Own customers only")


class Business(Timestamped):
    """A business that keeps its customers here: the tenant. Nothing of it can be read from another."""

    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(
        _("short name"),
        max_length=60,
        unique=True,
        help_text=_("Used in addresses and by the API; lower-case letters, digits and hyphens."),
    )
    time_zone = models.CharField(_("time zone"), max_length=60, default="UTC")
    currency = models.CharField(_("reporting currency"), max_length=3, choices=[(c, c) for c in CURRENCIES])
    locale = models.CharField(_("language and region"), max_length=12, default="en-GB")
    settings = models.JSONField(_("settings"), default=dict, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    is_demo = models.BooleanField(_("demo data"), default=False)
    requires_second_factor = models.BooleanField(
        _("a second factor is required"),
        default=False,
        db_default=False,
        help_text=_("Members come in only after they have set up an authenticator app or a passkey."),
    )

    class Meta:
        ordering = ["name"]
        verbose_name = _("business")
        verbose_name_plural = _("businesses")

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    """Makes users with a normalized address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in, by e-mail address. What they may do stands in their memberships; `is_staff` opens the operators' admin."""

    id = models.UUIDField(primary_key=True, default=uuid7, db_default=Uuid7(), editable=False)
    email = models.EmailField(_("e-mail address"), max_length=254, unique=True)
    name = models.CharField(_("name"), max_length=120, blank=True)
    theme = models.CharField(
        _("theme"),
        max_length=6,
        choices=[("system", _("System")), ("light", _("Light")), ("dark", _("Dark"))],
        default="system",
    )
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("operator"), default=False, help_text=_("May use the operators' admin."))
    token_version = models.PositiveIntegerField(default=0, editable=False)
    date_joined = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        ordering = ["email"]
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [models.CheckConstraint(condition=models.Q(email=Lower("email")), name="crm_user_email_lower")]

    def __str__(self) -> str:
        return self.name or self.email


class Team(BusinessModel):
    """A group of members who look after the same customers."""

    name = models.CharField(_("name"), max_length=80)

    class Meta(BusinessModel.Meta):
        ordering = ["name"]
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        constraints = [
            *BusinessModel.Meta.constraints,
            models.UniqueConstraint("business", Lower("name"), name="crm_team_name_unique"),
        ]

    def __str__(self) -> str:
        return self.name


class Membership(BusinessModel):
    """A user's place in a business, with role and team: the only thing that grants rights."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("user"))
    role = models.CharField(_("role"), max_length=12, choices=Role)
    team = models.ForeignKey(
        Team,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        db_constraint=False,
        related_name="memberships",
        verbose_name=_("team"),
    )
    visibility = models.CharField(_("sees"), max_length=4, choices=Visibility, default=Visibility.ALL)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta(BusinessModel.Meta):
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            *BusinessModel.Meta.constraints,
            models.UniqueConstraint(fields=["business", "user"], name="crm_membership_once"),
            SameBusiness("team"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="crm_membership_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()}"


class Invitation(BusinessModel):
    """An offer to join a business, taken up through a link; only the link's digest is kept."""

    email = models.EmailField(_("e-mail address"), max_length=254)
    role = models.CharField(_("role"), max_length=12, choices=Role)
    team = models.ForeignKey(
        Team,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        db_constraint=False,
        related_name="+",
        verbose_name=_("team"),
    )
    token_digest = models.BinaryField(max_length=32, unique=True)
    invited_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    expires_at = models.DateTimeField(_("valid until"))
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)

    class Meta(BusinessModel.Meta):
        ordering = ["-created_at"]
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        constraints = [*BusinessModel.Meta.constraints, SameBusiness("team")]

    def __str__(self) -> str:
        return self.email


class ApiKey(BusinessModel):
    """A key with which a program calls the API for one business; shown once, kept as prefix and SHA-256."""

    name = models.CharField(_("name"), max_length=80)
    prefix = models.CharField(max_length=12, unique=True, editable=False)
    digest = models.BinaryField(max_length=32, editable=False)
    previous_digest = models.BinaryField(max_length=32, null=True, blank=True, editable=False)
    previous_until = models.DateTimeField(null=True, blank=True, editable=False)
    role = models.CharField(_("role"), max_length=12, choices=Role, default=Role.INTEGRATION)
    scopes = ArrayField(
        models.CharField(max_length=60),
        default=list,
        blank=True,
        verbose_name=_("permissions"),
        help_text=_("Empty: all that the role holds."),
    )
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True, editable=False)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+", editable=False)

    class Meta(BusinessModel.Meta):
        ordering = ["-created_at"]
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")

    def __str__(self) -> str:
        return self.name


class ExchangeRate(BusinessModel):
    """What one unit of a currency was worth in the business's reporting currency from a day on, until the next dated rate."""

    currency = models.CharField(
        _("currency"), max_length=3, validators=[RegexValidator(r"^[A-Z]{3}$")], choices=[(c, c) for c in CURRENCIES]
    )
    valid_on = models.DateField(_("valid from"))
    rate = models.DecimalField(
        _("rate"),
        max_digits=20,
        decimal_places=10,
        help_text=_("Units of the reporting currency for one unit of this currency."),
    )

    class Meta(BusinessModel.Meta):
        ordering = ["currency", "-valid_on"]
        verbose_name = _("exchange rate")
        verbose_name_plural = _("exchange rates")
        constraints = [
            *BusinessModel.Meta.constraints,
            models.UniqueConstraint(fields=["business", "currency", "valid_on"], name="crm_exchangerate_once_a_day"),
            models.CheckConstraint(condition=models.Q(rate__gt=0), name="crm_exchangerate_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.currency} {self.valid_on}"


explain_constraint(
    "crm_team_name_unique", field="name", code="duplicate", message=_("There is a team of this name already.")
)
explain_constraint(
    "crm_membership_once", field="email", code="duplicate", message=_("This person is a member already.")
)
explain_constraint(
    "crm_exchangerate_once_a_day",
    field="valid_on",
    code="duplicate",
    message=_("There is a rate for this currency and day already; edit that one."),
)
explain_constraint("crm_business_slug_key", field="slug", code="duplicate", message=_("This short name is taken."))
