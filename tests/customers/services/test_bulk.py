"""Changing many customers at once: what is done to whom, what is left alone and why, and taking it back."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils.http import urlencode

from crm import clock, work
from crm.actor import Actor
from crm.errors import InvalidInput, NotAllowed
from crm.models import Activity, Business, Job, Membership
from crm.models.business import Team
from crm.scope import scope
from customers import services
from customers.choices import BulkResult, BulkState
from customers.models import BulkChange, BulkRun, Customer, CustomerTag, CustomField, LifecycleChange, Tag
from customers.queries.bulk import preview, rows_for
from customers.registry import bulk_actions
from customers.services.bulk import AlreadyUndone, IsAnUndo, NotFinished
from tests.factories import make_customer, make_membership


def ask(member: Membership, action: str, values: dict[str, Any], *customers: Customer, query: str = "") -> BulkRun:
    return services.start_bulk_run(
        actor=Actor.for_user(member.user), business=member.business, action=action, values=values, query=query,
        customer_ids=[customer.pk for customer in customers], requested_by=member.user,
    )  # fmt: skip


def done(run: BulkRun) -> BulkRun:
    work.run(str(run.job_id))
    found: BulkRun = BulkRun.objects.get(pk=run.pk)
    return found


def do(member: Membership, action: str, values: dict[str, Any], *customers: Customer, query: str = "") -> BulkRun:
    return done(ask(member, action, values, *customers, query=query))


def undo(member: Membership, run: BulkRun) -> BulkRun:
    return done(services.undo_bulk_run(actor=Actor.for_user(member.user), run=run, requested_by=member.user))


def results(run: BulkRun) -> dict[UUID, str]:
    return dict(BulkChange.objects.filter(run=run).values_list("customer_id", "result"))


@pytest.fixture
def tag(in_scope: Business) -> Tag:
    made: Tag = Tag.objects.create(business=in_scope, name="VIP")
    return made


def tagged(tag: Tag) -> set[UUID]:
    return set(CustomerTag.objects.filter(tag=tag).values_list("customer_id", flat=True))


def test_a_tag_is_put_on_picked_customers_with_a_line_each_and_one_activity(
    in_scope: Business, owner: Membership, tag: Tag
) -> None:
    first, second, other = (make_customer(in_scope) for _ in range(3))
    had = make_customer(in_scope)
    CustomerTag.objects.create(business=in_scope, customer=had, tag=tag)
    run = do(owner, "tag", {"tags": [str(tag.pk)]}, first, second, had)
    assert tagged(tag) == {first.pk, second.pk, had.pk}
    assert (run.state, run.total, run.counts) == (BulkState.DONE, 3, {"changed": 2, "unchanged": 1})
    assert results(run) == {first.pk: BulkResult.CHANGED, second.pk: BulkResult.CHANGED}
    line = BulkChange.objects.get(customer=first)
    assert (line.before, line.after) == ({"tags": []}, {"tags": [str(tag.pk)]})
    deed = Activity.objects.get(verb="customers.bulk.changed")
    assert (deed.counts, deed.batch, deed.actor_id) == (
        {"customers": 3, "changed": 2, "unchanged": 1},
        run.pk,
        str(owner.user.pk),
    )
    assert other.pk not in tagged(tag)


def test_undo_restores_what_was_before_and_reports_who_was_changed_since(
    in_scope: Business, owner: Membership, tag: Tag
) -> None:
    first, second, had = (make_customer(in_scope) for _ in range(3))
    CustomerTag.objects.create(business=in_scope, customer=had, tag=tag)
    run = do(owner, "tag", {"tags": [str(tag.pk)]}, first, second, had)
    CustomerTag.objects.filter(customer=second).delete()
    back = undo(owner, run)
    assert tagged(tag) == {had.pk}
    assert results(back) == {first.pk: BulkResult.UNDONE, second.pk: BulkResult.CONFLICT}
    assert back.counts == {"undone": 1, "conflict": 1}
    assert Activity.objects.filter(verb="customers.bulk.undone").count() == 1
    with pytest.raises(AlreadyUndone):
        undo(owner, run)
    with pytest.raises(IsAnUndo):
        undo(owner, back)


def test_a_run_that_waits_cant_be_taken_back(in_scope: Business, owner: Membership, tag: Tag) -> None:
    run = ask(owner, "tag", {"tags": [str(tag.pk)]}, make_customer(in_scope))
    with pytest.raises(NotFinished):
        undo(owner, run)


def test_tags_are_taken_away_and_come_back(in_scope: Business, owner: Membership, tag: Tag) -> None:
    customer = make_customer(in_scope)
    CustomerTag.objects.create(business=in_scope, customer=customer, tag=tag)
    run = do(owner, "untag", {"tags": [str(tag.pk)]}, customer)
    assert tagged(tag) == set()
    undo(owner, run)
    assert tagged(tag) == {customer.pk}


def test_no_customer_gets_more_tags_than_fit(in_scope: Business, owner: Membership, tag: Tag) -> None:
    full = make_customer(in_scope)
    many = [Tag.objects.create(business=in_scope, name=f"t{number}") for number in range(50)]
    CustomerTag.objects.bulk_create(CustomerTag(business=in_scope, customer=full, tag=one) for one in many)
    run = do(owner, "tag", {"tags": [str(tag.pk)]}, full)
    assert run.counts == {"blocked": 1}
    assert "50" in BulkChange.objects.get().reason


def test_all_that_match_are_those_that_match_when_the_work_begins_and_that_the_asker_sees(
    in_scope: Business, owner: Membership, tag: Tag
) -> None:
    companies = {make_customer(in_scope, kind="company").pk for _ in range(3)}
    make_customer(in_scope)
    agent = make_membership(in_scope, "agent", visibility="own")
    own = make_customer(in_scope, kind="company", owner=agent.user)
    narrow = do(agent, "tag", {"tags": [str(tag.pk)]}, query="kind=company")
    assert tagged(tag) == {own.pk}
    assert narrow.total == 1
    waiting = ask(owner, "tag", {"tags": [str(tag.pk)]}, query=urlencode({"kind": "company", "sort": "-name"}))
    late = make_customer(in_scope, kind="company")
    assert done(waiting).counts == {"changed": 4, "unchanged": 1}
    assert tagged(tag) == companies | {own.pk, late.pk}


def test_all_that_match_a_search(in_scope: Business, owner: Membership, tag: Tag) -> None:
    wanted = make_customer(in_scope, last_name="Zimmermann")
    make_customer(in_scope, last_name="Other")
    do(owner, "tag", {"tags": [str(tag.pk)]}, query="search=zimmer")
    assert tagged(tag) == {wanted.pk}


def test_who_is_out_of_sight_by_then_is_counted_and_left_alone(in_scope: Business, owner: Membership, tag: Tag) -> None:
    agent = make_membership(in_scope, "agent", visibility="own")
    mine, gone = (make_customer(in_scope, owner=agent.user) for _ in range(2))
    run = ask(agent, "tag", {"tags": [str(tag.pk)]}, mine, gone)
    Customer.objects.filter(pk=gone.pk).update(owner=owner.user)
    assert done(run).counts == {"changed": 1, "gone": 1}
    assert tagged(tag) == {mine.pk}


def test_an_owner_is_given_and_taken_back_even_when_the_customers_left_the_askers_sight(
    in_scope: Business, owner: Membership
) -> None:
    agent = make_membership(in_scope, "agent", visibility="own")
    customer = make_customer(in_scope, owner=agent.user)
    run = do(agent, "owner", {"owner": str(owner.user.pk)}, customer)
    assert Customer.objects.get().owner == owner.user
    undo(agent, run)
    assert Customer.objects.get().owner == agent.user
    do(owner, "owner", {"owner": None}, customer)
    assert Customer.objects.get().owner is None


def test_undo_gives_nobody_to_who_has_left(in_scope: Business, owner: Membership) -> None:
    agent = make_membership(in_scope, "agent")
    customer = make_customer(in_scope, owner=agent.user)
    run = do(owner, "owner", {"owner": str(owner.user.pk)}, customer)
    Membership.objects.filter(pk=agent.pk).update(is_active=False)
    back = undo(owner, run)
    assert back.counts == {"blocked": 1}
    assert Customer.objects.get().owner == owner.user


def test_a_team_is_given(in_scope: Business, owner: Membership) -> None:
    team = Team.objects.create(business=in_scope, name="North")
    customer = make_customer(in_scope)
    run = do(owner, "team", {"team": str(team.pk)}, customer)
    assert Customer.objects.get().team == team
    undo(owner, run)
    assert Customer.objects.get().team is None


def test_a_stage_is_entered_on_each_way_and_left_again(in_scope: Business, owner: Membership) -> None:
    customer, there = make_customer(in_scope), make_customer(in_scope, lifecycle_stage="expansion")
    run = do(owner, "stage", {"stage": "expansion", "reason": "campaign"}, customer, there)
    assert run.counts == {"changed": 1, "unchanged": 1}
    changed = Customer.objects.select_related("facts").get(pk=customer.pk)
    assert (changed.lifecycle_stage, changed.facts.lifecycle_stage) == ("expansion", "expansion")
    last = LifecycleChange.objects.filter(customer=customer).latest("effective_at", "id")
    assert (last.stage, last.reason, last.actor_id) == ("expansion", "campaign", str(owner.user.pk))
    undo(owner, run)
    assert Customer.objects.get(pk=customer.pk).lifecycle_stage == "active"
    assert LifecycleChange.objects.filter(customer=customer).count() == 3


def test_who_had_left_comes_back_only_with_a_reason(in_scope: Business, owner: Membership) -> None:
    customer = make_customer(in_scope, lifecycle_stage="churned")
    run = do(owner, "stage", {"stage": "active"}, customer)
    assert run.counts == {"blocked": 1}
    assert "reason" in BulkChange.objects.get(run=run).reason
    assert do(owner, "stage", {"stage": "active", "reason": "won back"}, customer).counts == {"changed": 1}


def test_archived_ones_leave_the_lists_and_come_back_unless_their_address_is_taken(
    in_scope: Business, owner: Membership
) -> None:
    first, second = make_customer(in_scope, email="a@x.example"), make_customer(in_scope)
    run = do(owner, "archive", {"reason": "moved"}, first, second)
    assert not Customer.objects.live().exists()
    make_customer(in_scope, email="a@x.example")
    back = undo(owner, run)
    assert results(back) == {first.pk: BulkResult.BLOCKED, second.pk: BulkResult.UNDONE}
    assert do(owner, "restore", {}, first).counts == {"blocked": 1}
    Customer.objects.live().exclude(pk=second.pk).update(email="b@x.example")
    assert do(owner, "restore", {}, first).counts == {"changed": 1}


def test_of_two_archived_customers_with_one_address_one_comes_back(in_scope: Business, owner: Membership) -> None:
    first = make_customer(in_scope, email="a@x.example")
    do(owner, "archive", {}, first)
    second = make_customer(in_scope, email="a@x.example")
    do(owner, "archive", {}, second)
    assert do(owner, "restore", {}, first, second).counts == {"changed": 1, "blocked": 1}


def test_a_custom_field_is_set_and_taken_away(in_scope: Business, owner: Membership) -> None:
    plan = CustomField.objects.create(
        business=in_scope, key="plan", label="Plan", type="choice", choices=["basic", "pro"]
    )
    person, company = make_customer(in_scope), make_customer(in_scope, kind="company")
    run = do(owner, "custom_field", {"field": "plan", "value": "pro"}, person, company)
    assert {row.custom_values["plan"] for row in Customer.objects.all()} == {"pro"}
    undo(owner, run)
    assert [row.custom_values for row in Customer.objects.all()] == [{}, {}]
    CustomField.objects.filter(pk=plan.pk).update(kind="company")
    assert do(owner, "custom_field", {"field": "plan", "value": "pro"}, person, company).counts == {
        "changed": 1,
        "blocked": 1,
    }


@pytest.mark.parametrize(
    ("action", "values", "field"),
    [
        ("tag", {}, "tags"), ("tag", {"tags": "x"}, "tags"), ("tag", {"tags": [str(uuid4())]}, "tags"), ("tag", {"tags": ["x"]}, "tags"),
        ("owner", {}, "owner"), ("owner", {"owner": str(uuid4())}, "owner"), ("owner", {"owner": "x"}, "owner"),
        ("owner", {"owner": None, "team": None}, "team"), ("team", {"team": str(uuid4())}, "team"),
        ("stage", {"stage": "gone"}, "stage"), ("stage", {"stage": "active", "substep": "closing"}, "substep"),
        ("stage", {"stage": "active", "reason": "x" * 501}, "reason"), ("archive", {"reason": 1}, "reason"),
        ("custom_field", {"field": "nothing"}, "field"), ("fly", {}, "action"),
    ],
)  # fmt: skip
def test_values_that_make_no_sense_are_named(
    in_scope: Business, owner: Membership, action: str, values: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        ask(owner, action, values, make_customer(in_scope))
    assert list(refusal.value.errors) == [field]
    assert not BulkRun.objects.exists()


def test_a_required_or_unique_field_is_not_set_in_bulk_to_what_it_cant_be(
    in_scope: Business, owner: Membership
) -> None:
    make = CustomField.objects.create
    make(business=in_scope, key="plan", label="Plan", type="text", is_required=True)
    make(business=in_scope, key="vat", label="VAT number", type="text", is_unique=True)
    customer = make_customer(in_scope, custom_values={"plan": "pro"})
    for values, field in (({"field": "plan", "value": ""}, "value"), ({"field": "vat", "value": "x"}, "field")):
        with pytest.raises(InvalidInput) as refusal:
            ask(owner, "custom_field", values, customer)
        assert list(refusal.value.errors) == [field]


@pytest.mark.parametrize(
    ("role", "action"), [("analyst", "owner"), ("compliance", "owner"), ("marketing", "archive"), ("agent", "archive")]
)
def test_who_may_not_do_it_one_by_one_may_not_do_it_to_many(in_scope: Business, role: str, action: str) -> None:
    member = make_membership(in_scope, role)
    with pytest.raises(NotAllowed):
        ask(member, action, {"owner": None} if action == "owner" else {}, make_customer(in_scope))


def test_rights_count_when_the_work_begins(in_scope: Business, tag: Tag) -> None:
    agent = make_membership(in_scope, "agent")
    run = ask(agent, "tag", {"tags": [str(tag.pk)]}, make_customer(in_scope))
    Membership.objects.filter(pk=agent.pk).update(role="analyst")
    assert done(run).state == BulkState.STOPPED
    assert tagged(tag) == set()
    assert Job.objects.get(pk=run.job_id).error_code == "not_allowed"


def test_work_that_was_killed_goes_on_where_it_stood(in_scope: Business, owner: Membership, tag: Tag) -> None:
    customers = [make_customer(in_scope) for _ in range(5)]
    run = ask(owner, "tag", {"tags": [str(tag.pk)]}, *customers)
    actor, rows = Actor.for_user(owner.user), rows_for(bulk_actions["tag"], Actor.for_user(owner.user))
    services.settle_bulk_run(actor=actor, run=run, rows=rows)
    assert services.change_some(actor=actor, run=run, rows=rows, at=clock.now(), most=2) == 2
    # the worker dies here; another one takes the job up
    assert done(run).counts == {"changed": 5}
    assert BulkChange.objects.filter(run=run).count() == 5
    assert services.change_some(actor=actor, run=run, rows=rows, at=clock.now()) == 5


def test_a_preview_counts_names_reasons_and_shows_some(in_scope: Business, owner: Membership) -> None:
    for number in range(12):
        make_customer(in_scope, last_name=f"Active {number:02}")
    make_customer(in_scope, lifecycle_stage="churned")
    make_customer(in_scope, lifecycle_stage="expansion")
    action, actor = bulk_actions["stage"], Actor.for_user(owner.user)
    values = action.deed.clean(in_scope, {"stage": "expansion"})
    shown = preview(action, in_scope, rows_for(action, actor), values, clock.now())
    assert (shown.total, shown.examined, shown.changes, shown.unchanged) == (14, 14, 12, 1)
    assert [count for _reason, count in shown.blocked] == [1]
    assert len(shown.samples) == 10
    assert {(before, after) for _pk, _name, before, after in shown.samples} == {("Active", "Expansion")}
    assert Customer.objects.filter(lifecycle_stage="expansion").count() == 1


def test_runs_are_seen_by_who_has_asked_and_by_who_sees_all(in_scope: Business, owner: Membership, tag: Tag) -> None:
    agent, other = (make_membership(in_scope, "agent", visibility="own") for _ in range(2))
    customer = make_customer(in_scope, owner=agent.user)
    run = ask(agent, "tag", {"tags": [str(tag.pk)]}, customer)
    for member, sees in ((agent, True), (other, False), (owner, True)):
        assert BulkRun.objects.visible_to(Actor.for_user(member.user)).filter(pk=run.pk).exists() == sees


def test_a_run_whose_job_has_ended_without_it_is_closed(in_scope: Business, owner: Membership, tag: Tag) -> None:
    run = ask(owner, "tag", {"tags": [str(tag.pk)]}, make_customer(in_scope))
    services.close_abandoned_bulk_runs(actor=Actor.system("test"), at=clock.now())
    assert BulkRun.objects.get().state == BulkState.WAITING
    Job.objects.filter(pk=run.job_id).update(state="cancelled")
    assert services.close_abandoned_bulk_runs(actor=Actor.system("test"), at=clock.now()) == 1
    assert BulkRun.objects.get().state == BulkState.STOPPED


def test_tags_of_another_business_can_not_be_named(
    in_scope: Business, owner: Membership, other_business: Business
) -> None:
    with scope(other_business):
        foreign = Tag.objects.create(business=other_business, name="Theirs")
    with pytest.raises(InvalidInput):
        ask(owner, "tag", {"tags": [str(foreign.pk)]}, make_customer(in_scope))
