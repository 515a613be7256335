"""Files of invoices: one invoice a row, known by its number."""

import json
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from commerce import services
from commerce.choices import InvoiceStatus
from commerce.resources.subscriptions import INTERVALS
from crm.actor import Actor
from crm.models import Business
from crm.money import EXPONENTS
from customers.models import ImportJob
from customers.registry import ImportCheck, ImportColumn, ImportResource

STATUSES = (InvoiceStatus.DRAFT.value, InvoiceStatus.OPEN.value, InvoiceStatus.VOID.value)
"""What a file may say of an invoice; what was paid follows from its payments."""
_TOO_MUCH = 10**12 - 1
_CURRENCY = "coalesce(nullif(upper(s.currency), ''), %(currency)s)"
_FOREIGN = "upper(s.currency) not in ('', %(currency)s)"


def day_of(column: str) -> str:
    """The day that the file has, in the business's zone where it is a moment with an offset; null when empty."""
    return (
        f"(case when s.{column} = '' then null when s.{column} ~ '(Z|[+-][0-9]{{2}}:?[0-9]{{2}})$' and length(s.{column}) > 10 "
        f"then (s.{column}::timestamptz at time zone %(zone)s)::date else s.{column}::timestamp::date end)"
    )


_RATE = (
    "(select rate from crm_exchangerate e where e.business_id = %(business)s and e.currency = upper(s.currency) "
    f"and e.valid_on <= {day_of('issued_on')} order by e.valid_on desc limit 1)"
)
# By external id, else by the address.
_CUSTOMER = """(case when s.customer_external_id <> ''
    then (select c.id from customers_customer c where c.business_id = %(business)s and c.external_id = s.customer_external_id)
    else (select c.id from customers_customer c where c.business_id = %(business)s and c.is_live
          and c.email_key = left(crm_fold(s.customer_email), 400)) end)"""
# Invoices to be, one row each. Nothing is owed for an invoice over nothing: it is paid on the day of its issue.
_ROWS = f"""
drop table if exists pg_temp.import_invoices;
create temporary table import_invoices on commit drop as
select d.*, round(d.amount * d.rate, %(exponent)s) as amount_base,
       case when d.asked = 'open' and d.amount = 0 then 'paid' else d.asked end as status
from (
    select s.line, s.invoice_number as number, {_CUSTOMER} as customer_id, {day_of("issued_on")} as issued_on,
           {day_of("due_on")} as due_on, {_CURRENCY} as currency, case when {_FOREIGN} then {_RATE} else 1 end as rate,
           round(s.amount::numeric, (%(exponents)s::jsonb ->> {_CURRENCY})::integer) as amount, s.note,
           coalesce(%(intervals)s::jsonb ->> lower(s.recurs), '') as recurs, coalesce(nullif(lower(s.status), ''), 'open') as asked
    from pg_temp.import_stage s
) d
"""
# One for which money came in keeps its amount; the checks have refused another one.
_WRITE = """
with written as (
    insert into commerce_invoice as o
        (business_id, customer_id, number, status, issued_on, due_on, paid_on, amount, currency, amount_base, paid, paid_base, recurs,
         note)
    select %(business)s, customer_id, number, status, issued_on, due_on, case when status = 'paid' then issued_on end, amount, currency,
           amount_base, 0, 0, recurs, note
    from pg_temp.import_invoices order by line
    on conflict (business_id, number) do update set
        status = case when o.paid > 0 then o.status else excluded.status end, issued_on = excluded.issued_on,
        due_on = coalesce(excluded.due_on, o.due_on), amount = excluded.amount, currency = excluded.currency,
        amount_base = case when o.paid > 0 then o.amount_base else excluded.amount_base end,
        paid_on = case when o.paid > 0 then o.paid_on else excluded.paid_on end,
        recurs = coalesce(nullif(excluded.recurs, ''), o.recurs), note = coalesce(nullif(excluded.note, ''), o.note), updated_at = now()
    where (o.issued_on, o.amount, o.currency) is distinct from (excluded.issued_on, excluded.amount, excluded.currency)
       or o.due_on is distinct from coalesce(excluded.due_on, o.due_on)
       or o.paid = 0 and (o.status, o.amount_base) is distinct from (excluded.status, excluded.amount_base)
       or excluded.recurs not in ('', o.recurs) or excluded.note not in ('', o.note)
    returning o.customer_id, o.xmax = 0 as created
)
select count(*) filter (where created), count(*) filter (where not created), array_agg(distinct customer_id) from written
"""


def take_invoices(*, business: Business, actor: Actor, import_job: ImportJob) -> dict[str, int]:
    """Add or change the staged invoices by their number."""
    parameters: dict[str, Any] = {
        "business": business.pk, "zone": business.time_zone, "currency": business.currency,
        "exponent": services.exponent_of(business.currency), "exponents": json.dumps(EXPONENTS), "intervals": json.dumps(INTERVALS),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, parameters)
        cursor.execute("select count(*) from pg_temp.import_invoices")
        total = cursor.fetchone()[0]
        cursor.execute("analyze pg_temp.import_invoices")
        cursor.execute(_WRITE, parameters)
        created, updated, customers = cursor.fetchone()
    if customers:
        services.refresh_recurring_facts(sorted(customers))
    return {"invoices_created": created, "invoices_updated": updated, "invoices_unchanged": total - created - updated}


