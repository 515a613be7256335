"""Finding customers by words: prefix of the name, prefix of the address, then all words anywhere in the search vector, then
tags; where nothing is found, by the names that may have been meant.

Prefixes are ranges of the customers' own indexes, one range per business, read in order. The matches of the vector are fenced by an
inner LIMIT and sorted outside; next to an ORDER BY … LIMIT the planner would walk the wrong index.
"""

from typing import Any
from uuid import UUID

from django.db import connection

from crm.actor import Actor
from crm.folding import fold
from crm.scope import open_businesses
from customers.queries.words import SHORTEST, meant

MATCHES = 300
_LAST = "\U0010ffff"
_BEGINNING = """
select id, min(rank) as rank from unnest(%(businesses)s::uuid[]) b(business_id), lateral (
    (select c.id, 1 as rank from customers_customer c
     where c.business_id = b.business_id and c.is_live and c.sort_name >= %(text)s and c.sort_name < %(text_end)s
     order by c.sort_name limit %(limit)s)
    {addresses}
) found group by id order by rank limit %(limit)s
"""
_ADDRESSES = """
    union all
    (select c.id, 2 from customers_customer c
     where c.business_id = b.business_id and c.is_live and c.email_key >= %(text)s and c.email_key < %(text_end)s
     order by c.email_key limit 25)
"""
# What is looked up in the index, and what is only checked on the rows found there: `|| ''` keeps the check from the index.
_ANYWHERE = """
select customer_id from customers_customersearch
where business_id = any(%(businesses)s) and is_live and vector @@ %(lookup)s::tsquery
  and (%(lookup)s = %(check)s or (vector || ''::tsvector) @@ %(check)s::tsquery)
limit %(limit)s
"""
_TAGGED = """
select l.customer_id from customers_customertag l join customers_customer c on c.id = l.customer_id
where l.tag_id = any(select t.id from customers_tag t where t.business_id = any(%(businesses)s)
                     and crm_fold(t.name) >= %(text)s and crm_fold(t.name) < %(text_end)s)
  and c.is_live limit %(limit)s
"""


def matches_for(actor: Actor) -> int:
    """How many matches to look at: those of others must not use up the number before an actor's own customers are picked out."""
    sees_all = actor.everything or all(grant.visibility == "all" for grant in actor.grants_in_scope())
    return MATCHES if sees_all else MATCHES * 100


def matching(words: str, limit: int = MATCHES) -> list[UUID]:
    """Ids of live customers of the open businesses that match, best first: by name, by e-mail address, by any word or number, by
    tag; by names one slip away where nothing else is found."""
    text = fold(words[:200])
    if not text:
        return []
    parameters: dict[str, Any] = {
        "businesses": list(open_businesses()), "text": text, "text_end": text + _LAST, "limit": limit,
    }  # fmt: skip
    queries = _queries(text) if max(map(len, text.split())) > 2 else []
    with connection.cursor() as cursor:
        cursor.execute(_BEGINNING.format(addresses=_ADDRESSES if queries else ""), parameters)
        found = [row[0] for row in cursor.fetchall()]
        for lookup, check in queries:
            if len(found) >= limit:
                break
            cursor.execute(_ANYWHERE, parameters | {"lookup": lookup, "check": check})
            rows = cursor.fetchall()
            found = list(dict.fromkeys([*found, *(row[0] for row in rows)]))
            if rows:
                break
        if queries and len(found) < limit:
            cursor.execute(_TAGGED, parameters)
            found = list(dict.fromkeys([*found, *(row[0] for row in cursor.fetchall())]))
        if queries and not found and (lookup := meant_words(text)):
            cursor.execute(_ANYWHERE, parameters | {"lookup": lookup, "check": lookup})
            found = [row[0] for row in cursor.fetchall()]
    return found[:limit]


def _queries(text: str) -> list[tuple[str, str]]:
    """Pairs of tsqueries (looked up, checked), to be tried in turn until one finds something.

    Numbers are taken as digits, addresses first as a whole and then split at signs, the rest split at signs. Parts of one or two
    letters begin too many words to be looked up, so next to a longer part they are only checked.
    """
    digits = "".join(c for c in text if c.isdigit())
    if len(digits) >= 5 and not any(c.isalpha() or c == "@" for c in text):
        return [(f"'{digits[-7:]}':*",) * 2]
    parts: list[str] = []
    wholes: list[str] = []
    split: list[str] = []
    for word in text.split()[:8]:
        found = "".join(c if c.isalnum() else " " for c in word).split()
        whole = word.replace("'", "").replace("\\", "")
        split += found
        if found and whole and ("@" in word or "." in word.strip(".")):
            wholes.append(whole)
        else:
            parts += found
    tries = [[*wholes, *parts], split] if wholes else [split]
    return [(_prefixes([p for p in words if len(p) > 2] or words), _prefixes(words)) for words in tries if words]


def meant_words(text: str) -> str:
    """The tsquery of what the words of a name may have meant; "" where one of them is no name at all."""
    choices = [[*meant(word), f"{word}:*"] if len(word) < SHORTEST else meant(word) for word in text.split()[:4]]
    if not all(choices):
        return ""
    return " & ".join(
        "(" + " | ".join(f"'{c}'" if c.isalpha() else f"'{c[:-2]}':*" for c in words) + ")" for words in choices
    )


def _prefixes(words: list[str]) -> str:
    return " & ".join(f"'{word}':*" for word in words)
