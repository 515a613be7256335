"""What the kernel itself plugs into the sockets."""

from django.utils.translation import gettext_lazy as _

from crm import gauges as own_gauges
from crm import integrity, palette
from crm.bench import home
from crm.models import Membership
from crm.registry import (
    ROLES,
    Benchmark,
    Emptied,
    FirstStep,
    Gauge,
    IntegrityCheck,
    NotificationKind,
    PaletteEntries,
    Permission,
    RecordPage,
    RegularTask,
    SettingsPage,
    SidebarItem,
    TaskKind,
    Verb,
    benchmarks,
    business_tables,
    first_steps,
    gauges,
    integrity_checks,
    notification_kinds,
    palette_entries,
    permissions,
    record_pages,
    regular_tasks,
    settings_pages,
    sidebar,
    task_kinds,
    verbs,
)
from crm.services.jobs import count_given_up

EVERYBODY = ROLES
PEOPLE = tuple(role for role in ROLES if role != "integration")

permissions.plug(
    Permission("crm.manage_business", _("Change the settings of the business"), ("owner",)),
    Permission("crm.manage_people", _("Invite people and change their roles"), ("owner",)),
    Permission("crm.view_as", _("View as another member"), ("owner",), sees_all=True),
    Permission("crm.view_permissions", _("See which role may do what"), ("owner", "manager", "compliance")),
    Permission("crm.manage_teams", _("Change teams"), ("owner", "manager")),
    Permission("crm.manage_api_keys", _("Make and revoke API keys"), ("owner",)),
    Permission("crm.view_rates", _("See exchange rates"), PEOPLE),
    Permission("crm.manage_rates", _("Change exchange rates"), ("owner", "manager")),
    Permission("crm.view_activity", _("See the activity of the business"), ("owner", "manager", "compliance")),
    Permission("crm.view_access", _("See who saw whose data"), ("owner", "compliance")),
    Permission("crm.remove_demo", _("Remove the demo data"), ("owner",)),
    Permission("crm.share_views", _("Share saved views with everyone"), ("owner", "manager", "marketing")),
    Permission("crm.view_jobs", _("Follow background jobs"), EVERYBODY),
    Permission("crm.manage_jobs", _("Cancel and retry background jobs of others"), ("owner", "manager")),
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
    Verb("crm.member.viewed_as", _("Viewed as another member")),
    Verb("crm.member.view_ended", _("View as another member ended")),
    Verb("crm.user.password_changed", _("Password changed")),
    Verb("crm.user.sessions_ended", _("Sessions ended")),
    Verb("crm.user.token_reused", _("Token used twice")),
    Verb("crm.team.created", _("Team created")),
    Verb("crm.team.updated", _("Team changed")),
    Verb("crm.team.deleted", _("Team deleted")),
    Verb("crm.api_key.created", _("API key made")),
    Verb("crm.api_key.rotated", _("API key rotated")),
    Verb("crm.api_key.revoked", _("API key revoked")),
    Verb("crm.exchange_rate.created", _("Exchange rate added")),
    Verb("crm.exchange_rate.updated", _("Exchange rate changed")),
    Verb("crm.exchange_rate.deleted", _("Exchange rate deleted")),
    Verb("crm.saved_view.created", _("View saved")),
    Verb("crm.saved_view.updated", _("View changed")),
    Verb("crm.saved_view.deleted", _("View deleted")),
    Verb("crm.job.cancelled", _("Background job cancelled")),
    Verb("crm.job.retried", _("Background job started again")),
)

sidebar.plug(
    SidebarItem("", _("Home"), "house", "crm:home", order=0),
    SidebarItem(_("Settings"), _("Activity"), "history", "crm:activity", "crm.view_activity", order=910),
    SidebarItem(_("Settings"), _("Access"), "eye", "crm:access", "crm.view_access", order=920),
    SidebarItem(
        _("Settings"), _("Background jobs"), "list-checks", "crm:jobs", "crm.view_jobs", order=925, badge=count_given_up
    ),
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
        _("Permissions"), _("What each role may do"), "shield-check", "crm:permissions", "crm.view_permissions", 25
    ),
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

palette_entries.plug(
    PaletteEntries("pages", _("Pages"), "member", palette.pages, order=40),
    PaletteEntries("actions", _("Actions"), "member", palette.actions, order=50),
    PaletteEntries("views", _("Saved views"), "member", palette.views, order=60),
)

