"""What a misspelt name may have meant: the known words that are one slip away."""

from functools import cache

from django.db import connection

from crm.scope import open_businesses

SHORTEST, LONGEST = 3, 30
MEANINGS = 8
"""Known words that are tried for a misspelt one."""
_NEAR = """
select word from customers_searchword where business_id = any(%s) and rests && crm_rests(%s) limit 2000
"""


def meant(word: str) -> list[str]:
    """The words of names in the open businesses that the folded `word` may stand for, the nearest first; itself when it is known."""
    if not SHORTEST <= len(word) <= LONGEST or not word.isalpha():
        return []
    with connection.cursor() as cursor:
        cursor.execute(_NEAR, [list(open_businesses()), word])
        near = {row[0]: slips(word, row[0]) for row in cursor.fetchall()}
    found = [known for known, count in near.items() if count <= 1]
    return sorted(found, key=lambda known: (near[known], known[0] != word[0], known))[:MEANINGS]


def slips(one: str, other: str) -> int:
    """How many letters are missing, added, changed or swapped with their neighbor between the words (optimal string alignment)."""

    @cache
    def distance(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        same = one[i - 1] == other[j - 1]
        best = min(distance(i - 1, j) + 1, distance(i, j - 1) + 1, distance(i - 1, j - 1) + (not same))
        if i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]:
            best = min(best, distance(i - 2, j - 2) + 1)
        return best

    return distance(len(one), len(other))
