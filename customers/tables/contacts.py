"""Columns of lists of contacts, and how a contact's influence and sentiment are shown."""

from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from crm.paging import Sort
from crm.tables import Column
from crm.templatetags import ui
from customers.choices import Sentiment
from customers.models import Contact

_BY_NAME = Sort("name", "sort_name")
_BY_DATE = Sort("created_at", "created_at", descending_first=True)
FEELINGS = {
    Sentiment.HOSTILE: ("bad", "angry"),
    Sentiment.SCEPTICAL: ("warn", "frown"),
    Sentiment.NEUTRAL: ("neutral", "meh"),
    Sentiment.POSITIVE: ("good", "smile"),
    Sentiment.ADVOCATE: ("good", "heart"),
}
"""The kind and the icon by which a sentiment is shown."""


def contact_href(contact: Contact) -> str:
    """The address of the contact's page."""
    return reverse("customers:contact_detail", args=[contact.pk])


def sentiment_badge(contact: Contact) -> SafeString:
    if contact.sentiment is None:
        return SafeString("")
    kind, icon = FEELINGS[Sentiment(contact.sentiment)]
    return ui.badge(contact.get_sentiment_display(), kind, icon)


def influence_meter(contact: Contact) -> SafeString:
    if contact.influence is None:
        return SafeString("")
    words = _("%(influence)s of 5") % {"influence": contact.influence}
    return ui.meter(contact.influence, 5, _("Influence of %(name)s") % {"name": contact}, "accent", words)


def _name(contact: Contact) -> SafeString:
    work = ", ".join(part for part in (contact.title, contact.department) if part) or contact.email
    mark = (
        ui.icon("star", 14) + format_html('<span class="unseen">{}</span>', _("first person to speak to"))
        if contact.is_primary
        else ""
    )
    return format_html(
        '<span class="person">{}<span><span><bdi>{}</bdi> {}</span><small dir="auto">{}</small></span></span>',
        ui.avatar(contact.display_name), contact.display_name, mark, work,
    )  # fmt: skip


def contact_columns(*, company: bool = True, sorted_by: bool = True) -> list[Column]:
    """The columns of lists of contacts, with their company or without."""
    columns = [
        Column("name", _("Name"), _name, sort=_BY_NAME if sorted_by else None),
        Column("role", _("Role"), lambda row: row.get_role_display()),
        Column("influence", _("Influence"), influence_meter),
        Column("sentiment", _("Sentiment"), sentiment_badge),
        Column("last_touched_at", _("Last touched"), _touched),
    ]  # fmt: skip
    if company:
        columns.insert(1, Column("company", _("Company"), _company))
        columns.append(Column("created_at", _("Added"), lambda row: ui.when(row.created_at), sort=_BY_DATE))
    return columns


def _touched(contact: Contact) -> Any:
    return ui.when(contact.last_touched_at, "day") if contact.last_touched_at else _("never")


def _company(contact: Contact) -> SafeString:
    href = reverse("customers:customer_contacts", args=[contact.customer_id])
    return format_html('<a href="{}"><bdi>{}</bdi></a>', href, contact.customer)
