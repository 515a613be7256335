"""Entering stages, back-dating, correcting a date, and the first row of everybody's way."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from crm.actor import Actor
from crm.errors import InvalidInput, NotAllowed, NotFound, StaleVersion
from crm.models import Activity, Business
from crm.scope import scope
from customers import services
from customers.choices import SUBSTEPS, LifecycleStage
from customers.models import Customer, CustomerFacts, LifecycleChange
from customers.services.lifecycle import CustomerArchived, OutOfOrder, StageUnchanged
from tests.factories import make_customer, make_membership

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
BEGUN = datetime(2025, 12, 31, 23, tzinfo=UTC)
"""The start of 2026 in the zone of the business of these tests."""


@pytest.fixture
def customer(in_scope: Business) -> Customer:
    """A customer since the first of January 2026, who stands in Active since then."""
    in_scope.time_zone = "Europe/Paris"
    in_scope.save()
    return make_customer(in_scope, acquired_on=date(2026, 1, 1))


def day(month: int, number: int, hour: int = 12) -> datetime:
    return datetime(2026, month, number, hour, tzinfo=UTC)


def enter(system: Actor, customer: Customer, stage: str, effective_at: datetime = AT, **more: Any) -> LifecycleChange:
    return services.change_stage(
        actor=system, customer=customer, stage=stage, effective_at=effective_at, **{"at": AT, **more}
    )


def way(customer: Customer) -> list[tuple[str, datetime]]:
    return list(customer.stage_changes.order_by("effective_at", "id").values_list("stage", "effective_at"))


def standing(customer: Customer) -> tuple[str, str, datetime | None]:
    customer.refresh_from_db()
    assert CustomerFacts.objects.get(pk=customer.pk).lifecycle_stage == customer.lifecycle_stage
    return customer.lifecycle_stage, customer.lifecycle_substep, customer.stage_since


def test_a_way_begins_with_the_day_since_when_somebody_is_a_customer(customer: Customer) -> None:
    services.begin_stages()
    assert way(customer) == [("active", BEGUN)]
    assert standing(customer) == ("active", "", BEGUN)


def test_a_way_begins_when_the_customer_was_added_and_never_later(in_scope: Business) -> None:
    plain = make_customer(in_scope)
    ahead = make_customer(in_scope, acquired_on=date(2199, 1, 1))
    LifecycleChange.objects.all().delete()
    services.begin_stages([plain.pk], at=AT)
    services.begin_stages([ahead.pk])
    assert way(plain) == [("active", AT)]
    assert way(ahead) == [("active", ahead.created_at)]


def test_beginning_twice_changes_nothing_and_unknown_buyers_have_no_way(in_scope: Business) -> None:
    customer, unknown = make_customer(in_scope), make_customer(in_scope)
    LifecycleChange.objects.all().delete()
    Customer.objects.filter(pk=unknown.pk).update(is_unidentified=True)
    services.begin_stages()
    services.begin_stages()
    assert len(way(customer)) == 1
    assert way(unknown) == []


def test_a_stage_is_entered_with_step_date_author_and_reason(customer: Customer, system: Actor) -> None:
    change = enter(
        system, customer, "churn_risk", day(3, 1), substep="root_cause", reason=" Invoices are late. ", trigger="watch"
    )
    assert way(customer) == [("active", BEGUN), ("churn_risk", day(3, 1))]
    assert standing(customer) == ("churn_risk", "root_cause", day(3, 1))
    assert (change.actor_kind, change.actor_label, change.trigger) == ("system", "test", "watch")
    assert change.reason == "Invoices are late."
    activity = Activity.objects.select_related("detail").latest("id")
    assert (activity.verb, activity.about) == ("customers.lifecycle.changed", customer.pk)
    assert activity.detail.payload["from"] == "active"
    assert activity.detail.payload["to"] == "churn_risk"
    assert activity.detail.payload["reason"] == "Invoices are late."
    assert activity.detail.changes["lifecycle_stage"] == ["active", "churn_risk"]


def test_what_no_person_causes_names_its_trigger(customer: Customer, system: Actor, actor: Actor) -> None:
    assert enter(system, customer, "expansion").trigger == "test"
    by_a_person = enter(actor, customer, "churned")
    assert (by_a_person.trigger, by_a_person.actor_kind, by_a_person.actor_label) == ("", "user", actor.label)


def test_a_step_within_the_stage_leaves_since_when_it_is(customer: Customer, system: Actor) -> None:
    enter(system, customer, "churn_risk", day(3, 1), substep="early_warning")
    enter(system, customer, "churn_risk", day(4, 1), substep="recovery_plan")
    assert standing(customer) == ("churn_risk", "recovery_plan", day(3, 1))


@pytest.mark.parametrize("stage", LifecycleStage.values)
def test_each_stage_takes_its_own_steps_only(in_scope: Business, system: Actor, stage: str) -> None:
    own = [step for step, _label in SUBSTEPS[stage]]
    for steps in SUBSTEPS.values():
        for step, _label in steps:
            customer = make_customer(in_scope, acquired_on=date(2026, 1, 1))
            if step in own:
                enter(system, customer, stage, substep=step)
            else:
                with pytest.raises(InvalidInput) as refusal:
                    enter(system, customer, stage, substep=step)
                assert all(name in refusal.value.errors["substep"][0] for name in own)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"stage": "gone"}, "stage"),
        ({"stage": ""}, "stage"),
        ({"effective_at": AT + timedelta(microseconds=1)}, "effective_at"),
        ({"effective_at": datetime(1899, 12, 31, tzinfo=UTC)}, "effective_at"),
        ({"reason": "x" * 501}, "reason"),
        ({"trigger": "x" * 81}, "trigger"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(
    customer: Customer, system: Actor, values: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        enter(system, customer, **{"stage": "expansion", **values})
    assert list(refusal.value.errors) == [field]
    assert len(way(customer)) <= 1


def test_the_present_moment_and_the_first_year_are_allowed(customer: Customer, system: Actor) -> None:
    enter(system, customer, "expansion", AT)
    enter(system, customer, "prospect", datetime(1900, 1, 1, tzinfo=UTC))
    assert [stage for stage, _at in way(customer)] == ["prospect", "active", "expansion"]


def test_what_holds_already_is_refused(customer: Customer, system: Actor) -> None:
    with pytest.raises(StageUnchanged):
        enter(system, customer, "active")
    enter(system, customer, "active", substep="adoption")
    with pytest.raises(StageUnchanged):
        enter(system, customer, "active", substep="adoption")


def test_a_back_dated_change_stands_between_the_others(customer: Customer, system: Actor) -> None:
    enter(system, customer, "expansion", day(4, 1))
    enter(system, customer, "churn_risk", day(2, 1))
    assert way(customer) == [("active", BEGUN), ("churn_risk", day(2, 1)), ("expansion", day(4, 1))]
    assert standing(customer) == ("expansion", "", day(4, 1))
    assert Activity.objects.select_related("detail").latest("id").detail.changes == {}


def test_a_back_dated_change_may_split_a_stay(customer: Customer, system: Actor) -> None:
    enter(system, customer, "active", day(4, 1), substep="success")
    assert standing(customer) == ("active", "success", BEGUN)
    enter(system, customer, "onboarding", day(2, 1))
    assert standing(customer) == ("active", "success", day(4, 1))


def test_what_is_entered_next_anyway_is_refused_with_the_way_out(customer: Customer, system: Actor) -> None:
    enter(system, customer, "expansion", day(4, 1))
    with pytest.raises(StageUnchanged, match=r"Apr 1, 2026.*[Cc]orrect"):
        enter(system, customer, "expansion", day(3, 1))


def test_changes_of_one_moment_follow_each_other_as_they_came(customer: Customer, system: Actor) -> None:
    enter(system, customer, "expansion", day(4, 1))
    enter(system, customer, "churn_risk", day(4, 1))
    assert standing(customer)[0] == "churn_risk"


def test_who_had_left_comes_back_for_a_reason(customer: Customer, system: Actor) -> None:
    enter(system, customer, "churned", day(3, 1))
    for reason in ("", "   "):
        with pytest.raises(InvalidInput) as refusal:
            enter(system, customer, "active", reason=reason)
        assert list(refusal.value.errors) == ["reason"]
    enter(system, customer, "active", reason="Signed again.")
    assert standing(customer)[0] == "active"


def test_leaving_cannot_be_put_before_a_change_without_a_reason(customer: Customer, system: Actor) -> None:
    enter(system, customer, "expansion", day(3, 1))
    enter(system, customer, "churn_risk", day(4, 1), reason="Complained.")
    with pytest.raises(InvalidInput) as refusal:
        enter(system, customer, "churned", day(2, 1))
    assert list(refusal.value.errors) == ["effective_at"]
    enter(system, customer, "churned", day(3, 15))
    assert [stage for stage, _at in way(customer)] == ["active", "expansion", "churned", "churn_risk"]


def test_an_archived_customer_stays_where_it_is(customer: Customer, system: Actor) -> None:
    change = enter(system, customer, "expansion", day(3, 1))
    services.archive_customer(actor=system, customer=customer, at=AT)
    with pytest.raises(CustomerArchived):
        enter(system, customer, "churned")
    with pytest.raises(CustomerArchived):
        services.correct_stage_change(actor=system, customer=customer, change=change, effective_at=day(3, 2), at=AT)


def test_a_stale_version_is_refused(customer: Customer, system: Actor) -> None:
    read = customer.updated_at.isoformat()
    enter(system, customer, "expansion", day(3, 1), version=read)
    with pytest.raises(StaleVersion):
        enter(system, customer, "churned", version=read)


def test_a_role_that_only_reads_is_refused(in_scope: Business, customer: Customer) -> None:
    analyst = Actor.for_user(make_membership(in_scope, "analyst").user)
    with pytest.raises(NotAllowed):
        enter(analyst, customer, "expansion")


def test_a_customer_of_another_business_is_not_there(
    in_scope: Business, other_business: Business, system: Actor
) -> None:
    foreign = make_customer(other_business)
    with pytest.raises(NotFound):
        enter(system, foreign, "expansion")
    mine = make_customer(in_scope, acquired_on=date(2026, 1, 1))
    with scope(other_business):
        theirs = enter(system, foreign, "expansion", foreign.created_at, at=foreign.created_at)
    with pytest.raises(NotFound):
        services.correct_stage_change(actor=system, customer=mine, change=theirs, effective_at=day(2, 1), at=AT)


def test_a_date_is_corrected_between_its_neighbors(customer: Customer, system: Actor) -> None:
    first = enter(system, customer, "churn_risk", day(2, 1), reason="Complained.")
    enter(system, customer, "expansion", day(4, 1))
    corrected = services.correct_stage_change(
        actor=system, customer=customer, change=first, effective_at=day(3, 1), at=AT
    )
    assert corrected.reason == "Complained."
    assert way(customer) == [("active", BEGUN), ("churn_risk", day(3, 1)), ("expansion", day(4, 1))]
    activity = Activity.objects.select_related("detail").latest("id")
    assert activity.verb == "customers.lifecycle.corrected"
    assert list(activity.detail.changes) == ["effective_at"]


def test_a_corrected_date_cannot_pass_its_neighbors(customer: Customer, system: Actor) -> None:
    middle = enter(system, customer, "churn_risk", day(2, 1))
    last = enter(system, customer, "expansion", day(4, 1))
    first = customer.stage_changes.earliest("effective_at", "id")
    beyond = [(middle, day(4, 2)), (middle, BEGUN - timedelta(seconds=1)), (last, day(1, 15)), (first, day(2, 2))]
    for change, to in beyond:
        with pytest.raises(OutOfOrder):
            services.correct_stage_change(actor=system, customer=customer, change=change, effective_at=to, at=AT)
    with pytest.raises(InvalidInput):
        services.correct_stage_change(
            actor=system, customer=customer, change=last, effective_at=AT + timedelta(seconds=1), at=AT
        )
    assert [at for _stage, at in way(customer)] == [BEGUN, day(2, 1), day(4, 1)]


def test_the_last_change_corrected_moves_since_when_the_stage_is(customer: Customer, system: Actor) -> None:
    last = enter(system, customer, "expansion", day(4, 1))
    services.correct_stage_change(actor=system, customer=customer, change=last, effective_at=day(3, 5), at=AT)
    assert standing(customer) == ("expansion", "", day(3, 5))


def test_the_same_date_again_writes_nothing(customer: Customer, system: Actor) -> None:
    last = enter(system, customer, "expansion", day(4, 1))
    before = Activity.objects.count()
    services.correct_stage_change(actor=system, customer=customer, change=last, effective_at=day(4, 1), at=AT)
    assert Activity.objects.count() == before


def test_ways_follow_what_an_import_has_written(in_scope: Business, system: Actor) -> None:
    moved, unmoved, new = (make_customer(in_scope, acquired_on=date(2026, 1, 1)) for _number in range(3))
    LifecycleChange.objects.all().delete()
    services.begin_stages([moved.pk, unmoved.pk])
    Customer.objects.filter(pk__in=[moved.pk, new.pk]).update(lifecycle_stage="churned")
    services.follow_stages([moved.pk, unmoved.pk, new.pk], actor=system, at=AT, reason="As in the file.")
    assert [stage for stage, _at in way(moved)] == ["active", "churned"]
    assert way(moved)[1] == ("churned", AT)
    assert [stage for stage, _at in way(unmoved)] == ["active"]
    assert [stage for stage, _at in way(new)] == ["churned"]
    moved.refresh_from_db()
    assert moved.stage_since == AT
    services.follow_stages([moved.pk, unmoved.pk, new.pk], actor=system, at=AT, reason="As in the file.")
    assert len(way(moved)) == 2


def test_a_refused_change_leaves_nothing(customer: Customer, system: Actor) -> None:
    with pytest.raises(InvalidInput), transaction.atomic():
        enter(system, customer, "churned", reason="x" * 501)
    assert standing(customer)[0] == "active"
