"""How the customers of the demo businesses order, computed from what they have bought."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

from commerce import services
from crm.actor import Actor
from crm.demo.plan import DemoPlan


def fill_patterns(plan: DemoPlan) -> None:
    at = datetime.combine(plan.today, time(12), tzinfo=ZoneInfo(plan.business.time_zone))
    services.compute_patterns(actor=Actor.system("Demo data", door="command"), business=plan.business, at=at)
