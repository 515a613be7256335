"""Benchmarks of finding, listing and showing customers."""

from collections.abc import Callable, Iterator
from itertools import product
from urllib.parse import urlencode

from django.db import connection
from django.urls import reverse

from crm import paging
from crm.bench import Visitor, timed
from crm.models import Business, Membership
from customers.models import Customer
from customers.queries import matching
from customers.registry import fields

Samples = Iterator[tuple[str, float]]
Wanted = Callable[[str], bool]
"""Whether a kind of words belongs to a benchmark."""
_SAMPLE = """
select first_name, last_name, email, phone, display_name, kind from customers_customer tablesample bernoulli (%s) repeatable (7)
where business_id = %s and is_live limit 20000
"""


def _words(business: Business, count: int) -> dict[str, list[str]]:
    """What people type, by kind, taken from customers that are there."""
    with connection.cursor() as cursor:
        cursor.execute("select greatest(reltuples, 1) from pg_class where oid = 'customers_customer'::regclass")
        share = min(100.0, 100 * 20 * count / cursor.fetchone()[0])
        cursor.execute(_SAMPLE, [share, business.pk])
        rows = cursor.fetchall()
    people = [row for row in rows if row[5] == "person" and row[0] and row[1]]
    companies = [row for row in rows if row[5] == "company"]
    found = {
        "1 letter": [row[0][:1] for row in people],
        "2 letters": [row[1][:2] for row in people],
        "3 letters": [row[1][:3] for row in people if len(row[1]) >= 3],
        "last name, 4 to 8 letters": [row[1][: 4 + i % 5] for i, row in enumerate(people) if len(row[1]) >= 4],
        "first name, whole": [row[0] for row in people if len(row[0]) >= 4],
        "first 3 and last 3 letters": [
            f"{row[0][:3]} {row[1][:3]}" for row in people if len(row[0]) > 2 and len(row[1]) > 2
        ],
        "whole name": [f"{row[0]} {row[1]}" for row in people],
        "e-mail, 12 letters": [row[2][:12] for row in rows if len(row[2]) > 12],
        "e-mail, whole": [row[2] for row in rows if row[2]],
        "phone, last 7 digits": ["".join(c for c in row[3] if c.isdigit())[-7:] for row in rows if row[3]],
        "company, 5 letters": [row[4][:5] for row in companies],
        "misspelt name": [f"{_slip(row[0])} {_slip(row[1])}" for row in people if len(row[0]) > 3 and len(row[1]) > 3],
        "nothing matches": [f"{row[1][:4]}xq{i}" for i, row in enumerate(people)],
    }
    return {kind: list(dict.fromkeys(words))[:count] for kind, words in found.items()}


_WIDE = {"3 letters", "first 3 and last 3 letters", "whole name"}
_MISSPELT = {"misspelt name"}


def _is_plain(kind: str) -> bool:
    return kind not in _WIDE | _MISSPELT


def _anything(kind: str) -> bool:
    return True


def _slip(word: str) -> str:
    """The word with its third letter left out."""
    return word[:2] + word[3:]


def search(business: Business) -> Samples:
    """Searches in the database whose words are short or selective."""
    yield from _searches(business, _is_plain)


def search_wide(business: Business) -> Samples:
    """Searches in the database by three letters or several words."""
    yield from _searches(business, _WIDE.__contains__)


def search_misspelt(business: Business) -> Samples:
    """Searches in the database by names with a slip in each word."""
    yield from _searches(business, _MISSPELT.__contains__)


def _searches(business: Business, wanted: Wanted) -> Samples:
    for kind, words in _words(business, 500).items():
        if wanted(kind):
            for text in words[:3]:
                matching(text)
            for text in words:
                yield kind, timed(matching, text)


def search_page(business: Business) -> Samples:
    yield from _search_visits(business, Visitor(business), reverse("customers:customer_list"), _anything, 40)


def search_api(business: Business) -> Samples:
    """Searches through the API whose words are short or selective."""
    yield from _api_searches(business, _is_plain)


def search_api_wide(business: Business) -> Samples:
    """Searches through the API by three letters or several words."""
    yield from _api_searches(business, _WIDE.__contains__)


def search_api_misspelt(business: Business) -> Samples:
    """Searches through the API by names with a slip in each word."""
    yield from _api_searches(business, _MISSPELT.__contains__)


