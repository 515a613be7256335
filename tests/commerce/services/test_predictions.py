"""Predicted values: fitted to a business's orders, tested on what was held out, stored for every live customer with an order."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from commerce import services
from commerce.clv import Reason
from commerce.models import LifetimeValueEstimate, Order, ValueModel
from commerce.services.predictions import ValueSettings
from crm.actor import Actor
from crm.errors import NotAllowed
from crm.models import Activity, Business, Job
from customers.models import Customer
from tests.factories import make_customer, make_membership, make_order

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def _shop(business: Business, count: int) -> list[Customer]:
    """Customers drawn as the model assumes: some stop soon, those who go on order every now and then."""
    draw = np.random.default_rng(7)
    customers: list[Customer] = Customer.objects.bulk_create(
        [
            Customer(business=business, kind="person", display_name=f"C{n}", lifecycle_stage="active")
            for n in range(count)
        ]
    )
    orders: list[Order] = []
    for customer in customers:
        rate, drop, worth = draw.gamma(0.6, 1 / 40), draw.beta(0.8, 2.5), draw.gamma(4, 12)
        day = draw.uniform(0, 200)
        while day < 700:
            money = round(Decimal(draw.gamma(6, worth / 6)) + 1, 2)
            orders.append(
                Order(
                    business=business, customer=customer, number=f"N{len(orders)}", currency="GBP", total=money, total_base=money,
                    ordered_at=AT - timedelta(days=701) + timedelta(days=float(day)),
                )
            )  # fmt: skip
            if draw.random() < drop:
                break
            day += draw.exponential(1 / rate)
    Order.objects.bulk_create(orders)
    services.refresh_order_facts()
    return customers


def test_every_live_customer_with_an_order_gets_an_estimate(in_scope: Business, system: Actor) -> None:
    customers = _shop(in_scope, 700)
    make_customer(in_scope)
    model = services.predict_values(actor=system, business=in_scope, at=AT)
    assert model is not None
    assert (model.version, model.customer_count, model.fit["orders"], model.fit["value"]) == (
        1,
        700,
        "bg_nbd",
        "gamma_gamma",
    )
    assert model.parameters["orders"]["parameters"].keys() == {"r", "alpha", "a", "b"}
    estimates = list(LifetimeValueEstimate.objects.all())
    assert {estimate.pk for estimate in estimates} == {customer.pk for customer in customers}
    for estimate in estimates:
        assert 0 <= estimate.low <= estimate.high
        assert estimate.alive is not None
        assert 0 <= estimate.alive <= 1
    assert Activity.objects.get(verb="commerce.values.predicted").counts == {"customers": 700}


def test_the_back_test_holds_the_last_third_out(in_scope: Business, system: Actor) -> None:
    _shop(in_scope, 700)
    model = services.predict_values(actor=system, business=in_scope, at=AT)
    assert model is not None
    tested = model.backtest
    assert 200 <= tested["days"] <= 234
    split = AT.date() - timedelta(days=1 + tested["days"])
    later = Order.objects.filter(ordered_at__date__gt=split, ordered_at__date__lt=AT.date())
    known = set(Order.objects.filter(ordered_at__date__lte=split).values_list("customer_id", flat=True))
    days = {(pk, at.date()) for pk, at in later.values_list("customer_id", "ordered_at") if pk in known}
    assert tested["orders"]["actual"] == len(days)
    assert tested["customers"] == len(known)
    assert tested["beats_baseline"] is True


def test_a_new_reckoning_takes_the_place_of_the_last(in_scope: Business, system: Actor) -> None:
    customer = make_customer(in_scope)
    make_order(customer, ordered_at=AT - timedelta(days=90))
    first = services.predict_values(actor=system, business=in_scope, at=AT)
    assert first is not None
    assert LifetimeValueEstimate.objects.get().alive is None
    assert Reason.TOO_FEW_CUSTOMERS in first.fit["reasons"]
    Order.objects.all().delete()
    gone, new = customer, make_customer(in_scope)
    make_order(new, ordered_at=AT - timedelta(days=30))
    second = services.predict_values(actor=system, business=in_scope, at=AT)
    assert second is not None
    assert second.version == 2
    assert LifetimeValueEstimate.objects.get().pk == new.pk
    assert not LifetimeValueEstimate.objects.filter(pk=gone.pk).exists()


def test_refunds_are_taken_off_and_orders_of_today_wait(in_scope: Business, system: Actor) -> None:
    customer = make_customer(in_scope)
    order = make_order(customer, "100.00", ordered_at=AT - timedelta(days=90))
    make_order(customer, "-40.00", ordered_at=AT - timedelta(days=80), refund_of=order)
    make_order(customer, "900.00", ordered_at=AT)
    services.predict_values(actor=system, business=in_scope, at=AT)
    estimate = LifetimeValueEstimate.objects.get()
    settings = ValueSettings.of(in_scope)
    weights = [(1 + settings.discount_a_month) ** -month for month in range(1, 13)]
    expected = 60 * estimate.orders * sum(weights) / 12
    assert float(estimate.predicted) == pytest.approx(expected, rel=1e-3)


def test_without_orders_there_is_nothing_to_fit(in_scope: Business, system: Actor) -> None:
    make_customer(in_scope)
    assert services.predict_values(actor=system, business=in_scope, at=AT) is None
    assert not ValueModel.objects.exists()


def test_a_reckoning_is_asked_for_once_by_those_who_may(in_scope: Business, actor: Actor) -> None:
    assert services.ask_for_prediction(actor=actor, business=in_scope) is not None
    assert services.ask_for_prediction(actor=actor, business=in_scope) is None
    assert Job.objects.filter(task="commerce.tasks.predict_values").count() == 1
    with pytest.raises(NotAllowed):
        services.ask_for_prediction(actor=Actor.for_user(make_membership(in_scope, "agent").user), business=in_scope)


def test_the_page_and_the_api_show_the_model_and_its_test(browser: Any, in_scope: Business, system: Actor) -> None:
    assert "Nothing was reckoned yet" in browser.get("/reports/value").content.decode()
    customers = _shop(in_scope, 150)
    services.predict_values(actor=system, business=in_scope, at=AT)
    page = browser.get("/reports/value").content.decode()
    for words in ("Back-test", "Expected to bring most", "Version 1"):
        assert words in page
    profile = browser.get(f"/customers/{customers[0].pk}/commerce").content.decode()
    assert "Predicted value" in profile
    asked = browser.post("/reports/value/predict")
    assert asked.status_code == 302
    assert Job.objects.filter(task="commerce.tasks.predict_values").exists()
