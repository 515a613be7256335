"""Deals: rights, deeds, pages, figures of customers, signs, files and demo data."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from commerce import queries
from commerce.choices import OPEN_STAGES, PROBABILITIES
from commerce.demo import fill_deals
from commerce.forms import probability_field, stale_field
from commerce.panels.deals import deal_entries, deal_panel, pipeline_figures
from commerce.queries.deals import STALE_AFTER_DAYS, deal_entries_of
from commerce.resources import DEALS
from crm.hooks import EVERYBODY
from crm.registry import (
    DemoPart,
    Emptied,
    HomeFigures,
    IntegrityCheck,
    PaletteEntries,
    Permission,
    QuickAction,
    RecordPage,
    SettingsBlock,
    SidebarItem,
    Verb,
    business_tables,
    demo_parts,
    home_figures,
    integrity_checks,
    palette_entries,
    permissions,
    quick_actions,
    record_pages,
    settings_blocks,
    sidebar,
    verbs,
)
from customers.registry import (
    Field,
    ProfilePanel,
    TimelineSource,
    fields,
    import_resources,
    profile_panels,
    timeline_sources,
)


def _deals(state: str) -> Callable[[Any], str]:
    """Leads from a customer to its deals that are narrowed so."""
    return lambda customer: f"{reverse('commerce:deal_list')}?customer={customer.pk}&{state}"


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
                f"probability_{stage}": (partial(probability_field, stage), PROBABILITIES[stage])
                for stage in OPEN_STAGES
            },
        },
    )
)
business_tables.plug(Emptied("deals", ("commerce.OpportunityStageChange", "commerce.Opportunity"), order=310))
record_pages.plug(RecordPage("commerce.opportunity", "commerce:deal_detail", "commerce.view_deals"))
sidebar.plug(
    SidebarItem(_("Commerce"), _("Deals"), "handshake", "commerce:deal_board", "commerce.view_deals", order=290),
    SidebarItem(
        _("Reports"),
        _("Pipeline"),
        "chart-no-axes-combined",
        "commerce:pipeline_report",
        "commerce.view_deals",
        order=520,
    ),
)
quick_actions.plug(QuickAction(_("Add deal"), "handshake", "commerce:deal_create", "commerce.add_deals", 30))
profile_panels.plug(ProfilePanel("deals", "commerce.view_deals", deal_panel, order=90, tab="commerce"))
palette_entries.plug(PaletteEntries("deals", _("Deals"), "commerce.view_deals", deal_entries, order=28))
timeline_sources.plug(
    TimelineSource("deals", _("Deals"), "handshake", "commerce.view_deals", deal_entries_of, order=35)
)
import_resources.plug(DEALS)
demo_parts.plug(DemoPart("deals", fill_deals, ("commerce.Opportunity", "commerce.OpportunityStageChange"), order=310))
home_figures.plug(HomeFigures("pipeline", pipeline_figures, "commerce.view_deals", order=30))
integrity_checks.plug(
    IntegrityCheck("commerce.deal_facts", _("Deal facts are the sums of the deals"), queries.DEAL_FACTS, order=320),
    IntegrityCheck("commerce.deal_steps", _("Deals stand where their last step led"), queries.DEAL_STEPS, order=330),
)
fields.plug(
    Field(
        "ltv_deals", _("Value of deals won"), "money", "facts__ltv_deals", filters=("gte", "lte"), order=300,
        figure=True, rows_url=_deals("stage=won"), family="sum",
        how=_("Deals that were won, in the reporting currency, all time."),
    ),
    Field(
        "deals_won", _("Deals won"), "number", "facts__deals_won", filters=("gte", "lte"), order=310,
        rows_url=_deals("stage=won"), family="sum", how=_("How many deals were won, all time."),
    ),
    Field(
        "average_deal_size", _("Average deal"), "money", "facts__average_deal_size", filters=("gte", "lte", "isnull"), order=320,
        figure=True, rows_url=_deals("stage=won"), how=_("Value of deals won divided by their number."),
    ),
    Field(
        "open_deal_value", _("Open deals"), "money", "facts__open_deal_value", filters=("gte", "lte"), order=330,
        figure=True, rows_url=_deals("state=open"), family="sum",
        how=_("Amounts of the deals that are still open, in the reporting currency, not weighted."),
    ),
)  # fmt: skip
