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
    Listener,
    NotificationKind,
    PaletteEntries,
    Permission,
    QuickAction,
    RecordPage,
    RegularTask,
    SettingsBlock,
    SettingsPage,
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
    listeners,
    notification_kinds,
    palette_entries,
    permissions,
    quick_actions,
    record_pages,
    regular_tasks,
    settings_blocks,
    settings_pages,
    sidebar,
    task_kinds,
    verbs,
)
from customers import bench
from customers.choices import SUBSTEP_CHOICES, Kind, LifecycleStage, Size
from customers.demo import fill_customers
from customers.demo.contacts import fill_contacts
from customers.demo.findings import fill_findings
from customers.demo.lifecycle import fill_lifecycle
from customers.demo.notes import fill_notes
from customers.demo.preferences import fill_preferences
from customers.demo.tags import fill_tags
from customers.forms.bulk import (
    BulkCustomFieldForm,
    BulkOwnerForm,
    BulkReasonForm,
    BulkStageForm,
    BulkTagsForm,
    BulkTeamForm,
)
from customers.forms.contacts import untouched_field
from customers.forms.lifecycle import inactive_field, loyal_field
from customers.forms.preferences import COMMUNICATION
from customers.models import Customer
from customers.panels import (
    contact_entries,
    customer_entries,
    customer_figures,
    elsewhere_panel,
    lifecycle_panel,
    recent_entries,
    stage_panel,
    subjects,
    workplace_panel,
)
from customers.queries import customers_created_lately, integrity, named
from customers.queries.contacts import LINES_STAY, UNTOUCHED_AFTER_DAYS
from customers.queries.notes import note_entries
from customers.queries.profile import signal_risk, stage_risk
from customers.queries.projections import INACTIVE_AFTER_DAYS, LOYAL_AFTER_ORDERS
from customers.queries.qualification import signal_entries
from customers.queries.timeline import stage_entries
from customers.registry import (
    BulkAction,
    Field,
    ProfileAction,
    ProfilePanel,
    ProfileTab,
    RiskReason,
    TimelineSource,
    bulk_actions,
    fields,
    import_resources,
    profile_actions,
    profile_panels,
    profile_tabs,
    risk_reasons,
    timeline_sources,
)
from customers.resources import CONTACTS, CUSTOMERS
from customers.services.bulk_deeds import ChangeArchived, ChangeCustomField, ChangeKeeper, ChangeStages, ChangeTags
from customers.services.icp import follow_custom_fields

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
    Permission("customers.import", _("Import customers"), ("owner", "manager", "integration"), sees_all=True),
    Permission(
        "customers.change_many",
        _("Change many customers at once"),
        ("owner", "manager", "agent", "marketing", "integration"),
    ),
    Permission("customers.view_imports", _("See imports"), ("owner", "manager", "analyst", "integration")),
    Permission("customers.manage_tags", _("Manage tags"), ("owner", "manager", "marketing")),
    Permission("customers.manage_fields", _("Manage custom fields"), ("owner", "manager"), sees_all=True),
)

