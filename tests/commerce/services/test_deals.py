"""Deeds on deals: what they write, what follows from them, and what they refuse."""

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction

from commerce import services
from commerce.choices import DealStage
from commerce.models import Opportunity, OpportunityStageChange
from commerce.queries import DEAL_FACTS
from crm import clock
from crm.actor import Actor
from crm.errors import DomainError, InvalidInput, NotAllowed, NotFound, StaleVersion
from crm.forms import version_of
from crm.models import Activity, ActivityDetail, Business, ExchangeRate, Membership
from crm.registry import ROLES
from crm.scope import scope
from customers.models import Customer, CustomerFacts, LifecycleChange
from tests.factories import make_business, make_contact, make_customer, make_deal, make_membership, make_user

AT = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
SYSTEM = Actor.system("test")


def _create(business: Business, **data: Any) -> Opportunity:
    values = {"name": "Spring", "amount": Decimal("1000")}
    return services.create_deal(actor=SYSTEM, business=business, at=AT, **values | data)[0]


def _move(deal: Opportunity, stage: str, *, at: datetime = AT, **data: Any) -> Opportunity:
    return services.move_deal(actor=SYSTEM, deal=deal, stage=stage, at=at, **data)


def _facts(customer: Customer) -> tuple[Any, ...]:
    facts = CustomerFacts.objects.get(customer=customer)
    return facts.deals_won, facts.ltv_deals, facts.average_deal_size, facts.open_deal_value


def test_a_new_deal_has_its_first_step_and_counts(in_scope: Business) -> None:
    customer = make_customer(in_scope)
    deal = _create(in_scope, customer=customer, expected_close_on=date(2026, 6, 1))
    assert (deal.stage, deal.probability, deal.opened_on, deal.currency) == ("discovery", 10, date(2026, 5, 4), "GBP")
    step = OpportunityStageChange.objects.get()
    assert (step.before, step.after, step.days, step.at, step.actor_label) == ("", "discovery", None, AT, "test")
    assert _facts(customer) == (0, 0, None, 1000)
    activity = Activity.objects.get(verb="commerce.deal.created")
    assert (activity.about, activity.subject_id) == (customer.pk, str(deal.pk))


def test_moving_writes_the_days_in_the_stage_before(in_scope: Business) -> None:
    deal = _create(in_scope)
    _move(deal, "validation", at=AT + timedelta(days=3, hours=12))
    deal = _move(deal, "negotiation", at=AT + timedelta(days=10), probability=75)
    steps = list(OpportunityStageChange.objects.order_by("id").values_list("before", "after", "days"))
    assert steps == [
        ("", "discovery", None), ("discovery", "validation", Decimal("3.50")), ("validation", "negotiation", Decimal("6.50")),
    ]  # fmt: skip
    assert (deal.probability, deal.stage_since, deal.closed_at) == (75, AT + timedelta(days=10), None)
    assert (
        list(Activity.objects.filter(verb="commerce.deal.moved").values_list("subject_id", flat=True))
        == [str(deal.pk)] * 2
    )


def test_a_won_deal_counts_and_an_opened_one_no_longer(in_scope: Business) -> None:
    customer = make_customer(in_scope)
    deal = _create(in_scope, customer=customer)
    other = _create(in_scope, customer=customer, amount=Decimal("500"))
    deal = _move(deal, "won", at=AT + timedelta(days=1))
    assert (deal.closed_at, deal.probability) == (AT + timedelta(days=1), 100)
    assert _facts(customer) == (1, 1000, 1000, 500)
    _move(other, "won", amount=Decimal("700"))
    assert _facts(customer) == (2, 1700, 850, 0)
    deal = _move(deal, "closing", at=AT + timedelta(days=2))
    assert (deal.closed_at, deal.probability) == (None, 90)
    assert _facts(customer) == (1, 700, 700, 1000)
    assert Activity.objects.filter(verb="commerce.deal.reopened").count() == 1
    assert DEAL_FACTS().broken == 0


