"""The profile: what it shows to whom, editing in place, and what happens when two people edit at once."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm import clock, service_mode
from crm.actor import Actor
from crm.forms import version_of
from crm.models import AccessRecord, Business, Membership
from customers import services
from customers.models import Customer, CustomerTag, CustomerVisit, Signal, Tag
from customers.queries import history_of
from tests.crm.api.calling import Caller, make_key
from tests.factories import make_customer, make_membership, make_order

HTMX: Any = {"HTTP_HX_REQUEST": "true"}


def page(browser: Client, name: str, customer: Customer, query: str = "", *args: str) -> Any:
    return browser.get(reverse(f"customers:{name}", args=[customer.pk, *args]) + query)


def text(browser: Client, name: str, customer: Customer, query: str = "") -> str:
    answer = page(browser, name, customer, query)
    assert answer.status_code == 200
    return answer.content.decode()


TABS = ["customer_detail", "customer_timeline", "customer_history"]


@pytest.mark.parametrize("name", TABS)
def test_every_tab_says_who_it_is(in_scope: Business, browser: Client, owner: Membership, name: str) -> None:
    customer = make_customer(in_scope, kind="company", display_name="Acme", owner=owner.user, city="Leeds")
    tag = Tag.objects.create(business=in_scope, name="wholesale", color="#123456")
    CustomerTag.objects.create(business=in_scope, customer=customer, tag=tag)
    shown = text(browser, name, customer)
    for words in ("Acme", "Company", "Leeds", str(owner.user), "wholesale", 'fill="#123456"', 'aria-current="step"'):
        assert words in shown, words
    assert "style=" not in shown
    assert "At risk" not in shown


def test_the_badge_at_risk_tells_every_sign_that_is_true(in_scope: Business, browser: Client) -> None:
    customer = make_customer(in_scope)
    make_order(customer, ordered_at=clock.now() - timedelta(days=100))
    Signal.objects.create(
        business=in_scope,
        customer=customer,
        kind="risk",
        text="Cut the <budget>",
        source="call",
        seen_on=clock.now().date(),
    )
    shown = text(browser, "customer_detail", customer)
    for words in (
        "At risk",
        "The last order was 90 days ago or more.",
        "A risk signal is open: Cut the &lt;budget&gt;",
    ):
        assert words in shown, words


def test_deeds_are_offered_to_those_who_may_do_them(in_scope: Business, sign_in: Any) -> None:
    customer = make_customer(in_scope)
    edit, archive = (
        reverse(f"customers:{name}", args=[customer.pk]) for name in ("customer_update", "customer_archive")
    )
    shown = text(sign_in(make_membership(in_scope, "manager")), "customer_detail", customer)
    assert (edit in shown, archive in shown, "detail-edit" in shown) == (True, True, True)
    shown = text(sign_in(make_membership(in_scope, "analyst")), "customer_detail", customer)
    assert (edit in shown, archive in shown, "detail-edit" in shown) == (False, False, False)


def test_an_archived_customer_is_restored_and_not_edited(in_scope: Business, actor: Actor, browser: Client) -> None:
    customer = make_customer(in_scope)
    services.archive_customer(actor=actor, customer=customer, at=clock.now())
    shown = text(browser, "customer_detail", customer)
    assert reverse("customers:customer_restore", args=[customer.pk]) in shown
    for gone in ("customer_update", "customer_archive"):
        assert reverse(f"customers:{gone}", args=[customer.pk]) not in shown
    assert "detail-edit" not in shown


def test_missing_fields_are_named_with_the_way_to_fill_them_in(in_scope: Business, browser: Client) -> None:
    customer = make_customer(in_scope, first_name="Jordan", last_name="Smith", email="j@x.example")
    shown = page(browser, "customer_detail", customer).context["completeness"]
    assert shown["percent"] == 27
    assert reverse("customers:customer_field", args=[customer.pk, "phone"]) in [one["href"] for one in shown["missing"]]


def test_changes_by_others_since_the_last_visit_are_told_once(
    in_scope: Business, browser: Client, owner: Membership, actor: Actor
) -> None:
    customer = make_customer(in_scope)
    words, news = "since you last looked", reverse("customers:customer_news", args=[customer.pk])
    assert news not in text(browser, "customer_detail", customer)
    assert page(browser, "customer_news", customer).status_code == 204
    long_ago = clock.now() - timedelta(days=2)
    CustomerVisit.objects.update(seen_at=long_ago)
    agent = Actor.for_user(make_membership(in_scope, "agent").user)
    services.update_customer(actor=agent, customer=customer, at=clock.now(), city="Leeds")
    assert news in text(browser, "customer_detail", customer)
    shown = text(browser, "customer_news", customer)
    assert words in shown
    assert agent.label in shown
    CustomerVisit.objects.update(
        seen_at=clock.now() + timedelta(seconds=1), before_at=clock.now() + timedelta(seconds=1)
    )
    assert words not in text(browser, "customer_news", customer)


def test_looking_writes_no_visit_while_changes_are_off(in_scope: Business, browser: Client) -> None:
    customer = make_customer(in_scope)
    service_mode.remember(service_mode.Mode(is_read_only=True, is_ours=True))
    assert page(browser, "customer_detail", customer).status_code == 200
    assert not CustomerVisit.objects.exists()


def test_parent_and_subsidiaries_lead_to_one_another(in_scope: Business, browser: Client) -> None:
    parent = make_customer(in_scope, kind="company", display_name="Group")
    child = make_customer(in_scope, kind="company", display_name="Branch", parent=parent)
    assert reverse("customers:customer_detail", args=[child.pk]) in text(browser, "customer_detail", parent)
    assert set(AccessRecord.objects.latest("id").customer_ids) == {parent.pk, child.pk}
    assert reverse("customers:customer_detail", args=[parent.pk]) in text(browser, "customer_detail", child)


def test_a_parent_that_may_not_be_seen_is_not_named(in_scope: Business, sign_in: Any) -> None:
    agent = make_membership(in_scope, "agent", visibility="own")
    parent = make_customer(in_scope, kind="company", display_name="Hidden Group")
    child = make_customer(in_scope, kind="company", parent=parent, owner=agent.user)
    assert "Hidden Group" not in text(sign_in(agent), "customer_detail", child)


def test_figures_with_subsidiaries_show_what_they_are_made_of(in_scope: Business, browser: Client) -> None:
    parent = make_customer(in_scope, kind="company")
    child = make_customer(in_scope, kind="company", display_name="Branch", parent=parent)
    make_order(parent, "100.00")
    make_order(child, "20.50")
    shown = text(browser, "customer_detail", parent, "?family=1")
    for words in ("£120.50", "£20.50", "of 2 companies together", 'id="family"'):
        assert words in shown, words
    assert page(browser, "customer_detail", parent, "?family=2").status_code == 400


def test_the_timeline_shows_what_happened_and_is_narrowed_by_source(in_scope: Business, browser: Client) -> None:
    customer = make_customer(in_scope)
    make_order(customer, number="A77", ordered_at=datetime(2026, 2, 1, tzinfo=UTC))
    assert "Order A77" in text(browser, "customer_timeline", customer)
    assert "Order A77" not in text(browser, "customer_timeline", customer, "?source=stages")
    for query in ("?source=nothing", "?source=orders&source=stages", "?cursor=x", "?family=yes"):
        assert page(browser, "customer_timeline", customer, query).status_code == 400, query


def test_the_history_is_narrowed_by_field_and_person(in_scope: Business, browser: Client, actor: Actor) -> None:
    customer = make_customer(in_scope)
    services.update_customer(actor=actor, customer=customer, at=clock.now(), city="Leeds")
    entries = page(browser, "customer_history", customer, "?field=city").context["entries"]
    assert [entry["title"] for entry in entries] == ["Customer changed"]
    assert entries[0]["changes"] == [{"field": "City", "before": "", "after": "Leeds"}]
    assert page(browser, "customer_history", customer, f"?member={actor.id}&field=country").context["entries"] == []
    for query in ("?field=nothing", "?member=nobody", "?cursor=x"):
        assert page(browser, "customer_history", customer, query).status_code == 400, query


@pytest.mark.parametrize("name", TABS)
def test_a_tab_costs_the_same_however_much_there_is(in_scope: Business, browser: Client, name: str) -> None:
    customer = make_customer(in_scope, kind="company")
    make_order(customer)
    page(browser, name, customer)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert page(browser, name, customer).status_code == 200
        return len(captured)

    one = queries()
    for number in range(12):
        make_order(customer)
        make_customer(in_scope, kind="company", parent=customer)
        tag = Tag.objects.create(business=in_scope, name=f"tag {number}")
        CustomerTag.objects.create(business=in_scope, customer=customer, tag=tag)
    assert queries() == one
    assert one <= 15


# Editing in place


def field_values(customer: Customer, **values: str) -> dict[str, str]:
    customer.refresh_from_db()
    return {"version": version_of(customer), **values}


def test_one_field_is_edited_in_place(in_scope: Business, browser: Client, actor: Actor) -> None:
    customer = make_customer(in_scope, city="Leeds")
    address = reverse("customers:customer_field", args=[customer.pk, "city"])
    form = browser.get(address, **HTMX)
    assert b"<html" not in form.content
    assert set(form.context["form"].fields) == {"city", "version"}
    answer = browser.post(address, field_values(customer, city="York"), **HTMX)
    assert (answer.status_code, answer["Location"]) == (302, reverse("customers:customer_detail", args=[customer.pk]))
    customer.refresh_from_db()
    assert customer.city == "York"
    assert history_of(customer)[0][0].changes == {"city": ["Leeds", "York"]}


def test_without_scripts_the_field_is_a_page(in_scope: Business, browser: Client) -> None:
    customer = make_customer(in_scope)
    answer = page(browser, "customer_field", customer, "", "city")
    assert b"<html" in answer.content
    assert f"City of {customer}" in answer.content.decode()


def test_a_faulty_value_comes_back_at_its_place(in_scope: Business, browser: Client) -> None:
    customer = make_customer(in_scope)
    address = reverse("customers:customer_field", args=[customer.pk, "email"])
    answer = browser.post(address, field_values(customer, email="nonsense"), **HTMX)
    assert (answer.status_code, answer["HX-Retarget"], answer["HX-Reselect"]) == (422, "#in-place", "#in-place")
    assert b"nonsense" in answer.content


@pytest.mark.parametrize("key", ["kind", "lifecycle_stage", "version", "custom_values", "pk", "nonsense"])
def test_only_single_fields_are_edited_in_place(in_scope: Business, browser: Client, key: str) -> None:
    assert page(browser, "customer_field", make_customer(in_scope), "", key).status_code == 404


# Two people at once


def test_a_lost_update_is_refused_with_both_versions(in_scope: Business, browser: Client, sign_in: Any) -> None:
    customer = make_customer(in_scope, city="Leeds", country="United Kingdom")
    address = reverse("customers:customer_update", args=[customer.pk])
    form = browser.get(address).context["form"]
    mine = {name: value for name, value in form.initial.items() if value not in (None, "")}
    other = sign_in(make_membership(in_scope, "manager"))
    theirs = {**mine, "city": "York", "phone": "+44 20 7946 0018"}
    assert other.post(address, theirs).status_code == 302

    refused = browser.post(address, {**mine, "city": "Hull"})
    assert refused.status_code == 412
    shown = {conflict.name: (conflict.yours, conflict.theirs) for conflict in refused.context["form"].conflicts}
    assert shown == {"city": ("Hull", "York"), "phone": ("", "+44 20 7946 0018")}
    customer.refresh_from_db()
    assert customer.city == "York"

    again = refused.context["form"]
    assert again["city"].value() == "Hull"
    assert again["version"].value() == version_of(customer)
    kept = {**mine, "city": "Hull", "phone": customer.phone, "version": again["version"].value()}
    assert browser.post(address, kept).status_code == 302
    customer.refresh_from_db()
    assert (customer.city, customer.phone) == ("Hull", "+44 20 7946 0018")


def test_a_lost_update_in_place_shows_what_is_stored(in_scope: Business, browser: Client, actor: Actor) -> None:
    customer = make_customer(in_scope, city="Leeds")
    address = reverse("customers:customer_field", args=[customer.pk, "city"])
    seen = field_values(customer, city="Hull")
    services.update_customer(actor=actor, customer=customer, at=clock.now(), city="York")
    refused = browser.post(address, seen, **HTMX)
    assert refused.status_code == 412
    assert b"York" in refused.content
    version = refused.context["form"]["version"].value()
    assert browser.post(address, {"city": "Hull", "version": version}, **HTMX).status_code == 302
    customer.refresh_from_db()
    assert customer.city == "Hull"


def test_the_answer_of_the_api_is_the_same_refusal(in_scope: Business, actor: Actor) -> None:
    customer = make_customer(in_scope)
    caller = Caller(make_key(in_scope))
    tag = caller.get(f"/api/v1/customers/{customer.pk}")["ETag"]
    services.update_customer(actor=actor, customer=customer, at=clock.now(), city="York")
    answer = caller.patch(f"/api/v1/customers/{customer.pk}", {"city": "Hull"}, headers={"If-Match": tag})
    assert (answer.status_code, json.loads(answer.content)["status"]) == (412, 412)