verbs.plug(
    Verb("customers.customer.created", _("Customer added")),
    Verb("customers.customer.updated", _("Customer changed")),
    Verb("customers.customer.converted", _("Marked as a customer")),
    Verb("customers.customer.archived", _("Customer archived")),
    Verb("customers.customer.restored", _("Customer restored")),
    Verb("customers.customer.tagged", _("Tags of a customer changed")),
    Verb("customers.tag.created", _("Tag added")),
    Verb("customers.tag.updated", _("Tag changed")),
    Verb("customers.tag.merged", _("Tags merged")),
    Verb("customers.tag.deleted", _("Tag deleted")),
    Verb("customers.custom_field.created", _("Custom field added")),
    Verb("customers.custom_field.updated", _("Custom field changed")),
    Verb("customers.custom_field.archived", _("Custom field archived")),
    Verb("customers.custom_field.restored", _("Custom field restored")),
    Verb("customers.contact.created", _("Contact added")),
    Verb("customers.contact.updated", _("Contact changed")),
    Verb("customers.contact.archived", _("Contact left the company")),
    Verb("customers.contact.restored", _("Contact brought back")),
    Verb("customers.contact.touched", _("Contact spoken to")),
    Verb("customers.contact.converted", _("Contact made a customer")),
    Verb("customers.contact.unlinked", _("Customer record of a contact taken away")),
    Verb("customers.person.noted", _("Identity noted")),
    Verb("customers.person.cleared", _("Identity taken back")),
    Verb("customers.bulk.changed", _("Many customers changed")),
    Verb("customers.bulk.undone", _("Bulk change taken back")),
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
        "customers:account_list",
        "customers.view",
        order=110,
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
    ProfileTab("timeline", _("Timeline"), "customers:customer_timeline", "customers.view", order=20),
    ProfileTab("history", _("History"), "customers:customer_history", "customers.view", order=900),
)
profile_actions.plug(
    ProfileAction("edit", _("Edit"), "pencil", "customers:customer_update", "customers.change", "primary", order=10),
    ProfileAction(
        "stage", _("Change stage"), "milestone", "customers:stage_change", "customers.change", "button", order=20
    ),
    ProfileAction(
        "convert",
        _("Mark as customer"),
        "badge-check",
        "customers:customer_convert",
        "customers.change",
        "button",
        stages=(LifecycleStage.PROSPECT, LifecycleStage.OPPORTUNITY),
        order=30,
    ),
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
timeline_sources.plug(TimelineSource("stages", _("Stages"), "milestone", "customers.view", stage_entries, order=10))
risk_reasons.plug(
    RiskReason("stage", _("Stage Churn risk"), stage_risk, order=10),
    RiskReason("signals", _("Open risk signals"), signal_risk, order=30),
)
record_pages.plug(
    RecordPage("customers.customer", "customers:customer_detail", "customers.view"),
    RecordPage("customers.bulkrun", "customers:bulk_detail", "customers.change_many"),
    RecordPage("customers.importjob", "customers:import_detail", "customers.view_imports"),
)
data_subjects.plug(DataSubjects("customers", named, subjects, "customers:customer_detail"))
api_routes.plug(ApiRoutes("customers.api.urls"))
sidebar.plug(
    SidebarItem(_("Customers"), _("Contacts"), "contact-round", "customers:contact_list", "customers.view", order=120)
)
palette_entries.plug(PaletteEntries("contacts", _("Contacts"), "customers.view", contact_entries, order=25))
profile_tabs.plug(
    ProfileTab("contacts", _("Contacts"), "customers:customer_contacts", "customers.view", kinds=("company",), order=30)
)
profile_panels.plug(
    ProfilePanel("workplace", "customers.view", workplace_panel, order=20),
    ProfilePanel("elsewhere", "customers.view", elsewhere_panel, order=30),
)
record_pages.plug(RecordPage("customers.contact", "customers:contact_detail", "customers.view"))
settings_blocks.plug(
    SettingsBlock("contacts", _("Contacts"), {"untouched_after_days": (untouched_field, UNTOUCHED_AFTER_DAYS)})
)
integrity_checks.plug(
    IntegrityCheck("customers.reporting_lines", _("Contacts report within their company"), LINES_STAY, order=150)
)
import_resources.plug(CONTACTS)
demo_parts.plug(
    DemoPart("tags", fill_tags, ("customers.CustomerTag", "customers.UniqueCustomValue"), order=140),
)
demo_parts.plug(DemoPart("contacts", fill_contacts, ("customers.Contact",), order=120))
verbs.plug(
    Verb("customers.lifecycle.changed", _("Stage changed")),
    Verb("customers.lifecycle.corrected", _("Date of a stage change corrected")),
)
sidebar.plug(
    SidebarItem(_("Reports"), _("Stages"), "git-compare-arrows", "customers:stage_report", "customers.view", order=600),
)
profile_panels.plug(ProfilePanel("lifecycle", "customers.view", lifecycle_panel, order=10))
settings_blocks.plug(
    SettingsBlock(
        "lifecycle",
        _("Lifecycle"),
        {
            "inactive_after_days": (inactive_field, INACTIVE_AFTER_DAYS),
            "loyal_after_orders": (loyal_field, LOYAL_AFTER_ORDERS),
        },
    )
)
integrity_checks.plug(
    IntegrityCheck("customers.ways", _("Customers stand where their ways end"), integrity.WAYS, order=145)
)
demo_parts.plug(DemoPart("lifecycle", fill_lifecycle, ("customers.LifecycleChange",), order=110))
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
            "customers.SearchWord",
            "customers.CustomerSearch",
            "customers.CustomerFacts",
            "customers.Customer",
        ),
        order=500,
    )
)
settings_pages.plug(
    SettingsPage(
        _("Tags"), _("Words that customers are marked with."), "tag", "customers:tag_list", "customers.manage_tags", 60
    ),
    SettingsPage(
        _("Custom fields"), _("What your business keeps of customers besides the usual."), "text-cursor-input",
        "customers:custom_field_list", "customers.manage_fields", 65,
    ),
)  # fmt: skip
record_pages.plug(
    RecordPage("customers.tag", "customers:tag_update", "customers.manage_tags"),
    RecordPage("customers.customfield", "customers:custom_field_update", "customers.manage_fields"),
)
integrity_checks.plug(
    IntegrityCheck(
        "customers.unique_values", _("Unique values are those of the customers"), integrity.UNIQUE_VALUES, order=150
    ),
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

bulk_actions.plug(
    BulkAction("tag", _("Add tags"), "tag", "customers.change", BulkTagsForm, ChangeTags(add=True), order=10),
    BulkAction("untag", _("Remove tags"), "tags", "customers.change", BulkTagsForm, ChangeTags(add=False), order=20),
    BulkAction("owner", _("Assign owner"), "user-check", "customers.change", BulkOwnerForm, ChangeKeeper("owner"), order=30),
    BulkAction("team", _("Assign team"), "users-round", "customers.change", BulkTeamForm, ChangeKeeper("team"), order=40),
    BulkAction("stage", _("Change stage"), "route", "customers.change", BulkStageForm, ChangeStages(), order=50),
    BulkAction(
        "custom_field", _("Set a custom field"), "text-cursor-input", "customers.change", BulkCustomFieldForm, ChangeCustomField(),
        order=60,
    ),
    BulkAction(
        "archive", _("Archive"), "archive", "customers.archive", BulkReasonForm, ChangeArchived(archive=True), is_severe=True, order=90
    ),
    BulkAction(
        "restore", _("Restore"), "archive-restore", "customers.archive", BulkReasonForm, ChangeArchived(archive=False),
        on_archived=True, order=95,
    ),
)  # fmt: skip

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
        group="identity",
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
        group="identity",
        order=20,
    ),
    Field(
        "legal_name", _("Legal name"), "text", "legal_name", privacy="P1", group="company", kinds=("company",), order=22
    ),
    Field(
        "birthday",
        _("Birthday"),
        "birthday",
        "birthday",
        filters=("exact",),
        privacy="P2",
        permission="customers.view_private",
        group="identity",
        kinds=("person",),
        order=24,
    ),
    Field(
        "lifecycle_stage",
        _("Stage"),
        "choice",
        "lifecycle_stage",
        choices=LifecycleStage.choices,
        filters=("exact", "in"),
        column=True,
        group="relationship",
        order=30,
    ),
    Field(
        "lifecycle_substep",
        _("Step within the stage"),
        "choice",
        "lifecycle_substep",
        choices=SUBSTEP_CHOICES,
        filters=("exact", "in"),
        group="relationship",
        order=32,
    ),
    Field("email", _("E-mail"), "text", "email", filters=("exact",), privacy="P1", group="reach", order=40),
    Field("phone", _("Phone"), "text", "phone", privacy="P2", group="reach", order=50),
    Field("street", _("Street"), "text", "street", privacy="P2", group="reach", order=52),
    Field("postal_code", _("Postal code"), "text", "postal_code", privacy="P2", group="reach", order=54),
    Field("country", _("Country"), "text", "country", filters=("exact", "in"), column=True, group="reach", order=60),
    Field("region", _("Region"), "text", "region", group="reach", order=62),
    Field("city", _("City"), "text", "city", group="reach", order=65),
    Field("website", _("Website"), "url", "website", group="reach", order=66),
    Field("domain", _("Domain"), "text", "domain", filters=("exact",), group="reach", kinds=("company",), order=67),
    Field(
        "preferred_language",
        _("Preferred language"),
        "text",
        "preferred_language",
        filters=("exact", "in"),
        group="reach",
        order=68,
    ),
    Field("linkedin_url", _("LinkedIn"), "url", "linkedin_url", privacy="P1", group="reach", order=69),
    Field("facebook_url", _("Facebook"), "url", "facebook_url", privacy="P1", group="reach", order=69),
    Field("instagram_url", _("Instagram"), "url", "instagram_url", privacy="P1", group="reach", order=69),
    Field("industry", _("Industry"), "text", "industry", group="company", kinds=("company",), order=70),
    Field(
        "size",
        _("Size"),
        "choice",
        "size",
        choices=Size.choices,
        filters=("exact", "in"),
        group="company",
        kinds=("company",),
        order=75,
    ),
    Field(
        "annual_revenue",
        _("Annual revenue"),
        "money",
        "annual_revenue",
        filters=("gte", "lte"),
        group="company",
        kinds=("company",),
        order=76,
    ),
    Field(
        "employee_count",
        _("Employees"),
        "number",
        "employee_count",
        filters=("gte", "lte"),
        group="company",
        kinds=("company",),
        order=77,
    ),
    Field(
        "parent",
        _("Parent company"),
        "customer",
        "parent",
        filters=("exact", "isnull"),
        group="company",
        kinds=("company",),
        order=78,
    ),
    Field(
        "owner", _("Owner"), "user", "owner", filters=("exact", "isnull"), column=True, group="relationship", order=80
    ),
    Field("team", _("Team"), "team", "team", filters=("exact", "isnull"), group="relationship", order=85),
    Field(
        "acquired_on",
        _("Customer since"),
        "date",
        "acquired_on",
        filters=("gte", "lte"),
        group="relationship",
        order=90,
    ),
    Field("external_id", _("External id"), "text", "external_id", filters=("exact",), group="relationship", order=95),
    Field(
        "arr_manual",
        _("Annual recurring revenue, as agreed"),
        "money",
        "arr_manual",
        filters=("gte", "lte"),
        group="contract",
        order=110,
    ),
    Field(
        "contract_start_on",
        _("Contract starts"),
        "date",
        "contract_start_on",
        filters=("gte", "lte"),
        group="contract",
        order=112,
    ),
    Field(
        "contract_end_on",
        _("Contract ends"),
        "date",
        "contract_end_on",
        filters=("gte", "lte"),
        group="contract",
        order=114,
    ),
    Field(
        "renewal_on", _("Renewal"), "date", "renewal_on", filters=("gte", "lte", "isnull"), group="contract", order=116
    ),
    Field("contract_terms", _("Contract terms"), "text", "contract_terms", privacy="P1", group="contract", order=118),
    Field(
        "acquisition_source",
        _("Source"),
        "text",
        "acquisition_source",
        filters=("exact", "in"),
        group="acquisition",
        order=120,
    ),
    Field(
        "acquisition_campaign",
        _("Campaign"),
        "text",
        "acquisition_campaign",
        filters=("exact",),
        group="acquisition",
        order=122,
    ),
    Field("acquisition_cost", _("Acquisition cost"), "money", "acquisition_cost", group="acquisition", order=124),
    Field(
        "referred_by", _("Referred by"), "customer", "referred_by", filters=("exact",), group="acquisition", order=126
    ),
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
    Benchmark("search_misspelt", _("Search in the database: misspelt names"), 60, bench.search_misspelt, order=22),
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
    TaskKind(
        "customers.tasks.change_customers",
        _("Bulk change"),
        lane="slow",
        limit_seconds=3600,
        alert_seconds=900,
        page=lambda job: reverse("customers:bulk_detail", args=[job.params["run_id"]]),
    ),
    TaskKind("customers.tasks.close_abandoned_bulk_runs", _("Close abandoned bulk changes"), hidden=True),
    TaskKind("customers.tasks.close_abandoned_imports", _("Close abandoned imports"), hidden=True),
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
    RegularTask("close abandoned bulk changes", "customers.tasks.close_abandoned_bulk_runs", "*/2 * * * *"),
    RegularTask("close abandoned imports", "customers.tasks.close_abandoned_imports", "*/2 * * * *"),
    RegularTask("learn the words of names", "customers.tasks.learn_all_words", "25 2 * * *"),
)
permissions.plug(
    Permission("customers.manage_icp", _("Define the ideal customer"), ("owner", "manager")),
)
verbs.plug(
    Verb("customers.qualification.assessed", _("Customer assessed")),
    Verb("customers.technology.created", _("Technology noted")),
    Verb("customers.technology.updated", _("Technology changed")),
    Verb("customers.technology.deleted", _("Technology removed")),
    Verb("customers.signal.created", _("Signal noted")),
    Verb("customers.signal.updated", _("Signal changed")),
    Verb("customers.signal.closed", _("Signal closed")),
    Verb("customers.signal.deleted", _("Signal removed")),
    Verb("customers.competitor.created", _("Competitor noted")),
    Verb("customers.competitor.updated", _("Competitor changed")),
    Verb("customers.competitor.deleted", _("Competitor removed")),
    Verb("customers.icp_criterion.created", _("Criterion of the ideal customer added")),
    Verb("customers.icp_criterion.updated", _("Criterion of the ideal customer changed")),
    Verb("customers.icp_criterion.deleted", _("Criterion of the ideal customer deleted")),
)
profile_tabs.plug(
    ProfileTab("qualification", _("Qualification"), "customers:customer_qualification", "customers.view", order=40)
)
settings_pages.plug(
    SettingsPage(
        _("Ideal customer"), _("What makes a company fit, and how much it counts."), "target", "customers:icp_criterion_list",
        "customers.manage_icp", 67,
    ),
)  # fmt: skip
record_pages.plug(RecordPage("customers.icpcriterion", "customers:icp_criterion_update", "customers.manage_icp"))
timeline_sources.plug(TimelineSource("signals", _("Signals"), "radio", "customers.view", signal_entries, order=30))
listeners.plug(
    Listener("customers.custom_field.updated", "customers.icp", follow_custom_fields),
    Listener("customers.custom_field.archived", "customers.icp_archived", follow_custom_fields),
    Listener("customers.custom_field.restored", "customers.icp_restored", follow_custom_fields),
)
demo_parts.plug(
    DemoPart(
        "findings",
        fill_findings,
        ("customers.Technology", "customers.Signal", "customers.CompetitorMention", "customers.Qualification"),
        order=160,
    )
)
task_kinds.plug(
    TaskKind(
        "customers.tasks.score_companies", _("Score companies"), lane="slow", limit_seconds=1800, alert_seconds=600
    )
)
fields.plug(
    Field(
        "icp_score", _("Fit with the ideal customer"), "number", "facts__icp_score", filters=("gte", "lte"), kinds=("company",),
        order=290,
        how=_("0 to 100: the weight of the criteria that the company matches, of the weight of all. What is not known counts 0."),
    ),
)  # fmt: skip
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
    ProfileTab("preferences", _("Preferences & consent"), "customers:customer_preferences", "customers.view", order=50)
)
sidebar.plug(
    SidebarItem(
        _("Settings"),
        _("Privacy requests"),
        "shield-user",
        "customers:privacy_request_list",
        "customers.decide_privacy",
        order=922,
    )
)
settings_blocks.plug(COMMUNICATION)
demo_parts.plug(
    DemoPart(
        "preferences",
        fill_preferences,
        ("customers.CommunicationPreference", "customers.ConsentRecord"),
        order=150,
    )
)
permissions.plug(Permission("customers.manage_notes", _("Edit and remove the notes of others"), ("owner", "manager")))
verbs.plug(
    Verb("customers.note.created", _("Note added")),
    Verb("customers.note.updated", _("Note changed")),
    Verb("customers.note.removed", _("Note removed")),
    Verb("customers.note.restored", _("Note brought back")),
    Verb("customers.file.added", _("File added")),
    Verb("customers.file.removed", _("File removed")),
    Verb("customers.file.restored", _("File brought back")),
    Verb("customers.file.purged", _("Removed files deleted for good")),
)
notification_kinds.plug(
    NotificationKind("customers.mentioned", _("Somebody names you in a note"), _("On customers that you may see."))
)
profile_tabs.plug(
    ProfileTab("notes", _("Notes"), "customers:customer_notes", "customers.view", order=25),
    ProfileTab("files", _("Files"), "customers:customer_files", "customers.view", order=60),
)
timeline_sources.plug(TimelineSource("notes", _("Notes"), "notebook-pen", "customers.view", note_entries, order=20))
integrity_checks.plug(
    IntegrityCheck("customers.file_sizes", _("Files are as large as they were"), integrity.examine_sizes, order=160)
)
task_kinds.plug(
    TaskKind("customers.tasks.purge_files", _("Delete removed files"), lane="slow", limit_seconds=900, hidden=True)
)
regular_tasks.plug(RegularTask("delete removed files", "customers.tasks.purge_files", "40 2 * * *"))
demo_parts.plug(DemoPart("notes", fill_notes, ("customers.Note", "customers.Attachment"), order=160))
