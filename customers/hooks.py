"""What the customers app plugs into the sockets below it, and its own fields and files."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm.hooks import EVERYBODY
from crm.integrity import subjects_are_there
from crm.paging import Sort
from crm.registry import (
    ApiRoutes,
    Benchmark,
    DataSubjects,
    DemoPart,
    Emptied,
    FirstStep,
    Gauge,
    HomeFigures,
    HomePanel,
    IntegrityCheck,
    PaletteEntries,
    Permission,
    QuickAction,
    RecordPage,
    RegularTask,
    SidebarItem,
    TaskKind,
    Verb,
    api_routes,
    benchmarks,
    business_tables,
    data_subjects,
    demo_parts,
    first_steps,
    gauges,
    home_figures,
    home_panels,
    integrity_checks,
    palette_entries,
    permissions,
    quick_actions,
    record_pages,
    regular_tasks,
    sidebar,
    task_kinds,
    verbs,
)
from customers import bench
from customers.choices import Kind, LifecycleStage, Size
from customers.demo import fill_customers
from customers.models import Customer
from customers.panels import customer_entries, customer_figures, recent_entries, stage_panel, subjects
from customers.queries import customers_created_lately, integrity, named
from customers.registry import Field, ProfileTab, fields, import_resources, profile_tabs
from customers.resources import CUSTOMERS

permissions.plug(
    Permission("customers.view", _("See customers"), EVERYBODY),
    Permission("customers.add", _("Add customers"), ("owner", "manager", "agent", "marketing", "integration")),
    Permission("customers.change", _("Change customers"), ("owner", "manager", "agent", "marketing", "integration")),
    Permission(
        "customers.archive", _("Archive and restore customers"), ("owner", "manager", "compliance", "integration")
    ),
    Permission("customers.import", _("Import customers"), ("owner", "manager", "integration"), sees_all=True),
    Permission("customers.view_imports", _("See imports"), ("owner", "manager", "analyst", "integration")),
)

verbs.plug(
    Verb("customers.customer.created", _("Customer added")),
    Verb("customers.customer.updated", _("Customer changed")),
    Verb("customers.customer.archived", _("Customer archived")),
    Verb("customers.customer.restored", _("Customer restored")),
    Verb("customers.import.started", _("Import started")),
    Verb("customers.import.completed", _("Import completed")),
    Verb("customers.import.refused", _("Import refused")),
)

sidebar.plug(
    SidebarItem(_("Customers"), _("Customers"), "users", "customers:customer_list", "customers.view", order=100),
    SidebarItem(
        _("Customers"),
        _("Companies"),
        "building-2",
        "customers:customer_list",
        "customers.view",
        order=110,
        query="?kind=company",
    ),
    SidebarItem(_("Data"), _("Imports"), "upload", "customers:import_list", "customers.view_imports", order=700),
)
quick_actions.plug(
    QuickAction(_("Add customer"), "user-plus", "customers:customer_create", "customers.add", 10),
    QuickAction(_("Import a file"), "upload", "customers:import_create", "customers.import", 90),
)
palette_entries.plug(
    PaletteEntries("recent", _("Opened last"), "customers.view", recent_entries, order=10),
    PaletteEntries("customers", _("Customers"), "customers.view", customer_entries, order=20),
)
profile_tabs.plug(
    ProfileTab("overview", _("Overview"), "customers:customer_detail", "customers.view", order=10),
    ProfileTab("history", _("History"), "customers:customer_history", "customers.view", order=900),
)
record_pages.plug(
    RecordPage("customers.customer", "customers:customer_detail", "customers.view"),
    RecordPage("customers.importjob", "customers:import_detail", "customers.view_imports"),
)
data_subjects.plug(DataSubjects("customers", named, subjects, "customers:customer_detail"))
api_routes.plug(ApiRoutes("customers.api.urls"))
business_tables.plug(
    Emptied(
        "customers",
        (
            "customers.BulkChange",
            "customers.BulkRun",
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
            "customers.CustomField",
            "customers.CustomerTag",
            "customers.Tag",
            "customers.LifecycleChange",
            "customers.CustomerSearch",
            "customers.CustomerFacts",
            "customers.Customer",
        ),
        order=500,
    )
)
import_resources.plug(CUSTOMERS)
demo_parts.plug(
    DemoPart(
        "customers",
        fill_customers,
        ("customers.Customer", "customers.CustomerSearch", "customers.CustomerFacts"),
        order=100,
    )
)
first_steps.plug(
    FirstStep(
        _("Bring your customers in"),
        _("Import a CSV file of them; columns are recognized by their names, and a faulty row is named."),
        "customers:import_create",
        "customers.import",
        lambda business: Customer.objects.live().exists(),
        10,
    )
)
home_figures.plug(HomeFigures("customers", customer_figures, "customers.view", order=10))
home_panels.plug(HomePanel("stages", stage_panel, "customers.view", order=30))

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
)

fields.plug(
    Field(
        "display_name",
        _("Name"),
        "text",
        "display_name",
        sort=Sort("name", "sort_name"),
        column=True,
        privacy="P1",
        order=10,
    ),
    Field(
        "kind",
        _("Kind"),
        "choice",
        "kind",
        choices=Kind.choices,
        filters=("exact",),
        column=True,
        order=20,
    ),
    Field(
        "lifecycle_stage",
        _("Stage"),
        "choice",
        "lifecycle_stage",
        choices=LifecycleStage.choices,
        filters=("exact", "in"),
        column=True,
        order=30,
    ),
    Field("email", _("E-mail"), "text", "email", filters=("exact",), privacy="P1", order=40),
    Field("phone", _("Phone"), "text", "phone", privacy="P2", order=50),
    Field("country", _("Country"), "text", "country", filters=("exact", "in"), column=True, order=60),
    Field("city", _("City"), "text", "city", order=65),
    Field("website", _("Website"), "text", "website", order=66),
    Field("industry", _("Industry"), "text", "industry", order=70),
    Field("size", _("Size"), "choice", "size", choices=Size.choices, filters=("exact", "in"), order=75),
    Field("owner", _("Owner"), "user", "owner", filters=("exact", "isnull"), column=True, order=80),
    Field("team", _("Team"), "team", "team", filters=("exact", "isnull"), order=85),
    Field("acquired_on", _("Customer since"), "date", "acquired_on", filters=("gte", "lte"), order=90),
    Field("external_id", _("External id"), "text", "external_id", filters=("exact",), order=95),
    Field(
        "created_at",
        _("Added"),
        "datetime",
        "created_at",
        filters=("gte", "lte"),
        sort=Sort("created_at", "created_at", descending_first=True),
        order=300,
    ),
    Field("updated_at", _("Changed"), "datetime", "updated_at", order=310),
)
gauges.plug(
    Gauge("crm_customers_created", "Customers added in the last 24 hours.", customers_created_lately, ("business",))
)
benchmarks.plug(
    Benchmark("search", _("Search in the database: short words, addresses, numbers"), 15, bench.search, order=20),
    Benchmark(
        "search_wide", _("Search in the database: three letters, several words"), 35, bench.search_wide, order=21
    ),
    Benchmark("search_api", _("Search through the API"), 55, bench.search_api, order=22),
    Benchmark("search_page", _("Search on the page"), 80, bench.search_page, order=23),
    Benchmark("list_page", _("Customer list, page"), 80, bench.list_page, order=30),
    Benchmark("list_api", _("Customer list, API"), 40, bench.list_api, order=31),
    Benchmark("profile_page", _("Profile, page"), 120, bench.profile_page, order=40),
    Benchmark("profile_api", _("Profile, API"), 40, bench.profile_api, order=41),
)

task_kinds.plug(
    TaskKind(
        "customers.tasks.import_file",
        _("Import of a file"),
        lane="slow",
        limit_seconds=1800,
        alert_seconds=600,
        page=lambda job: reverse("customers:import_detail", args=[job.params["import_job_id"]]),
    ),
    TaskKind("customers.tasks.close_abandoned_imports", _("Close abandoned imports"), hidden=True),
)
regular_tasks.plug(
    RegularTask("close abandoned imports", "customers.tasks.close_abandoned_imports", "*/2 * * * *"),
)
