"""Notes on customers: writing, editing, pinning, taking away and bringing back; who is named with @ is told."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.files.base import File
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import activity
from crm.actor import Actor
from crm.errors import DomainError, InvalidInput, NotFound
from crm.forms import check_version
from crm.markdown import plain
from crm.services import notify
from crm.services.cleaning import clean, refuse_unknown
from customers.choices import NoteType
from customers.models import Contact, Customer, Note, NoteMention
from customers.queries.notes import named_in, sees
from customers.services.attachments import attach_files

NOTE_FIELDS = ("content", "note_type", "is_pinned", "contact")
MOST_CHARACTERS = 20_000


class NoteRemoved(DomainError):
    code = "note_removed"
    message = gettext_lazy("This note was removed. Bring it back first.")


class NoteNotRemoved(DomainError):
    code = "note_not_removed"
    message = gettext_lazy("This note was not removed.")


class NotTheAuthor(DomainError):
    code = "not_the_author"
    message = gettext_lazy("Only who wrote the note, an owner or a manager may do this.")


@transaction.atomic
def add_note(
    *, actor: Actor, customer: Customer, at: datetime, files: "Sequence[File[bytes]]" = (), **data: Any
) -> Note:
    """Write a note on the customer, with files; those whom it names with @ and who may see the customer are told.

    Raises InvalidInput, FileTooLarge, FileRefused.
    """
    seen = Customer.objects.select_related("business").filter(pk=customer.pk).first()
    if seen is None:
        raise NotFound
    author = actor.id if actor.kind == "user" else None
    note = Note(
        business=seen.business, customer=seen, created_by_id=author, created_label=actor.label[:120], created_at=at
    )
    _assign(note, data)
    clean(note, exclude=["business", "customer", "contact", "created_by"])
    note.save(force_insert=True)
    _record(
        "customers.note.created",
        actor,
        note,
        {"note_type": (None, note.note_type), "is_pinned": (None, note.is_pinned)},
    )
    attach_files(actor=actor, customer=seen, files=files, at=at, note=note)
    _mention(actor, note)
    return note


@transaction.atomic
def edit_note(*, actor: Actor, note: Note, at: datetime, version: str | None = None, **data: Any) -> Note:
    """Change a note; what is written is its author's, and that of those who manage notes; anybody who writes notes may pin.

    Who is newly named is told. Raises NotTheAuthor, NoteRemoved, StaleVersion, InvalidInput.
    """
    locked = _lock(note)
    check_version(locked, version)
    if locked.removed_at is not None:
        raise NoteRemoved
    before = Note.objects.get(pk=locked.pk)
    _assign(locked, data)
    changes = activity.changes_between(before, locked, NOTE_FIELDS)
    if not changes:
        return locked
    if set(changes) - {"is_pinned"}:
        _require_author(actor, locked)
    if "content" in changes:
        locked.edited_at = at
    clean(locked, exclude=["business", "customer", "contact", "created_by"])
    locked.save()
    _record("customers.note.updated", actor, locked, changes)
    if "content" in changes:
        _mention(actor, locked)
    return locked


@transaction.atomic
def remove_note(*, actor: Actor, note: Note, at: datetime, version: str | None = None) -> Note:
    """Take the note away; it can be brought back. Raises NotTheAuthor, NoteRemoved, StaleVersion."""
    locked = _lock(note)
    check_version(locked, version)
    _require_author(actor, locked)
    if locked.removed_at is not None:
        raise NoteRemoved
    locked.removed_at = at
    locked.save(update_fields=["removed_at", "updated_at"])
    _record("customers.note.removed", actor, locked, {"removed_at": (None, at)})
    return locked


@transaction.atomic
def restore_note(*, actor: Actor, note: Note, version: str | None = None) -> Note:
    """Bring a removed note back. Raises NotTheAuthor, NoteNotRemoved, StaleVersion."""
    locked = _lock(note)
    check_version(locked, version)
    _require_author(actor, locked)
    if locked.removed_at is None:
        raise NoteNotRemoved
    before, locked.removed_at = locked.removed_at, None
    locked.save(update_fields=["removed_at", "updated_at"])
    _record("customers.note.restored", actor, locked, {"removed_at": (before, None)})
    return locked


def may_edit(actor: Actor, note: Note) -> bool:
    """Did the actor write the note, or may it manage those of others?"""
    is_author = actor.kind == "user" and str(note.created_by_id) == actor.id
    return is_author or actor.may("customers.manage_notes", note.business)


def _lock(note: Note) -> Note:
    rows = Note.objects.select_for_update(of=("self",), no_key=True).select_related("business", "customer")
    locked: Note | None = rows.filter(pk=note.pk).first()
    if locked is None:
        raise NotFound
    return locked


def _require_author(actor: Actor, note: Note) -> None:
    if not may_edit(actor, note):
        raise NotTheAuthor


def _assign(note: Note, data: dict[str, Any]) -> None:
    refuse_unknown(data, NOTE_FIELDS)
    for name, value in data.items():
        setattr(note, name, value.strip() if isinstance(value, str) else value)
    if not note.content:
        raise InvalidInput({"content": [_("Write something.")]})
    if len(note.content) > MOST_CHARACTERS:
        raise InvalidInput({"content": [_("Write at most 20,000 characters.")]})
    if note.note_type not in NoteType.values:
        raise InvalidInput({"note_type": [_("There is no such type of note.")]})
    if note.contact_id and not Contact.objects.filter(pk=note.contact_id, customer=note.customer_id).exists():
        raise InvalidInput({"contact": [_("The contact must be one of this company.")]})


def _mention(actor: Actor, note: Note) -> None:
    """Keep who is named, and tell those who weren't named before; whoever may not see the customer is neither kept nor told."""
    seeing = {member.user_id for member in named_in(note) if sees(member, note)}
    NoteMention.objects.filter(note=note).exclude(user__in=seeing).delete()
    known = set(NoteMention.objects.filter(note=note).values_list("user_id", flat=True))
    new = sorted(seeing - known)
    NoteMention.objects.bulk_create(NoteMention(business=note.business, note=note, user_id=user_id) for user_id in new)
    told = [user_id for user_id in new if str(user_id) != actor.id]
    if told:
        notify(
            actor=actor, business=note.business, to=told, kind="customers.mentioned", about=note.customer_id,
            title=_("%(name)s named you in a note on %(customer)s") % {"name": actor.label, "customer": note.customer},
            text=plain(note.content), href=f"{reverse('customers:customer_notes', args=[note.customer_id])}#note-{note.pk}",
        )  # fmt: skip


def _record(verb: str, actor: Actor, note: Note, changes: dict[str, Any]) -> None:
    activity.record(
        verb,
        actor=actor,
        business=note.business,
        subject=note,
        about=note.customer_id,
        changes=changes,
    )
