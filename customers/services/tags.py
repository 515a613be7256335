"""Tags: making, changing, merging and deleting them, and putting them on customers."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from crm import activity
from crm.actor import Actor
from crm.errors import InvalidInput, NotFound
from crm.forms import check_version
from crm.models import Business, User
from crm.services.cleaning import clean, refuse_unknown
from customers.choices import TAG_COLORS
from customers.models import Customer, CustomerTag, Tag

FIELDS = ("name", "color", "description")
MOST_TAGS = 50
"""How many tags one customer can have."""


@transaction.atomic
def create_tag(*, actor: Actor, business: Business, name: str, color: str = "", description: str = "") -> Tag:
    """Add a tag; without a color it gets the next one of the palette. The database refuses a name that is taken, whatever its case.

    Raises NotAllowed, InvalidInput.
    """
    actor.require("customers.manage_tags", business)
    tag = Tag(business=business, created_by=_user(actor))
    color = color or TAG_COLORS[Tag.objects.filter(business=business).count() % len(TAG_COLORS)][0]
    _assign(tag, {"name": name, "color": color, "description": description})
    tag.save(force_insert=True)
    changes = {name: (None, value) for name in FIELDS if (value := getattr(tag, name))}
    activity.record("customers.tag.created", actor=actor, business=business, subject=tag, changes=changes)
    return tag


@transaction.atomic
def update_tag(*, actor: Actor, tag: Tag, version: str | None = None, **data: Any) -> Tag:
    """Change name, color or description. Raises NotAllowed, StaleVersion, InvalidInput."""
    refuse_unknown(data, FIELDS)
    locked = _lock(tag)
    actor.require("customers.manage_tags", locked.business)
    check_version(locked, version)
    before = Tag.objects.get(pk=locked.pk)
    _assign(locked, data)
    changes = activity.changes_between(before, locked, FIELDS)
    if not changes:
        return locked
    locked.save()
    activity.record("customers.tag.updated", actor=actor, business=locked.business, subject=locked, changes=changes)
    return locked


@transaction.atomic
def delete_tag(*, actor: Actor, tag: Tag, version: str | None = None) -> int:
    """Delete the tag and take it from all customers; returns from how many. Raises NotAllowed, StaleVersion."""
    locked = _lock(tag)
    actor.require("customers.manage_tags", locked.business)
    check_version(locked, version)
    count: int = CustomerTag.objects.filter(tag=locked).count()
    activity.record(
        "customers.tag.deleted", actor=actor, business=locked.business, subject=locked,
        changes={name: (getattr(locked, name), None) for name in FIELDS}, counts={"customers": count},
    )  # fmt: skip
    locked.delete()
    return count


@transaction.atomic
def merge_tags(*, actor: Actor, tag: Tag, into: Tag) -> Tag:
    """Put `into` on all customers that have `tag`, and delete `tag`. Raises NotAllowed, InvalidInput."""
    if tag.pk == into.pk:
        raise InvalidInput({"into": [_("A tag can't be merged with itself.")]})
    first, second = sorted((tag, into), key=lambda one: one.pk)
    locked = {one.pk: _lock(one) for one in (first, second)}
    gone, kept = locked[tag.pk], locked[into.pk]
    actor.require("customers.manage_tags", kept.business)
    with connection.cursor() as cursor:
        cursor.execute(_MOVE, {"gone": gone.pk, "kept": kept.pk})
        total, moved = cursor.fetchone()
    activity.record(
        "customers.tag.merged", actor=actor, business=kept.business, subject=kept,
        payload={"tag": str(gone.pk), "name": gone.name}, counts={"customers": total, "had_both": total - moved},
    )  # fmt: skip
    gone.delete()
    return kept


_MOVE = """
with moved as (
    insert into customers_customertag (business_id, customer_id, tag_id, created_at)
    select business_id, customer_id, %(kept)s, created_at from customers_customertag where tag_id = %(gone)s order by customer_id
    on conflict (customer_id, tag_id) do nothing returning 1
)
select (select count(*) from customers_customertag where tag_id = %(gone)s), (select count(*) from moved)
"""


def tag_named(*, actor: Actor, business: Business, name: str) -> Tag:
    """The tag of this name, whatever its case; made on the fly by those who may manage tags. Raises InvalidInput."""
    of_name = Tag.objects.filter(business=business, name__iexact=_name(name))
    found: Tag | None = of_name.first()
    if found is not None:
        return found
    if not actor.may("customers.manage_tags", business):
        raise InvalidInput({"name": [_("There is no tag of this name, and your role doesn't allow new ones.")]})
    try:
        return create_tag(actor=actor, business=business, name=name)
    except IntegrityError:
        found = of_name.first()  # somebody else has made it at the same moment
        if found is None:
            raise
        return found


@transaction.atomic
def tag_customer(*, actor: Actor, customer: Customer, tag: Tag | None = None, name: str = "") -> bool:
    """Put the tag, or that of this name, on the customer; says whether it wasn't there before. Raises NotFound, InvalidInput."""
    found = tag or tag_named(actor=actor, business=customer.business, name=name)
    return _put(actor, customer, add={found.pk})


