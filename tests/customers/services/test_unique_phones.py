"""Phone numbers that stand at one live customer only, where a business wants that."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from crm.actor import Actor
from crm.errors import InvalidInput
from crm.models import AccessRecord, Business, Membership
from crm.scope import scope
from crm.services import update_business
from customers import services
from customers.models import Customer, UniquePhone
from customers.queries import integrity
from customers.services.bulk_deeds.archive import ChangeArchived
from customers.services.unique_phones import TakenPhone
from tests.commerce.test_resources import bring_in
from tests.crm.api.calling import Caller, assert_problem, fields_at_fault, make_key, sign_in
from tests.factories import make_contact, make_customer, make_membership

AT = datetime(2026, 5, 4, 12, tzinfo=UTC)
LONDON, TYPED = "+44 20 7946 0018", "020 7946 0018"
"""A number, and how somebody in London types it."""
OTHER = "+44 20 7946 0019"
Switch = Callable[[bool], Business]


@pytest.fixture
def switch(in_scope: Business, actor: Actor) -> Switch:
    def to(is_on: bool) -> Business:
        return update_business(actor=actor, business=in_scope, settings={"customers": {"unique_phones": is_on}})

    return to


@pytest.fixture
def unique(switch: Switch) -> Business:
    return switch(True)


def _held() -> dict[Any, str]:
    assert integrity.UNIQUE_PHONES().broken == 0
    return dict(UniquePhone.objects.values_list("customer", "number"))


def test_numbers_may_be_shared_until_a_business_says_otherwise(in_scope: Business) -> None:
    make_customer(in_scope, phone=LONDON)
    make_customer(in_scope, phone=LONDON)
    assert _held() == {}


def test_a_number_is_compared_in_its_international_form(unique: Business, actor: Actor) -> None:
    first, second = make_customer(unique, phone=LONDON), make_customer(unique, phone=OTHER)
    with pytest.raises(TakenPhone) as refused:
        services.create_customer(actor=actor, business=unique, at=AT, first_name="Jo", phone=TYPED)
    assert (refused.value.field, refused.value.code, refused.value.status) == ("phone", "duplicate", 409)
    assert str(refused.value) == f"{first} has this phone number already."
    assert refused.value.details == {"shows": [first.pk]}
    with pytest.raises(TakenPhone):
        services.update_customer(actor=actor, customer=second, at=AT, phone=TYPED)


def test_texts_that_are_no_number_may_be_shared(unique: Business) -> None:
    for _n in range(2):
        make_customer(unique, phone="ask at the desk")
    assert _held() == {}


def test_who_does_not_see_the_other_is_told_no_name(unique: Business) -> None:
    hidden = make_customer(unique, phone=LONDON)
    narrow = Actor.for_user(make_membership(unique, "agent", visibility="own").user)
    with pytest.raises(TakenPhone) as refused:
        services.create_customer(actor=narrow, business=unique, at=AT, first_name="Jo", phone=LONDON)
    assert str(refused.value) == "Another customer has this phone number already."
    assert hidden.display_name not in str(refused.value)
    assert refused.value.details == {}


def test_a_number_follows_its_customer(unique: Business, actor: Actor) -> None:
    customer = make_customer(unique, phone=LONDON)
    services.update_customer(actor=actor, customer=customer, at=AT, phone=TYPED)
    assert _held() == {customer.pk: "+442079460018"}
    services.update_customer(actor=actor, customer=customer, at=AT, phone=OTHER)
    assert _held() == {customer.pk: "+442079460019"}
    services.update_customer(actor=actor, customer=customer, at=AT, phone="")
    assert _held() == {}


def test_archived_customers_let_go_and_come_back_only_while_it_is_free(unique: Business, actor: Actor) -> None:
    customer = make_customer(unique, phone=LONDON)
    services.archive_customer(actor=actor, customer=customer, at=AT)
    other = make_customer(unique, phone=LONDON)
    with pytest.raises(TakenPhone):
        services.restore_customer(actor=actor, customer=customer)
    services.update_customer(actor=actor, customer=other, at=AT, phone="")
    services.restore_customer(actor=actor, customer=customer)
    assert _held() == {customer.pk: "+442079460018"}


def test_customers_who_ask_for_erasure_let_go(unique: Business, actor: Actor) -> None:
    customer = make_customer(unique, phone=LONDON)
    request = services.request_erasure(actor=actor, customer=customer, at=AT)
    other = make_customer(unique, phone=LONDON)
    with pytest.raises(TakenPhone):
        services.decline_request(actor=actor, privacy_request=request, reason="A mistake", at=AT)
    services.archive_customer(actor=actor, customer=other, at=AT)
    services.decline_request(actor=actor, privacy_request=request, reason="A mistake", at=AT)
    assert _held() == {customer.pk: "+442079460018"}


def test_a_contact_with_a_taken_number_is_not_made_a_customer(unique: Business, actor: Actor) -> None:
    make_customer(unique, phone=LONDON)
    contact = make_contact(make_customer(unique, kind="company"), phone=LONDON)
    with pytest.raises(TakenPhone):
        services.convert_contact(actor=actor, contact=contact, at=AT)


def test_businesses_do_not_meet(unique: Business, other_business: Business) -> None:
    make_customer(unique, phone=LONDON)
    make_customer(other_business, phone=LONDON)
    assert len(_held()) == 1


def test_it_is_switched_on_when_nobody_shares_a_number(switch: Switch, in_scope: Business) -> None:
    pair = [make_customer(in_scope, phone=LONDON) for _n in range(2)]
    make_customer(in_scope, phone=OTHER)
    with pytest.raises(InvalidInput) as refused:
        switch(True)
    assert refused.value.errors == {
        "customers__unique_phones": [
            "2 customers share their number with another. The filter “Phone shared” of the customer list shows them."
        ]
    }
    assert _held() == {}
    Customer.objects.filter(pk=pair[0].pk).update(archived_at=AT)
    switch(True)
    assert len(_held()) == 2
    switch(False)
    assert _held() == {}
    make_customer(in_scope, phone=OTHER)


def test_the_filter_shows_who_shares_a_number(business: Business) -> None:
    pair = {str(make_customer(business, phone=phone).pk) for phone in (LONDON, TYPED)}
    make_customer(business, phone=OTHER)
    caller = Caller(make_key(business))
    shared = caller.get("/customers?phone__shared=true").json()["data"]
    assert {row["id"] for row in shared} == pair
    assert {row["id"] for row in caller.get("/customers?phone__shared=true&kind=company").json()["data"]} == set()
    assert_problem(caller.get("/customers?phone__shared=false"), 400)


def test_pages_and_programs_are_told_at_the_field_and_the_access_is_noted(
    unique: Business, owner: Membership, browser: Any
) -> None:
    holder = make_customer(unique, phone=LONDON)
    caller = Caller(sign_in(owner.user.email)["access_token"])
    problem = assert_problem(caller.post("/customers", {"first_name": "Jo", "phone": TYPED}), 409, "duplicate")
    assert fields_at_fault(problem) == {"phone"}
    assert str(holder) in problem["detail"]
    assert AccessRecord.unscoped.latest("id").customer_ids == [holder.pk]
    sent = {
        "kind": "person",
        "first_name": "Jo",
        "phone": TYPED,
        "lifecycle_stage": "active",
        "preferred_language": "EN",
    }
    page = browser.post("/customers/new", sent)
    assert page.status_code == 409
    assert f"{holder} has this phone number already." in page.content.decode()
    assert AccessRecord.unscoped.latest("id").customer_ids == [holder.pk]


def test_the_page_of_the_business_has_the_setting(browser: Any, business: Business) -> None:
    page = browser.get("/settings/business").content.decode()
    assert "Phone numbers are unique among customers" in page


def test_many_brought_back_at_once_are_blocked_where_the_number_is_taken(unique: Business, actor: Actor) -> None:
    gone = []
    for _n in range(2):
        customer = make_customer(unique, phone=LONDON)
        services.archive_customer(actor=actor, customer=customer, at=AT)
        gone.append(customer.pk)
    deed = ChangeArchived(archive=False)
    states = deed.read(gone, {})
    targets = {pk: {"archived_at": None} for pk in gone}
    blocked = deed.blocked(unique, states, targets, {})
    assert blocked == {gone[1]: "Another customer has its phone number by now."}
    free = {pk: target for pk, target in targets.items() if pk not in blocked}
    deed.write(actor, unique, free, {}, AT, is_undo=False)
    assert _held() == {gone[0]: "+442079460018"}
    assert deed.blocked(unique, states, {gone[1]: targets[gone[1]]}, {}).keys() == {gone[1]}
    with scope(unique), pytest.raises(TakenPhone):
        deed.write(actor, unique, targets, {}, AT, is_undo=False)


def test_files_exchange_numbers_and_never_double_one(unique: Business) -> None:
    one = make_customer(unique, external_id="1", phone=LONDON)
    two = make_customer(unique, external_id="2", phone=OTHER)
    done = bring_in(unique, f"external_id,first_name,phone\n1,Jo,{OTHER}\n2,Sam,{TYPED}\n3,Kim,none\n")
    assert done.state == "done", done.error
    assert _held() == {one.pk: "+442079460019", two.pk: "+442079460018"}
    refused = bring_in(unique, f"external_id,first_name,phone\n3,Kim,{TYPED}\n4,Lee,+44 20 7946 0020\n")
    assert refused.state == "failed"
    assert refused.error == (
        "Phone numbers are unique among customers here. At two customers would stand: +442079460018."
    )
    assert Customer.objects.count() == 3
    twice = bring_in(unique, "external_id,first_name,phone\n5,A,+44 20 7946 0021\n6,B,020 7946 0021\n")
    assert twice.state == "failed"
    assert len(_held()) == 2
