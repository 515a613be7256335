"""The groundwork at a company: six steps from a first profile to a relationship that is kept up, told from what is stored."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from customers.models import CompetitorMention, Contact, Customer, IcpCriterion, Note, Signal, Technology
from customers.queries.contacts import untouched_after_days

FILLED_PERCENT = 60
"""From how much of the profile on its step counts as done."""
MAPPED = 2
"""How many contacts with role, influence and sentiment make a map."""


@dataclass(frozen=True)
class Step:
    """One step: whether it is done, why it is said so, and the page on which it is done."""

    key: str
    label: str
    is_done: bool
    words: str
    url_name: str


def groundwork_of(customer: Customer, percent: int, at: datetime) -> list[Step]:
    """The six steps at a company that was read `with_groundwork`; `percent` is how much of its profile is filled in."""
    row: Any = customer
    score = row.facts.icp_score
    has_engagement = bool(row.owner_id and row.has_primary)
    since = at - timedelta(days=untouched_after_days(customer.business))
    latest = max((moment for moment in (row.touched_at, row.noted_at) if moment), default=None)
    is_kept_up = latest is not None and latest >= since
    days = (at - since).days
    return [
        Step(
            "profile", _("Fill in the profile"), percent >= FILLED_PERCENT,
            _("%(percent)d %% of the profile is filled in; %(enough)d %% are enough.") % {"percent": percent, "enough": FILLED_PERCENT},
            "customers:customer_update",
        ),
        Step(
            "research", _("Research the company"), row.is_researched,
            _("A technology, a signal or a competitor is noted.") if row.is_researched
            else _("Note a technology, a signal or a competitor, with where you know it from."),
            "customers:customer_qualification",
        ),
        Step(
            "stakeholders", _("Map the stakeholders"), row.mapped >= MAPPED,
            _("%(count)d contacts have a role, influence and sentiment; %(enough)d make a map.")
            % {"count": row.mapped, "enough": MAPPED},
            "customers:customer_contacts",
        ),
        Step(
            "fit", _("Score the fit"), score is not None,
            _("The fit with the ideal customer is %(score)d of 100.") % {"score": score}
            if score is not None
            else _("The company is scored at the next change.") if row.has_criteria
            else _("Say first what makes a company fit: settings, Ideal customer."),
            "customers:customer_qualification",
        ),
        Step(
            "engagement", _("Plan who speaks to whom"), has_engagement,
            _("The company has an owner and a first person to speak to.") if has_engagement
            else _("Name an owner, and mark the contact who is the first person to speak to."),
            "customers:customer_contacts",
        ),
        Step(
            "interactions", _("Keep track of talks"), is_kept_up,
            _("Somebody was spoken to or a note was written in the last %(days)d days.") % {"days": days} if is_kept_up
            else _("Nobody was spoken to and nothing noted in the last %(days)d days.") % {"days": days},
            "customers:customer_notes",
        ),
    ]  # fmt: skip


def with_groundwork(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Customers with what the steps are told from, read in the same query."""
    contacts = Contact.objects.live().filter(customer=OuterRef("pk"))
    mapped = contacts.exclude(role="").filter(influence__isnull=False, sentiment__isnull=False)
    found = [Exists(model.objects.filter(customer=OuterRef("pk"))) for model in (Technology, Signal, CompetitorMention)]
    notes = Note.objects.filter(customer=OuterRef("pk"), removed_at__isnull=True).order_by("-created_at")
    told: QuerySet[Any] = rows.select_related("facts").annotate(
        is_researched=Q(found[0]) | Q(found[1]) | Q(found[2]),
        mapped=Coalesce(_of_all(mapped, Count("pk")), 0),
        has_primary=Exists(contacts.filter(is_primary=True)),
        touched_at=_of_all(contacts, Max("last_touched_at")),
        noted_at=Subquery(notes.values("created_at")[:1]),
        has_criteria=Exists(IcpCriterion.objects.filter(business=OuterRef("business"))),
    )
    return told


def _of_all(rows: QuerySet[Any], aggregate: Any) -> Subquery:
    return Subquery(rows.order_by().values("customer").annotate(found=aggregate).values("found"))
