"""What is found out about a customer: BANT with evidence, technologies, signals, competitors; each with its source and its day."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from crm.actor import Actor
from crm.errors import InvalidInput, NotAllowed, NotFound, StaleVersion, from_integrity_error
from crm.forms import version_of
from crm.models import Activity, Business, Membership
from crm.scope import scope
from customers import services
from customers.models import CompetitorMention, Customer, Qualification, Signal, Technology
from customers.queries.profile import reasons_at_risk
from customers.queries.qualification import signal_entries, verdict_of
from customers.queries.timeline import timeline_for
from customers.services.findings import BANT, NOT_YET, SignalClosed
from customers.services.lifecycle import CustomerArchived
from tests.factories import make_customer, make_membership

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
TODAY = date(2026, 5, 1)
SYSTEM = Actor.system("test")


@pytest.fixture
def customer(in_scope: Business) -> Customer:
    return make_customer(in_scope, kind="company")


def assess(customer: Customer, **data: Any) -> Qualification:
    return services.assess_customer(actor=SYSTEM, customer=customer, at=AT, **data)


def signal(customer: Customer, **data: Any) -> Signal:
    given = {"kind": "risk", "text": "The champion leaves", "source": "Call", **data}
    return services.add_signal(actor=SYSTEM, customer=customer, at=AT, **given)


def technology(customer: Customer, **data: Any) -> Technology:
    return services.add_technology(actor=SYSTEM, customer=customer, at=AT, **{"name": "SAP", "source": "Call", **data})


def competitor(customer: Customer, **data: Any) -> CompetitorMention:
    given = {"name": "Initech", "source": "Call", **data}
    return services.add_competitor(actor=SYSTEM, customer=customer, at=AT, **given)


def test_an_assessment_says_who_when_and_why(customer: Customer, owner: Membership) -> None:
    actor = Actor.for_user(owner.user)
    found = services.assess_customer(
        actor=actor,
        customer=customer,
        at=AT,
        budget=2,
        budget_evidence="  Named a sum ",
        need=3,
        need_evidence="Told us",
    )
    found.refresh_from_db()
    assert (found.budget, found.budget_evidence, found.bant_score) == (2, "Named a sum", 5)
    assert (found.assessed_by, found.assessed_at) == (owner.user, AT)
    deed = Activity.objects.latest("id")
    assert (deed.verb, deed.about) == ("customers.qualification.assessed", customer.pk)
    assert deed.detail.changes["budget"] == [0, 2]
    assess(customer, budget=2)
    assert Activity.objects.latest("id") == deed


@pytest.mark.parametrize("part", BANT)
def test_a_level_needs_evidence(customer: Customer, part: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        assess(customer, **{part: 1, f"{part}_evidence": "  "})
    assert set(refused.value.errors) == {f"{part}_evidence"}
    assess(customer, **{part: 0, f"{part}_evidence": "Asked; they don't know"})
    found = assess(customer, **{part: 3, f"{part}_evidence": "Seen"})
    with pytest.raises(InvalidInput):
        assess(customer, **{f"{part}_evidence": ""})
    assert found.bant_score == 3


@pytest.mark.parametrize(
    "data",
    [
        {"budget": 4, "budget_evidence": "x"},
        {"budget": -1},
        {"budget": "a"},
        {"budget_evidence": "x" * 501},
        {"assessed_at": AT},
    ],
)
def test_what_no_assessment_is(customer: Customer, data: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as refused:
        assess(customer, **data)
    assert set(refused.value.errors) <= set(data)
    assert not Qualification.objects.exists()


@pytest.mark.parametrize(
    ("levels", "verdict"),
    [((0, 0, 0, 0), "unknown"), ((1, 0, 0, 0), "early"), ((2, 2, 0, 0), "early"), ((2, 2, 1, 0), "promising"), ((3, 3, 2, 0), "promising"),
     ((3, 3, 3, 0), "promising"), ((3, 3, 2, 1), "qualified"), ((2, 2, 2, 2), "promising"), ((3, 3, 3, 3), "qualified")],
)  # fmt: skip
def test_what_the_levels_come_to(levels: tuple[int, ...], verdict: str) -> None:
    assert verdict_of(Qualification(**dict(zip(BANT, levels, strict=True)))) == verdict


def test_two_who_assess_at_once_don_t_overwrite_each_other(customer: Customer) -> None:
    assess(customer, budget=1, budget_evidence="A", version=NOT_YET)
    with pytest.raises(StaleVersion):
        assess(customer, need=1, need_evidence="B", version=NOT_YET)
    seen = version_of(Qualification.objects.get())
    assess(customer, need=1, need_evidence="B", version=seen)
    with pytest.raises(StaleVersion):
        assess(customer, need=2, version=seen)


def test_days_are_today_unless_said_otherwise(customer: Customer) -> None:
    found = technology(customer, name=" SAP ", category="Business software")
    assert (found.name, found.first_seen_on, found.last_seen_on) == ("SAP", TODAY, TODAY)
    earlier = technology(customer, name="Excel", first_seen_on=date(2026, 1, 1))
    assert (earlier.first_seen_on, earlier.last_seen_on) == (date(2026, 1, 1), TODAY)
    gone = technology(customer, name="Lotus", last_seen_on=date(2020, 1, 1))
    assert (gone.first_seen_on, gone.last_seen_on) == (date(2020, 1, 1), date(2020, 1, 1))
    assert (signal(customer).seen_on, competitor(customer).seen_on) == (TODAY, TODAY)


def test_a_technology_stands_once(customer: Customer) -> None:
    technology(customer)
    with pytest.raises(IntegrityError) as fault, transaction.atomic():
        technology(customer, name="sap")
    refusal = from_integrity_error(fault.value)
    assert refusal is not None
    assert (refusal.field, refusal.code) == ("name", "duplicate")


@pytest.mark.parametrize(
    ("add", "data", "field"),
    [
        (technology, {"name": ""}, "name"),
        (technology, {"name": "x" * 81}, "name"),
        (technology, {"source": ""}, "source"),
        (technology, {"last_seen_on": TODAY + timedelta(1)}, "last_seen_on"),
        (technology, {"first_seen_on": TODAY + timedelta(1)}, "first_seen_on"),
        (technology, {"first_seen_on": date(1899, 12, 31)}, "first_seen_on"),
        (technology, {"first_seen_on": TODAY, "last_seen_on": TODAY - timedelta(1)}, "last_seen_on"),
        (technology, {"created_at": AT}, "created_at"),
        (signal, {"kind": "rumor"}, "kind"),
        (signal, {"text": " "}, "text"),
        (signal, {"source": ""}, "source"),
        (signal, {"strength": 0}, "strength"),
        (signal, {"strength": 6}, "strength"),
        (signal, {"seen_on": TODAY + timedelta(1)}, "seen_on"),
        (signal, {"closed_on": TODAY + timedelta(1)}, "closed_on"),
        (signal, {"closed_on": TODAY - timedelta(1)}, "closed_on"),
        (competitor, {"name": ""}, "name"),
        (competitor, {"standing": "hated"}, "standing"),
        (competitor, {"note": "x" * 301}, "note"),
        (competitor, {"seen_on": TODAY + timedelta(1)}, "seen_on"),
    ],
)
def test_what_can_not_be_accepted_is_named(customer: Customer, add: Any, data: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        add(customer, **data)
    assert field in refused.value.errors
    assert not any(model.objects.exists() for model in (Technology, Signal, CompetitorMention))


def test_findings_are_changed_and_removed_and_the_trail_keeps_them(customer: Customer) -> None:
    mine = technology(customer)
    services.update_technology(actor=SYSTEM, technology=mine, at=AT, category="ERP")
    services.update_technology(actor=SYSTEM, technology=mine, at=AT, category="ERP")
    services.remove_technology(actor=SYSTEM, technology=mine)
    rival = competitor(customer)
    services.update_competitor(actor=SYSTEM, competitor=rival, at=AT, standing="incumbent", note="Until June")
    services.remove_competitor(actor=SYSTEM, competitor=rival)
    seen = signal(customer)
    services.update_signal(actor=SYSTEM, signal=seen, at=AT, strength=5)
    services.close_signal(actor=SYSTEM, signal=seen, at=AT)
    services.remove_signal(actor=SYSTEM, signal=seen)
    verbs = Activity.objects.filter(about=customer.pk).order_by("id").values_list("verb", flat=True)
    assert [verb.removeprefix("customers.") for verb in verbs][1:] == [
        "technology.created", "technology.updated", "technology.deleted", "competitor.created", "competitor.updated",
        "competitor.deleted", "signal.created", "signal.updated", "signal.closed", "signal.deleted",
    ]  # fmt: skip
    assert Activity.objects.latest("id").detail.changes["text"] == ["The champion leaves", None]
    with pytest.raises(NotFound):
        services.update_signal(actor=SYSTEM, signal=seen, at=AT, strength=1)


def test_a_signal_is_closed_once_and_not_before_it_was_seen(customer: Customer) -> None:
    seen = signal(customer, seen_on=date(2026, 4, 20))
    for day in (date(2026, 4, 19), date(2026, 5, 2)):
        with pytest.raises(InvalidInput) as refused:
            services.close_signal(actor=SYSTEM, signal=seen, at=AT, on=day)
        assert set(refused.value.errors) == {"on"}
    services.close_signal(actor=SYSTEM, signal=seen, at=AT, on=date(2026, 4, 20))
    with pytest.raises(SignalClosed):
        services.close_signal(actor=SYSTEM, signal=seen, at=AT)
    services.update_signal(actor=SYSTEM, signal=seen, at=AT, closed_on=None)
    seen.refresh_from_db()
    assert seen.closed_on is None


def test_open_risk_signals_put_a_customer_at_risk(customer: Customer) -> None:
    signal(customer, kind="buying", text="Wants more")
    assert reasons_at_risk(SYSTEM, customer, AT) == []
    seen = signal(customer)
    assert any("The champion leaves" in reason for reason in reasons_at_risk(SYSTEM, customer, AT))
    services.close_signal(actor=SYSTEM, signal=seen, at=AT)
    assert reasons_at_risk(SYSTEM, customer, AT) == []


def test_an_older_version_is_refused(customer: Customer) -> None:
    mine, seen, rival = technology(customer), signal(customer), competitor(customer)
    for deed in (
        lambda: services.update_technology(
            actor=SYSTEM, technology=mine, at=AT, category="x", version="2026-01-01T00:00:00+00:00"
        ),
        lambda: services.remove_technology(actor=SYSTEM, technology=mine, version="2026-01-01T00:00:00+00:00"),
        lambda: services.update_signal(
            actor=SYSTEM, signal=seen, at=AT, strength=1, version="2026-01-01T00:00:00+00:00"
        ),
        lambda: services.close_signal(actor=SYSTEM, signal=seen, at=AT, version="2026-01-01T00:00:00+00:00"),
        lambda: services.update_competitor(
            actor=SYSTEM, competitor=rival, at=AT, note="x", version="2026-01-01T00:00:00+00:00"
        ),
    ):
        with pytest.raises(StaleVersion):
            deed()


def test_nothing_is_noted_of_an_archived_customer(customer: Customer) -> None:
    mine = technology(customer)
    services.archive_customer(actor=SYSTEM, customer=customer, at=AT)
    for deed in (
        lambda: signal(customer),
        lambda: competitor(customer),
        lambda: assess(customer, need=1, need_evidence="x"),
        lambda: services.remove_technology(actor=SYSTEM, technology=mine),
    ):
        with pytest.raises(CustomerArchived):
            deed()


@pytest.mark.parametrize("role", ["compliance", "analyst"])
def test_who_may_not_change_customers_notes_nothing(customer: Customer, role: str) -> None:
    actor = Actor.for_user(make_membership(customer.business, role).user)
    mine, seen = technology(customer), signal(customer)
    for deed in (
        lambda: services.assess_customer(actor=actor, customer=customer, at=AT, need=1, need_evidence="x"),
        lambda: services.add_signal(actor=actor, customer=customer, at=AT, kind="risk", text="x", source="x"),
        lambda: services.close_signal(actor=actor, signal=seen, at=AT),
        lambda: services.update_technology(actor=actor, technology=mine, at=AT, name="x"),
        lambda: services.add_competitor(actor=actor, customer=customer, at=AT, name="x", source="x"),
    ):
        with pytest.raises(NotAllowed):
            deed()


def test_signals_of_another_business_are_out_of_reach(customer: Customer, other_business: Business) -> None:
    with scope(other_business):
        foreign = signal(make_customer(other_business))
    with pytest.raises(NotFound):
        services.update_signal(actor=SYSTEM, signal=foreign, at=AT, strength=1)


def test_the_timeline_tells_of_signals_page_by_page(customer: Customer) -> None:
    days = [TODAY, TODAY, TODAY - timedelta(1), TODAY - timedelta(40), TODAY - timedelta(1)]
    for number, day in enumerate(days):
        signal(customer, text=f"Signal {number}", seen_on=day)
    whole = [entry.text for entry in signal_entries(SYSTEM, [customer.pk], None, 10)]
    assert whole == ["Signal 1", "Signal 0", "Signal 4", "Signal 2", "Signal 3"]
    read, cursor = [], ""
    while True:
        page, cursor = timeline_for(SYSTEM, [customer], cursor=cursor, limit=2, sources=["signals"])
        read += [happening.entry.text for happening in page]
        if not cursor:
            break
    assert read == whole


def test_the_timeline_says_that_a_signal_is_over(customer: Customer) -> None:
    services.close_signal(actor=SYSTEM, signal=signal(customer), at=AT)
    (entry,) = signal_entries(SYSTEM, [customer.pk], None, 10)
    assert entry.text == "The champion leaves (no longer true since 2026-05-01)"
    assert (entry.title, entry.by) == ("Risk signal", "Call")
