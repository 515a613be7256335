"""Files of payments: money that came in for invoices, one payment a row."""

import json
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from commerce import services
from commerce.choices import PaymentMethod
from commerce.resources.invoices import day_of
from crm.actor import Actor
from crm.errors import InvalidInput
from crm.models import Business
from crm.money import EXPONENTS
from customers.models import ImportJob
from customers.registry import ImportCheck, ImportColumn, ImportResource

_INVOICE = "i.business_id = %(business)s and i.number = s.invoice_number"
# A payment is known by its invoice, day, amount and reference; amounts are rounded to the invoice's currency.
_KNOWN = """exists (select from commerce_payment p where p.business_id = %(business)s and p.invoice_id = d.invoice_id
    and p.paid_on = d.paid_on and p.amount = d.amount and p.reference = d.reference)"""
_ROWS = f"""
drop table if exists pg_temp.import_payments;
create temporary table import_payments on commit drop as
select d.*, {_KNOWN} as is_known
from (
    select s.line, i.id as invoice_id, i.customer_id, {day_of("paid_on")} as paid_on, s.reference,
           round(s.amount::numeric, (%(exponents)s::jsonb ->> i.currency)::integer) as amount,
           coalesce(nullif(lower(s.method), ''), 'transfer') as method
    from pg_temp.import_stage s join commerce_invoice i on {_INVOICE}
) d
"""
_LOCK = """
select from commerce_invoice where business_id = %(business)s and id in (select invoice_id from pg_temp.import_payments)
order by id for no key update
"""
_WRITE = """
insert into commerce_payment (business_id, invoice_id, paid_on, amount, method, reference)
select %(business)s, invoice_id, paid_on, amount, method, reference from pg_temp.import_payments where not is_known order by line
"""
# As the deeds settle an invoice: what was paid in the reporting currency is at the rate of its day of issue, all of it once it is paid.
_SETTLE = """
with sums as (
    select p.invoice_id, sum(p.amount) as paid, max(p.paid_on) as last_on from commerce_payment p
    where p.business_id = %(business)s
      and p.invoice_id in (select invoice_id from pg_temp.import_payments where not is_known) group by 1
)
update commerce_invoice i set
    paid = s.paid, status = case when s.paid >= i.amount then 'paid' else 'partial' end,
    paid_on = case when s.paid >= i.amount then s.last_on end,
    paid_base = case when s.paid >= i.amount then i.amount_base else least(i.amount_base, round(s.paid * coalesce(case
        when i.currency = %(currency)s then 1 else (
            select rate from crm_exchangerate e where e.business_id = %(business)s and e.currency = i.currency
            and e.valid_on <= i.issued_on order by e.valid_on desc limit 1) end, 1), %(exponent)s)) end,
    updated_at = now()
from sums s where i.id = s.invoice_id
returning i.customer_id, i.paid > i.amount
"""


def take_payments(*, business: Business, actor: Actor, import_job: ImportJob) -> dict[str, int]:
    """Note the staged payments that aren't known yet, and settle their invoices. Raises InvalidInput when somebody else has noted
    payments meanwhile, so that more would have come in than was asked for."""
    parameters: dict[str, Any] = {
        "business": business.pk, "zone": business.time_zone, "currency": business.currency,
        "exponent": services.exponent_of(business.currency), "exponents": json.dumps(EXPONENTS),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, parameters)
        cursor.execute("analyze pg_temp.import_payments")
        cursor.execute(_LOCK, parameters)
        cursor.execute("select count(*), count(*) filter (where is_known) from pg_temp.import_payments")
        total, known = cursor.fetchone()
        cursor.execute(_WRITE, parameters)
        cursor.execute(_SETTLE, parameters)
        settled = cursor.fetchall()
    if any(is_over for _customer, is_over in settled):
        raise InvalidInput({"amount": [_now("All payments together are more than the invoice.")]})
    if settled:
        services.refresh_recurring_facts(sorted({customer for customer, _is_over in settled}))
    return {"payments_created": total - known, "payments_unchanged": known}


def _check(column: str, condition: str, reason: Any) -> ImportCheck:
    return ImportCheck(
        column, f"select s.line, s.{column} as value from pg_temp.import_stage s where {condition}", reason
    )


_AMOUNT = "s.amount::numeric"
_TOGETHER = f"""
select min(d.line) as line, min(d.number) as value
from (
    select s.line, s.invoice_number as number, i.id as invoice_id, i.amount as asked, i.paid, {day_of("paid_on")} as paid_on,
           {_AMOUNT} as amount, s.reference
    from pg_temp.import_stage s join commerce_invoice i on {_INVOICE} where i.status not in ('draft', 'void')
) d
where not {_KNOWN}
group by d.invoice_id having sum(d.amount) > min(d.asked - d.paid)
"""
PAYMENTS = ImportResource(
    key="payments",
    label=_("Payments"),
    text=_("One payment a row, for an invoice that is there, in the invoice's currency."),
    permission="commerce.import",
    order=150,
    known_by="invoice_number",
    columns=(
        ImportColumn("invoice_number", _("Invoice number"), required=True, aliases=("invoice", "invoice_id"), max_length=60),
        ImportColumn("paid_on", _("Paid on"), "datetime", required=True, aliases=("payment_date", "paid_at")),
        ImportColumn("amount", _("Amount"), "decimal", required=True, aliases=("paid", "payment"), digits=(12, 4)),
        ImportColumn("method", _("Method"), "choice", aliases=("payment_method",), choices=tuple(PaymentMethod.values)),
        ImportColumn("reference", _("Reference"), aliases=("payment_id", "transaction_id"), max_length=100),
    ),
    checks=(
        ImportCheck(
            "invoice_number",
            "select line, invoice_number as value from (select s.line, s.invoice_number, min(s.line) over (partition by s.invoice_number, "
            f"{day_of('paid_on')}, {_AMOUNT}, s.reference) as first from pg_temp.import_stage s) d where line > first",
            _("This payment stands in an earlier row already. Tell the two apart by their references."),
        ),
        _check(
            "invoice_number", f"not exists (select from commerce_invoice i where {_INVOICE})",
            _("There is no invoice with this number. Import the invoices first."),
        ),
        _check(
            "invoice_number", f"exists (select from commerce_invoice i where {_INVOICE} and i.status in ('draft', 'void'))",
            _("Payments are noted for invoices that are issued and not void."),
        ),
        _check("amount", f"{_AMOUNT} <= 0", _("A payment must be more than nothing.")),
        _check(
            "amount",
            f"{_AMOUNT} > 0 and exists (select from commerce_invoice i where {_INVOICE} and {_AMOUNT} <> "
            f"round({_AMOUNT}, (%(exponents)s::jsonb ->> i.currency)::integer))",
            _("More digits than the invoice's currency has."),
        ),
        _check("paid_on", f"{day_of('paid_on')} > (now() at time zone %(zone)s)::date", _("A payment can't be in the future.")),
        _check("paid_on", f"extract(year from {day_of('paid_on')}) < 1900", _("The day must lie between the years 1900 and 2199.")),
        ImportCheck("invoice_number", _TOGETHER, _("All payments together are more than the invoice.")),
    ),
    apply=take_payments,
)  # fmt: skip
