"""Contacts of companies, and persons that are customers of several businesses."""

from django.utils.translation import gettext_lazy as _

from crm.registry import (
    DemoPart,
    IntegrityCheck,
    PaletteEntries,
    RecordPage,
    SettingsBlock,
    SidebarItem,
    Verb,
    demo_parts,
    integrity_checks,
    palette_entries,
    record_pages,
    settings_blocks,
    sidebar,
    verbs,
)
from customers.demo.contacts import fill_contacts
from customers.forms.contacts import untouched_field
from customers.panels.palette import contact_entries
from customers.panels.profile import elsewhere_panel, workplace_panel
from customers.queries.contacts import LINES_STAY, UNTOUCHED_AFTER_DAYS
from customers.registry import (
    ProfilePanel,
    ProfileTab,
    import_resources,
    profile_panels,
    profile_tabs,
)
from customers.resources import CONTACTS

verbs.plug(
    Verb("customers.contact.created", _("Contact added")),
    Verb("customers.contact.updated", _("Contact changed")),
    Verb("customers.contact.archived", _("Contact left the company")),
    Verb("customers.contact.restored", _("Contact brought back")),
    Verb("customers.contact.touched", _("Contact spoken to")),
    Verb("customers.contact.converted", _("Contact made a customer")),
    Verb("customers.contact.unlinked", _("Customer record of a contact taken away")),
    Verb("customers.person.noted", _("Identity noted")),
    Verb("customers.person.cleared", _("Identity taken back")),
)
sidebar.plug(
    SidebarItem(_("Customers"), _("Contacts"), "contact-round", "customers:contact_list", "customers.view", order=120),
)
palette_entries.plug(
    PaletteEntries("contacts", _("Contacts"), "customers.view", contact_entries, order=25),
)
profile_tabs.plug(
    ProfileTab(
        "contacts", _("Contacts"), "customers:customer_contacts", "customers.view", kinds=("company",), order=30
    ),
)
profile_panels.plug(
    ProfilePanel("workplace", "customers.view", workplace_panel, order=20),
    ProfilePanel("elsewhere", "customers.view", elsewhere_panel, order=30),
)
record_pages.plug(
    RecordPage("customers.contact", "customers:contact_detail", "customers.view"),
)
settings_blocks.plug(
    SettingsBlock("contacts", _("Contacts"), {"untouched_after_days": (untouched_field, UNTOUCHED_AFTER_DAYS)}),
)
integrity_checks.plug(
    IntegrityCheck("customers.reporting_lines", _("Contacts report within their company"), LINES_STAY, order=150),
)
import_resources.plug(
    CONTACTS,
)
demo_parts.plug(
    DemoPart("contacts", fill_contacts, ("customers.Contact",), order=120),
)
