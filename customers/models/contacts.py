"""The people at a company, and the human being behind customers and contacts of several businesses."""

from typing import Any, ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Left
from django.utils.translation import gettext_lazy as _

from crm.constraints import SameBusiness
from crm.errors import explain_constraint
from crm.folding import Fold
from crm.models import BusinessModel
from crm.models.base import Timestamped
from crm.scope import ScopedManager, UnscopedManager
from customers.choices import ContactRole, Influence, Sentiment
from customers.models.customer import Customer
from customers.querysets import ContactQuerySet


class Person(Timestamped):  # type: ignore[django-manager-missing]  # customers are told apart by their businesses
    """A human being or company whom several businesses serve: joins their customers, and belongs to none of the businesses."""

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people behind customers")

    def __str__(self) -> str:
        return str(self.pk)


class Contact(BusinessModel):  # type: ignore[django-manager-missing]  # its managers come from a queryset
    """Somebody who works at a company that is a customer: what part they play, how much they count and how they feel about us."""

    customer = models.ForeignKey(
        Customer,
        on_delete=models.CASCADE,
        related_name="contacts",
        db_constraint=False,
        db_index=False,
        verbose_name=_("company"),
    )
    display_name = models.CharField(_("name"), max_length=200)
    first_name = models.CharField(_("first name"), max_length=100, blank=True, default="", db_default="")
    last_name = models.CharField(_("last name"), max_length=100, blank=True, default="", db_default="")
    title = models.CharField(_("job title"), max_length=120, blank=True, default="", db_default="")
    department = models.CharField(_("department"), max_length=120, blank=True, default="", db_default="")
    email = models.EmailField(_("e-mail"), max_length=254, blank=True, default="", db_default="")
    phone = models.CharField(_("phone"), max_length=40, blank=True, default="", db_default="")
    role = models.CharField(_("role"), max_length=17, choices=ContactRole, blank=True, default="", db_default="")
    influence = models.PositiveSmallIntegerField(_("influence"), choices=Influence, null=True, blank=True)
    sentiment = models.SmallIntegerField(_("sentiment"), choices=Sentiment, null=True, blank=True)
    reports_to = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        db_constraint=False,
        related_name="reports",
        verbose_name=_("reports to"),
    )
    is_primary = models.BooleanField(_("first person to speak to"), default=False, db_default=False)
    last_touched_at = models.DateTimeField(_("last touched"), null=True, blank=True)
    person_customer = models.ForeignKey(
        Customer,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        db_constraint=False,
        related_name="+",
        verbose_name=_("own customer record"),
        help_text=_("The customer that this person is besides working here."),
    )
    archived_at = models.DateTimeField(_("left"), null=True, blank=True, editable=False)
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
    vector = models.GeneratedField(
        expression=Func(
            F("display_name"), F("email"), F("phone"), Value(""),
            function="crm_search_vector", output_field=SearchVectorField(),
        ),
        output_field=SearchVectorField(),
        db_persist=True,
    )  # fmt: skip

    objects: ClassVar[Any] = ScopedManager.from_queryset(ContactQuerySet)()
    unscoped: ClassVar[Any] = UnscopedManager.from_queryset(ContactQuerySet)()

    class Meta(BusinessModel.Meta):
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        constraints = [
            *BusinessModel.Meta.constraints,
            SameBusiness("customer"),
            SameBusiness("reports_to"),
            SameBusiness("person_customer"),
            models.UniqueConstraint(
                fields=["business", "customer", "email_key"],
                condition=~Q(email_key="") & Q(archived_at__isnull=True),
                name="customers_contact_email_unique",
            ),
            models.UniqueConstraint(
                fields=["customer"],
                condition=Q(is_primary=True, archived_at__isnull=True),
                name="customers_contact_primary_once",
            ),
            models.CheckConstraint(
                condition=Q(role__in=["", *ContactRole.values]), name="customers_contact_role_known"
            ),
            models.CheckConstraint(
                condition=Q(influence__isnull=True) | Q(influence__range=(1, 5)),
                name="customers_contact_influence_known",
            ),
            models.CheckConstraint(
                condition=Q(sentiment__isnull=True) | Q(sentiment__range=(-2, 2)),
                name="customers_contact_sentiment_known",
            ),
            models.CheckConstraint(condition=~Q(display_name=""), name="customers_contact_named"),
            models.CheckConstraint(
                condition=Q(reports_to__isnull=True) | ~Q(reports_to=F("id")), name="customers_contact_reports_to_other"
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "sort_name", "id"], name="customers_contact_of"),
            models.Index(
                fields=["business", "sort_name", "id"],
                condition=Q(archived_at__isnull=True),
                name="customers_contact_by_name",
            ),
            models.Index(fields=["business", "created_at", "id"], name="customers_contact_recent"),
            models.Index(fields=["business", "email_key"], name="customers_contact_by_email"),
            GinIndex(fields=["vector"], name="customers_contact_vector", fastupdate=False),
        ]

    def __str__(self) -> str:
        return self.display_name


explain_constraint(
    "customers_contact_email_unique",
    field="email",
    code="duplicate",
    message=_("Another contact of this company has this e-mail address."),
)
explain_constraint(
    "customers_contact_primary_once",
    field="is_primary",
    code="duplicate",
    message=_("Another contact of this company is the first person to speak to."),
)
