"""Questions about contacts: finding them by words, and how well a company's people are covered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F, OuterRef, Subquery

from crm import clock
from crm.actor import Actor
from crm.folding import fold
from crm.integrity import by_sql
from crm.models import Business
from crm.scope import open_businesses
from customers.choices import ContactRole, Influence, Sentiment
from customers.models import Contact, Customer, CustomerVisit
from customers.queries.search import matches_for, meant_words

UNTOUCHED_AFTER_DAYS = 60
"""What the setting of the business is as long as nobody has chosen."""
WANTED_ROLES = (ContactRole.DECISION_MAKER, ContactRole.CHAMPION, ContactRole.EXECUTIVE_SPONSOR, ContactRole.USER)
MOST_MAPPED = 300
"""How many contacts of a company are looked at, the most influential first."""
MATCHES = 300
_LAST = "\U0010ffff"
_FITTING = """
select id, min(rank) as rank from unnest(%(businesses)s::uuid[]) b(business_id), lateral (
    (select c.id, 1 as rank from customers_contact c
     where c.business_id = b.business_id and c.archived_at is null and c.sort_name >= %(text)s and c.sort_name < %(text_end)s
     order by c.sort_name limit %(limit)s)
    union all
    (select c.id, 2 from customers_contact c
     where c.business_id = b.business_id and c.email_key >= %(text)s and c.email_key < %(text_end)s
     order by c.email_key limit 25)
    union all
    (select c.id, 3 from customers_contact c
     where c.business_id = b.business_id and c.archived_at is null and c.vector @@ nullif(%(lookup)s, '')::tsquery limit %(limit)s)
) found group by id order by rank limit %(limit)s
"""
_CLOSE = """
select id from customers_contact
where business_id = any(%(businesses)s) and archived_at is null and vector @@ %(lookup)s::tsquery limit %(limit)s
"""


def matching_contacts(words: str, limit: int = MATCHES) -> list[UUID]:
    """Ids of contacts of the open businesses that match, best first: by name, by e-mail address, by any word or number; by names one
    slip away where nothing else is found."""
    text = fold(words[:200])
    if not text:
        return []
    lookup = _lookup(text)
    parameters: dict[str, Any] = {
        "businesses": list(open_businesses()), "text": text, "text_end": text + _LAST, "lookup": lookup, "limit": limit,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_FITTING, parameters)
        found = [row[0] for row in cursor.fetchall()]
        close = meant_words(text) if lookup and not found else ""
        if close and close != " & ".join(f"('{word}')" for word in text.split()):
            cursor.execute(_CLOSE, parameters | {"lookup": close})
            found = [row[0] for row in cursor.fetchall()]
    return found[:limit]


def _lookup(text: str) -> str:
    """The tsquery of the words, each as a beginning; a number by its last digits; "" where no part is longer than two letters."""
    digits = "".join(c for c in text if c.isdigit())
    if len(digits) >= 5 and not any(c.isalpha() for c in text):
        return f"'{digits[-7:]}':*"
    words = [_prefixes(word) for word in text.split()[:8]]
    long = any(len(part) > 2 for part in "".join(c if c.isalnum() else " " for c in text).split())
    return " & ".join(word for word in words if word) if long else ""


def _prefixes(word: str) -> str:
    """A word as a beginning; one with signs inside as a whole, as addresses are kept, or by all of its parts."""
    parts = " & ".join(f"'{part}':*" for part in "".join(c if c.isalnum() else " " for c in word).split())
    whole = word.replace("'", "").replace("\\", "")
    is_address = parts and ("@" in word or "." in word.strip("."))
    return f"('{whole}':* | ({parts}))" if is_address else parts


def fitting_contacts(actor: Actor, words: str, limit: int) -> list[Contact]:
    """The contacts of live companies that the actor may see and the words fit: those of companies that it has opened lately first,
    then best first."""
    found = matching_contacts(words, matches_for(actor))
    rows = Contact.objects.live().of_live().visible_to(actor).filter(pk__in=found).select_related("customer")
    if actor.kind == "user":
        own = CustomerVisit.objects.filter(user=actor.eyes, customer=OuterRef("customer")).values("seen_at")
        rows = rows.annotate(opened_at=Subquery(own))
    known = {row.pk: row for row in rows}
    best = [known[pk] for pk in found if pk in known]
    lately = sorted(
        (row for row in best if getattr(row, "opened_at", None)), key=lambda row: row.opened_at, reverse=True
    )
    return list(dict.fromkeys([*lately, *best]))[:limit]


def workplaces_of(actor: Actor, customer: Customer) -> list[Contact]:
    """Where a person works: the contacts of companies that are linked to the customer's record."""
    rows = Contact.objects.visible_to(actor).filter(person_customer=customer).select_related("customer")
    return list(rows.order_by(F("archived_at").desc(nulls_first=True), "pk")[:20])


