"""Staff pages of customers and imports: who is shown what, and what is said when something is not."""

from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags

from crm import clock
from crm.models import AccessRecord, Business, Membership, Team
from crm.scope import scope
from customers import services
from customers.models import Customer
from tests.commerce.test_resources import bring_in
from tests.crm.api.calling import Caller, make_key
from tests.factories import make_customer, make_membership

NARROW: dict[str, Any] = {"visibility": "own"}


def test_values_of_faulty_rows_are_for_those_who_see_all_customers(in_scope: Business, sign_in: Any) -> None:
    record = bring_in(in_scope, "external_id,email\n1,planted-marker\n")
    for name in ("import_detail", "import_progress"):
        address = reverse(f"customers:{name}", args=[record.pk])
        assert b"planted-marker" in sign_in(make_membership(in_scope, "manager")).get(address).content
        assert sign_in(make_membership(in_scope, "manager", **NARROW)).get(address).status_code == 404
    narrow = sign_in(make_membership(in_scope, "manager", **NARROW))
    assert b"file.csv" not in narrow.get(reverse("customers:import_list")).content


def test_an_own_import_stays_in_sight(in_scope: Business, sign_in: Any, db: None) -> None:
    manager = make_membership(in_scope, "manager")
    browser = sign_in(manager)
    answer = browser.post(
        reverse("customers:import_create"), {"file": ContentFile(b"external_id\n1\n", name="mine.csv")}
    )
    assert answer.status_code == 302
    Membership.objects.filter(pk=manager.pk).update(visibility="own")
    assert browser.get(answer["Location"]).status_code == 200


def test_who_may_not_import_is_not_asked_to(business: Business, sign_in: Any) -> None:
    for role, fields in (("analyst", {}), ("manager", NARROW)):
        browser = sign_in(make_membership(business, role, **fields))
        for name in ("customers:customer_list", "commerce:order_list", "customers:import_list"):
            assert reverse("customers:import_create").encode() not in browser.get(reverse(name)).content, (role, name)


def test_a_customer_of_a_member_who_has_left_can_still_be_edited(in_scope: Business, browser: Client) -> None:
    agent = make_membership(in_scope, "agent")
    customer = make_customer(in_scope, owner=agent.user)
    Membership.objects.filter(pk=agent.pk).update(is_active=False)
    address = reverse("customers:customer_update", args=[customer.pk])
    form = browser.get(address).context["form"]
    values = {name: value for name, value in form.initial.items() if value not in (None, "")}
    assert browser.post(address, {**values, "city": "Leeds"}).status_code == 302
    customer.refresh_from_db()
    assert (customer.city, customer.owner_id) == ("Leeds", agent.user_id)


def test_who_sees_only_own_customers_finds_the_one_just_added(in_scope: Business, sign_in: Any) -> None:
    team = Team.objects.create(business=in_scope, name="North")
    for fields in (NARROW, {"visibility": "team", "team": team}):
        browser = sign_in(make_membership(in_scope, "agent", **fields))
        form = browser.get(reverse("customers:customer_create")).context["form"]
        values = {name: value for name, value in form.initial.items() if value not in (None, "")}
        answer = browser.post(reverse("customers:customer_create"), {**values, "first_name": "Jordan"}, follow=True)
        assert (answer.status_code, answer.redirect_chain[0][1]) == (200, 302)
    unowned = {"kind": "person", "lifecycle_stage": "active", "first_name": "Riley"}
    answer = browser.post(reverse("customers:customer_create"), unowned, follow=True)
    assert answer.status_code == 200


@pytest.mark.parametrize("data", [{"kind": "person", "email": "nonsense"}, {"version": "2020-01-01T00:00:00+00:00"}])
def test_a_refused_form_shows_the_customer_and_is_recorded(
    in_scope: Business, browser: Client, data: dict[str, str]
) -> None:
    customer = make_customer(in_scope)
    address = reverse("customers:customer_update", args=[customer.pk])
    given = {"kind": "person", "first_name": "J", "last_name": "S", "lifecycle_stage": "active", **data}
    answer = browser.post(address, given)
    assert answer.status_code in (412, 422)
    assert AccessRecord.objects.filter(customer_ids__contains=[customer.pk], what="customers:customer_update").exists()


def test_a_name_that_grows_when_folded_is_taken(business: Business, browser: Client) -> None:
    given = {"kind": "company", "lifecycle_stage": "active", "display_name": "\ufdfa" * 150}
    answer = browser.post(reverse("customers:customer_create"), given)
    assert answer.status_code == 302
    assert "\ufdfa" in browser.get(answer["Location"]).content.decode()


def test_history_speaks_in_words(in_scope: Business, owner: Membership, browser: Client, actor: Any) -> None:
    customer = make_customer(in_scope)
    services.update_customer(
        actor=actor, customer=customer, at=clock.now(), owner=owner.user, lifecycle_stage="churn_risk"
    )
    page = browser.get(reverse("customers:customer_history", args=[customer.pk])).content.decode()
    assert str(owner.user) in page

    words = strip_tags(page)
    assert "Churn risk" in words
    assert "churn_risk" not in words
    assert str(owner.user_id) not in words


def test_a_single_order_is_one_order(in_scope: Business, browser: Client) -> None:
    from tests.factories import make_order

    order = make_order(make_customer(in_scope))
    page = browser.get(reverse("customers:customer_archive", args=[order.customer_id])).content
    assert b"1 order stays" in page


def test_own_customers_are_found_among_many_of_others(in_scope: Business, sign_in: Any, monkeypatch: Any) -> None:
    """The search looks at a limited number of customers; those of others must not use it up."""
    monkeypatch.setattr("customers.queries.search.MATCHES", 3)
    monkeypatch.setattr("customers.queries.search.matching.__defaults__", (3,))
    agent = make_membership(in_scope, "agent", **NARROW)
    for _number in range(5):
        make_customer(in_scope, first_name="Quentin", last_name="Aaa")
    make_customer(in_scope, first_name="Quentin", last_name="Zzz", owner=agent.user)
    with scope(in_scope):
        assert Customer.objects.filter(first_name="Quentin").count() == 6
    page = sign_in(agent).get(reverse("customers:customer_list"), {"search": "quentin"})
    assert b"Quentin Zzz" in page.content
    assert b"Quentin Aaa" not in page.content


def test_a_search_with_more_matches_than_are_looked_through_says_so(
    in_scope: Business, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        make_customer(in_scope, first_name="Marten", last_name=str(number))
    caller = Caller(make_key(in_scope))
    assert "best matches" not in browser.get("/customers?search=marten").content.decode()
    assert caller.get("/customers?search=marten").json()["total_is_estimate"] is False
    monkeypatch.setattr("customers.queries.search.MATCHES", 3)
    assert "the 3 best matches" in browser.get("/customers?search=marten").content.decode()
    answer = caller.get("/customers?search=marten").json()
    assert (answer["total"], answer["total_is_estimate"]) == (3, True)
