"""Notes and files of a customer: which the tabs show, what the timeline tells of them, and whom a note names."""

import re
from collections.abc import Sequence
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _

from crm.actor import Actor
from crm.markdown import plain
from crm.models import Membership
from customers.choices import Kind
from customers.models import Attachment, Contact, Customer, Note
from customers.queries.timeline import Place, latest_rows
from customers.registry import TimelineEntry

_MENTION = re.compile(r"(?<![\w@])@([^\s@,;:!?()<>\[\]{}\"']+(?:@[^\s@,;:!?()<>\[\]{}\"']+)?)")
_MOST_MENTIONS = 20
_MOST_CONTACTS = 300


def notes_of(customer: Customer, *, removed: bool = False) -> QuerySet[Note]:
    """The notes on the customer, or those that were removed; with their files, not in order."""
    files = Attachment.objects.filter(removed_at__isnull=True).order_by("created_at", "pk")
    rows: QuerySet[Note] = Note.objects.filter(customer=customer, removed_at__isnull=not removed)
    return rows.select_related("business", "contact").prefetch_related(Prefetch("attachments", queryset=files))


def files_of(customer: Customer, *, removed: bool = False) -> QuerySet[Attachment]:
    """The files kept with the customer, or those that were removed and can be brought back; not in order."""
    rows: QuerySet[Attachment] = Attachment.objects.filter(customer=customer, removed_at__isnull=not removed)
    return rows.select_related("note")


def notable_contacts(customer: Customer) -> list[Contact]:
    """The contacts of a company about whom a note may be, the first by name; none of a person."""
    if customer.kind != Kind.COMPANY:
        return []
    return list(Contact.objects.live().filter(customer=customer).order_by("sort_name", "pk")[:_MOST_CONTACTS])


def notes_about(contact: Contact, limit: int) -> list[Note]:
    """The latest notes about a contact, the newest first."""
    rows = Note.objects.filter(contact=contact, customer=contact.customer_id, removed_at__isnull=True)
    return list(rows.order_by("-created_at", "-pk")[:limit])


def note_entries(actor: Actor, customer_ids: Sequence[UUID], before: Place | None, limit: int) -> list[TimelineEntry]:
    """The source of the timeline that tells of notes: how each begins."""
    rows = latest_rows(
        Note.objects.filter(removed_at__isnull=True), customer_ids, before, limit, at="created_at"
    ).select_related("customer")
    return [
        TimelineEntry(
            at=row.created_at, key=str(row.pk), title=_("Note: %(type)s") % {"type": row.get_note_type_display()},
            text=plain(row.content), by=row.created_label, customer_id=row.customer_id,
        )
        for row in rows
    ]  # fmt: skip


def active_members(business_id: UUID) -> QuerySet[Membership]:
    """The members of the business who may sign in, by their names."""
    rows: QuerySet[Membership] = Membership.objects.filter(
        business=business_id, is_active=True, user__is_active=True
    ).select_related("user")
    return rows.order_by("user__name", "user__email")


def named_in(note: Note) -> list[Membership]:
    """The members whom the text names, where only one is meant: by e-mail address, by what stands before its @, or by name without
    spaces."""
    words = {word.rstrip(".*~`").casefold() for word in _MENTION.findall(note.content)[:_MOST_MENTIONS]}
    if not words:
        return []
    found: dict[str, set[Membership]] = {}
    for member in active_members(note.business_id):
        for word in mention_words(member):
            found.setdefault(word, set()).add(member)
    named = {member for word in words if len(found.get(word, ())) == 1 for member in found[word]}
    return sorted(named, key=lambda member: str(member.user))


def mention_words(member: Membership) -> list[str]:
    """What names the member behind @, shortest first: the beginning of the address, the name without spaces, the whole address."""
    email, name = member.user.email, member.user.name
    words = (email.partition("@")[0], "".join(name.split()), email)
    return list(dict.fromkeys(word.casefold() for word in words if word))


def sees(member: Membership, note: Note) -> bool:
    """May the member see the customer that the note is about?"""
    actor = Actor.for_user(member.user)
    return (
        actor.may("customers.view", note.business)
        and Customer.objects.visible_to(actor).filter(pk=note.customer_id).exists()
    )


def untold(note: Note) -> list[str]:
    """The names of those whom the note names although they may not see the customer."""
    return [str(member.user) for member in named_in(note) if not sees(member, note)]