def _api_searches(business: Business, wanted: Wanted) -> Samples:
    yield from _search_visits(business, Visitor(business, api=True), reverse("api:customer_list"), wanted, 500)


def _search_visits(business: Business, visitor: Visitor, address: str, wanted: Wanted, number: int) -> Samples:
    for kind, words in _words(business, number).items():
        if wanted(kind):
            yield from visitor.visits(kind, [f"{address}?{urlencode({'search': text})}" for text in words])


def list_page(business: Business) -> Samples:
    yield from _list_visits(business, Visitor(business), reverse("customers:customer_list"))


def list_api(business: Business) -> Samples:
    yield from _list_visits(business, Visitor(business, api=True), reverse("api:customer_list"))


def _sorts() -> list[tuple[str, paging.Sort]]:
    return [(f"-{s.key}" if s.descending_first else s.key, s) for s in (field.sort for field in fields) if s]


def _list_visits(business: Business, visitor: Visitor, address: str) -> Samples:
    for asked, sort in _sorts():
        yield from visitor.visits(f"first page by {asked}", [f"{address}?sort={asked}"] * 20)
        yield from visitor.visits(
            f"in the middle by {asked}", [f"{address}?{urlencode({'sort': asked, 'cursor': _middle(sort)})}"] * 20
        )
    for asked, _sort in _sorts():
        pairs = [f"{address}?{urlencode({**pair, 'sort': asked})}" for pair in filter_pairs(business)]
        yield from visitor.visits(f"40 filter pairs by {asked}", pairs + pairs)


def filter_pairs(business: Business) -> list[dict[str, str]]:
    """The pairs of filters that are measured: two of kind, stage, owner and country, frequent and rare values."""
    owners = Membership.objects.filter(business=business, role__in=["agent", "manager"]).order_by("user__email")
    kinds = [{"kind": kind} for kind in ("person", "company")]
    stages = [{"lifecycle_stage": stage} for stage in ("active", "churned", "expansion", "opportunity")]
    countries = [{"country": country} for country in ("United Kingdom", "Germany", "Greece")]
    owned = [{"owner": str(member.user_id)} for member in owners[:2]]
    sets = [
        (kinds, stages),
        (kinds, owned),
        (kinds, countries),
        (stages, owned),
        (stages, countries),
        (owned, countries[:1]),
    ]
    return [{**one, **other} for left, right in sets for one, other in product(left, right)]


def _middle(sort: paging.Sort) -> str:
    """The cursor of a row about half-way through the list."""
    rows = Customer.objects.live().with_facts()
    if sort.narrow is not None:
        rows = sort.narrow(rows)
    if sort.nullable:
        filled = rows.filter(**{f"{sort.column}__isnull": False})
        rows = filled if filled.exists() else rows
    row = rows.order_by(sort.column, sort.tie)[rows.count() // 2]
    return paging._encode(row, sort, back=False)


def profile_page(business: Business) -> Samples:
    yield from Visitor(business).visits(
        "profile page", [reverse("customers:customer_detail", args=[pk]) for pk in _some(business)]
    )


def profile_api(business: Business) -> Samples:
    visitor = Visitor(business, api=True)
    yield from visitor.visits(
        "profile by the API", [reverse("api:customer_detail", args=[pk]) for pk in _some(business)]
    )


def day_page(business: Business) -> Samples:
    yield from Visitor(business, role="agent").visits("own day of an agent", [reverse("customers:my_day")] * 30)


def _some(business: Business) -> list[str]:
    """Ids of customers: every tenth of them a busy one."""
    with connection.cursor() as cursor:
        cursor.execute("select greatest(reltuples, 1) from pg_class where oid = 'customers_customer'::regclass")
        share = min(100.0, 100 * 400 / cursor.fetchone()[0])
        cursor.execute(
            "select id from customers_customer tablesample bernoulli (%s) repeatable (3) where business_id = %s and is_live limit 135",
            [share, business.pk],
        )
        ids = [str(row[0]) for row in cursor.fetchall()]
        cursor.execute(
            "select customer_id from customers_customerfacts where business_id = %s and is_live order by total_spent desc limit 15",
            [business.pk],
        )
        return ids + [str(row[0]) for row in cursor.fetchall()]
