"""What the kernel itself plugs into the sockets."""

from django.utils.translation import gettext_lazy as _

from crm.bench import home
from crm.models import Membership
from crm.registry import (
    ROLES,
    Benchmark,
    Emptied,
    FirstStep,
    Permission,
    RegularTask,
    SettingsPage,
    SidebarItem,
    TaskKind,
    Verb,
    benchmarks,
    business_tables,
    first_steps,
    permissions,
    regular_tasks,
    settings_pages,
    sidebar,
    task_kinds,
    verbs,
)

EVERYBODY = ROLES
PEOPLE = tuple(role for role in ROLES if role != "integration")

permissions.plug(
    Permission("crm.manage_business", _("Change the settings of the business"), ("owner",)),
    Permission("crm.manage_people", _("Invite people and change their roles"), ("owner",)),
    Permission("crm.manage_teams", _("Change teams"), ("owner", "manager")),
    Permission("crm.manage_api_keys", _("Make and revoke API keys"), ("owner",)),
    Permission("crm.view_rates", _("See exchange rates"), PEOPLE),
    Permission("crm.manage_rates", _("Change exchange rates"), ("owner", "manager")),
    Permission("crm.view_activity", _("See the activity of the business"), ("owner", "manager", "compliance")),
    Permission("crm.view_access", _("See who saw whose data"), ("owner", "compliance")),
    Permission("crm.remove_demo", _("Remove the demo data"), ("owner",)),
    Permission("crm.view_jobs", _("Follow background jobs"), EVERYBODY),
)

verbs.plug(
    Verb("crm.business.created", _("Business created")),
    Verb("crm.business.updated", _("Business settings changed")),
    Verb("crm.business.demo_removed", _("Demo data removed")),
    Verb("crm.invitation.created", _("Person invited")),
    Verb("crm.invitation.withdrawn", _("Invitation withdrawn")),
    Verb("crm.membership.created", _("Member joined")),
    Verb("crm.membership.updated", _("Membership changed")),
    Verb("crm.membership.ended", _("Membership ended")),
    Verb("crm.user.second_factor_added", _("Second factor set up")),
    Verb("crm.user.second_factor_removed", _("Second factor taken away")),
    Verb("crm.user.second_factor_reset", _("Second factor reset")),
    Verb("crm.user.recovery_codes_made", _("Recovery codes made")),
    Verb("crm.team.created", _("Team created")),
    Verb("crm.team.updated", _("Team changed")),
    Verb("crm.team.deleted", _("Team deleted")),
    Verb("crm.api_key.created", _("API key made")),
    Verb("crm.api_key.revoked", _("API key revoked")),
    Verb("crm.exchange_rate.created", _("Exchange rate added")),
    Verb("crm.exchange_rate.updated", _("Exchange rate changed")),
    Verb("crm.exchange_rate.deleted", _("Exchange rate deleted")),
)

sidebar.plug(
    SidebarItem("", _("Home"), "house", "crm:home", order=0),
    SidebarItem(_("Settings"), _("Activity"), "history", "crm:activity", "crm.view_activity", order=910),
    SidebarItem(_("Settings"), _("Access"), "eye", "crm:access", "crm.view_access", order=920),
    SidebarItem(_("Settings"), _("Settings"), "settings", "crm:settings", order=930),
)

first_steps.plug(
    FirstStep(
        _("Invite a colleague"),
        _("Each person signs in with an address of their own; the role decides what they may do."),
        "crm:people",
        "crm.manage_people",
        lambda business: Membership.objects.filter(is_active=True)[1:2].exists(),
        30,
    )
)

settings_pages.plug(
    SettingsPage(
        _("Business"), _("Name, currency, time zone"), "building-2", "crm:business_settings", "crm.manage_business", 10
    ),
    SettingsPage(
        _("Sign-in rules"),
        _("Whether members need a second factor"),
        "shield-check",
        "crm:sign_in_rules",
        "crm.manage_business",
        15,
    ),
    SettingsPage(_("People"), _("Members, roles and invitations"), "users", "crm:people", "crm.manage_people", 20),
    SettingsPage(
        _("Teams"), _("Who looks after customers together"), "users-round", "crm:teams", "crm.manage_teams", 30
    ),
    SettingsPage(
        _("API keys"),
        _("Keys with which programs call the API"),
        "key-round",
        "crm:api_keys",
        "crm.manage_api_keys",
        40,
    ),
    SettingsPage(_("Exchange rates"), _("What other currencies are worth"), "coins", "crm:rates", "crm.view_rates", 50),
    SettingsPage(_("Demo data"), _("Take it away and begin anew"), "trash-2", "crm:remove_demo", "crm.remove_demo", 90),
)

business_tables.plug(
    Emptied(
        "crm",
        (
            "crm.Notification", "crm.DefaultView", "crm.SavedView", "crm.IdempotentRequest", "crm.Schedule",
            "crm.Job", "crm.AccessRecord", "crm.ActivitySeal", "crm.ActivityDetail", "crm.Activity", "crm.Invitation", "crm.ApiKey",
            "crm.ExchangeRate", "crm.Membership", "crm.Team",
        ),
        order=1000,
    )
)  # fmt: skip
task_kinds.plug(
    TaskKind("crm.tasks.seal_trails", _("Seal the activity"), limit_seconds=300, hidden=True),
    TaskKind("crm.tasks.prove_slow_lane", _("Prove that long work is taken"), lane="slow", hidden=True),
    TaskKind("crm.tasks.clean_up", _("Remove what has served its time"), lane="slow", limit_seconds=900, hidden=True),
)
regular_tasks.plug(
    RegularTask("seal the activity", "crm.tasks.seal_trails", "*/30 * * * * *"),
    RegularTask("prove the slow lane", "crm.tasks.prove_slow_lane", "* * * * *"),
    RegularTask("clean up", "crm.tasks.clean_up", "10 3 * * *"),
)
benchmarks.plug(Benchmark("home", _("Home dashboard"), 200, home, order=10))
