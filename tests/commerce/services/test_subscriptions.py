"""Deeds on subscriptions: the ledger that they write, the figures that follow, and what they refuse."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from commerce import services
from commerce.models import Subscription, SubscriptionChange
from crm import clock
from crm.actor import Actor
from crm.errors import InvalidInput, NotAllowed, StaleVersion
from crm.forms import version_of
from crm.models import Activity, Business, ExchangeRate, Job
from crm.registry import ROLES
from crm.services import update_business
from customers import services as customer_services
from customers.models import Customer, CustomerFacts
from tests.factories import make_customer, make_deal, make_invoice, make_membership, make_order, make_subscription

SYSTEM = Actor.system("test")
NOW = clock.now()


def _facts(customer: Customer) -> tuple[Any, ...]:
    facts = CustomerFacts.objects.get(customer=customer)
    return facts.mrr, facts.arr, facts.arr_source


def _ledger(subscription: Subscription) -> list[tuple[Any, ...]]:
    rows = SubscriptionChange.objects.filter(subscription=subscription).order_by("on", "id")
    return list(rows.values_list("event", "on", "mrr_before", "mrr_after"))


def _day(days: int = 0) -> date:
    return clock.today("Europe/London", NOW) + timedelta(days=days)


def test_a_new_subscription_counts_with_its_amount_per_month(in_scope: Business) -> None:
    customer = make_customer(in_scope)
    subscription = make_subscription(customer, amount=Decimal("1000"), interval="year", started_on=_day(-40), seats=3)
    assert (subscription.mrr, subscription.status, subscription.currency) == (Decimal("83.3333"), "active", "GBP")
    assert _ledger(subscription) == [("started", _day(-40), 0, Decimal("83.3333"))]
    assert _facts(customer) == (Decimal("83.3333"), Decimal("999.9996"), "subscriptions")
    activity = Activity.objects.get(verb="commerce.subscription.started")
    assert (activity.about, activity.subject_id) == (customer.pk, str(subscription.pk))
    assert (subscription.renews_on or _day()) > _day()


def test_a_change_stands_in_the_ledger_and_in_the_figures(in_scope: Business) -> None:
    customer = make_customer(in_scope)
    subscription = make_subscription(customer, started_on=_day(-100), seats=5)
    subscription = services.change_subscription(
        actor=SYSTEM,
        subscription=subscription,
        at=NOW,
        on=_day(-10),
        amount=Decimal("150"),
        seats=8,
        reason="more people",
    )
    assert _ledger(subscription)[-1] == ("changed", _day(-10), 100, 150)
    line = SubscriptionChange.objects.latest("id")
    assert (line.seats_before, line.seats_after, line.reason) == (5, 8, "more people")
    assert _facts(customer)[0] == 150
    again = services.change_subscription(actor=SYSTEM, subscription=subscription, at=NOW, amount=Decimal("150"))
    assert len(_ledger(again)) == 2
    services.change_subscription(actor=SYSTEM, subscription=subscription, at=NOW, auto_renews=False)
    assert len(_ledger(subscription)) == 2
    with pytest.raises(InvalidInput) as refusal:
        services.change_subscription(actor=SYSTEM, subscription=subscription, at=NOW, on=_day(-50), seats=1)
    assert set(refusal.value.errors) == {"on"}
    with pytest.raises(InvalidInput):
        services.change_subscription(actor=SYSTEM, subscription=subscription, at=NOW, on=_day(5), seats=1)


def test_pause_resume_and_a_trial_that_is_paid_for(in_scope: Business) -> None:
    customer = make_customer(in_scope)
    trial = make_subscription(customer, status="trial", started_on=_day(-30))
    assert _facts(customer) == (None, None, "")
    assert _ledger(trial) == [("started", _day(-30), 0, 0)]
    with pytest.raises(InvalidInput):
        services.pause_subscription(actor=SYSTEM, subscription=trial, at=NOW)
    paid = services.resume_subscription(actor=SYSTEM, subscription=trial, at=NOW, on=_day(-16))
    assert _facts(customer)[0] == 100
    services.pause_subscription(actor=SYSTEM, subscription=paid, at=NOW, on=_day(-8))
    assert _facts(customer) == (None, None, "")
    with pytest.raises(services.SubscriptionUnchanged):
        services.pause_subscription(actor=SYSTEM, subscription=paid, at=NOW)
    services.resume_subscription(actor=SYSTEM, subscription=paid, at=NOW)
    with pytest.raises(services.SubscriptionUnchanged):
        services.resume_subscription(actor=SYSTEM, subscription=paid, at=NOW)
    assert [(event, before, after) for event, _on, before, after in _ledger(paid)] == [
        ("started", 0, 0), ("changed", 0, 100), ("paused", 100, 0), ("resumed", 0, 100),
    ]  # fmt: skip
    assert _facts(customer)[1] == 1200


def test_cancelled_now_and_reopened(in_scope: Business) -> None:
    customer = make_customer(in_scope)
    subscription = make_subscription(customer, started_on=_day(-60))
    ended = services.cancel_subscription(actor=SYSTEM, subscription=subscription, at=NOW, reason="too dear")
    assert (ended.status, ended.ended_on, ended.cancelled_on, ended.cancel_reason) == (
        "ended",
        _day(),
        _day(),
        "too dear",
    )
    assert _facts(customer) == (None, None, "")
    assert _ledger(ended)[-1] == ("ended", _day(), 100, 0)
    for deed in (services.cancel_subscription, services.pause_subscription, services.resume_subscription):
        with pytest.raises((services.SubscriptionUnchanged, services.SubscriptionEnded)):
            deed(actor=SYSTEM, subscription=ended, at=NOW)
    with pytest.raises(services.SubscriptionEnded):
        services.change_subscription(actor=SYSTEM, subscription=ended, at=NOW, seats=2)
    back = services.reopen_subscription(actor=SYSTEM, subscription=ended, at=NOW)
    assert (back.status, back.ended_on, back.cancelled_on) == ("active", None, None)
    assert _ledger(back)[-1] == ("resumed", _day(), 0, 100)
    assert _facts(customer)[0] == 100
    with pytest.raises(services.SubscriptionUnchanged):
        services.reopen_subscription(actor=SYSTEM, subscription=back, at=NOW)


def test_cancelled_at_renewal_it_ends_with_the_day(in_scope: Business) -> None:
    customer = make_customer(in_scope)
    subscription = make_subscription(customer, started_on=_day(-10), renews_on=_day(20))
    services.slide_windows(actor=SYSTEM, business=in_scope, day=_day())
    planned = services.cancel_subscription(actor=SYSTEM, subscription=subscription, at=NOW, at_renewal=True)
    assert (planned.status, planned.ended_on) == ("active", _day(20))
    assert len(_ledger(planned)) == 1
    assert _facts(customer)[0] == 100
    assert services.reopen_subscription(actor=SYSTEM, subscription=planned, at=NOW).ended_on is None
    assert len(_ledger(planned)) == 1
    services.cancel_subscription(actor=SYSTEM, subscription=planned, at=NOW, ended_on=_day(5))
    services.slide_windows(actor=SYSTEM, business=in_scope, day=_day(5))
    planned.refresh_from_db()
    assert planned.status == "ended"
    assert _ledger(planned)[-1] == ("ended", _day(5), 100, 0)
    assert _facts(customer) == (None, None, "")


def test_what_renews_by_itself_renews_with_the_day(in_scope: Business) -> None:
    subscription = make_subscription(
        make_customer(in_scope), started_on=date(2024, 1, 31), renews_on=date(2024, 2, 29), interval="quarter"
    )
    other = make_subscription(
        make_customer(in_scope), started_on=date(2024, 1, 31), renews_on=date(2024, 2, 29), auto_renews=False
    )
    services.settle_subscriptions(actor=SYSTEM, business=in_scope, day=date(2024, 8, 30))
    subscription.refresh_from_db()
    other.refresh_from_db()
    assert (subscription.renews_on, other.renews_on) == (date(2024, 11, 29), date(2024, 2, 29))
    assert services.next_renewal(date(2024, 1, 31), "month", date(2024, 1, 31)) == date(2024, 2, 29)
    assert services.next_renewal(date(2024, 1, 31), "month", date(2024, 2, 29)) == date(2024, 3, 31)


def test_another_currency_counts_at_the_rate_of_the_day(in_scope: Business) -> None:
    customer = make_customer(in_scope)
    ExchangeRate.objects.create(business=in_scope, currency="EUR", valid_on="2026-01-01", rate="0.8")
    ExchangeRate.objects.create(business=in_scope, currency="EUR", valid_on="2026-03-01", rate="0.9")
    subscription = make_subscription(
        customer, currency="eur", amount=Decimal("100"), interval="quarter", started_on=date(2026, 2, 1)
    )
    assert (subscription.currency, subscription.mrr) == ("EUR", Decimal("26.6667"))
    with pytest.raises(InvalidInput) as refusal:
        make_subscription(customer, currency="USD", started_on=date(2026, 2, 1))
    assert set(refusal.value.errors) == {"currency"}


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"plan": " "}, "plan"),
        ({"amount": None}, "amount"), ({"amount": Decimal("-1")}, "amount"), ({"amount": Decimal(10) ** 12}, "amount"),
        ({"currency": "XXX"}, "currency"), ({"interval": "week"}, "interval"), ({"status": "paused"}, "status"),
        ({"customer": None}, "customer"), ({"started_on": date(1800, 1, 1)}, "started_on"),
        ({"renews_on": date(2020, 1, 1), "started_on": date(2021, 1, 1)}, "renews_on"), ({"color": "red"}, "color"),
        ({"seats": -1}, "seats"),
    ],
)  # fmt: skip
def test_what_no_subscription_can_be(in_scope: Business, data: dict[str, Any], field: str) -> None:
    values = {"customer": make_customer(in_scope), "plan": "Pro", "amount": Decimal(5)}
    with pytest.raises(InvalidInput) as refusal:
        services.start_subscription(actor=SYSTEM, business=in_scope, at=NOW, **values | data)
    assert set(refusal.value.errors) == {field}
    assert not Subscription.objects.exists()


def test_the_same_external_id_is_the_same_subscription(in_scope: Business) -> None:
    values = {
        "customer": make_customer(in_scope),
        "plan": "Pro",
        "amount": Decimal("5.00"),
        "source": "app",
        "external_id": "7",
    }
    first, created = services.start_subscription(actor=SYSTEM, business=in_scope, at=NOW, **values)
    again, created_again = services.start_subscription(actor=SYSTEM, business=in_scope, at=NOW, **values)
    assert (first.pk, created, created_again) == (again.pk, True, False)
    with pytest.raises(services.SubscriptionDiffers) as refusal:
        services.start_subscription(
            actor=SYSTEM, business=in_scope, at=NOW, **values | {"amount": Decimal(6), "seats": 2}
        )
    assert set(refusal.value.details["differences"]) == {"amount", "seats"}
    assert len(_ledger(first)) == 1
    agent = Actor.for_user(make_membership(in_scope, "agent", visibility="own").user)
    with pytest.raises(services.SubscriptionDiffers) as refusal:
        services.start_subscription(actor=agent, business=in_scope, at=NOW, **values)
    assert refusal.value.details == {}


def test_rights_and_versions(in_scope: Business) -> None:
    subscription = make_subscription(make_customer(in_scope))
    allowed: set[str] = set()
    for role in ROLES:
        if role == "integration":
            continue
        actor = Actor.for_user(make_membership(in_scope, role).user)
        try:
            services.change_subscription(actor=actor, subscription=subscription, at=NOW, seats=len(allowed) + 1)
            allowed.add(role)
        except NotAllowed:
            pass
    assert allowed == {"owner", "manager", "agent"}
    version = version_of(Subscription.objects.get())
    services.change_subscription(actor=SYSTEM, subscription=subscription, at=NOW, seats=99, version=version)
    with pytest.raises(StaleVersion):
        services.change_subscription(actor=SYSTEM, subscription=subscription, at=NOW, seats=100, version=version)


def test_revenue_that_was_entered_by_hand_counts_until_a_subscription_does(in_scope: Business) -> None:
    customer = make_customer(in_scope, arr_manual=Decimal(1200))
    assert _facts(customer) == (100, 1200, "manual")
    customer_services.update_customer(actor=SYSTEM, customer=customer, at=NOW, arr_manual=Decimal(2400))
    assert _facts(customer) == (200, 2400, "manual")
    subscription = make_subscription(customer, amount=Decimal("10"))
    assert _facts(customer) == (10, 120, "subscriptions")
    services.cancel_subscription(actor=SYSTEM, subscription=subscription, at=NOW)
    assert _facts(customer) == (200, 2400, "manual")


def test_deals_won_are_the_lifetime_value_and_recurring_invoices_the_arr(in_scope: Business) -> None:
    """200,000 of deals won and 150,000 of invoices a year: lifetime value 200,000, annual recurring revenue 150,000."""
    in_scope.settings = {"commerce": {"ltv_basis": "deals"}}
    in_scope.save()
    customer = make_customer(in_scope)
    make_deal(customer, stage="won", amount=Decimal("200000"))
    make_invoice(customer, amount=Decimal("150000"), recurs="year")
    make_order(customer, "50.00")
    facts = CustomerFacts.objects.get(customer=customer)
    assert (facts.lifetime_value, facts.ltv_deals, facts.arr) == (200_000, 200_000, 150_000)
    assert (facts.total_spent, facts.ltv_invoiced, facts.last_invoice_amount) == (50, 0, 150_000)


def test_another_headline_is_set_by_a_job(in_scope: Business) -> None:
    customer = make_customer(in_scope)
    make_order(customer, "50.00")
    make_deal(customer, stage="won", amount=Decimal("700"))

    update_business(actor=SYSTEM, business=in_scope, settings={"commerce": {"ltv_basis": "deals"}})
    assert Job.objects.filter(task="commerce.tasks.rebuild_headlines").count() == 1
    assert CustomerFacts.objects.get(customer=customer).lifetime_value == 50
    services.refresh_headlines()
    assert CustomerFacts.objects.get(customer=customer).lifetime_value == 700
    update_business(actor=SYSTEM, business=in_scope, name="Another name")
    assert Job.objects.filter(task="commerce.tasks.rebuild_headlines").count() == 1


def test_a_start_that_is_to_come_counts_with_its_day(in_scope: Business) -> None:
    customer = make_customer(in_scope)
    services.slide_windows(actor=SYSTEM, business=in_scope, day=_day())
    make_subscription(customer, started_on=_day(3))
    assert _facts(customer)[0] is None
    services.slide_windows(actor=SYSTEM, business=in_scope, day=_day(3))
    assert _facts(customer)[0] == 100


def test_entered_at_a_moment_it_starts_on_the_day_of_the_business(in_scope: Business) -> None:
    at = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)
    assert make_subscription(make_customer(in_scope), at=at).started_on == date(2026, 7, 1)
