"""What customers want to receive and have agreed to, and their requests about their data."""

from django.utils.translation import gettext_lazy as _

from crm.registry import (
    DemoPart,
    Permission,
    SidebarItem,
    Verb,
    demo_parts,
    permissions,
    settings_blocks,
    sidebar,
    verbs,
)
from customers.demo.preferences import fill_preferences
from customers.forms.preferences import COMMUNICATION
from customers.registry import (
    ProfileAction,
    ProfileTab,
    profile_actions,
    profile_tabs,
)

permissions.plug(
    Permission(
        "customers.request_erasure",
        _("Take in requests for erasure"),
        ("owner", "manager", "compliance", "integration"),
    ),
    Permission("customers.decide_privacy", _("Decide privacy requests"), ("owner", "compliance"), sees_all=True),
)
verbs.plug(
    Verb("customers.communication_preference.updated", _("Communication preferences changed")),
    Verb("customers.preference_link.renewed", _("Link to the customer's own page replaced")),
    Verb("customers.consent.given", _("Consent given")),
    Verb("customers.consent.withdrawn", _("Consent withdrawn")),
    Verb("customers.privacy_request.received", _("Erasure requested")),
    Verb("customers.privacy_request.declined", _("Privacy request declined")),
)
profile_tabs.plug(
    ProfileTab("preferences", _("Preferences & consent"), "customers:customer_preferences", "customers.view", order=50),
)
profile_actions.plug(
    ProfileAction(
        "erase",
        _("Request erasure"),
        "user-x",
        "customers:customer_erase",
        "customers.request_erasure",
        state="any",
        order=950,
    ),
)
sidebar.plug(
    SidebarItem(
        _("Settings"),
        _("Privacy requests"),
        "shield-user",
        "customers:privacy_request_list",
        "customers.decide_privacy",
        order=922,
    ),
)
settings_blocks.plug(
    COMMUNICATION,
)
demo_parts.plug(
    DemoPart(
        "preferences",
        fill_preferences,
        ("customers.CommunicationPreference", "customers.ConsentRecord"),
        order=150,
    ),
)
