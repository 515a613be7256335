"""Kinds of files of customers."""

from django.db import connection
from django.utils.translation import gettext_lazy as _

from crm.actor import Actor
from crm.models import Business
from customers import services
from customers.choices import Kind, LifecycleStage
from customers.registry import ImportCheck, ImportColumn, ImportResource

_UPSERT = """
with due as (
    select s.*, left(coalesce(nullif(s.display_name, ''), nullif(trim(s.first_name || ' ' || s.last_name), ''),
                              nullif(s.email, ''), s.external_id), 200) as name
    from pg_temp.import_stage s
), changed as (
    insert into customers_customer as c
        (business_id, kind, display_name, first_name, last_name, email, phone, country, city, lifecycle_stage, external_id, acquired_on)
    select %(business)s, coalesce(nullif(lower(s.kind), ''), 'person'), s.name,
           s.first_name, s.last_name, lower(s.email), s.phone, s.country, s.city,
           coalesce(nullif(lower(s.lifecycle_stage), ''), 'active'), s.external_id,
           nullif(left(s.first_seen, 10), '')::date
    from due s
    on conflict (business_id, external_id) where external_id <> '' do update set
        display_name = excluded.display_name, first_name = excluded.first_name, last_name = excluded.last_name,
        email = coalesce(nullif(excluded.email, ''), c.email), phone = coalesce(nullif(excluded.phone, ''), c.phone),
        country = coalesce(nullif(excluded.country, ''), c.country), city = coalesce(nullif(excluded.city, ''), c.city),
        acquired_on = coalesce(excluded.acquired_on, c.acquired_on), updated_at = now()
    where (c.display_name, c.first_name, c.last_name, c.email, c.phone, c.country, c.city, c.acquired_on) is distinct from
          (excluded.display_name, excluded.first_name, excluded.last_name, coalesce(nullif(excluded.email, ''), c.email),
           coalesce(nullif(excluded.phone, ''), c.phone), coalesce(nullif(excluded.country, ''), c.country),
           coalesce(nullif(excluded.city, ''), c.city), coalesce(excluded.acquired_on, c.acquired_on))
    returning c.id, c.xmax = 0 as created
)
select array_agg(id), count(*) filter (where created), count(*) filter (where not created) from changed
"""
# Addresses that change hands within the file are given back first.
_RELEASE = """
update customers_customer c set email = '' from pg_temp.import_stage s
where c.business_id = %(business)s and c.external_id = s.external_id and c.email_key <> '' and s.email <> ''
  and c.email_key <> crm_fold(s.email)
"""
# Django's rule for addresses, in SQL; the usual ones are told by a simpler rule, five times as fast.
_USUAL = r"^[a-zA-Z0-9_+-]+([.][a-zA-Z0-9_+-]+)*@([a-zA-Z0-9]+(-[a-zA-Z0-9]+)*[.])+[a-zA-Z]{2,}$"
_LABEL = r"[a-z0-9\u00a1-\uffff]([a-z0-9\u00a1-\uffff-]{0,61}[a-z0-9\u00a1-\uffff])?"
_ADDRESS = (
    r"^[-!#$%%&''*+/=?^_`{}|~0-9a-z]+([.][-!#$%%&''*+/=?^_`{}|~0-9a-z]+)*@"
    rf"({_LABEL}[.])+(xn--[a-z0-9]{{1,59}}|[a-z\u00a1-\uffff][a-z\u00a1-\uffff-]{{0,61}}[a-z\u00a1-\uffff])$"
)


def take_customers(*, business: Business, actor: Actor) -> dict[str, int]:
    """Add or change the staged customers by their external id; empty values leave what is there."""
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from pg_temp.import_stage")
        total = cursor.fetchone()[0]
        cursor.execute(_RELEASE, {"business": business.pk})
        cursor.execute(_UPSERT, {"business": business.pk})
        ids, created, updated = cursor.fetchone()
    services.refresh_search(ids or [])
    return {
        "customers_created": created,
        "customers_updated": updated,
        "customers_unchanged": total - created - updated,
    }


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
        ImportColumn("phone", _("Phone"), aliases=("phone_number",), max_length=40),
        ImportColumn("country", _("Country"), max_length=80),
        ImportColumn("city", _("City"), max_length=100),
        ImportColumn("lifecycle_stage", _("Lifecycle stage"), "choice", choices=tuple(LifecycleStage.values)),
        ImportColumn("first_seen", _("First seen"), "datetime", aliases=("customer_since", "acquired_on")),
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
    ),
    apply=take_customers,
)