def _check(column: str, condition: str, reason: Any) -> ImportCheck:
    return ImportCheck(
        column, f"select s.line, s.{column} as value from pg_temp.import_stage s where {condition}", reason
    )


def _known(condition: str) -> str:
    """That there is an invoice x of the row's number of which the condition holds."""
    number = "x.business_id = %(business)s and x.number = s.invoice_number"
    return f"exists (select from commerce_invoice x where {number} and ({condition}))"


_ROUNDED = f"round(s.amount::numeric, (%(exponents)s::jsonb ->> {_CURRENCY})::integer)"
_DIFFERS = (
    f"x.amount <> {_ROUNDED} or x.currency <> {_CURRENCY} or x.issued_on <> {day_of('issued_on')} "
    "or lower(s.status) in ('draft', 'void')"
)
INVOICES = ImportResource(
    key="invoices",
    label=_("Invoices"),
    text=_("One invoice a row, known by its number, with the external id or the e-mail address of its customer, who must be there."),
    permission="commerce.import",
    order=140,
    known_by="invoice_number",
    columns=(
        ImportColumn("invoice_number", _("Invoice number"), required=True, aliases=("number", "invoice_id"), max_length=60),
        ImportColumn(
            "customer_external_id", _("Customer's external id"), aliases=("account_id", "customer_id", "customer"), max_length=100
        ),
        ImportColumn("customer_email", _("Customer's e-mail address"), aliases=("email",), max_length=254),
        ImportColumn("issued_on", _("Issued on"), "datetime", required=True, aliases=("issue_date", "invoice_date")),
        ImportColumn("due_on", _("Due on"), "datetime", aliases=("due_date",)),
        ImportColumn("amount", _("Amount"), "decimal", required=True, aliases=("total",), digits=(12, 4)),
        ImportColumn("currency", _("Currency"), max_length=3),
        ImportColumn("recurs", _("Comes again"), "choice", aliases=("interval", "billing_interval"), choices=tuple(INTERVALS)),
        ImportColumn("status", _("Status"), "choice", choices=STATUSES),
        ImportColumn("note", _("Note"), max_length=500),
    ),
    checks=(
        ImportCheck(
            "invoice_number",
            "select line, invoice_number as value from (select line, invoice_number, min(line) over (partition by invoice_number) as first "
            "from pg_temp.import_stage) d where line > first",
            _("This number stands in an earlier row already."),
        ),
        _check(
            "customer_external_id", "s.customer_external_id = '' and s.customer_email = ''",
            _("Give the external id or the e-mail address of the customer."),
        ),
        _check(
            "customer_external_id", f"s.customer_external_id <> '' and {_CUSTOMER} is null",
            _("There is no customer with this external id. Import the customers first."),
        ),
        _check(
            "customer_email", f"s.customer_external_id = '' and s.customer_email <> '' and {_CUSTOMER} is null",
            _("There is no customer with this e-mail address. Import the customers first."),
        ),
        _check("invoice_number", _known(f"x.customer_id <> {_CUSTOMER}"), _("This invoice belongs to another customer.")),
        _check(
            "invoice_number", _known(f"x.paid > 0 and ({_DIFFERS})"),
            _("Money has come in for this invoice; only the day on which it is due and the note still change."),
        ),
        _check("status", _known("x.status = 'void' and lower(s.status) <> 'void'"), _("The invoice is void.")),
        _check(
            "status", _known("x.status <> 'draft' and lower(s.status) = 'draft' and x.paid = 0"),
            _("An invoice that was issued is no draft any more."),
        ),
        _check(
            "issued_on", f"extract(year from {day_of('issued_on')}) not between 1900 and 2199",
            _("The day must lie between the years 1900 and 2199."),
        ),
        _check("due_on", f"{day_of('due_on')} < {day_of('issued_on')}", _("It can't be due before it was issued.")),
        _check(
            "due_on", f"s.due_on = '' and {_known('x.due_on < ' + day_of('issued_on'))}", _("It can't be due before it was issued.")
        ),
        _check("due_on", f"extract(year from {day_of('due_on')}) > 2199", _("The day must lie between the years 1900 and 2199.")),
        _check("amount", "s.amount::numeric < 0", _("An amount can't be negative.")),
        _check(
            "currency", "s.currency <> '' and upper(s.currency) <> all (%(currencies)s)", _("Not a currency code such as EUR.")
        ),
        _check(
            "currency", f"{_FOREIGN} and {_RATE} is null",
            _("There is no exchange rate for this currency on that day. Add one under Settings, Exchange rates."),
        ),
        _check(
            "amount", f"s.amount::numeric * greatest(coalesce(case when {_FOREIGN} then {_RATE} end, 1), 1) >= {_TOO_MUCH}",
            _("More than can be stored."),
        ),
    ),
    apply=take_invoices,
)  # fmt: skip
