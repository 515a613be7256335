"""Kinds of files of customers."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from crm.actor import Actor
from crm.models import Business
from customers import services
from customers.choices import SUBSTEP_CHOICES, SUBSTEPS, ContactRole, Influence, Kind, LifecycleStage, Sentiment, Size
from customers.models import ImportJob
from customers.registry import ImportCheck, ImportColumn, ImportResource

# Django's rule for addresses, in SQL; the usual ones are told by a simpler rule, five times as fast.
_USUAL = r"^[a-zA-Z0-9_+-]+([.][a-zA-Z0-9_+-]+)*@([a-zA-Z0-9]+(-[a-zA-Z0-9]+)*[.])+[a-zA-Z]{2,}$"
_LABEL = r"[a-z0-9\u00a1-\uffff]([a-z0-9\u00a1-\uffff-]{0,61}[a-z0-9\u00a1-\uffff])?"
_ADDRESS = (
    r"^[-!#$%%&''*+/=?^_`{}|~0-9a-z]+([.][-!#$%%&''*+/=?^_`{}|~0-9a-z]+)*@"
    rf"({_LABEL}[.])+(xn--[a-z0-9]{{1,59}}|[a-z\u00a1-\uffff][a-z\u00a1-\uffff-]{{0,61}}[a-z\u00a1-\uffff])$"
)


_DOMAIN = rf"^({_LABEL}[.])+(xn--[a-z0-9]{{1,59}}|[a-z\u00a1-\uffff][a-z\u00a1-\uffff-]{{0,61}}[a-z\u00a1-\uffff])$"
_ADDRESS_OF_PAGE = (
    rf"^https?://({_LABEL}[.])+[a-z\u00a1-\uffff][a-z0-9\u00a1-\uffff-]+(:[0-9]{{1,5}})?([/?#][^[:space:]]*)?$"
)
_PAGES = ("website", "linkedin_url", "facebook_url", "instagram_url")


_STEP_NAMES = tuple(step for step, _label in SUBSTEP_CHOICES)
_STEPS = ", ".join(f"('{stage}', '{step}')" for stage, steps in SUBSTEPS.items() for step, _label in steps)


def take_customers(*, business: Business, actor: Actor, import_job: ImportJob) -> dict[str, int]:
    """Add or change the staged customers."""
    return services.import_customers(actor=actor, business=business, import_job=import_job)


def _against(column: str, pattern: str, reason: Any) -> ImportCheck:
    """Values of the column must be of this form."""
    return ImportCheck(
        column,
        f"select line, {column} as value from pg_temp.import_stage where {column} <> '' and {column} !~* '{pattern}'",  # noqa: S608
        reason,
    )


def _not_negative(column: str) -> ImportCheck:
    return ImportCheck(
        column,
        f"select line, {column} as value from pg_temp.import_stage where {column} ~ '^-' and {column}::numeric < 0",  # noqa: S608
        _("An amount can't be negative."),
    )


def _known(column: str, kind: str = "") -> ImportCheck:
    """The column names another customer of the file or of the business by its external id."""
    rule = f"lower(o.kind) = '{kind}'" if kind else "true"
    stored = f"c.kind = '{kind}'" if kind else "true"
    return ImportCheck(
        column,
        f"select s.line, s.{column} as value from pg_temp.import_stage s where s.{column} <> '' and (s.{column} = s.external_id "  # noqa: S608
        f"or not exists (select from customers_customer c where c.business_id = %(business)s and c.external_id = s.{column} "
        f"and not c.is_unidentified and {stored}) and not exists (select from pg_temp.import_stage o where o.external_id = s.{column} "
        f"and {rule} and not exists (select from customers_customer c where c.business_id = %(business)s "
        "and c.external_id = o.external_id)))",
        _("There is no other company with this external id.")
        if kind
        else _("There is no other customer with this external id."),
    )


CUSTOMERS = ImportResource(
    key="customers",
    label=_("Customers"),
    text=_("One customer a row, known by an external id."),
    permission="customers.import",
    columns=(
        ImportColumn("external_id", _("External id"), required=True, aliases=("customer_id", "id"), max_length=100),
        ImportColumn("email", _("E-mail"), aliases=("e-mail", "email_address"), max_length=254),
        ImportColumn("first_name", _("First name"), aliases=("given_name",), max_length=100),
        ImportColumn("last_name", _("Last name"), aliases=("surname", "family_name"), max_length=100),
        ImportColumn("display_name", _("Name"), aliases=("name", "company", "company_name")),
        ImportColumn("kind", _("Kind"), "choice", choices=tuple(Kind.values)),
        ImportColumn("phone", _("Phone"), aliases=("phone_number",), max_length=50),
        ImportColumn("country", _("Country"), aliases=("billing_country",), max_length=80),
        ImportColumn("region", _("Region"), aliases=("state", "province", "county"), max_length=100),
        ImportColumn("city", _("City"), max_length=100),
        ImportColumn("postal_code", _("Postal code"), aliases=("zip", "zip_code", "postcode"), max_length=20),
        ImportColumn("street", _("Street"), aliases=("address", "street_address")),
        ImportColumn("preferred_language", _("Preferred language"), aliases=("language",), max_length=10),
        ImportColumn("date_of_birth", _("Date of birth"), "datetime", aliases=("birth_date", "birthdate", "dob")),
        ImportColumn("telegram_id", _("Telegram"), aliases=("telegram", "telegram_chat_id"), max_length=40),
        ImportColumn("website", _("Website"), aliases=("url", "homepage"), max_length=300),
        ImportColumn("domain", _("Domain"), max_length=253),
        ImportColumn("linkedin_url", _("LinkedIn"), aliases=("linkedin",), max_length=300),
        ImportColumn("facebook_url", _("Facebook"), aliases=("facebook",), max_length=300),
        ImportColumn("instagram_url", _("Instagram"), aliases=("instagram",), max_length=300),
        ImportColumn("legal_name", _("Legal name")),
        ImportColumn("industry", _("Industry"), aliases=("sector",), max_length=100),
        ImportColumn("size", _("Size"), "choice", choices=tuple(Size.values)),
        ImportColumn("annual_revenue", _("Annual revenue"), "decimal", aliases=("revenue",), digits=(14, 2)),
        ImportColumn("employee_count", _("Employees"), "integer", aliases=("employees", "number_of_employees")),
        ImportColumn(
            "parent", _("Parent company"), aliases=("parent_external_id", "parent_id", "subsidiary_of"), max_length=100
        ),
        ImportColumn(
            "arr_manual", _("Annual recurring revenue, as agreed"), "decimal", aliases=("arr",), digits=(14, 2)
        ),
        ImportColumn(
            "contract_start_on", _("Contract starts"), "datetime", aliases=("contract_start", "contract_start_date")
        ),
        ImportColumn("contract_end_on", _("Contract ends"), "datetime", aliases=("contract_end", "contract_end_date")),
        ImportColumn("renewal_on", _("Renewal"), "datetime", aliases=("renewal_date",)),
        ImportColumn("contract_terms", _("Contract terms"), max_length=2000),
        ImportColumn("acquisition_source", _("Source"), aliases=("lead_source",), max_length=80),
        ImportColumn("acquisition_campaign", _("Campaign"), aliases=("campaign",), max_length=120),
        ImportColumn("acquisition_cost", _("Acquisition cost"), "decimal", digits=(14, 2)),
        ImportColumn("referred_by", _("Referred by"), aliases=("referrer", "referred_by_id"), max_length=100),
        ImportColumn("lifecycle_stage", _("Lifecycle stage"), "choice", choices=tuple(LifecycleStage.values)),
        ImportColumn(
            "lifecycle_substep",
            _("Step within the stage"),
            "choice",
            aliases=("substep",),
            choices=_STEP_NAMES,
        ),
        ImportColumn("owner", _("Owner"), aliases=("owner_email",), max_length=254),
        ImportColumn("team", _("Team"), aliases=("team_name",), max_length=80),
        ImportColumn("tags", _("Tags"), aliases=("labels",), max_length=10_000),
        ImportColumn(
            "first_seen", _("First seen"), "datetime", aliases=("customer_since", "acquired_on", "acquisition_date")
        ),
    ),
    checks=(
        ImportCheck(
            "external_id",
            "select line, external_id as value from (select line, external_id, min(line) over (partition by external_id) as first "
            "from pg_temp.import_stage) d where line > first",
            _("This external id stands in an earlier row already."),
        ),
        ImportCheck(
            "email",
            "select line, email as value from (select line, email, min(line) over (partition by crm_fold(email)) as first "
            "from pg_temp.import_stage where email <> '') d where line > first",
            _("This e-mail address stands in an earlier row already."),
        ),
        ImportCheck(
            "email",
            "select line, email as value from pg_temp.import_stage where email <> '' "  # noqa: S608 - our own rules
            f"and case when length(email) <= 64 and email ~ '{_USUAL}' then false else email !~* '{_ADDRESS}' end",
            _("Not an e-mail address."),
        ),
        ImportCheck(
            "email",
            "select s.line, s.email as value from pg_temp.import_stage s join customers_customer c on c.business_id = %(business)s "
            "and c.email_key = crm_fold(s.email) and c.is_live and c.external_id <> s.external_id where s.email <> '' "
            "and not exists (select from customers_customer own where own.business_id = %(business)s "
            "and own.external_id = s.external_id and not own.is_live) "
            "and not exists (select from pg_temp.import_stage o where o.external_id = c.external_id and o.email <> '' "
            "and crm_fold(o.email) <> c.email_key)",
            _("Another customer has this e-mail address."),
        ),
        ImportCheck(
            "external_id",
            "select s.line, s.external_id as value from pg_temp.import_stage s join customers_customer c "
            "on c.business_id = %(business)s and c.external_id = s.external_id and c.is_unidentified",
            _("This id stands for the unknown buyer of an order."),
        ),
        *(_against(column, _ADDRESS_OF_PAGE, _("Not a web address such as https://example.com.")) for column in _PAGES),
        _against("domain", _DOMAIN, _("A domain such as example.com is expected.")),
        _against(
            "preferred_language",
            "^[a-z]{2,3}(-[a-z0-9]{2,8})*$",
            _("The code of a language such as EN or PT-BR is expected."),
        ),
        _against(
            "telegram_id",
            "^(-?[0-9]{1,19}|@[a-z][a-z0-9_]{3,31})$",
            _("A number, or a name such as @example, is expected."),
        ),
        *(_not_negative(column) for column in ("annual_revenue", "arr_manual", "acquisition_cost", "employee_count")),
        ImportCheck(
            "date_of_birth",
            "select line, date_of_birth as value from pg_temp.import_stage where date_of_birth <> '' "
            "and left(date_of_birth, 10)::date > (now() at time zone %(zone)s)::date",
            _("This day is still to come."),
        ),
        ImportCheck(
            "contract_end_on",
            "select s.line, s.contract_end_on as value from pg_temp.import_stage s left join customers_customer c "
            "on c.business_id = %(business)s and c.external_id = s.external_id "
            "where coalesce(nullif(left(s.contract_end_on, 10), '')::date, c.contract_end_on) "
            "< coalesce(nullif(left(s.contract_start_on, 10), '')::date, c.contract_start_on)",
            _("The contract can't end before it starts."),
        ),
        ImportCheck(
            "parent",
            "select s.line, s.parent as value from pg_temp.import_stage s left join customers_customer c on c.business_id = %(business)s "
            "and c.external_id = s.external_id where s.parent <> '' and coalesce(c.kind, nullif(lower(s.kind), ''), 'person') = 'person'",
            _("Only a company has a parent company. Leave this empty for a person."),
        ),
        _known("parent", Kind.COMPANY.value),
        _known("referred_by"),
        ImportCheck(
            "lifecycle_substep",
            "select s.line, s.lifecycle_substep as value from pg_temp.import_stage s where s.lifecycle_substep <> '' "  # noqa: S608
            f"and (coalesce(nullif(lower(s.lifecycle_stage), ''), 'active'), lower(s.lifecycle_substep)) not in (values {_STEPS}) "
            "and not exists (select from customers_customer c where c.business_id = %(business)s and c.external_id = s.external_id)",
            _("This is no step of the stage."),
        ),
        ImportCheck(
            "owner",
            "select s.line, s.owner as value from pg_temp.import_stage s left join customers_customer c "
            "on c.business_id = %(business)s and c.external_id = s.external_id where s.owner <> '' and not exists ("
            "select from crm_membership m join crm_user u on u.id = m.user_id where m.business_id = %(business)s "
            "and u.email = lower(s.owner) and (m.is_active or m.user_id = c.owner_id))",
            _("No member of this business has this e-mail address."),
        ),
        ImportCheck(
            "team",
            "select s.line, s.team as value from pg_temp.import_stage s where s.team <> '' and not exists ("
            "select from crm_team t where t.business_id = %(business)s and lower(t.name) = lower(s.team))",
            _("There is no team of this name."),
        ),
        *services.TAG_CHECKS,
    ),
    apply=take_customers,
    known_by="external_id",
    complete=services.with_custom_columns,
)

# The staged contacts with the company that each row names, by its external id or else by its name, and how many have the name.
_COMPANIES = (
    "(select s.*, coalesce(i.id, n.id) as company_id, case when i.id is null then n.count else 1 end as companies "
    "from pg_temp.import_stage s "
    "left join customers_customer i on i.business_id = %(business)s and i.kind = 'company' "
    "and i.external_id = s.company and s.company <> '' "
    "left join lateral (select min(c.id::text)::uuid as id, count(*) as count from customers_customer c "
    "where c.business_id = %(business)s and c.kind = 'company' and c.is_live and c.sort_name = left(crm_fold(s.company), 400)) n on true)"
)


def take_contacts(*, business: Business, actor: Actor, import_job: ImportJob) -> dict[str, int]:
    """Add or change the staged contacts."""
    return services.import_contacts(actor=actor, business=business, import_job=import_job)


CONTACTS = ImportResource(
    key="contacts",
    label=_("Contacts"),
    text=_("One contact a row: somebody who works at a company that is a customer."),
    permission="customers.import",
    columns=(
        ImportColumn(
            "company",
            _("Company"),
            required=True,
            aliases=("company_external_id", "account_id", "account_name", "company_name", "account"),
        ),
        ImportColumn("display_name", _("Name"), aliases=("name", "contact_name", "full_name")),
        ImportColumn("first_name", _("First name"), aliases=("given_name",), max_length=100),
        ImportColumn("last_name", _("Last name"), aliases=("surname", "family_name"), max_length=100),
        ImportColumn("title", _("Job title"), aliases=("job_title", "contact_title"), max_length=120),
        ImportColumn("department", _("Department"), max_length=120),
        ImportColumn("email", _("E-mail"), aliases=("e-mail", "email_address"), max_length=254),
        ImportColumn("phone", _("Phone"), aliases=("phone_number", "mobile_phone"), max_length=40),
        ImportColumn("role", _("Role"), "choice", aliases=("contact_role",), choices=tuple(ContactRole.values)),
        ImportColumn("influence", _("Influence"), "choice", choices=tuple(str(value) for value in Influence.values)),
        ImportColumn("sentiment", _("Sentiment"), "choice", choices=tuple(str(value) for value in Sentiment.values)),
        ImportColumn("reports_to", _("Reports to"), aliases=("reports_to_email", "manager_email"), max_length=254),
    ),
    checks=(
        ImportCheck(
            "company",
            f"select line, company as value from {_COMPANIES} s where companies = 0",  # noqa: S608 - our own rules
            _("There is no company of this external id or name."),
        ),
        ImportCheck(
            "company",
            f"select line, company as value from {_COMPANIES} s where companies > 1",  # noqa: S608 - our own rules
            _("Several companies have this name. Give the external id."),
        ),
        ImportCheck(
            "display_name",
            "select line, '' as value from pg_temp.import_stage "
            "where display_name = '' and first_name = '' and last_name = '' and email = ''",
            _("A name or an e-mail address is needed."),
        ),
        ImportCheck(
            "email",
            "select line, email as value from pg_temp.import_stage where email <> '' "  # noqa: S608 - our own rules
            f"and case when length(email) <= 64 and email ~ '{_USUAL}' then false else email !~* '{_ADDRESS}' end",
            _("Not an e-mail address."),
        ),
        ImportCheck(
            "email",
            "select line, email as value from (select line, email, min(line) over (partition by company_id, email = '', "  # noqa: S608 - our own rules
            "crm_fold(coalesce(nullif(email, ''), nullif(display_name, ''), first_name || ' ' || last_name))) as first "
            f"from {_COMPANIES} s where company_id is not null) d where line > first",
            _("This contact stands in an earlier row already."),
        ),
        ImportCheck(
            "reports_to",
            f"with due as materialized (select * from {_COMPANIES} s) "  # noqa: S608 - our own rules
            "select s.line, s.reports_to as value from due s where s.reports_to <> '' and s.company_id is not null "
            "and (crm_fold(s.reports_to) = crm_fold(s.email) or not exists (select from due o "
            "where o.company_id = s.company_id and o.email <> '' and crm_fold(o.email) = crm_fold(s.reports_to)) "
            "and not exists (select from customers_contact c where c.customer_id = s.company_id and c.archived_at is null "
            "and c.email_key = left(crm_fold(s.reports_to), 400)))",
            _("No other contact of this company has this e-mail address."),
        ),
    ),
    apply=take_contacts,
)
