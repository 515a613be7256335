"""How deals are shown: columns, badges, signs, details and their way through the stages."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from commerce.choices import OPEN_STAGES, DealKind, DealStage
from commerce.models import Opportunity, OpportunityStageChange
from commerce.queries.deals import is_slipping, is_stale
from crm import clock, formats
from crm.models import Business
from crm.paging import Sort
from crm.tables import Column
from crm.templatetags import ui

BY_ADDED = Sort("created_at", "created_at", descending_first=True)
BY_CLOSE = Sort("expected_close_on", "expected_close_on", nullable=True)
BY_AMOUNT = Sort("amount", "amount_base", nullable=True, descending_first=True)
_LINK = '<a href="{}"><bdi>{}</bdi></a>'


def deal_href(deal: Opportunity) -> str:
    """The address of the deal's page."""
    return reverse("commerce:deal_detail", args=[deal.pk])


def stage_badge(deal: Opportunity) -> SafeString:
    kind = {DealStage.WON: "good", DealStage.LOST: "bad"}.get(DealStage(deal.stage), "accent")
    icon = {DealStage.WON: "trophy", DealStage.LOST: "circle-x"}.get(DealStage(deal.stage), "")
    return ui.badge(deal.get_stage_display(), kind, icon)


def kind_badge(deal: Opportunity) -> SafeString:
    return ui.badge(deal.get_kind_display(), "accent" if deal.kind == DealKind.EXPANSION else "neutral")


def signs(deal: Opportunity, business: Business, at: datetime) -> SafeString:
    """That the expected close is over, and that the deal has not moved for long."""
    found = []
    if is_slipping(deal, clock.today(business.time_zone, at)):
        found.append(ui.badge(_("Slipping"), "bad", "calendar-x"))
    if is_stale(deal, business, at):
        found.append(ui.badge(_("Stale"), "warn", "hourglass"))
    return joined(found)


def joined(parts: Iterable[SafeString]) -> SafeString:
    return format_html_join(" ", "{}", ((part,) for part in parts if part))


def amount_of(deal: Opportunity) -> str:
    return ui.money(deal.amount, deal.currency) if deal.amount is not None else formats.NOTHING


def customer_link(deal: Opportunity) -> Any:
    if deal.customer_id is None:
        return ""
    return format_html(_LINK, reverse("customers:customer_detail", args=[deal.customer_id]), deal.customer)


def days_in_stage(deal: Opportunity, at: datetime) -> str:
    days = max(0, (at - deal.stage_since).days)
    return ngettext("%(count)s day", "%(count)s days", days) % {"count": formats.number(days)}


def deal_columns(business: Business, at: datetime) -> list[Column]:
    """The columns of lists of deals."""
    return [
        Column("name", _("Deal"), lambda row: format_html('<bdi>{}</bdi> {}', row.name, signs(row, business, at))),
        Column("customer", _("Customer"), lambda row: format_html("<bdi>{}</bdi>", row.customer or "")),
        Column("kind", _("Kind"), lambda row: row.get_kind_display()),
        Column("stage", _("Stage"), stage_badge),
        Column("amount", _("Amount"), amount_of, align="end", sort=BY_AMOUNT),
        Column("probability", _("Probability"), lambda row: formats.percent(row.probability, 0), align="end"),
        Column(
            "expected_close_on", _("Expected close"),
            lambda row: ui.when(row.expected_close_on, "day") if row.expected_close_on else "", sort=BY_CLOSE,
        ),
        Column("owner", _("Owner"), lambda row: str(row.owner or "")),
        Column("created_at", _("Added"), lambda row: ui.when(row.created_at), sort=BY_ADDED),
    ]  # fmt: skip


def deal_figures(deal: Opportunity, business: Business, at: datetime) -> list[dict[str, Any]]:
    """The figures on top of a deal's page, as the component takes them."""
    figures: list[dict[str, Any]] = [{"label": _("Amount"), "value": amount_of(deal), "hint": "", "how": ""}]
    if deal.amount_base is not None and deal.currency != business.currency:
        figures[0]["hint"] = ui.money(deal.amount_base, business.currency)
        figures[0]["how"] = _(
            "Converted at the rate of the day on which the deal was closed; while it is open, was opened."
        )
    weighted = None if deal.amount_base is None else deal.amount_base * deal.probability / 100
    figures += [
        {
            "label": _("Weighted"), "value": ui.money(weighted, business.currency), "hint": formats.percent(deal.probability, 0),
            "how": _("The amount in the reporting currency times the probability."),
        },
        {
            "label": _("In this stage"), "value": days_in_stage(deal, at),
            "hint": _("since %(day)s") % {"day": formats.day(deal.stage_since)},
            "how": "",
        },
        {
            "label": _("Put off"), "value": ui.number(deal.push_count), "hint": ngettext("time", "times", deal.push_count),
            "how": _("How often the expected close was moved to a later day while the deal was open."),
        },
    ]  # fmt: skip
    return figures


def deal_facts(deal: Opportunity) -> list[tuple[str, Any]]:
    """What is known of the deal, as (label, value)."""
    contact = deal.contact
    pairs: list[tuple[str, Any]] = [
        (_("Customer"), customer_link(deal)),
        (
            _("Contact"),
            format_html(_LINK, reverse("customers:contact_detail", args=[contact.pk]), contact) if contact else "",
        ),
        (_("Owner"), str(deal.owner or "")),
        (_("Kind"), deal.get_kind_display()),
        (_("Product"), format_html("<bdi>{}</bdi>", deal.product.name or deal.product.code) if deal.product else ""),
        (_("Opened"), ui.when(deal.opened_on, "day")),
        (_("Expected close"), ui.when(deal.expected_close_on, "day") if deal.expected_close_on else ""),
    ]
    if deal.closed_at:
        pairs.append((_("Closed"), ui.when(deal.closed_at, "full")))
    if deal.lost_reason:
        pairs.append((_("Why it was lost"), ui.user_text(deal.lost_reason)))
    pairs.append((_("Competitor"), ui.user_text(deal.competitor) if deal.competitor else ""))
    if deal.external_id:
        known_as = ", ".join(part for part in (deal.source, deal.external_id) if part)
        pairs.append((_("External id"), ui.user_text(known_as)))
    return pairs


def way_of(deal: Opportunity) -> list[dict[str, Any]]:
    """The stages as the component of a way takes them; of a lost deal, the way ends where it was lost."""
    stages = [*OPEN_STAGES, DealStage.LOST if deal.stage == DealStage.LOST else DealStage.WON]
    place = stages.index(DealStage(deal.stage))
    kind = {DealStage.WON: "good", DealStage.LOST: "bad"}.get(DealStage(deal.stage), "accent")
    return [
        {
            "label": stage.label, "state": "past" if n < place else "current" if n == place else "ahead",
            "kind": kind if n == place else "", "href": "",
        }
        for n, stage in enumerate(stages)
    ]  # fmt: skip


def step_title(step: OpportunityStageChange) -> str:
    """What a step of a deal was, in words."""
    if not step.before:
        return _("Begun in %(stage)s") % {"stage": step.get_after_display()}
    return _("%(before)s → %(after)s") % {"before": step.get_before_display(), "after": step.get_after_display()}
