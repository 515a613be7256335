"""What awaits somebody at the customers that are theirs: those at risk, renewals, opportunities, contacts to speak to, latest changes."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from crm import clock
from crm.actor import Actor
from crm.models import Business
from customers.choices import LifecycleStage, SignalKind
from customers.models import Contact, Customer, Signal
from customers.queries.contacts import untouched_after_days

MOST = 8
"""How many of each are shown."""
RENEWAL_DAYS = 60
CHANGED_DAYS = 7
OPPORTUNITIES = (SignalKind.BUYING, SignalKind.EXPANSION)


def own_customers(actor: Actor) -> QuerySet[Any]:
    """The live customers that the person looks after."""
    rows: QuerySet[Any] = Customer.objects.live().visible_to(actor).filter(owner_id=actor.eyes)
    return rows


def own_at_risk(actor: Actor) -> list[Customer]:
    """Those in stage Churn risk or with an open signal of risk, whoever has spent most first."""
    risks = Signal.objects.filter(customer=OuterRef("pk"), kind=SignalKind.RISK, closed_on__isnull=True)
    rows = (
        own_customers(actor)
        .filter(Q(lifecycle_stage=LifecycleStage.CHURN_RISK) | Exists(risks))
        .select_related("facts", "business")
    )
    shown = rows.annotate(open_risks=ArraySubquery(risks.order_by("-seen_on", "-id").values("text")))
    return list(shown.order_by("-facts__total_spent", "pk")[:MOST])


def own_renewals(actor: Actor, business: Business, at: datetime) -> list[Customer]:
    """Those whose contract is renewed or ends in the next 60 days, by the day (`due_on`); one that has left is not waited for."""
    today = clock.today(business.time_zone, at)
    rows = own_customers(actor).annotate(due_on=Coalesce("renewal_on", "contract_end_on"))
    due = rows.filter(due_on__range=(today, today + timedelta(days=RENEWAL_DAYS)))
    return list(due.exclude(lifecycle_stage=LifecycleStage.CHURNED).order_by("due_on", "pk")[:MOST])


def own_opportunities(actor: Actor) -> list[Signal]:
    """Open signals of buying and of more business, the strongest and latest first."""
    rows = Signal.objects.filter(customer__in=own_customers(actor), kind__in=OPPORTUNITIES, closed_on__isnull=True)
    return list(rows.select_related("customer").order_by("-strength", "-seen_on", "-pk")[:MOST])


def own_untouched_contacts(actor: Actor, business: Business, at: datetime) -> list[Contact]:
    """Contacts of one's companies whom nobody has spoken to for as long as the business says, the most influential first."""
    before = at - timedelta(days=untouched_after_days(business))
    rows = Contact.objects.live().filter(customer__in=own_customers(actor))
    untouched = rows.filter(Q(last_touched_at__isnull=True) | Q(last_touched_at__lt=before)).select_related("customer")
    return list(
        untouched.order_by(
            F("influence").desc(nulls_last=True), F("last_touched_at").asc(nulls_first=True), "sort_name", "pk"
        )[:MOST]
    )


def own_changed(actor: Actor, at: datetime) -> list[Customer]:
    """Those whose profile was changed in the last 7 days, the latest first."""
    rows = own_customers(actor).filter(updated_at__gte=at - timedelta(days=CHANGED_DAYS))
    return list(rows.order_by("-updated_at", "pk")[:MOST])
