"""Writing invoices and taking payments for them, with the figures that follow."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commerce.choices import ZERO, InvoiceStatus
from commerce.models import Invoice, Opportunity, Order, Payment, Subscription
from commerce.services.facts import refresh_recurring_facts
from commerce.services.rates import Rates
from commerce.services.sent_again import refuse_differences
from crm import activity
from crm.actor import Actor
from crm.clock import today
from crm.errors import DomainError, InvalidInput, NotFound
from crm.formats import day as day_in_words
from crm.formats import money
from crm.forms import check_version
from crm.models import Business
from crm.money import EXPONENTS, round_money
from crm.services.cleaning import clean, refuse_unknown

INVOICE_FIELDS = (
    "customer", "number", "issued_on", "due_on", "amount", "currency", "recurs", "subscription", "order", "opportunity", "note",
)  # fmt: skip
INVOICE_SOFT_FIELDS = ("due_on", "note")
"""What may be changed once money has come in."""
PAYMENT_FIELDS = ("paid_on", "amount", "method", "reference")
_LINKS = {"subscription": Subscription, "order": Order, "opportunity": Opportunity}
_COLUMNS = {name: f"{name}_id" for name in ("customer", *_LINKS)}
_COMPARED = (*(_COLUMNS.get(name, name) for name in INVOICE_FIELDS), "status")
_FIRST_YEAR, _LAST_YEAR = 1900, 2199
_MOST = Decimal(10) ** 12 - 1


class InvoiceDiffers(DomainError):
    """The number is taken by an invoice with other content; `details["differences"]` maps each field to (as it is, as it was sent)."""

    field = "number"
    code = "invoice_differs"
    message = gettext_lazy("There is an invoice with this number and other content.")


class InvoiceSettled(DomainError):
    """Money has come in for the invoice, or it is void: it can no longer be changed so."""

    code = "invoice_settled"
    message = gettext_lazy("Payments were recorded for this invoice. Remove them first.")


class InvoiceNotOpen(DomainError):
    """A draft or a void invoice takes no payments."""

    code = "invoice_not_open"
    message = gettext_lazy("Only an invoice that was issued and is not void takes payments.")


def create_invoice(*, actor: Actor, business: Business, at: datetime, **data: Any) -> tuple[Invoice, bool]:
    """Write an invoice, open unless it is a draft; with the number and the content of one that is there it is that one. Without a day
    it is issued on that of `at`. Returns (invoice, whether it is new).

    Raises NotAllowed, InvalidInput, InvoiceDiffers.
    """
    actor.require("commerce.change_invoices", business)
    refuse_unknown(data, (*INVOICE_FIELDS, "status"))
    number = str(data.get("number") or "").strip()
    if number and (known := _numbered(business, number)):
        return _the_same(actor, known, data), False
    try:
        return _create(actor, business, at, data), True
    except IntegrityError:
        # two requests of one invoice at once: whoever comes second finds that of the first
        known = _numbered(business, number)
        if known is None:
            raise
        return _the_same(actor, known, data), False


@transaction.atomic
def _create(actor: Actor, business: Business, at: datetime, data: dict[str, Any]) -> Invoice:
    values = {name: value for name, value in data.items() if value is not None or name not in ("status", "issued_on")}
    status = values.pop("status", InvoiceStatus.OPEN)
    if status not in (InvoiceStatus.DRAFT, InvoiceStatus.OPEN):
        raise InvalidInput({"status": [_("An invoice begins as a draft or open; payments and voiding change it.")]})
    invoice = Invoice(business=business, currency=business.currency, issued_on=today(business.time_zone, at))
    if not values.get("customer"):
        raise InvalidInput({"customer": [_("Say whose invoice it is.")]})
    invoice.status = status
    _assign(invoice, values)
    _settle(invoice)
    invoice.save(force_insert=True)
    changes = {name: (None, v) for name in _COMPARED if (v := getattr(invoice, name)) not in ("", None)}
    _record("commerce.invoice.created", actor, invoice, changes)
    refresh_recurring_facts([invoice.customer_id])
    return invoice


@transaction.atomic
def update_invoice(*, actor: Actor, invoice: Invoice, version: str | None = None, **data: Any) -> Invoice:
    """Change the given fields of a draft or an open invoice; `status` issues a draft. Once money has come in, only the day on which it
    is due and the note. Nothing is written when all are as they were.

    Raises NotAllowed, StaleVersion, InvoiceSettled, InvalidInput.
    """
    refuse_unknown(data, (*INVOICE_FIELDS, "status"))
    locked = _lock(actor, invoice, version)
    before = Invoice.objects.get(pk=locked.pk)
    status = data.pop("status", None) or locked.status
    if status != locked.status and (locked.status, status) != (InvoiceStatus.DRAFT, InvoiceStatus.OPEN):
        raise InvalidInput({"status": [_("Only a draft can be issued; payments and voiding change the rest.")]})
    if locked.status == InvoiceStatus.VOID:
        raise InvoiceSettled(_("The invoice is void."))
    locked.status = status
    _assign(locked, data)
    changes = activity.changes_between(before, locked, _COMPARED)
    if locked.status not in (InvoiceStatus.DRAFT, InvoiceStatus.OPEN) and not set(changes) <= set(INVOICE_SOFT_FIELDS):
        raise InvoiceSettled
    if not changes and before.amount_base == locked.amount_base:
        return locked
    _settle(locked)
    locked.save()
    _record("commerce.invoice.updated", actor, locked, changes)
    refresh_recurring_facts(sorted({before.customer_id, locked.customer_id}))
    return locked


@transaction.atomic
def void_invoice(*, actor: Actor, invoice: Invoice, reason: str = "", version: str | None = None) -> Invoice:
    """Declare an invoice not to be paid, for which nothing was. Its number stays taken. Raises NotAllowed, StaleVersion,
    InvoiceSettled."""
    locked = _lock(actor, invoice, version, "commerce.void_invoices")
    if locked.status == InvoiceStatus.VOID:
        raise InvoiceSettled(_("The invoice is void already."))
    if locked.paid > 0:
        raise InvoiceSettled
    before, locked.status, locked.paid_on = locked.status, InvoiceStatus.VOID, None
    locked.save()
    changes = {"status": (before, locked.status)}
    _record("commerce.invoice.voided", actor, locked, changes, {"reason": reason.strip()[:500]})
    refresh_recurring_facts([locked.customer_id])
    return locked


@transaction.atomic
def record_payment(
    *, actor: Actor, invoice: Invoice, at: datetime, version: str | None = None, **data: Any
) -> tuple[Invoice, Payment]:
    """Note money that came in for an invoice, in its currency; all that is owed when no amount is given, on the day of `at` when no day
    is. Returns the invoice as it stands then, and the payment.

    Raises NotAllowed, StaleVersion, InvoiceNotOpen; InvalidInput when it is more than is owed.
    """
    refuse_unknown(data, PAYMENT_FIELDS)
    locked = _lock(actor, invoice, version)
    if locked.status in (InvoiceStatus.DRAFT, InvoiceStatus.VOID):
        raise InvoiceNotOpen
    now = today(locked.business.time_zone, at)
    values = {name: value for name, value in data.items() if value is not None}
    payment = Payment(business=locked.business, invoice=locked, paid_on=values.get("paid_on") or now)
    owed = locked.amount - locked.paid
    payment.amount = round_money(Decimal(values.get("amount", owed)), locked.currency)
    payment.method = values.get("method") or payment.method
    payment.reference = str(values.get("reference", "")).strip()
    faults: dict[str, list[str]] = {}
    if owed <= 0:
        faults["amount"] = [_("The invoice is paid; nothing is owed.")]
    elif payment.amount <= 0:
        faults["amount"] = [_("A payment must be more than nothing.")]
    elif payment.amount > owed:
        faults["amount"] = [_("That is more than is owed: %(owed)s.") % {"owed": money(owed, locked.currency)}]
    if payment.paid_on > now:
        faults["paid_on"] = [_("A payment can't be in the future.")]
    elif payment.paid_on.year < _FIRST_YEAR:
        faults["paid_on"] = [_("The day must lie between the years 1900 and 2199.")]
    if faults:
        raise InvalidInput(faults)
    clean(payment, exclude=["business", "invoice"])
    payment.save(force_insert=True)
    changes = _follow_payments(locked)
    payload = {"amount": str(payment.amount), "paid_on": payment.paid_on.isoformat(), "method": payment.method}
    _record("commerce.payment.recorded", actor, locked, changes, payload)
    refresh_recurring_facts([locked.customer_id])
    return locked, payment


@transaction.atomic
def remove_payment(*, actor: Actor, payment: Payment, version: str | None = None) -> Invoice:
    """Take a payment back that was noted by mistake or returned; the invoice is owed again so far. `version` is the invoice's.
    Raises NotAllowed, StaleVersion."""
    locked = _lock(actor, payment.invoice, version)
    found = Payment.objects.filter(pk=payment.pk, invoice=locked).first()
    if found is None:
        raise NotFound
    payload = {"amount": str(found.amount), "paid_on": found.paid_on.isoformat(), "method": found.method}
    found.delete()
    changes = _follow_payments(locked)
    _record("commerce.payment.removed", actor, locked, changes, payload)
    refresh_recurring_facts([locked.customer_id])
    return locked


def _follow_payments(locked: Invoice) -> dict[str, Any]:
    before = Invoice.objects.get(pk=locked.pk)
    _settle(locked)
    locked.save()
    return activity.changes_between(before, locked, ("status", "paid"))


def _settle(invoice: Invoice) -> None:
    """Bring what was paid, and with it the status, in step with the payments; of a draft and a void invoice only the amounts."""
    sums: dict[str, Any] = {"paid": None, "last": None}
    if not invoice._state.adding:
        sums = Payment.objects.filter(invoice=invoice).aggregate(paid=Sum("amount"), last=Max("paid_on"))
    invoice.paid = sums["paid"] or ZERO
    is_paid = invoice.paid >= invoice.amount
    if is_paid:
        invoice.paid_base = invoice.amount_base
    else:
        rate = Rates(invoice.business).on(invoice.currency, invoice.issued_on) or Decimal(1)
        invoice.paid_base = min(invoice.amount_base, Rates(invoice.business).converted(invoice.paid, rate))
    if invoice.status in (InvoiceStatus.DRAFT, InvoiceStatus.VOID):
        return
    if is_paid:
        invoice.status, invoice.paid_on = InvoiceStatus.PAID, sums["last"] or invoice.issued_on
    else:
        invoice.status, invoice.paid_on = (InvoiceStatus.PARTIAL if invoice.paid else InvoiceStatus.OPEN), None


def _lock(actor: Actor, invoice: Invoice, version: str | None, permission: str = "commerce.change_invoices") -> Invoice:
    rows = Invoice.objects.select_for_update(of=("self",)).select_related("business")
    locked: Invoice | None = rows.filter(pk=invoice.pk).first()
    if locked is None:
        raise NotFound
    actor.require(permission, locked.business)
    check_version(locked, version)
    return locked


def _numbered(business: Business, number: str) -> Invoice | None:
    found: Invoice | None = Invoice.objects.select_related("business").filter(business=business, number=number).first()
    return found


def _the_same(actor: Actor, known: Invoice, data: dict[str, Any]) -> Invoice:
    """The invoice that is there, if what was sent says the same of it. Raises InvoiceDiffers."""
    differences: dict[str, tuple[Any, Any]] = {}
    for name, value in data.items():
        # what has become of it since is no other content, and what was left out is none
        if name == "status" or (value is None and name in ("issued_on", "currency")):
            continue
        sent: Any = getattr(value, "pk", value)
        sent = sent.strip() if isinstance(sent, str) else sent
        if name == "amount" and sent is not None and known.currency in EXPONENTS:
            sent = round_money(sent, known.currency)
        if name == "currency":
            sent = (sent or known.business.currency).upper()
        stored = getattr(known, _COLUMNS.get(name, name))
        if stored != sent:
            differences[name] = (stored, sent)
    words = _("There is an invoice with this number and other content: %(fields)s.")
    refuse_differences(InvoiceDiffers, differences, actor, known, words)
    return known


def _assign(invoice: Invoice, data: dict[str, Any]) -> None:
    """Put the values on the invoice as they are stored, with its amount in the reporting currency. Raises InvalidInput."""
    for name, value in data.items():
        setattr(invoice, name, value.strip() if isinstance(value, str) else value)
    invoice.currency = (invoice.currency or invoice.business.currency).upper()
    if invoice.currency not in EXPONENTS:
        raise InvalidInput({"currency": [_("Not a currency code such as EUR.")]})
    faults = _faults_of(invoice, data)
    if faults:
        raise InvalidInput(faults)
    invoice.amount = round_money(invoice.amount, invoice.currency)
    clean(invoice, exclude=["business", "customer", *_LINKS, "amount_base", "paid", "paid_base"])
    _check_links(invoice)
    rates = Rates(invoice.business)
    rate = rates.on(invoice.currency, invoice.issued_on)
    if rate is None:
        words = _("There is no exchange rate for this currency on %(day)s. Add one under Settings, Exchange rates.")
        raise InvalidInput({"currency": [words % {"day": day_in_words(invoice.issued_on)}]})
    invoice.amount_base = rates.converted(invoice.amount, rate)
    if invoice.amount_base >= _MOST:
        raise InvalidInput({"amount": [_("More than can be stored.")]})


def _faults_of(invoice: Any, data: dict[str, Any]) -> dict[str, list[str]]:
    faults: dict[str, list[str]] = {}
    if not invoice.number:
        faults["number"] = [_("Give the invoice's number.")]
    if invoice.customer_id is None:
        faults["customer"] = [_("Say whose invoice it is.")]
    if invoice.issued_on is None:
        faults["issued_on"] = [_("Say when it was issued.")]
    for name in ("issued_on", "due_on"):
        if (day := data.get(name)) and not _FIRST_YEAR <= day.year <= _LAST_YEAR:
            faults[name] = [_("The day must lie between the years 1900 and 2199.")]
    if not faults and invoice.due_on and invoice.due_on < invoice.issued_on:
        faults["due_on"] = [_("It can't be due before it was issued.")]
    if invoice.amount is None:
        faults["amount"] = [_("Say how much is to be paid.")]
    elif invoice.amount < 0:
        faults["amount"] = [_("An amount can't be negative.")]
    elif invoice.amount >= _MOST:
        faults["amount"] = [_("More than can be stored.")]
    return faults


def _check_links(invoice: Invoice) -> None:
    """What the invoice belongs to must be the same customer's."""
    words = {
        "subscription": _("This subscription belongs to another customer."),
        "order": _("This order belongs to another customer."),
        "opportunity": _("This deal belongs to another customer."),
    }
    faults = {
        name: [words[name]]
        for name in _LINKS
        if (linked := getattr(invoice, name)) is not None and linked.customer_id != invoice.customer_id
    }
    if faults:
        raise InvalidInput(faults)


def is_overdue(invoice: Invoice, day: date) -> bool:
    """Whether something is owed that was due before `day`."""
    return (
        invoice.status in (InvoiceStatus.OPEN, InvoiceStatus.PARTIAL)
        and invoice.due_on is not None
        and invoice.due_on < day
    )


def _record(
    verb: str, actor: Actor, invoice: Invoice, changes: dict[str, Any], payload: dict[str, Any] | None = None
) -> None:
    activity.record(
        verb, actor=actor, business=invoice.business, subject=invoice, about=invoice.customer_id,
        changes={name.removesuffix("_id"): pair for name, pair in changes.items()}, payload={"number": invoice.number, **(payload or {})},
    )  # fmt: skip