def untag_customer(*, actor: Actor, customer: Customer, tag: Tag) -> bool:
    """Take the tag from the customer; says whether it was there. Raises NotFound."""
    return _put(actor, customer, remove={tag.pk})


@transaction.atomic
def set_tags(*, actor: Actor, customer: Customer, tags: Iterable[Tag | str]) -> bool:
    """Give the customer these tags, or those of these names, and no others; says whether that changed anything.

    Raises NotFound, InvalidInput.
    """
    try:
        wanted = {
            (tag_named(actor=actor, business=customer.business, name=tag) if isinstance(tag, str) else tag).pk
            for tag in tags
        }
    except InvalidInput as refusal:
        raise InvalidInput(
            {"tags": [message for messages in refusal.errors.values() for message in messages]}
        ) from refusal
    return _put(actor, customer, add=wanted, keep=wanted)


def tag_customers(*, business: Business, customer_ids: Sequence[UUID], tag: Tag) -> list[UUID]:
    """Put the tag on many customers, set-based; returns those that didn't have it. The deed that calls this records it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into customers_customertag (business_id, customer_id, tag_id) "
            "select business_id, id, %(tag)s from customers_customer where business_id = %(business)s and id = any(%(ids)s) "
            "order by id on conflict (customer_id, tag_id) do nothing returning customer_id",
            {"business": business.pk, "tag": tag.pk, "ids": list(customer_ids)},
        )
        return [row[0] for row in cursor.fetchall()]


def untag_customers(*, business: Business, customer_ids: Sequence[UUID], tag: Tag) -> list[UUID]:
    """Take the tag from many customers, set-based; returns those that had it. The deed that calls this records it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "delete from customers_customertag where business_id = %(business)s and tag_id = %(tag)s and customer_id = any(%(ids)s) "
            "returning customer_id",
            {"business": business.pk, "tag": tag.pk, "ids": list(customer_ids)},
        )
        return [row[0] for row in cursor.fetchall()]


@transaction.atomic
def _put(
    actor: Actor,
    customer: Customer,
    *,
    add: set[UUID] = frozenset(),  # type: ignore[assignment]
    remove: set[UUID] = frozenset(),  # type: ignore[assignment]
    keep: set[UUID] | None = None,
) -> bool:
    """Add and take away; with `keep`, all others go too."""
    locked: Customer | None = (
        Customer.objects.select_for_update(of=("self",), no_key=True).filter(pk=customer.pk).first()
    )
    if locked is None:
        raise NotFound
    before = dict(CustomerTag.objects.filter(customer=locked).values_list("tag_id", "tag__name"))
    # a tag that is being deleted waits here or is gone
    added = dict(Tag.objects.select_for_update(no_key=True).filter(pk__in=add - set(before)).values_list("pk", "name"))
    if len(added) < len(add - set(before)):
        raise InvalidInput({"tag": [_("There is no such tag.")]})
    gone = (remove if keep is None else set(before) - keep) & set(before)
    after = {pk: name for pk, name in before.items() if pk not in gone} | added
    if after == before:
        return False
    if len(after) > MOST_TAGS:
        raise InvalidInput({"tag": [_("A customer can have at most %(number)d tags.") % {"number": MOST_TAGS}]})
    CustomerTag.objects.filter(customer=locked, tag__in=gone).delete()
    CustomerTag.objects.bulk_create(
        CustomerTag(business_id=locked.business_id, customer=locked, tag_id=pk) for pk in added
    )
    activity.record(
        "customers.customer.tagged", actor=actor, business=locked.business_id, subject=locked, about=locked.pk,
        changes={"tags": (sorted(before.values()), sorted(after.values()))},
    )  # fmt: skip
    return True


def _lock(tag: Tag) -> Tag:
    locked: Tag | None = (
        Tag.objects.select_for_update(of=("self",)).select_related("business").filter(pk=tag.pk).first()
    )
    if locked is None:
        raise NotFound
    return locked


def _assign(tag: Tag, data: dict[str, Any]) -> None:
    for name, value in data.items():
        setattr(tag, name, value.strip())
    tag.name, tag.color = _name(tag.name), tag.color.lower()
    clean(tag, exclude=["business", "created_by"])


def _name(text: str) -> str:
    return " ".join(text.split())


def _user(actor: Actor) -> User | None:
    return User.objects.filter(pk=actor.id).first() if actor.kind == "user" else None
