"""Customers themselves: pages, permissions, deeds, search, figures, checks, demo."""

from django.utils.translation import gettext_lazy as _

from crm.hooks import EVERYBODY
from crm.integrity import subjects_are_there
from crm.registry import (
    ApiRoutes,
    Benchmark,
    DataSubjects,
    DemoPart,
    Emptied,
    Gauge,
    HomeFigures,
    IntegrityCheck,
    PaletteEntries,
    Permission,
    QuickAction,
    RecordPage,
    RegularTask,
    SettingsBlock,
    SidebarItem,
    TaskKind,
    Verb,
    api_routes,
    benchmarks,
    business_tables,
    data_subjects,
    demo_parts,
    gauges,
    home_figures,
    integrity_checks,
    palette_entries,
    permissions,
    quick_actions,
    record_pages,
    regular_tasks,
    settings_blocks,
    sidebar,
    task_kinds,
    verbs,
)
from customers import bench
from customers.demo import fill_customers
from customers.forms.customers import unique_phones_field
from customers.panels import day
from customers.panels.home import customer_figures
from customers.panels.palette import customer_entries, recent_entries, subjects
from customers.panels.profile import groundwork_panel
from customers.queries import customers_created_lately, integrity, named, withheld
from customers.queries.phones import BLOCK, UNIQUE
from customers.registry import (
    DayPanel,
    ProfileAction,
    ProfilePanel,
    ProfileTab,
    RowAction,
    day_panels,
    profile_actions,
    profile_panels,
    profile_tabs,
    row_actions,
)
from customers.services.unique_phones import follow_unique_phones

