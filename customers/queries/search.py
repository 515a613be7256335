"""Finding customers by words: prefix of the name, prefix of the address, then all words anywhere in the search vector.

The index matches are fenced by an inner LIMIT and sorted outside; next to an ORDER BY … LIMIT the planner would walk the wrong index.
"""

from uuid import UUID

from django.db import connection

from crm.folding import fold
from crm.scope import open_businesses

MATCHES = 300
_LAST = "\U0010ffff"
_SEARCH = """
select customer_id, min(rank) as rank from (
    (select customer_id, 1 as rank from customers_customersearch
     where business_id = any(%(businesses)s) and is_live and sort_name >= %(text)s and sort_name < %(text_end)s
     order by sort_name limit %(limit)s)
    {more}
) found group by customer_id order by rank limit %(limit)s
"""
_MORE = """
    union all
    (select customer_id, 2 from customers_customersearch
     where business_id = any(%(businesses)s) and is_live and email_key >= %(text)s and email_key < %(text_end)s
     order by email_key limit 25)
    union all
    (select customer_id, 3 from customers_customersearch
     where business_id = any(%(businesses)s) and is_live and vector @@ %(query)s::tsquery limit %(limit)s)
"""


def matching(words: str, limit: int = MATCHES) -> list[UUID]:
    """Ids of live customers of the open businesses that match, best first: by name, by e-mail address, by any word or number."""
    text = fold(words[:200])
    if not text:
        return []
    asked = _tokens(text)
    parameters = {
        "businesses": list(open_businesses()), "text": text, "text_end": text + _LAST, "limit": limit,
        "query": " & ".join(asked),
    }  # fmt: skip
    more = _MORE if asked and max(map(len, text.split())) > 2 else ""
    with connection.cursor() as cursor:
        cursor.execute(_SEARCH.format(more=more), parameters)
        return [row[0] for row in cursor.fetchall()]


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
