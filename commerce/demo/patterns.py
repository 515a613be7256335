"""What the orders of the demo businesses say: how customers order, what they buy together, what they may bring."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

from commerce import services
from crm import clock
from crm.actor import Actor
from crm.demo.plan import DemoPlan


def fill_patterns(plan: DemoPlan) -> None:
    actor, business = Actor.system("Demo data", door="command"), plan.business
    noon = datetime.combine(plan.today, time(12), tzinfo=ZoneInfo(business.time_zone))
    at = min(noon, clock.now())
    services.compute_patterns(actor=actor, business=business, at=at)
    services.compute_cross_sell(actor=actor, business=business, at=at)
    services.predict_values(actor=actor, business=business, at=at)
