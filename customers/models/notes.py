"""What staff write and keep about customers: notes, files, and when somebody last looked."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.constraints import SameBusiness
from crm.models import BusinessModel, LedgerModel, User
from crm.scope import ScopedManager, UnscopedManager
from customers.choices import NoteType
from customers.models.contacts import Contact
from customers.models.customer import Customer
from customers.querysets import OfCustomerQuerySet


class Note(BusinessModel):  # type: ignore[django-manager-missing]  # its managers come from a queryset
    """Something that staff wrote down about a customer; `content` is Markdown, shown as safe text."""

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="notes", db_constraint=False, db_index=False,
        verbose_name=_("customer"),
    )  # fmt: skip
    contact = models.ForeignKey(
        Contact, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_constraint=False,
        verbose_name=_("about"),
    )  # fmt: skip
    content = models.TextField(_("note"), max_length=20_000)
    note_type = models.CharField(_("type"), max_length=7, choices=NoteType, default=NoteType.GENERAL)
    is_pinned = models.BooleanField(_("pinned"), default=False)
    created_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", editable=False, verbose_name=_("by")
    )
    created_label = models.CharField(_("by"), max_length=120, editable=False)
    edited_at = models.DateTimeField(_("edited"), null=True, blank=True, editable=False)
    removed_at = models.DateTimeField(_("removed"), null=True, blank=True, editable=False)

    objects: ClassVar[Any] = ScopedManager.from_queryset(OfCustomerQuerySet)()
    unscoped: ClassVar[Any] = UnscopedManager.from_queryset(OfCustomerQuerySet)()

    class Meta(BusinessModel.Meta):
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        constraints = [
            *BusinessModel.Meta.constraints,
            SameBusiness("customer"),
            SameBusiness("contact"),
            models.CheckConstraint(condition=Q(note_type__in=NoteType.values), name="customers_note_type_known"),
            models.CheckConstraint(condition=~Q(content=""), name="customers_note_says_something"),
        ]
        indexes = [
            models.Index(
                fields=["customer", "-created_at", "-id"],
                condition=Q(removed_at__isnull=True),
                name="customers_note_latest",
            ),
            models.Index(
                fields=["business", "created_at", "id"],
                condition=Q(removed_at__isnull=True),
                name="customers_note_recent",
            ),
        ]

    def __str__(self) -> str:
        return self.content[:60]


class NoteMention(LedgerModel):
    """Somebody whom a note names with @."""

    note = models.ForeignKey(Note, on_delete=models.CASCADE, related_name="mentions", db_constraint=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_constraint=False)

    class Meta(LedgerModel.Meta):
        verbose_name = _("mention")
        verbose_name_plural = _("mentions")
        constraints = [
            SameBusiness("note"),
            SameBusiness("user", to="crm.Membership", to_columns=("business_id", "user_id")),
            models.UniqueConstraint(fields=["note", "user"], name="customers_notemention_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.note_id}"


class Attachment(BusinessModel):
    """A file kept with a customer, in private storage; its type was told from its content."""

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="attachments", db_constraint=False, db_index=False,
        verbose_name=_("customer"),
    )  # fmt: skip
    note = models.ForeignKey(
        Note, on_delete=models.SET_NULL, null=True, blank=True, related_name="attachments", db_constraint=False,
        verbose_name=_("note"),
    )  # fmt: skip
    file = models.FileField(upload_to="attachments/%Y/%m/", max_length=200)
    file_name = models.CharField(_("file"), max_length=200)
    content_type = models.CharField(_("type"), max_length=100)
    size = models.PositiveIntegerField(_("size in bytes"))
    sha256 = models.CharField(max_length=64)
    description = models.CharField(_("description"), max_length=300, blank=True, default="", db_default="")
    created_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", editable=False, verbose_name=_("by")
    )
    created_label = models.CharField(_("by"), max_length=120, editable=False)
    removed_at = models.DateTimeField(_("removed"), null=True, blank=True, editable=False)

    objects: ClassVar[Any] = ScopedManager.from_queryset(OfCustomerQuerySet)()
    unscoped: ClassVar[Any] = UnscopedManager.from_queryset(OfCustomerQuerySet)()

    class Meta(BusinessModel.Meta):
        verbose_name = _("file")
        verbose_name_plural = _("files")
        constraints = [*BusinessModel.Meta.constraints, SameBusiness("customer"), SameBusiness("note")]
        indexes = [
            models.Index(
                fields=["customer", "-created_at", "-id"],
                condition=Q(removed_at__isnull=True),
                name="customers_attachment_latest",
            )
        ]

    def __str__(self) -> str:
        return self.file_name


class CustomerVisit(LedgerModel):
    """When a member last looked at a customer's profile, and when the time before; not a deed, so without activity."""

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    seen_at = models.DateTimeField()
    before_at = models.DateTimeField(null=True)

    class Meta(LedgerModel.Meta):
        verbose_name = _("visit")
        verbose_name_plural = _("visits")
        constraints = [
            SameBusiness("customer"),
            models.UniqueConstraint(fields=["customer", "user"], name="customers_visit_once"),
        ]
        indexes = [models.Index(fields=["business", "user", "-seen_at"], name="customers_visit_recent")]

    def __str__(self) -> str:
        return f"{self.user_id} at {self.customer_id}"