def test_a_lost_deal_needs_a_reason_and_a_won_one_an_amount(in_scope: Business) -> None:
    deal = _create(in_scope, amount=None)
    with pytest.raises(InvalidInput) as refusal:
        _move(deal, "lost", reason="  ")
    assert list(refusal.value.errors) == ["reason"]
    with pytest.raises(InvalidInput) as refusal:
        _move(deal, "won")
    assert list(refusal.value.errors) == ["amount"]
    lost = _move(deal, "lost", reason="Too dear")
    assert (lost.lost_reason, lost.probability) == ("Too dear", 0)
    assert OpportunityStageChange.objects.latest("id").reason == "Too dear"
    back = _move(deal, "discovery")
    assert back.lost_reason == ""


def test_moving_to_where_it_stands_is_refused(in_scope: Business) -> None:
    deal = _create(in_scope)
    with pytest.raises(services.DealUnchanged):
        _move(deal, "discovery")
    with pytest.raises(InvalidInput) as refusal:
        _move(deal, "somewhere")
    assert list(refusal.value.errors) == ["stage"]
    assert OpportunityStageChange.objects.count() == 1


def test_putting_off_is_counted(in_scope: Business) -> None:
    deal = _create(in_scope, expected_close_on=date(2026, 6, 1))
    for day in (date(2026, 7, 1), date(2026, 6, 15), date(2026, 8, 1), date(2026, 8, 1)):
        deal = services.update_deal(actor=SYSTEM, deal=deal, at=AT, expected_close_on=day)
    assert deal.push_count == 2
    assert Activity.objects.filter(verb="commerce.deal.updated").count() == 3


def test_a_deal_that_changes_hands_counts_with_the_other_customer(in_scope: Business) -> None:
    first, second = make_customer(in_scope), make_customer(in_scope)
    deal = _create(in_scope, customer=first)
    services.update_deal(actor=SYSTEM, deal=deal, at=AT, customer=second)
    assert (_facts(first)[3], _facts(second)[3]) == (0, 1000)
    services.update_deal(actor=SYSTEM, deal=deal, at=AT, customer=None)
    assert (_facts(first)[3], _facts(second)[3]) == (0, 0)


def test_other_currencies_are_converted_at_the_dated_rate(in_scope: Business) -> None:
    with pytest.raises(InvalidInput) as refusal:
        _create(in_scope, currency="EUR")
    assert "exchange rate" in refusal.value.errors["currency"][0]
    with pytest.raises(InvalidInput) as refusal:
        _create(in_scope, currency="XXX")
    assert list(refusal.value.errors) == ["currency"]
    for day, rate in ((date(2026, 5, 1), "0.8"), (date(2026, 6, 1), "0.9")):
        ExchangeRate.objects.create(business=in_scope, currency="EUR", valid_on=day, rate=Decimal(rate))
    customer = make_customer(in_scope)
    deal = _create(in_scope, currency="eur", amount=Decimal("99.999"), customer=customer)
    assert (deal.currency, deal.amount, deal.amount_base) == ("EUR", Decimal("100.00"), Decimal("80.00"))
    deal = _move(deal, "won", at=datetime(2026, 6, 2, tzinfo=UTC))
    assert (deal.amount_base, _facts(customer)[1]) == (Decimal("90.00"), 90)
    deal = _move(deal, "closing", at=datetime(2026, 6, 3, tzinfo=UTC))
    assert deal.amount_base == Decimal("80.00")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", Decimal("-1")), ("amount", Decimal(10) ** 12), ("probability", 101), ("probability", -1), ("stage", "nowhere"),
        ("kind", "gift"), ("name", ""), ("name", "x" * 201), ("opened_on", date(2026, 5, 5)), ("opened_on", date(1800, 1, 1)),
        ("expected_close_on", date(2300, 1, 1)), ("lost_reason", "why"), ("closed_at", AT),
    ],
)  # fmt: skip
def test_what_can_not_be_is_refused_at_its_field(in_scope: Business, field: str, value: Any) -> None:
    with pytest.raises(InvalidInput) as refusal:
        _create(in_scope, **{field: value})
    assert field in refusal.value.errors
    assert not Opportunity.objects.exists()
    with pytest.raises(InvalidInput):
        _create(in_scope, colour="red")