record_pages.plug(
    RecordPage("crm.team", "crm:team_update", "crm.manage_teams"),
    RecordPage("crm.membership", "crm:membership_update", "crm.manage_people"),
    RecordPage("crm.exchangerate", "crm:rate_update", "crm.manage_rates"),
    RecordPage("crm.job", "crm:job", "crm.view_jobs"),
)

business_tables.plug(
    Emptied(
        "crm",
        (
            "crm.Notification", "crm.DefaultView", "crm.SavedViewPin", "crm.SavedView", "crm.IdempotentRequest", "crm.Schedule",
            "crm.Job", "crm.AccessRecord", "crm.ActivitySeal", "crm.ActivityDetail", "crm.Activity", "crm.Invitation", "crm.ApiKey",
            "crm.ExchangeRate", "crm.Membership", "crm.Team",
        ),
        order=1000,
    )
)  # fmt: skip
task_kinds.plug(
    TaskKind("crm.tasks.seal_trails", _("Seal the activity"), limit_seconds=300, hidden=True),
    TaskKind("crm.tasks.send_reset_link", _("Send a reset link"), hidden=True),
    TaskKind("crm.tasks.prove_slow_lane", _("Prove that long work is taken"), lane="slow", hidden=True),
    TaskKind("crm.setup.soak.long_effect", _("Long work of the soak"), lane="slow", hidden=True),
    TaskKind("crm.tasks.make_backup", _("Backup"), lane="slow", limit_seconds=3600, hidden=True),
    TaskKind("crm.tasks.check_integrity", _("Integrity check"), lane="slow", limit_seconds=1800, hidden=True),
    TaskKind("crm.tasks.write_checkpoints", _("Checkpoint of the activity"), hidden=True),
    TaskKind("crm.tasks.clean_up", _("Remove what has served its time"), lane="slow", limit_seconds=900, hidden=True),
)
notification_kinds.plug(
    NotificationKind("crm.job_done", _("A job of yours is done"), _("Also when it was refused, with the reason.")),
    NotificationKind(
        "crm.job_given_up",
        _("A job was given up"),
        _("One of yours, or any of the business if you may start it again."),
        always=True,
    ),
    NotificationKind(
        "crm.job_slow", _("A job takes long"), _("One of yours, or any of the business if you may cancel it.")
    ),
    NotificationKind("crm.schedule_fault", _("A schedule can't be followed"), operators=True, always=True),
    NotificationKind("crm.workers_down", _("Background work stood still"), operators=True, always=True),
    NotificationKind("crm.backup_old", _("The newest backup is old"), operators=True, always=True),
    NotificationKind("crm.backup_failed", _("A backup failed"), operators=True, always=True),
    NotificationKind("crm.integrity_broken", _("Stored rows break rules"), operators=True, always=True),
)
regular_tasks.plug(
    RegularTask("seal the activity", "crm.tasks.seal_trails", "*/30 * * * * *"),
    RegularTask("prove the slow lane", "crm.tasks.prove_slow_lane", "* * * * *"),
    RegularTask("clean up", "crm.tasks.clean_up", "10 3 * * *"),
    RegularTask("backup", "crm.tasks.make_backup", "30 1 * * *"),
    RegularTask("integrity", "crm.tasks.check_integrity", "30 2 * * *"),
    RegularTask("audit checkpoint", "crm.tasks.write_checkpoints", "5 * * * *"),
)
integrity_checks.plug(
    IntegrityCheck("crm.catalog", _("Constraints and indexes are valid"), integrity.CATALOG, order=10),
    IntegrityCheck("crm.details", _("Details belong to their activity"), integrity.DETAILS, order=20),
    IntegrityCheck(integrity.FILES, _("Files and rows name each other"), integrity.examine_files, order=30),
)
benchmarks.plug(Benchmark("home", _("Home dashboard"), 200, home, order=10))
gauges.plug(
    Gauge("crm_jobs", "Jobs that wait, run or were given up.", own_gauges.jobs, ("lane", "state")),
    Gauge("crm_job_wait_seconds", "How long the oldest job that is due has waited.", own_gauges.job_wait, ("lane",)),
    Gauge("crm_jobs_slow", "Jobs that run longer than their kind should.", own_gauges.slow_jobs, ("task",)),
    Gauge("crm_workers", "Nodes that do jobs, seen within a minute.", own_gauges.workers),
    Gauge(
        "crm_activities_unsealed", "Rows of the activity that no seal covers yet.", own_gauges.unsealed, ("business",)
    ),
    Gauge("crm_backup_age_seconds", "Age of the newest proven backup; absent without one.", own_gauges.backup_age),
    Gauge("crm_read_only", "1 while the service takes no changes.", own_gauges.read_only),
)
