"""Tags: making, changing, merging and deleting them; putting them on customers one by one and many at once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import IntegrityError, connection, transaction

from crm.actor import Actor
from crm.errors import InvalidInput, NotAllowed, NotFound, StaleVersion, from_integrity_error
from crm.models import Activity, Business, Membership
from crm.scope import scope
from customers import services
from customers.choices import TAG_COLORS
from customers.models import Customer, CustomerTag, Tag
from customers.queries import customers_by_tag, tags_of
from tests.factories import make_customer, make_tag


def _names(customer: Customer) -> list[str]:
    return [tag.name for tag in tags_of(customer)]


def test_a_tag_has_a_name_and_a_color_of_the_palette(in_scope: Business, owner: Membership) -> None:
    actor = Actor.for_user(owner.user)
    tags = [services.create_tag(actor=actor, business=in_scope, name=f"  Tag   {n} ") for n in range(11)]
    assert (tags[0].name, tags[0].created_by) == ("Tag 0", owner.user)
    assert [tag.color for tag in tags[:10]] == [color for color, _label in TAG_COLORS]
    assert tags[10].color == tags[0].color
    assert services.create_tag(actor=actor, business=in_scope, name="Own", color="#ABCDEF").color == "#abcdef"


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"name": ""}, "name"), ({"name": "  "}, "name"), ({"name": "x" * 61}, "name"),
        ({"name": "x", "color": "red"}, "color"), ({"name": "x", "color": "#12345"}, "color"), ({"name": "x", "color": "#fff"}, "color"),
        ({"name": "x", "color": "red;background:url(//x)"}, "color"), ({"name": "x", "color": '#fff"onx='}, "color"),
        ({"name": "x", "description": "x" * 301}, "description"),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_refused_by_name(
    in_scope: Business, system: Actor, data: dict[str, str], field: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        services.create_tag(actor=system, business=in_scope, **data)
    assert list(refusal.value.errors) == [field]


def test_a_name_is_taken_once_in_a_business_whatever_its_case(
    in_scope: Business, other_business: Business, system: Actor
) -> None:
    make_tag(in_scope, "Ärger")
    make_tag(other_business, "Ärger")
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        services.create_tag(actor=system, business=in_scope, name="äRGER")
    refusal = from_integrity_error(error.value)
    assert refusal is not None
    assert (refusal.field, refusal.code) == ("name", "duplicate")


def test_what_changes_of_a_tag_stands_in_the_trail(in_scope: Business, system: Actor) -> None:
    tag = make_tag(in_scope, "VIP")
    changed = services.update_tag(actor=system, tag=tag, name="Key account", description="Asked first")
    assert Activity.objects.get(verb="customers.tag.updated").detail.changes == {
        "name": ["VIP", "Key account"],
        "description": ["", "Asked first"],
    }
    with pytest.raises(StaleVersion):
        services.update_tag(actor=system, tag=changed, name="x", version="2020-01-01T00:00:00+00:00")
    with pytest.raises(InvalidInput):
        services.update_tag(actor=system, tag=changed, owner="x")
    services.update_tag(actor=system, tag=changed, name="Key account")
    assert Activity.objects.filter(verb="customers.tag.updated").count() == 1


def test_a_tag_is_put_on_and_taken_away_once(in_scope: Business, system: Actor) -> None:
    customer, vip, fair = make_customer(in_scope), make_tag(in_scope, "VIP"), make_tag(in_scope, "Fair")
    assert services.tag_customer(actor=system, customer=customer, tag=vip)
    assert not services.tag_customer(actor=system, customer=customer, tag=vip)
    assert services.tag_customer(actor=system, customer=customer, name="fAIR")
    assert _names(customer) == ["Fair", "VIP"]
    assert services.untag_customer(actor=system, customer=customer, tag=fair)
    assert not services.untag_customer(actor=system, customer=customer, tag=fair)
    changes = [row.detail.changes for row in Activity.objects.filter(verb="customers.customer.tagged").order_by("id")]
    assert changes == [
        {"tags": [[], ["VIP"]]},
        {"tags": [["VIP"], ["Fair", "VIP"]]},
        {"tags": [["Fair", "VIP"], ["VIP"]]},
    ]


def test_all_tags_of_a_customer_are_set_at_once(in_scope: Business, system: Actor) -> None:
    customer, vip, fair = make_customer(in_scope), make_tag(in_scope, "VIP"), make_tag(in_scope, "Fair")
    services.set_tags(actor=system, customer=customer, tags=[vip])
    services.set_tags(actor=system, customer=customer, tags=[fair, "New one"])
    assert _names(customer) == ["Fair", "New one"]
    assert not services.set_tags(actor=system, customer=customer, tags=["NEW one", fair, fair])
    services.set_tags(actor=system, customer=customer, tags=[])
    assert _names(customer) == []
    with pytest.raises(InvalidInput):
        services.set_tags(actor=system, customer=customer, tags=[f"Tag {n}" for n in range(51)])
    assert not CustomerTag.objects.exists()


def test_new_tags_are_made_on_the_fly_by_those_who_may(in_scope: Business, members: dict[str, Membership]) -> None:
    customer = make_customer(in_scope)
    with pytest.raises(InvalidInput) as refusal:
        services.tag_customer(actor=Actor.for_user(members["agent"].user), customer=customer, name="VIP")
    assert list(refusal.value.errors) == ["name"]
    services.tag_customer(actor=Actor.for_user(members["marketing"].user), customer=customer, name="VIP")
    other = make_customer(in_scope)
    services.tag_customer(actor=Actor.for_user(members["agent"].user), customer=other, name="vip")
    assert Tag.objects.count() == 1


@pytest.mark.parametrize("role", ["agent", "compliance", "analyst", "integration"])
def test_who_may_not_manage_tags_is_refused(in_scope: Business, members: dict[str, Membership], role: str) -> None:
    tag, other, actor = make_tag(in_scope), make_tag(in_scope), Actor.for_user(members[role].user)
    with pytest.raises(NotAllowed):
        services.create_tag(actor=actor, business=in_scope, name="x")
    with pytest.raises(NotAllowed):
        services.update_tag(actor=actor, tag=tag, name="x")
    with pytest.raises(NotAllowed):
        services.merge_tags(actor=actor, tag=tag, into=other)
    with pytest.raises(NotAllowed):
        services.delete_tag(actor=actor, tag=tag)


def test_a_deleted_tag_leaves_all_customers(in_scope: Business, system: Actor) -> None:
    vip, fair, customers = (
        make_tag(in_scope, "VIP"),
        make_tag(in_scope, "Fair"),
        [make_customer(in_scope) for _ in "ab"],
    )
    for customer in customers:
        services.set_tags(actor=system, customer=customer, tags=[vip, fair])
    assert services.delete_tag(actor=system, tag=vip) == 2
    activity = Activity.objects.get(verb="customers.tag.deleted")
    assert (activity.counts, activity.detail.changes["name"]) == ({"customers": 2}, ["VIP", None])
    assert [_names(customer) for customer in customers] == [["Fair"]] * 2
    with pytest.raises(NotFound):
        services.update_tag(actor=system, tag=vip, name="x")


def test_merged_tags_are_one_on_every_customer(in_scope: Business, system: Actor) -> None:
    vip, key = make_tag(in_scope, "VIP"), make_tag(in_scope, "Key account")
    only_vip, both, neither = (make_customer(in_scope) for _ in "abc")
    services.set_tags(actor=system, customer=only_vip, tags=[vip])
    services.set_tags(actor=system, customer=both, tags=[vip, key])
    services.merge_tags(actor=system, tag=vip, into=key)
    assert [_names(customer) for customer in (only_vip, both, neither)] == [["Key account"], ["Key account"], []]
    activity = Activity.objects.get(verb="customers.tag.merged")
    assert (activity.subject_id, activity.counts) == (str(key.pk), {"customers": 2, "had_both": 1})
    assert not Tag.objects.filter(pk=vip.pk).exists()
    with pytest.raises(InvalidInput):
        services.merge_tags(actor=system, tag=key, into=key)


def test_tags_of_another_business_are_not_found(in_scope: Business, other_business: Business, system: Actor) -> None:
    customer, foreign = make_customer(in_scope), make_tag(other_business)
    with pytest.raises(InvalidInput):
        services.tag_customer(actor=system, customer=customer, tag=foreign)
    with pytest.raises(NotFound):
        services.delete_tag(actor=system, tag=foreign)
    with pytest.raises(NotFound):
        services.merge_tags(actor=system, tag=make_tag(in_scope), into=foreign)
    stranger = make_customer(other_business)
    with pytest.raises(NotFound):
        services.tag_customer(actor=system, customer=stranger, tag=make_tag(in_scope))


def test_many_customers_are_tagged_by_one_statement(
    in_scope: Business, other_business: Business, system: Actor
) -> None:
    tag, mine, stranger = make_tag(in_scope), [make_customer(in_scope) for _ in "abc"], make_customer(other_business)
    services.tag_customer(actor=system, customer=mine[0], tag=tag)
    ids = [customer.pk for customer in (*mine, stranger)]
    assert set(services.tag_customers(business=in_scope, customer_ids=ids, tag=tag)) == {mine[1].pk, mine[2].pk}
    assert CustomerTag.unscoped.count() == 3
    assert set(services.untag_customers(business=in_scope, customer_ids=ids[:2], tag=tag)) == {mine[0].pk, mine[1].pk}


def test_counts_are_of_live_customers_that_one_may_see(
    in_scope: Business, system: Actor, members: dict[str, Membership]
) -> None:
    tag, agent = make_tag(in_scope), members["agent"]
    agent.visibility = "own"
    agent.save()
    for customer in (make_customer(in_scope), make_customer(in_scope, owner=agent.user), make_customer(in_scope)):
        services.tag_customer(actor=system, customer=customer, tag=tag)
    Customer.objects.filter(pk=customer.pk).update(archived_at="2026-01-01T00:00Z")
    assert customers_by_tag(system) == {tag.pk: 2}
    assert customers_by_tag(Actor.for_user(agent.user)) == {tag.pk: 1}


@pytest.mark.django_db(transaction=True)
def test_who_tags_the_same_customer_at_once_tags_it_once(business: Business) -> None:
    tags, customer = [make_tag(business) for _ in range(2)], make_customer(business)
    start = Barrier(6)

    def put_on(number: int) -> bool:
        try:
            with scope(business):
                start.wait()
                return services.tag_customer(actor=Actor.system("test"), customer=customer, tag=tags[number % 2])
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(put_on, range(6))) == 2
    with scope(business):
        assert CustomerTag.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_tag_that_is_deleted_meanwhile_stays_on_nobody(business: Business) -> None:
    customers = [make_customer(business) for _ in range(4)]
    tag = make_tag(business)
    start = Barrier(5)

    def act(number: int) -> None:
        try:
            with scope(business):
                start.wait()
                if number == 4:
                    services.delete_tag(actor=Actor.system("test"), tag=tag)
                else:
                    services.tag_customer(actor=Actor.system("test"), customer=customers[number], tag=tag)
        except InvalidInput:
            pass
        finally:
            connection.close()

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(act, range(5)))
    with scope(business):
        assert not CustomerTag.objects.exists()
