"""What a profile tells of a customer beside its fields: tags, signs of risk, what is missing, whether anybody has looked after it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.db.models.functions import JSONObject, Lower
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.actor import Actor
from customers.choices import Kind, LifecycleStage, SignalKind
from customers.models import Customer, CustomerTag, CustomField, Note, Signal, Tag
from customers.registry import RiskReason, risk_reasons

_MOST = 100
UNTOUCHED = timedelta(days=180)
"""After which time without a change, a note, a new stage or an order a profile counts as stale."""

ASKED: dict[str, tuple[str, ...]] = {
    Kind.PERSON: (
        "first_name", "last_name", "email", "phone", "street", "postal_code", "city", "country", "owner", "acquired_on",
        "acquisition_source",
    ),
    Kind.COMPANY: (
        "legal_name", "email", "phone", "website", "street", "city", "country", "industry", "size", "employee_count",
        "annual_revenue", "owner", "contract_start_on", "renewal_on", "acquisition_source",
    ),
}  # fmt: skip
"""What a complete profile holds, beside the custom fields that the business requires."""


@dataclass(frozen=True)
class Completeness:
    """How much of a profile is filled in, 0–100, the fields that are missing (those of the business as `custom_values.<key>`), and how
    many count."""

    percent: int
    missing: tuple[str, ...]
    total: int


def completeness_of(customer: Customer, custom_fields: list[CustomField]) -> Completeness:
    """`custom_fields` are those of the business; the required ones that this kind is asked for count."""
    required = [field.key for field in custom_fields if field.is_required and field.kind in ("", customer.kind)]
    asked = ASKED[customer.kind]
    missing = [name for name in asked if _column(customer, name) in ("", None)]
    missing += [f"custom_values.{key}" for key in required if customer.custom_values.get(key) in ("", None, [])]
    total = len(asked) + len(required)
    return Completeness(100 * (total - len(missing)) // total, tuple(missing), total)


def _column(customer: Customer, name: str) -> Any:
    column: Any = Customer._meta.get_field(name)
    return getattr(customer, column.attname)


def with_head(rows: Any) -> Any:
    """Customers with what every tab of the profile shows of other tables, read in the same query: tags and open signals of risk."""
    links = CustomerTag.objects.filter(customer=OuterRef("pk")).order_by(Lower("tag__name"))
    tags = links.values(chip=JSONObject(id="tag__id", name="tag__name", color="tag__color"))
    return rows.annotate(
        tag_rows=ArraySubquery(tags), open_risks=ArraySubquery(_risks(OuterRef("pk")).values("text")[:_MOST])
    )


def tags_of(customer: Customer) -> list[Tag]:
    """The tags on the customer, by name; no query for one that was read `with_head`."""
    rows = getattr(customer, "tag_rows", None)
    if rows is not None:
        return [Tag(**row) for row in rows]
    links = CustomerTag.objects.filter(customer=customer).select_related("tag").order_by(Lower("tag__name"))
    return [link.tag for link in links]


def _risks(customer: Any) -> Any:
    rows = Signal.objects.filter(customer=customer, kind=SignalKind.RISK, closed_on__isnull=True)
    return rows.order_by("-seen_on", "-id")


def reasons_at_risk(actor: Actor, customer: Customer, at: datetime) -> list[str]:
    """The signs that are true of the customer now, in words."""
    return [words for _reason, words in risks_of(actor, customer, at)]


def risks_of(actor: Actor, customer: Customer, at: datetime) -> list[tuple[RiskReason, str]]:
    """The same, each with the plug that has found it."""
    found = ((reason, reason.find(actor, customer, at)) for reason in risk_reasons)
    return [(reason, words) for reason, words in found if words]


def stage_risk(actor: Actor, customer: Customer, at: datetime) -> str:
    """The sign that staff have seen: the stage."""
    return _("The stage is Churn risk.") if customer.lifecycle_stage == LifecycleStage.CHURN_RISK else ""


def signal_risk(actor: Actor, customer: Customer, at: datetime) -> str:
    """The open signals of risk: how many, and the latest in its words."""
    texts = getattr(customer, "open_risks", None)
    if texts is None:
        texts = list(_risks(customer).values_list("text", flat=True)[:_MOST])
    if not texts:
        return ""
    words = ngettext(
        "A risk signal is open: %(text)s", "%(count)d risk signals are open, the latest: %(text)s", len(texts)
    )
    return words % {"count": len(texts), "text": texts[0]}


def untouched_since(customer: Customer, at: datetime) -> datetime | None:
    """Since when nothing has happened at the customer, if that is long ago: no change, note, new stage or order in 180 days."""
    moments = [customer.updated_at, customer.stage_since, customer.facts.last_order_at]
    latest: datetime = max(moment for moment in moments if moment is not None)
    if at - latest < UNTOUCHED:
        return None
    noted = Note.objects.filter(customer=customer, removed_at__isnull=True).order_by("-created_at", "-id")
    written = noted.values_list("created_at", flat=True).first()
    latest = max(latest, written) if written else latest
    return None if at - latest < UNTOUCHED else latest