def test_people_of_a_deal_belong_to_it(in_scope: Business) -> None:
    company, other = make_customer(in_scope, kind="company"), make_customer(in_scope, kind="company")
    contact = make_contact(other)
    stranger = make_user()
    for data, field in (
        ({"customer": company, "contact": contact}, "contact"), ({"contact": contact}, "contact"), ({"owner": stranger}, "owner"),
    ):  # fmt: skip
        with pytest.raises(InvalidInput) as refusal:
            _create(in_scope, **data)
        assert list(refusal.value.errors) == [field]
    member = make_membership(in_scope, "agent")
    deal = _create(in_scope, customer=other, contact=contact, owner=member.user)
    with pytest.raises(InvalidInput) as refusal:
        services.update_deal(actor=SYSTEM, deal=deal, at=AT, customer=company)
    assert list(refusal.value.errors) == ["contact"]
    Membership.objects.filter(pk=member.pk).update(is_active=False)
    assert services.update_deal(actor=SYSTEM, deal=deal, at=AT, name="Autumn").owner_id == member.user_id


@pytest.mark.parametrize("before", ["onboarding", "active", "churn_risk"])
def test_winning_an_expansion_moves_the_customer(in_scope: Business, actor: Actor, before: str) -> None:
    customer = make_customer(in_scope, lifecycle_stage=before, acquired_on=date(2026, 1, 1))
    deal = _create(in_scope, customer=customer, kind="expansion", name="More seats")
    deal = services.move_deal(actor=actor, deal=deal, stage="won", at=clock.now())
    customer.refresh_from_db()
    assert customer.lifecycle_stage == "expansion"
    change = LifecycleChange.objects.filter(customer=customer).latest("id")
    assert (change.stage, change.effective_at, change.actor_label) == ("expansion", deal.closed_at, actor.label)
    assert "More seats" in change.reason
    assert Activity.objects.filter(verb="customers.lifecycle.changed", actor_id=actor.id).count() == 1


@pytest.mark.parametrize(
    ("before", "kind"),
    [("prospect", "expansion"), ("churned", "expansion"), ("expansion", "expansion"), ("active", "new")],
)
def test_other_wins_leave_the_stage(in_scope: Business, before: str, kind: str) -> None:
    customer = make_customer(in_scope, lifecycle_stage=before, acquired_on=date(2026, 1, 1))
    _move(_create(in_scope, customer=customer, kind=kind), "won", at=clock.now())
    customer.refresh_from_db()
    assert customer.lifecycle_stage == before
    assert not Activity.objects.filter(verb="customers.lifecycle.changed").exists()


def test_a_win_of_long_ago_does_not_overtake_a_later_stage(in_scope: Business) -> None:
    customer = make_customer(in_scope, lifecycle_stage="active", acquired_on=date(2026, 3, 1))
    won = datetime(2026, 2, 1, 12, tzinfo=UTC)
    deal = _create(
        in_scope, customer=customer, kind="expansion", stage="won", closed_at=won, opened_on=date(2026, 1, 10)
    )
    assert (deal.closed_at, deal.stage_since, deal.probability) == (won, won, 100)
    customer.refresh_from_db()
    assert customer.lifecycle_stage == "active"


def test_the_same_deal_again_is_the_one_that_is_there(in_scope: Business) -> None:
    data = {"source": "crm", "external_id": "D-1", "amount": Decimal("10")}
    deal = _create(in_scope, **data)
    again, created = services.create_deal(actor=SYSTEM, business=in_scope, at=AT, name="Spring", **data)
    assert (again.pk, created, Opportunity.objects.count()) == (deal.pk, False, 1)
    with pytest.raises(services.DealDiffers) as refusal:
        _create(in_scope, **data | {"amount": Decimal("11")})
    assert refusal.value.details["differences"] == {"amount": (Decimal("10.0000"), Decimal("11.00"))}
    _create(in_scope, **data | {"source": "other"})


def test_a_stale_version_is_refused(in_scope: Business) -> None:
    deal = _create(in_scope)
    seen = version_of(deal)
    services.update_deal(actor=SYSTEM, deal=deal, at=AT, version=seen, name="Summer")
    for deed in (
        lambda: services.update_deal(actor=SYSTEM, deal=deal, at=AT, version=seen, name="Autumn"),
        lambda: _move(deal, "closing", version=seen),
        lambda: services.delete_deal(actor=SYSTEM, deal=deal, version=seen),
    ):
        with pytest.raises(StaleVersion):
            deed()


