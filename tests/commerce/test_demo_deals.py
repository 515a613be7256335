"""The demo deals: in both businesses, in every stage, with ways that hold together and figures that follow from them."""

from datetime import date

import pytest
from django.db.models import Count, F, Q

from commerce.choices import DealKind, DealStage
from commerce.models import Opportunity, OpportunityStageChange
from commerce.queries import DEAL_FACTS, DEAL_STEPS
from crm.demo import demo_businesses, make_demo
from crm.scope import scope
from customers.models import CustomerFacts

TODAY = date(2026, 11, 21)


@pytest.mark.django_db
def test_demo_deals_are_plausible() -> None:
    make_demo(customers=400, seed=1, today=TODAY)
    for business in demo_businesses():
        with scope(business):
            deals = Opportunity.objects.all()
            counts = dict(deals.order_by().values_list("stage").annotate(n=Count("pk")))
            assert counts.keys() >= {DealStage.WON, DealStage.LOST}, business
            assert sum(n for stage, n in counts.items() if stage not in (DealStage.WON, DealStage.LOST)) > 0
            assert set(deals.values_list("kind", flat=True)) == set(DealKind.values)
            wrong = (
                Q(closed_at__date__lt=F("opened_on"))
                | Q(opened_on__gt=TODAY)
                | Q(closed_at__date__gt=TODAY)
                | Q(customer=None)
            )
            assert not deals.filter(wrong).exists()
            assert not deals.filter(stage="won", amount=None).exists()
            assert not deals.filter(stage="lost", lost_reason="").exists()
            assert not OpportunityStageChange.objects.filter(days__lt=0).exists()
            assert OpportunityStageChange.objects.filter(before="").count() == deals.count()
            assert CustomerFacts.objects.filter(deals_won__gt=0, ltv_deals__gt=0).exists()
    assert (DEAL_FACTS().broken, DEAL_STEPS().broken) == (0, 0)