def same_people(actor: Actor, contact: Contact) -> list[Customer]:
    """Live person customers that the contact may be: of the same e-mail address or the same name."""
    people = Customer.objects.live().visible_to(actor).filter(kind="person")
    by_address = people.filter(email_key=contact.email_key)[:1] if contact.email_key else []
    by_name = people.filter(sort_name=contact.sort_name).order_by("pk")[:10]
    return list({row.pk: row for row in [*by_address, *by_name]}.values())


def untouched_after_days(business: Business) -> int:
    """From how many days without a touch on a contact counts as untouched: a setting of the business."""
    return int(business.settings.get("contacts", {}).get("untouched_after_days", UNTOUCHED_AFTER_DAYS))


@dataclass(frozen=True)
class Coverage:
    """How well a company's people are covered, and why it is said so.

    `untouched` are live contacts whose last touch lies `after_days` or more days back in the business's zone, or who were never
    touched. `engaged` are those who were touched since and don't feel badly about us (unknown counts as neutral); with fewer than
    two of them the relationship is `single_threaded`: it hangs on one person, or on none. `champion_strength` is that of the
    strongest champion, None without a champion.
    """

    contacts: tuple[Contact, ...]
    after_days: int
    missing_roles: tuple[ContactRole, ...]
    untouched: tuple[Contact, ...]
    engaged: tuple[Contact, ...]
    single_threaded: bool
    champion: Contact | None
    champion_strength: int | None


def stakeholder_coverage(customer: Customer, at: datetime) -> Coverage:
    """The coverage of a company's live contacts at a moment (one query); of very many, of the most influential."""
    rows = Contact.objects.live().filter(customer=customer).select_related("reports_to")
    found = rows.order_by(F("influence").desc(nulls_last=True), "sort_name", "pk")[:MOST_MAPPED]
    return coverage_of(customer.business, list(found), at)


def coverage_of(business: Business, contacts: Sequence[Contact], at: datetime) -> Coverage:
    """The coverage by these contacts."""
    after = untouched_after_days(business)
    days = {contact.pk: days_since_touch(contact, business, at) for contact in contacts}
    untouched = tuple(c for c in contacts if _is_over(days[c.pk], after))
    engaged = tuple(c for c in contacts if not _is_over(days[c.pk], after) and (c.sentiment or 0) >= Sentiment.NEUTRAL)
    champions = [
        (champion_strength(c, is_touched=not _is_over(days[c.pk], after)), c)
        for c in contacts
        if c.role == ContactRole.CHAMPION
    ]
    strength, champion = max(champions, key=lambda pair: pair[0], default=(None, None))
    held = {contact.role for contact in contacts}
    return Coverage(
        tuple(contacts), after, tuple(role for role in WANTED_ROLES if role not in held), untouched, engaged,
        bool(contacts) and len(engaged) < 2, champion, strength,
    )  # fmt: skip


def days_since_touch(contact: Contact, business: Business, at: datetime) -> int | None:
    """Whole days of the business's calendar since the contact was touched; None if that never was."""
    if contact.last_touched_at is None:
        return None
    zone = business.time_zone
    return (clock.today(zone, at) - clock.today(zone, contact.last_touched_at)).days


def champion_strength(contact: Contact, *, is_touched: bool) -> int:
    """0 to 100: 100 × influence ÷ 5 × (sentiment + 2) ÷ 4, and half of it for a champion who is untouched.

    Unknown influence counts as 3, unknown sentiment as neutral (0).
    """
    influence = contact.influence or Influence.MIDDLE
    sentiment = contact.sentiment or Sentiment.NEUTRAL
    return (10 * influence * (sentiment + 2) // (1 if is_touched else 2) + 1) // 2


def _is_over(days: int | None, after: int) -> bool:
    return days is None or days >= after


LINES_STAY = by_sql(
    "customers_contact",
    broken="""
    select 'Contact ' || r.id || ' reports to ' || r.reports_to_id || ', who is not of the same company.'
    from customers_contact r left join customers_contact b on b.id = r.reports_to_id
    where r.reports_to_id is not null and b.customer_id is distinct from r.customer_id
    union all
    select 'Contact ' || s.id || ' reports to itself over others.' from (
        with recursive line (id, boss) as (
            select id, reports_to_id from customers_contact where reports_to_id is not null
            union select l.id, b.reports_to_id from line l join customers_contact b on b.id = l.boss where b.reports_to_id is not null
        )
        select distinct id from line where id = boss
    ) s
    """,
)