def test_deleting_takes_it_out_of_the_figures(in_scope: Business) -> None:
    customer = make_customer(in_scope)
    deal = _move(_create(in_scope, customer=customer), "won")
    services.delete_deal(actor=SYSTEM, deal=deal)
    assert _facts(customer) == (0, 0, None, 0)
    assert not OpportunityStageChange.objects.exists()
    assert Activity.objects.filter(verb="commerce.deal.deleted").count() == 1
    with pytest.raises(NotFound):
        services.delete_deal(actor=SYSTEM, deal=deal)


@pytest.mark.parametrize("role", ROLES)
def test_rights(in_scope: Business, members: dict[str, Membership], role: str) -> None:
    deal, who = _create(in_scope), Actor.for_user(members[role].user)
    may_sell, may_delete = (
        role in ("owner", "manager", "agent", "marketing", "integration"),
        role in ("owner", "manager"),
    )
    deeds: list[tuple[bool, Callable[[], object]]] = [
        (may_sell, lambda: services.create_deal(actor=who, business=in_scope, at=AT, name="x")),
        (may_sell, lambda: services.update_deal(actor=who, deal=deal, at=AT, name="x")),
        (may_sell, lambda: services.move_deal(actor=who, deal=deal, at=AT, stage="closing")),
        (may_delete, lambda: services.delete_deal(actor=who, deal=deal)),
    ]
    for may, deed in deeds:
        if may:
            deed()
        else:
            with pytest.raises(NotAllowed):
                deed()


def test_the_business_sets_how_likely_its_stages_are(in_scope: Business) -> None:
    in_scope.settings = {"deals": {"probability_closing": 66}}
    in_scope.save()
    deal = _move(_create(in_scope), "closing")
    assert deal.probability == 66
    assert _move(deal, "won").probability == 100


def test_the_trail_says_what_was_moved(in_scope: Business) -> None:
    deal = _move(_create(in_scope), "lost", reason="Too dear")
    detail = ActivityDetail.objects.get(activity__verb="commerce.deal.lost")
    assert detail.changes["stage"] == ["discovery", "lost"]
    assert (detail.payload["deal"], detail.payload["reason"]) == (deal.name, "Too dear")


def _at_once(business: Business, *deeds: Callable[[], object]) -> list[BaseException]:
    faults: list[BaseException] = []
    ready = threading.Barrier(len(deeds))

    def run(deed: Callable[[], object]) -> None:
        try:
            with scope(business), transaction.atomic():
                ready.wait(20)
                deed()
        except BaseException as fault:
            faults.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return faults


@pytest.mark.django_db(transaction=True)
def test_two_moves_at_once_are_one_step() -> None:
    business = make_business()
    customer = make_customer(business, lifecycle_stage="active", acquired_on=date(2026, 1, 1))
    deal = make_deal(customer, kind="expansion")

    def win() -> None:
        _move(deal, "won", at=clock.now())

    faults = _at_once(business, win, win)
    assert [type(fault) for fault in faults] == [services.DealUnchanged]
    with scope(business):
        assert OpportunityStageChange.objects.filter(after=DealStage.WON).count() == 1
        assert LifecycleChange.objects.filter(stage="expansion").count() == 1
        assert _facts(customer)[:2] == (1, 1000)


@pytest.mark.django_db(transaction=True)
def test_two_deals_of_a_customer_won_at_once_both_count() -> None:
    business = make_business()
    customer = make_customer(business, lifecycle_stage="active", acquired_on=date(2026, 1, 1))
    deals = [make_deal(customer, kind="expansion") for _number in range(2)]
    faults = _at_once(business, *(lambda deal=deal: _move(deal, "won", at=clock.now()) for deal in deals))
    assert faults == []
    with scope(business):
        assert _facts(customer)[:2] == (2, 2000)
        assert LifecycleChange.objects.filter(stage="expansion").count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_new_deal_twice_at_once_is_one() -> None:
    business = make_business()

    def create() -> None:
        services.create_deal(actor=SYSTEM, business=business, at=AT, name="Spring", source="crm", external_id="D-1")

    faults = [fault for fault in _at_once(business, create, create) if not isinstance(fault, DomainError)]
    assert faults == []
    with scope(business):
        assert Opportunity.objects.count() == 1
