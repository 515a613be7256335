"""Finding customers by words: prefix of the name, prefix of the address, then all words anywhere in the search vector.

Prefixes are ranges of the customers' own indexes, one range per business, read in order. The matches of the vector are fenced by an
inner LIMIT and sorted outside; next to an ORDER BY … LIMIT the planner would walk the wrong index.
"""

from typing import Any
from uuid import UUID

from django.db import connection

from crm.folding import fold
from crm.scope import open_businesses

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
_ANYWHERE = """
select customer_id from customers_customersearch
where business_id = any(%(businesses)s) and is_live and vector @@ %(query)s::tsquery limit %(limit)s
"""


def matching(words: str, limit: int = MATCHES) -> list[UUID]:
    """Ids of live customers of the open businesses that match, best first: by name, by e-mail address, by any word or number."""
    text = fold(words[:200])
    if not text:
        return []
    asked = _tokens(text)
    parameters: dict[str, Any] = {
        "businesses": list(open_businesses()), "text": text, "text_end": text + _LAST, "limit": limit,
        "query": " & ".join(asked),
    }  # fmt: skip
    longer = bool(asked) and max(map(len, text.split())) > 2
    with connection.cursor() as cursor:
        cursor.execute(_BEGINNING.format(addresses=_ADDRESSES if longer else ""), parameters)
        found = [row[0] for row in cursor.fetchall()]
        if longer and len(found) < limit:
            cursor.execute(_ANYWHERE, parameters)
            found = list(dict.fromkeys([*found, *(row[0] for row in cursor.fetchall())]))
    return found[:limit]


def _tokens(text: str) -> list[str]:
    """What each word of a query asks of the vector, in tsquery syntax: numbers as digits, addresses whole, the rest split at signs."""
    digits = "".join(c for c in text if c.isdigit())
    if len(digits) >= 5 and not any(c.isalpha() or c == "@" for c in text):
        return [f"'{digits[-7:]}':*"]
    asked = []
    for word in text.split()[:8]:
        parts = "".join(c if c.isalnum() else " " for c in word).split()
        split = " & ".join(f"'{part}':*" for part in parts)
        whole = word.replace("'", "").replace("\\", "")
        if parts and ("@" in word or "." in word.strip(".")):
            asked.append(f"('{whole}':* | ({split}))")
        elif parts:
            asked.append(f"({split})")
    return asked
