"""One human being in several businesses: joined by those who work in both, and without a trace for everybody else."""

from typing import Any

import pytest
from django.test import Client

from crm.actor import Actor
from crm.errors import NotAllowed, NotFound
from crm.models import AccessRecord, Activity, Business, Membership
from crm.scope import scope
from customers import services
from customers.models import Customer, Person
from customers.queries.people import elsewhere
from customers.services.people import JoinedAlready, NotJoined, NotTheSame, SameBusinessTwice
from tests.crm.api.calling import Caller, make_key, sign_in
from tests.factories import make_business, make_customer, make_membership


@pytest.fixture
def both(owner: Membership, other_business: Business) -> Membership:
    """The owner, who is an agent of the other business too."""
    make_membership(other_business, "agent", owner.user)
    return owner


@pytest.fixture
def here(business: Business) -> Customer:
    return make_customer(business, first_name="Jo", last_name="Here", email="jo@example.com")


@pytest.fixture
def there(other_business: Business) -> Customer:
    return make_customer(other_business, first_name="Jo", last_name="Yonder", email="JO@example.com")


def _join(actor: Actor, a: Customer, b: Customer) -> Person:
    with scope(a.business):
        return services.join_person(actor=actor, customer=a, other=b)


def test_customers_of_two_businesses_are_joined_and_parted(both: Membership, here: Customer, there: Customer) -> None:
    actor = Actor.for_user(both.user)
    with scope(here.business):
        assert elsewhere(actor, here).alike == (there,)
        assert elsewhere(actor, here).joined == ()
    person = _join(actor, here, there)
    here.refresh_from_db()
    with scope(here.business):
        assert set(Customer.unscoped.filter(person=person)) == {here, there}
        assert (elsewhere(actor, here).joined, elsewhere(actor, here).alike) == ((there,), ())
        services.leave_person(actor=actor, customer=here)
        here.refresh_from_db()
        assert elsewhere(actor, here).joined == ()
        with pytest.raises(NotJoined):
            services.leave_person(actor=actor, customer=here)
    assert Person.objects.count() == 1  # the other customer still stands alone in it


def test_a_person_whom_nobody_is_goes(both: Membership, here: Customer, there: Customer) -> None:
    actor = Actor.for_user(both.user)
    _join(actor, here, there)
    Customer.unscoped.filter(pk=there.pk).update(person=None)
    with scope(here.business), pytest.raises(NotJoined):
        services.leave_person(actor=actor, customer=here)


def test_each_business_has_its_own_row_of_the_trail_and_none_names_the_other(
    both: Membership, here: Customer, there: Customer
) -> None:
    person = _join(Actor.for_user(both.user), here, there)
    for customer, other in ((here, there), (there, here)):
        deed = Activity.unscoped.get(verb="customers.person.noted", business=customer.business)
        assert (deed.about, deed.subject_id) == (customer.pk, str(customer.pk))
        written = f"{deed.detail.changes}{deed.detail.payload}{deed.counts}"
        assert str(person.pk) in written
        for trace in (str(other.pk), str(other), other.business.name, str(other.business_id)):
            assert trace not in written


@pytest.mark.parametrize("role", ["analyst", "compliance"])
def test_the_right_to_change_customers_is_needed_in_both(
    owner: Membership, other_business: Business, here: Customer, there: Customer, role: str
) -> None:
    make_membership(other_business, role, owner.user)
    actor = Actor.for_user(owner.user)
    with scope(here.business):
        assert elsewhere(actor, here).alike == ()
    with pytest.raises(NotAllowed):
        _join(actor, here, there)
    with pytest.raises(NotAllowed), scope(there.business):
        services.join_person(actor=actor, customer=there, other=here)


def test_customers_that_the_actor_does_not_see_are_not_there(
    owner: Membership, other_business: Business, here: Customer, there: Customer
) -> None:
    make_membership(other_business, "agent", owner.user, visibility="own")
    actor = Actor.for_user(owner.user)
    with scope(here.business):
        assert not elsewhere(actor, here)
    with pytest.raises(NotFound):
        _join(actor, here, there)


