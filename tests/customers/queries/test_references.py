"""The ids in changes, by the names of what they stand for, as they are now and as far as one may see them."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from crm import clock
from crm.actor import Actor
from crm.models import AccessRecord, Business, Membership, Team
from customers import services
from customers.models import Customer
from customers.queries.references import references_in
from tests.crm.api.calling import Caller
from tests.crm.api.calling import sign_in as token_of
from tests.factories import make_contact, make_custom_field, make_customer, make_membership, make_note

CUSTOMER = "customers.customer"


def _change(actor: Actor, customer: Customer, **values: Any) -> None:
    services.update_customer(
        actor=actor, customer=Customer.objects.get(pk=customer.pk), at=clock.now(), version=None, **values
    )


def test_people_teams_customers_and_contacts_have_names(in_scope: Business, owner: Membership, actor: Actor) -> None:
    team = Team.objects.create(business=in_scope, name="North")
    company = make_customer(in_scope, kind="company", display_name="Acme Corp")
    dana = make_contact(company, display_name="Dana")
    field = make_custom_field(in_scope, key="guide", type="user")
    deeds: list[tuple[str, dict[str, Any]]] = [
        (
            CUSTOMER,
            {"owner": [None, str(owner.user_id)], "team": [str(team.pk), None], "parent": [None, str(company.pk)]},
        ),
        (
            CUSTOMER,
            {
                "referred_by": [str(company.pk), ""],
                "city": ["", "Leeds"],
                "custom_values.guide": [None, str(owner.user_id)],
            },
        ),
        ("customers.contact", {"reports_to": [None, str(dana.pk)], "person_customer": [None, str(uuid4())]}),
        ("customers.note", {"contact": [str(dana.pk), None]}),
        ("nobody.knows", {"owner": [1, 2]}),
    ]
    found = references_in(actor, deeds, [field])
    assert found.name(CUSTOMER, "owner", str(owner.user_id)) == str(owner.user)
    assert found.name(CUSTOMER, "custom_values.guide", str(owner.user_id)) == str(owner.user)
    assert found.name(CUSTOMER, "team", str(team.pk)) == "North"
    assert found.name(CUSTOMER, "parent", str(company.pk)) == "Acme Corp"
    assert found.name(CUSTOMER, "referred_by", str(company.pk)) == "Acme Corp"
    assert found.name("customers.contact", "reports_to", str(dana.pk)) == "Dana"
    assert found.name("customers.contact", "person_customer", str(uuid4())) == "A customer that you may not see"
    assert found.name("customers.note", "contact", str(dana.pk)) == "Dana"
    assert found.name(CUSTOMER, "owner", str(uuid4())) == "no longer here"
    for name, value in (("owner", None), ("city", "Leeds"), ("parent", "")):
        assert found.name(CUSTOMER, name, value) is None
    assert found.name("nobody.knows", "owner", 1) is None
    assert found.shows == {company.pk}


def test_where_nothing_is_referred_to_nothing_is_asked(
    in_scope: Business, actor: Actor, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(0):
        assert references_in(actor, [(CUSTOMER, {"city": ["", "Leeds"], "owner": [None, None]})]).shows == frozenset()


@pytest.mark.parametrize("of", ["parent", "referred_by"])
def test_page_and_api_name_them_as_they_are_now(
    in_scope: Business, owner: Membership, actor: Actor, browser: Client, of: str
) -> None:
    child = make_customer(in_scope, kind="company", display_name="Child")
    other = make_customer(in_scope, kind="company", display_name="Once Ltd")
    _change(actor, child, **{of: other})
    _change(actor, other, display_name="Now Ltd")
    page = browser.get(f"/customers/{child.pk}/history").content.decode()
    assert "Now Ltd" in page
    assert "Once Ltd" not in page
    assert str(other.pk) not in page
    assert set(AccessRecord.unscoped.latest("id").customer_ids) == {child.pk, other.pk}
    caller = Caller(token_of(owner.user.email)["access_token"])
    change = caller.get(f"/customers/{child.pk}/history?field={of}").json()["data"][0]["changes"][0]
    assert change == {
        "field": of, "before": None, "after": str(other.pk), "before_name": None, "after_name": "Now Ltd",
    }  # fmt: skip
    assert set(AccessRecord.unscoped.latest("id").customer_ids) == {child.pk, other.pk}


def test_whom_one_may_not_see_has_no_name(in_scope: Business, owner: Membership, actor: Actor, sign_in: Any) -> None:
    agent = make_membership(in_scope, "agent", visibility="own")
    child = make_customer(in_scope, kind="company", owner=agent.user)
    parent = make_customer(in_scope, kind="company", display_name="Secret Ltd")
    _change(actor, child, parent=parent)
    page = sign_in(agent).get(f"/customers/{child.pk}/history").content.decode()
    assert "A customer that you may not see" in page
    assert "Secret Ltd" not in page
    assert AccessRecord.unscoped.latest("id").customer_ids == [child.pk]
    caller = Caller(token_of(agent.user.email)["access_token"])
    answer = caller.get(f"/customers/{child.pk}/history?field=parent")
    assert answer.json()["data"][0]["changes"][0]["after_name"] == "A customer that you may not see"
    assert "Secret Ltd" not in answer.content.decode()
    assert AccessRecord.unscoped.latest("id").customer_ids == [child.pk]


def test_the_contact_of_a_note_and_the_one_reported_to_are_named(
    in_scope: Business, actor: Actor, browser: Client
) -> None:
    company = make_customer(in_scope, kind="company")
    dana, boss = make_contact(company, display_name="Dana"), make_contact(company, display_name="The Boss")
    services.update_contact(actor=actor, contact=dana, reports_to=boss)
    note = make_note(company, actor=actor)
    services.edit_note(actor=actor, note=note, at=clock.now(), contact=dana)
    page = browser.get(f"/customers/{company.pk}/history").content.decode()
    assert "The Boss" in page
    assert "Dana" in page
    assert str(boss.pk) not in page
    assert str(dana.pk) not in page