permissions.plug(
    Permission("customers.view", _("See customers"), EVERYBODY),
    Permission("customers.add", _("Add customers"), ("owner", "manager", "agent", "marketing", "integration")),
    Permission("customers.change", _("Change customers"), ("owner", "manager", "agent", "marketing", "integration")),
    Permission(
        "customers.archive", _("Archive and restore customers"), ("owner", "manager", "compliance", "integration")
    ),
    Permission(
        "customers.view_private",
        _("See and enter birth dates and Telegram ids"),
        ("owner", "manager", "agent", "compliance", "integration"),
    ),
)
verbs.plug(
    Verb("customers.customer.created", _("Customer added")),
    Verb("customers.customer.updated", _("Customer changed")),
    Verb("customers.customer.converted", _("Marked as a customer")),
    Verb("customers.customer.archived", _("Customer archived")),
    Verb("customers.customer.restored", _("Customer restored")),
    Verb("customers.customer.tagged", _("Tags of a customer changed")),
)
sidebar.plug(
    SidebarItem("", _("My day"), "sun", "customers:my_day", "customers.view", order=5),
    SidebarItem(_("Customers"), _("Customers"), "users", "customers:customer_list", "customers.view", order=100),
    SidebarItem(
        _("Customers"),
        _("Companies"),
        "building-2",
        "customers:account_list",
        "customers.view",
        order=110,
    ),
)
quick_actions.plug(
    QuickAction(_("Add customer"), "user-plus", "customers:customer_create", "customers.add", 10),
)
palette_entries.plug(
    PaletteEntries("recent", _("Opened last"), "customers.view", recent_entries, order=10),
    PaletteEntries("customers", _("Customers"), "customers.view", customer_entries, order=20),
)
profile_tabs.plug(
    ProfileTab("overview", _("Overview"), "customers:customer_detail", "customers.view", order=10),
    ProfileTab("timeline", _("Timeline"), "customers:customer_timeline", "customers.view", order=20),
    ProfileTab("history", _("History"), "customers:customer_history", "customers.view", order=900),
)
profile_actions.plug(
    ProfileAction("edit", _("Edit"), "pencil", "customers:customer_update", "customers.change", "primary", order=10),
    ProfileAction(
        "restore",
        _("Restore"),
        "archive-restore",
        "customers:customer_restore",
        "customers.archive",
        "primary",
        "archived",
    ),
    ProfileAction("seers", _("Who saw this"), "eye", "crm:access_customer", "crm.view_access", state="any", order=800),
    ProfileAction("archive", _("Archive"), "archive", "customers:customer_archive", "customers.archive", order=900),
)
row_actions.plug(
    RowAction("edit", _("Edit"), "pencil", "customers:customer_update", "customers.change", order=10),
)
record_pages.plug(
    RecordPage("customers.customer", "customers:customer_detail", "customers.view"),
)
data_subjects.plug(
    DataSubjects(
        "customers",
        named,
        subjects,
        "customers:customer_detail",
        withheld,
        _("This customer has asked for erasure. The values are shown to those who decide privacy requests."),
    ),
)
api_routes.plug(
    ApiRoutes("customers.api.urls"),
)
business_tables.plug(
    Emptied(
        "customers",
        (
            "customers.BulkChange",
            "customers.BulkRun",
            "customers.ImportChange",
            "customers.ImportRow",
            "customers.ImportJob",
            "customers.PrivacyRequest",
            "customers.SendDecision",
            "customers.ConsentRecord",
            "customers.CommunicationPreference",
            "customers.Qualification",
            "customers.Technology",
            "customers.Signal",
            "customers.CompetitorMention",
            "customers.IcpCriterion",
            "customers.CustomerVisit",
            "customers.Attachment",
            "customers.NoteMention",
            "customers.Note",
            "customers.Contact",
            "customers.UniqueCustomValue",
            "customers.UniquePhone",
            "customers.CustomField",
            "customers.CustomerTag",
            "customers.Tag",
            "customers.LifecycleChange",
            "customers.SearchWord",
            "customers.CustomerSearch",
            "customers.CustomerFacts",
            "customers.Customer",
        ),
        order=500,
    ),
)
demo_parts.plug(
    DemoPart(
        "customers",
        fill_customers,
        ("customers.Customer", "customers.CustomerSearch", "customers.CustomerFacts"),
        order=100,
    ),
)
profile_panels.plug(
    ProfilePanel("groundwork", "customers.view", groundwork_panel, order=40),
)
day_panels.plug(
    DayPanel("risks", "customers.view", day.risks_panel, order=10),
    DayPanel("renewals", "customers.view", day.renewals_panel, order=20),
    DayPanel("opportunities", "customers.view", day.opportunities_panel, order=30),
    DayPanel("untouched", "customers.view", day.untouched_panel, order=40),
    DayPanel("changed", "customers.view", day.changed_panel, order=50),
)
home_figures.plug(
    HomeFigures("customers", customer_figures, "customers.view", order=10),
)
integrity_checks.plug(
    IntegrityCheck("customers.about", _("Deeds, accesses and messages name customers"), integrity.ABOUT, order=100),
    IntegrityCheck(
        "customers.subjects", _("Deeds on customers name one"), subjects_are_there("customers.customer"), order=110
    ),
    IntegrityCheck("customers.search_rows", _("Every customer has its search row"), integrity.SEARCH_ROWS, order=120),
    IntegrityCheck(
        "customers.search_words", _("Search words are those of the profile"), integrity.SEARCH_WORDS, order=130
    ),
    IntegrityCheck("customers.fact_rows", _("Every customer has its facts"), integrity.FACT_ROWS, order=140),
    IntegrityCheck(
        "customers.unique_phones",
        _("Unique phone numbers are those of the customers"),
        integrity.UNIQUE_PHONES,
        order=150,
    ),
    IntegrityCheck("customers.families", _("No company stands above itself"), integrity.FAMILIES, order=145),
)
settings_blocks.plug(
    SettingsBlock(BLOCK, _("Customers"), {UNIQUE: (unique_phones_field, False)}, follow_unique_phones),
)
gauges.plug(
    Gauge("crm_customers_created", "Customers added in the last 24 hours.", customers_created_lately, ("business",)),
)
benchmarks.plug(
    Benchmark("search", _("Search in the database: short words, addresses, numbers"), 15, bench.search, order=20),
    Benchmark(
        "search_wide", _("Search in the database: three letters, several words"), 35, bench.search_wide, order=21
    ),
    Benchmark("search_misspelt", _("Search in the database: misspelt names"), 60, bench.search_misspelt, order=22),
    Benchmark(
        "search_api", _("Search through the API: short words, addresses, numbers"), 35, bench.search_api, order=22
    ),
    Benchmark(
        "search_api_wide",
        _("Search through the API: three letters, several words"),
        55,
        bench.search_api_wide,
        order=22,
    ),
    Benchmark(
        "search_api_misspelt", _("Search through the API: misspelt names"), 80, bench.search_api_misspelt, order=22
    ),
    Benchmark("search_page", _("Search on the page"), 80, bench.search_page, order=23),
    Benchmark("list_page", _("Customer list, page"), 80, bench.list_page, order=30),
    Benchmark("list_api", _("Customer list, API"), 40, bench.list_api, order=31),
    Benchmark("profile_page", _("Profile, page"), 120, bench.profile_page, order=40),
    Benchmark("day_page", _("My day, page"), 500, bench.day_page, order=42),
    Benchmark("profile_api", _("Profile, API"), 40, bench.profile_api, order=41),
)
task_kinds.plug(
    TaskKind("customers.tasks.learn_words", _("Learn the words of names"), lane="slow", limit_seconds=600, hidden=True),
    TaskKind(
        "customers.tasks.learn_all_words",
        _("Learn the words of all names"),
        lane="slow",
        limit_seconds=1800,
        hidden=True,
    ),
)
regular_tasks.plug(
    RegularTask("learn the words of names", "customers.tasks.learn_all_words", "25 2 * * *"),
)
