"""Phone numbers that stand at one live customer only, where a business wants that."""

from collections.abc import Sequence
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm import formats
from crm.actor import Actor
from crm.errors import DomainError, InvalidInput
from crm.models import Business
from customers.models import Customer, UniquePhone
from customers.queries.phones import UNIQUE, customers_sharing_phones, phones_are_unique


class TakenPhone(DomainError):
    """Another live customer has the number already."""

    code = "duplicate"
    field = "phone"
    message = gettext_lazy("Another customer has this phone number already.")


def keep_unique_phone(actor: Actor, customer: Customer) -> None:
    """Bring the customer's number up to date among those that are unique, after it was saved with another one, archived or brought
    back. Raises TakenPhone, which names the other customer to those who see it."""
    if not _hold(customer.business):
        return
    with connection.cursor() as cursor:
        cursor.execute(_QUEUE, {"customer": customer.pk})
    if keep_unique_phones_of(customer.business, [customer.pk]):
        raise _taken(actor, customer)


def keep_unique_phones_of(business: Business, customer_ids: Sequence[UUID]) -> list[str]:
    """Bring the numbers of the customers up to date; returns those that are taken. Set-based."""
    if not _hold(business):
        return []
    parameters = {"customers": list(customer_ids)}
    with connection.cursor() as cursor:
        cursor.execute(_LET_GO, parameters)
        cursor.execute(_KEEP, parameters)
        return [row[0] for row in cursor.fetchall()]


def follow_unique_phones(business: Business) -> None:
    """The business has changed whether numbers are unique: notes all of them, or forgets them. Raises InvalidInput with the count
    while customers share some."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [_lock_name(business)])
        cursor.execute("delete from customers_uniquephone where business_id = %s", [business.pk])
    if not phones_are_unique(business):
        return
    if count := customers_sharing_phones(business):
        words = ngettext(
            "%(count)s customer shares its number with another.",
            "%(count)s customers share their number with another.",
            count,
        ) % {"count": formats.number(count)}
        where = _("The filter “Phone shared” of the customer list shows them.")
        raise InvalidInput({UNIQUE: [f"{words} {where}"]})
    with connection.cursor() as cursor:
        cursor.execute(_NOTE_ALL, [business.pk])


def _hold(business: Business) -> bool:
    """Until the transaction ends, nobody changes whether numbers are unique; returns whether they are."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock_shared(hashtextextended(%s, 0))", [_lock_name(business)])
    # read anew, by a statement of its own: the setting may have changed since the business was read
    return phones_are_unique(Business.objects.only("settings").get(pk=business.pk))


def _lock_name(business: Business) -> str:
    return f"unique phones:{business.pk}"


def _taken(actor: Actor, customer: Customer) -> TakenPhone:
    holder = UniquePhone.objects.filter(business=customer.business_id, number=customer.phone_e164).values("customer")
    other = Customer.objects.live().visible_to(actor).filter(pk__in=holder).first()
    if other is None:
        return TakenPhone()
    return TakenPhone(_("%(name)s has this phone number already.") % {"name": other}, shows=[other.pk])


# Two who exchange their numbers would wait for each other: whoever lets go of or takes one first waits until nobody else does.
_QUEUE = """
select pg_advisory_xact_lock(n.lock) from (
    select hashtextextended('unique phone:' || business_id || ':' || number, 0) as lock
    from (
        select business_id, number from customers_uniquephone where customer_id = %(customer)s
        union
        select business_id, phone_e164 from customers_customer where id = %(customer)s and phone_e164 <> ''
    ) held_or_wanted
    order by lock offset 0
) n
"""
_LET_GO = """
delete from customers_uniquephone u using customers_customer c
where c.id = any(%(customers)s) and u.customer_id = c.id and (u.number <> c.phone_e164 or not c.is_live)
"""
# Waits for another transaction that is about to take the same number; what it took is not taken again.
_KEEP = """
with wanted as (
    select business_id, id as customer_id, phone_e164 as number from customers_customer
    where id = any(%(customers)s) and is_live and phone_e164 <> ''
), kept as (
    insert into customers_uniquephone (business_id, customer_id, number)
    select business_id, customer_id, number from wanted order by number, customer_id
    on conflict do nothing returning customer_id
)
select distinct w.number from wanted w left join kept k using (customer_id)
left join customers_uniquephone u on u.customer_id = w.customer_id and u.number = w.number
where k.customer_id is null and u.id is null order by w.number
"""
_NOTE_ALL = """
insert into customers_uniquephone (business_id, customer_id, number)
select business_id, id, phone_e164 from customers_customer where business_id = %s and is_live and phone_e164 <> ''
"""
