"""Questions about customers."""

from customers.queries.counts import customers_by_stage, customers_created_lately
from customers.queries.custom_fields import custom_fields_of
from customers.queries.families import Relatives, family_of, family_value, people_of, relatives_of
from customers.queries.history import history_of, last_visit, news_of
from customers.queries.notes import files_of, notes_of
from customers.queries.palette import fitting, hits, named, opened_last
from customers.queries.privacy import withheld
from customers.queries.profile import completeness_of, reasons_at_risk, tags_of, untouched_since, with_head
from customers.queries.search import matches_for, matching
from customers.queries.tags import customers_by_tag
from customers.queries.timeline import latest_rows, timeline_for, timeline_sources_for

__all__ = [
    "Relatives",
    "completeness_of",
    "custom_fields_of",
    "customers_by_stage",
    "customers_by_tag",
    "customers_created_lately",
    "family_of",
    "family_value",
    "files_of",
    "fitting",
    "history_of",
    "hits",
    "last_visit",
    "latest_rows",
    "matches_for",
    "matching",
    "named",
    "news_of",
    "notes_of",
    "opened_last",
    "people_of",
    "reasons_at_risk",
    "relatives_of",
    "tags_of",
    "timeline_for",
    "timeline_sources_for",
    "untouched_since",
    "with_head",
    "withheld",
]
