"""The figures and charts of orders show nobody more than their lists do."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from commerce.panels import revenue_figures, revenue_panel
from commerce.queries import revenue_by_month
from crm.actor import Actor
from crm.models import Business, Team
from crm.registry import HomeVisit
from tests.factories import make_customer, make_membership, make_order

AT = datetime(2026, 2, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize("visibility", ["own", "team"])
def test_who_sees_some_customers_sees_the_revenue_of_those(in_scope: Business, visibility: str) -> None:
    team = Team.objects.create(business=in_scope, name="North")
    agent = make_membership(in_scope, "agent", visibility=visibility, team=team)
    mine = make_customer(in_scope, owner=agent.user) if visibility == "own" else make_customer(in_scope, team=team)
    make_order(mine, "10.00")
    make_order(make_customer(in_scope), "90.00")
    actor = Actor.for_user(agent.user)
    months = revenue_by_month(in_scope, actor=actor, today=AT.date(), months=2)
    assert [(month.revenue, month.orders) for month in months] == [(Decimal(10), 1), (0, 0)]
    assert revenue_figures(HomeVisit(actor, in_scope, AT))[0]["value"] == "£10.00"
    panel = revenue_panel(HomeVisit(actor, in_scope, AT))
    assert panel is not None
    assert "£90" not in str(panel[1]["chart"].rows)
    everything = revenue_by_month(in_scope, actor=Actor.system("test"), today=AT.date(), months=2)
    assert everything[0].revenue == 100


def test_months_begin_at_midnight_of_the_business(in_scope: Business) -> None:
    agent = make_membership(in_scope, "agent", visibility="own")
    mine = make_customer(in_scope, owner=agent.user)
    make_order(mine, "1.00", ordered_at=datetime(2026, 6, 30, 23, 30, tzinfo=UTC))  # the first of July in London
    arguments: dict[str, Any] = {"today": datetime(2026, 7, 9, tzinfo=UTC).date(), "months": 2}
    own = revenue_by_month(in_scope, actor=Actor.for_user(agent.user), **arguments)
    assert own == revenue_by_month(in_scope, actor=Actor.system("test"), **arguments)
    assert [month.revenue for month in own] == [0, 1]


def test_a_month_without_one_before_shows_no_change(in_scope: Business) -> None:
    make_order(make_customer(in_scope), "10.00")
    figure = revenue_figures(HomeVisit(Actor.system("test"), in_scope, AT))[0]
    assert (figure["trend"], figure["hint"]) == (None, "")
