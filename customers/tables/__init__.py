"""How customers and contacts are shown in rows, figures and details."""

from customers.tables.changes import change_texts, field_label, recorded_fields
from customers.tables.contacts import FEELINGS, contact_columns, contact_href, influence_meter, sentiment_badge
from customers.tables.customers import custom_text, customer_columns, in_words, tag_chip, with_tags
from customers.tables.profile import (
    family_figures,
    family_rows,
    profile_details,
    profile_figures,
    profile_line,
    stage_hints,
    stage_path,
)

__all__ = [
    "FEELINGS",
    "change_texts",
    "contact_columns",
    "contact_href",
    "custom_text",
    "customer_columns",
    "family_figures",
    "family_rows",
    "field_label",
    "in_words",
    "influence_meter",
    "profile_details",
    "profile_figures",
    "profile_line",
    "recorded_fields",
    "sentiment_badge",
    "stage_hints",
    "stage_path",
    "tag_chip",
    "with_tags",
]
