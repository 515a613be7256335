"""Deals: rights, deeds, pages, figures of customers, signs, files and demo data."""

from django.utils.translation import gettext_lazy as _

from commerce.choices import OPEN_STAGES, PROBABILITIES
from commerce.forms import probability_field, stale_field
from commerce.queries.deals import STALE_AFTER_DAYS
from crm.hooks import EVERYBODY
from crm.registry import (
    Emptied,
    Permission,
    RecordPage,
    SettingsBlock,
    Verb,
    business_tables,
    permissions,
    record_pages,
    settings_blocks,
    verbs,
)

_SELLERS = ("owner", "manager", "agent", "marketing", "integration")

permissions.plug(
    Permission("commerce.view_deals", _("See deals"), EVERYBODY),
    Permission("commerce.add_deals", _("Add deals"), _SELLERS),
    Permission("commerce.change_deals", _("Change and move deals"), _SELLERS),
    Permission("commerce.delete_deals", _("Delete deals"), ("owner", "manager")),
)
verbs.plug(
    Verb("commerce.deal.created", _("Deal added")),
    Verb("commerce.deal.updated", _("Deal changed")),
    Verb("commerce.deal.moved", _("Deal moved to another stage")),
    Verb("commerce.deal.won", _("Deal won")),
    Verb("commerce.deal.lost", _("Deal lost")),
    Verb("commerce.deal.reopened", _("Deal opened again")),
    Verb("commerce.deal.deleted", _("Deal deleted")),
)
settings_blocks.plug(
    SettingsBlock(
        "deals",
        _("Deals"),
        {
            "stale_after_days": (stale_field, STALE_AFTER_DAYS),
            **{
                f"probability_{stage}": (lambda stage=stage: probability_field(stage), PROBABILITIES[stage])
                for stage in OPEN_STAGES
            },
        },
    )
)
business_tables.plug(Emptied("deals", ("commerce.OpportunityStageChange", "commerce.Opportunity"), order=310))
record_pages.plug(RecordPage("commerce.opportunity", "commerce:deal_detail", "commerce.view_deals"))
