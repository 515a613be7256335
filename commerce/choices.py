"""Fixed words of the commerce app."""

from decimal import Decimal

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class OrderStatus(TextChoices):
    PENDING = "pending", _("Pending")
    COMPLETED = "completed", _("Completed")
    CANCELLED = "cancelled", _("Cancelled")
    REFUND = "refund", _("Refund")


class OrderFlag(TextChoices):
    """What is odd about an order that was taken all the same."""

    UNLINKED_REFUND = "unlinked_refund", _("Refund of an unknown order")
    TOTAL_DIFFERS = "total_differs", _("Total is not the sum of the lines")


class DealKind(TextChoices):
    NEW = "new", _("New business")
    EXPANSION = "expansion", _("Expansion")
    RENEWAL = "renewal", _("Renewal")


class DealStage(TextChoices):
    DISCOVERY = "discovery", _("Discovery")
    VALIDATION = "validation", _("Technical validation")
    BUSINESS_CASE = "business_case", _("Business case")
    NEGOTIATION = "negotiation", _("Negotiation")
    CLOSING = "closing", _("Closing")
    WON = "won", _("Closed won")
    LOST = "lost", _("Closed lost")


OPEN_STAGES = tuple(stage for stage in DealStage if stage not in (DealStage.WON, DealStage.LOST))
PROBABILITIES = {
    DealStage.DISCOVERY: 10, DealStage.VALIDATION: 30, DealStage.BUSINESS_CASE: 50, DealStage.NEGOTIATION: 70,
    DealStage.CLOSING: 90, DealStage.WON: 100, DealStage.LOST: 0,
}  # fmt: skip
"""Percent that a deal of the stage is won, unless the business or the deal says otherwise."""


class Interval(TextChoices):
    MONTH = "month", _("Monthly")
    QUARTER = "quarter", _("Quarterly")
    HALF_YEAR = "half_year", _("Every six months")
    YEAR = "year", _("Yearly")


MONTHS = {Interval.MONTH: 1, Interval.QUARTER: 3, Interval.HALF_YEAR: 6, Interval.YEAR: 12}
"""Months of an interval."""


class SubscriptionStatus(TextChoices):
    TRIAL = "trial", _("Trial")
    ACTIVE = "active", _("Active")
    PAUSED = "paused", _("Paused")
    ENDED = "ended", _("Ended")


class SubscriptionEvent(TextChoices):
    STARTED = "started", _("Started")
    CHANGED = "changed", _("Changed")
    PAUSED = "paused", _("Paused")
    RESUMED = "resumed", _("Resumed")
    ENDED = "ended", _("Ended")


class InvoiceStatus(TextChoices):
    DRAFT = "draft", _("Draft")
    OPEN = "open", _("Open")
    PARTIAL = "partial", _("Partly paid")
    PAID = "paid", _("Paid")
    VOID = "void", _("Void")


class PaymentMethod(TextChoices):
    TRANSFER = "transfer", _("Bank transfer")
    CARD = "card", _("Card")
    DIRECT_DEBIT = "direct_debit", _("Direct debit")
    CASH = "cash", _("Cash")
    OTHER = "other", _("Other")


class ArrSource(TextChoices):
    """Where the annual recurring revenue of a customer comes from; empty without any."""

    SUBSCRIPTIONS = "subscriptions", _("Subscriptions and recurring invoices")
    MANUAL = "manual", _("Entered by hand")


class LtvBasis(TextChoices):
    """Which of the three lifetime values is the headline."""

    ORDERS = "orders", _("Orders")
    DEALS = "deals", _("Deals won")
    INVOICES = "invoices", _("Invoices paid")


ZERO = Decimal(0)