def test_what_can_not_be_the_same_is_refused(
    both: Membership, here: Customer, there: Customer, other_business: Business
) -> None:
    actor = Actor.for_user(both.user)
    company = make_customer(other_business, kind="company")
    with pytest.raises(NotTheSame):
        _join(actor, here, company)
    with pytest.raises(SameBusinessTwice):
        _join(actor, here, make_customer(here.business))
    _join(actor, here, there)
    with pytest.raises(JoinedAlready):
        _join(actor, here, there)
    with pytest.raises(JoinedAlready):
        _join(actor, here, make_customer(other_business))


def test_a_third_business_joins_them(both: Membership, here: Customer, there: Customer) -> None:
    third = make_business(name="Initech", slug="initech")
    make_membership(third, "owner", both.user)
    actor = Actor.for_user(both.user)
    further = make_customer(third, email="jo@example.com")
    assert _join(actor, here, there) == _join(actor, here, further)
    here.refresh_from_db()
    with scope(here.business):
        assert set(elsewhere(actor, here).joined) == {there, further}


def test_the_profile_offers_the_join_and_leads_there(
    both: Membership, here: Customer, there: Customer, sign_in: Any
) -> None:
    browser = sign_in(both)
    page = browser.get(f"/customers/{here.pk}").content.decode()
    assert f"/customers/{here.pk}/join" in page
    assert AccessRecord.unscoped.filter(business=there.business, customer_ids=[there.pk]).exists()
    assert browser.post(f"/customers/{here.pk}/join", {"other": str(there.pk)}).status_code == 302
    page = browser.get(f"/customers/{here.pk}").content.decode()
    assert "Also a customer of <bdi>Globex</bdi>" in page
    switched = browser.post("/switch-business", {"business": "globex", "next": f"/customers/{there.pk}"}, follow=True)
    assert "Also a customer of <bdi>Acme Retail</bdi>" in switched.content.decode()
    assert browser.post(f"/customers/{there.pk}/part").status_code == 302
    assert "Also a customer" not in browser.get(f"/customers/{there.pk}").content.decode()


def test_a_member_of_one_business_sees_no_trace(
    both: Membership, here: Customer, there: Customer, sign_in: Any, business: Business
) -> None:
    _join(Actor.for_user(both.user), here, there)
    member = make_membership(business, "owner")
    browser: Client = sign_in(member)
    records = AccessRecord.unscoped.filter(business=there.business).count()
    for path in ("", "/history", "/timeline", "/join", "/part", "/edit"):
        text = browser.get(f"/customers/{here.pk}{path}").content.decode()
        for trace in ("Globex", str(there.pk), "Yonder", "Other businesses", "Also a customer"):
            assert trace not in text, path
    assert browser.get(f"/customers/{here.pk}/join").status_code == 404
    refused = browser.post(f"/customers/{here.pk}/part")
    assert (refused.status_code, b"joined with nobody" in refused.content) == (409, True)
    caller = Caller(make_key(business))
    for path in (f"/customers/{here.pk}", "/customers", "/activity"):
        answer = caller.get(path).content.decode()
        assert "Globex" not in answer
        assert str(there.pk) not in answer
    assert AccessRecord.unscoped.filter(business=there.business).count() == records
    assert Customer.unscoped.get(pk=here.pk).person_id is not None


def test_the_api_joins_and_parts(both: Membership, here: Customer, there: Customer) -> None:
    caller = Caller(sign_in(both.user.email)["access_token"], here.business.slug)
    assert caller.post(f"/customers/{here.pk}/person", {"customer": str(there.pk)}).status_code == 204
    assert caller.post(f"/customers/{here.pk}/person", {"customer": str(there.pk)}).status_code == 409
    assert caller.call("DELETE", f"/customers/{here.pk}/person").status_code == 204
    assert caller.call("DELETE", f"/customers/{here.pk}/person").status_code == 409


def test_a_key_of_one_business_joins_nobody(business: Business, here: Customer, there: Customer) -> None:
    caller = Caller(make_key(business))
    known = caller.post(f"/customers/{here.pk}/person", {"customer": str(there.pk)})
    unknown = caller.post(f"/customers/{here.pk}/person", {"customer": str(make_customer(business).pk)})
    assert known.status_code == unknown.status_code == 422
    assert [fault["message"] for fault in known.json()["errors"]] == [
        fault["message"] for fault in unknown.json()["errors"]
    ]
