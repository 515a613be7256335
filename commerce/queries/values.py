"""Questions about predicted value."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Sum
from django.utils.translation import gettext as _

from commerce.models import LifetimeValueEstimate, ValueModel
from crm.actor import Actor
from crm.integrity import by_sql
from customers.models import Customer


@dataclass(frozen=True)
class Expected:
    """What the customers that an actor sees are expected to bring together: their number, money in the reporting currency, orders."""

    customers: int
    predicted: Decimal
    orders: float


def latest_model() -> ValueModel | None:
    """The model by which the open business's estimates were made; None before the first prediction."""
    found: ValueModel | None = ValueModel.objects.order_by("-version").first()
    return found


def estimate_of(customer: Customer) -> LifetimeValueEstimate | None:
    """The customer's estimate with its model; None for who has never ordered, or before the first prediction."""
    found: LifetimeValueEstimate | None = (
        LifetimeValueEstimate.objects.select_related("model").filter(customer=customer).first()
    )
    return found


def expected_of_all(actor: Actor) -> Expected:
    """Of the live customers that the actor may see."""
    rows = LifetimeValueEstimate.objects.filter(customer__in=Customer.objects.live().visible_to(actor))
    found = rows.aggregate(customers=Count("pk"), predicted=Sum("predicted"), orders=Sum("orders"))
    return Expected(found["customers"], found["predicted"] or Decimal(0), found["orders"] or 0.0)


def most_expected_of(actor: Actor, limit: int = 20) -> list[LifetimeValueEstimate]:
    """The estimates of those who are expected to bring most, the greatest first."""
    visible = Customer.objects.live().visible_to(actor)
    rows = LifetimeValueEstimate.objects.filter(customer__in=visible).order_by("-predicted", "pk")
    return list(rows.select_related("customer")[:limit])


def words_for(reason: str) -> str:
    """Why a fitted model is not used, in words."""
    return str(
        {
            "too_few_customers": _("There are fewer than 100 customers with an order."),
            "too_few_repeat_customers": _("Fewer than 30 customers have ordered again."),
            "history_too_short": _("The orders reach back less than a quarter of the time ahead."),
            "not_converged": _("No parameters were found that fit the orders best."),
            "rate_not_identified": _("The orders don't tell how often customers buy."),
            "dropout_not_identified": _("The orders don't tell when customers stop buying."),
            "too_few_values": _("Fewer than 30 customers have ordered again for money."),
            "value_not_converged": _("No parameters were found that fit the values of orders best."),
            "value_not_identified": _("The orders don't tell how their values differ between customers."),
            "value_without_mean": _("Values of orders differ too much for an average to exist."),
            "value_depends_on_frequency": _("Who orders more often spends otherwise, which the model rules out."),
        }.get(reason, reason)
    )


def method_words(model: ValueModel) -> str:
    """How the estimates were made, in a sentence."""
    fit: dict[str, Any] = model.fit
    if fit.get("orders") != "bg_nbd":
        return _(
            "The simpler estimate: the rate of orders of the last 365 days goes on, each worth the customer's average so far."
        )
    if fit.get("value") != "gamma_gamma":
        return _("The number of orders by the BG/NBD model, each worth the customer's average so far.")
    return _("The number of orders by the BG/NBD model, the worth of each by the Gamma-Gamma model.")


ESTIMATES = by_sql(
    "commerce_lifetimevalueestimate",
    broken="""
    select 'The estimate of customer ' || e.customer_id || ' is not of the latest model of its business.'
    from commerce_lifetimevalueestimate e
    left join (select distinct on (business_id) business_id, id from commerce_valuemodel order by business_id, version desc) m
    on m.business_id = e.business_id
    where m.id is distinct from e.model_id
    """,
)
"""That all estimates of a business are of one model, its latest."""
