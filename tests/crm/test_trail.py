"""The pages of the trail: what was done, and who saw whose data."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm import clock, trail
from crm.actor import Actor
from crm.models import AccessRecord, Activity, Business, Membership, Team
from customers import services
from tests.factories import make_customer, make_membership

SignIn = Callable[[Membership], Client]


def _rows(browser: Client, address: str, **query: Any) -> list[list[str]]:
    """The texts of the rows of the first table."""
    answer = browser.get(address, query)
    assert answer.status_code == 200, answer.content[:300]
    body = answer.content.decode().split("<tbody>")
    if len(body) == 1:
        return []
    rows = body[1].split("</tbody>")[0].split("<tr")[1:]
    return [
        [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.S)] for row in rows
    ]


def _saw(member: Membership, *customers: Any, what: str = "customers:customer_list", **more: Any) -> AccessRecord:
    return AccessRecord.objects.create(
        business=member.business, actor_kind="user", actor_id=str(member.user_id), actor_label=str(member.user), door="page",
        what=what, customer_ids=[getattr(c, "pk", c) for c in customers], request_id=str(uuid4()), **more,
    )  # fmt: skip


@pytest.fixture
def deeds(in_scope: Business, owner: Membership, sign_in: SignIn) -> dict[str, Any]:
    """Two customers; a manager has changed the first, and a team was made."""
    manager = make_membership(in_scope, "manager")
    first, second = make_customer(in_scope, last_name="First"), make_customer(in_scope, last_name="Second")
    services.update_customer(
        actor=Actor.for_user(manager.user, request_id="req-1"), customer=first, at=clock.now(), city="Leeds"
    )
    sign_in(owner).post("/settings/teams/new", {"name": "North"})
    return {"manager": manager, "first": first, "second": second, "changed": Activity.objects.get(request_id="req-1")}


def test_deeds_are_filtered_by_who_what_where_and_when(deeds: dict[str, Any], browser: Client) -> None:
    manager, first = deeds["manager"], deeds["first"]
    assert len(_rows(browser, "/activity")) == 4
    for query in (
        {"member": manager.user_id}, {"actor_label": "manager of"}, {"verb": "customers.customer.updated"}, {"request_id": "req-1"},
        {"customer": first.pk, "verb": "customers.customer.updated"}, {"search": "leeds"}, {"search": "req-1"},
        {"subject_id": first.pk, "member": manager.user_id},
    ):  # fmt: skip
        assert [row[0] for row in _rows(browser, "/activity", **query)] == ["Customer changed"], query
    assert [row[:2] for row in _rows(browser, "/activity", subject_type="crm.team")] == [["Team created", "Team"]]
    assert len(_rows(browser, "/activity", customer=first.pk)) == 2
    assert len(_rows(browser, "/activity", door="page")) == 2
    assert _rows(browser, "/activity", until="2000-01-01") == []
    assert _rows(browser, "/activity", search="york") == []


def test_days_are_those_of_the_business(in_scope: Business, browser: Client, owner: Membership) -> None:
    in_scope.time_zone = "Pacific/Auckland"
    in_scope.save()
    team = Team.objects.create(business=in_scope, name="x")
    for moment in ("2026-03-09T10:59:59Z", "2026-03-09T11:00:00Z", "2026-03-10T10:59:59Z", "2026-03-10T11:00:00Z"):
        Activity.objects.create(
            business=in_scope, verb="crm.team.created", at=datetime.fromisoformat(moment), actor_kind="system", actor_label="x",
            door="job", subject_type=team._meta.label_lower, subject_id=moment, digest=b"x",
        )  # fmt: skip
    query = {"since": "2026-03-10", "until": "2026-03-10"}
    answer = browser.get("/activity", query)
    shown = [
        row.subject_id
        for row in Activity.objects.filter(pk__in=re.findall(r'data-href="/activity/(\d+)"', answer.content.decode()))
    ]
    assert sorted(shown) == ["2026-03-09T11:00:00Z", "2026-03-10T10:59:59Z"]


def test_a_deed_leads_to_the_record_that_it_was_done_to(
    deeds: dict[str, Any], in_scope: Business, sign_in: SignIn, browser: Client
) -> None:
    text = browser.get("/activity").content.decode()
    assert f'<a href="/customers/{deeds["first"].pk}">Customer</a>' in text
    assert re.search(r'<a href="/settings/teams/[\w-]+">Team</a>', text)
    compliance = sign_in(make_membership(in_scope, "compliance"))
    assert "/settings/teams/" not in compliance.get("/activity").content.decode()
    text = browser.get(f"/activity/{deeds['changed'].pk}").content.decode()
    assert f'href="/customers/{deeds["first"].pk}"' in text
    assert f'href="/activity?customer={deeds["first"].pk}"' in text


def test_a_customer_that_the_list_is_about_is_named_and_that_is_recorded(
    deeds: dict[str, Any], browser: Client
) -> None:
    first = deeds["first"]
    for address in ("/activity", "/access"):
        before = AccessRecord.objects.count()
        assert "Customer: Jordan First" in browser.get(address, {"customer": first.pk}).content.decode()
        assert AccessRecord.objects.count() == before + 1
        assert AccessRecord.objects.latest("id").customer_ids == [first.pk]
        unknown = str(uuid4())
        assert f"Customer: {unknown}" in browser.get(address, {"customer": unknown}).content.decode()
        assert AccessRecord.objects.count() == before + 1


def test_values_are_searched_by_those_who_see_all_customers_only(
    deeds: dict[str, Any], in_scope: Business, sign_in: SignIn
) -> None:
    narrow = sign_in(make_membership(in_scope, "manager", visibility="own"))
    assert _rows(narrow, "/activity", search="leeds") == []
    assert len(_rows(narrow, "/activity", search="req-1")) == 1


def test_words_are_looked_for_in_the_latest_deeds(deeds: dict[str, Any], browser: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr(trail, "TEXT_ROWS", 1)
    assert _rows(browser, "/activity", search="leeds") == []
    assert b"latest 1 deeds" in browser.get("/activity", {"search": "leeds"}).content
    assert len(_rows(browser, "/activity", search="leeds", verb="customers.customer.updated")) == 1


def test_the_customer_is_chosen_by_a_search(
    deeds: dict[str, Any], in_scope: Business, browser: Client, sign_in: SignIn
) -> None:
    first = deeds["first"]
    for address, target in (
        ("/activity/customers", f"/activity?customer={first.pk}"),
        ("/access/customers", f"/access/customers/{first.pk}"),
    ):
        before = AccessRecord.objects.count()
        assert browser.get(address).status_code == 200
        assert AccessRecord.objects.count() == before
        assert f'href="{target}"' in browser.get(address, {"search": "jordan first"}).content.decode()
        assert AccessRecord.objects.latest("id").customer_ids == [first.pk]
    manager = sign_in(make_membership(in_scope, "manager"))
    assert manager.get("/activity/customers").status_code == 200
    assert manager.get("/access/customers").status_code == 403


def test_who_saw_a_customer_is_told_by_person_with_times_and_places(
    deeds: dict[str, Any], owner: Membership, browser: Client
) -> None:
    first, second, manager = deeds["first"], deeds["second"], deeds["manager"]
    _saw(owner, first, second)
    _saw(manager, first, what="customers:customer_detail")
    _saw(manager, first, what="crm:export", purpose="Newsletter")
    _saw(manager, second)
    people = _rows(browser, f"/access/customers/{first.pk}")
    assert [row[:2] for row in people] == [[str(manager.user), "2"], [str(owner.user), "1"]]
    text = browser.get(f"/access/customers/{first.pk}").content.decode()
    assert "Who saw Jordan First?" in text
    for words in ("Profile of a customer", "Newsletter", "crm:export"):
        assert words in text
    assert f"/access?customer={first.pk}&amp;member={manager.user_id}" in text
    assert len(_rows(browser, "/access", customer=first.pk, member=manager.user_id)) == 2


def test_the_look_at_who_saw_somebody_is_recorded_itself(deeds: dict[str, Any], browser: Client) -> None:
    browser.get(f"/access/customers/{deeds['first'].pk}")
    record = AccessRecord.objects.latest("id")
    assert (record.what, record.customer_ids) == ("crm:access_customer", [deeds["first"].pk])
    assert _rows(browser, "/access")[0][1] == "Who saw a customer"


def test_a_customer_out_of_sight_is_not_found(in_scope: Business, other_business: Business, sign_in: SignIn) -> None:
    narrow = sign_in(make_membership(in_scope, "compliance", visibility="own"))
    for customer in (make_customer(in_scope), make_customer(other_business)):
        assert narrow.get(f"/access/customers/{customer.pk}").status_code == 404
    assert AccessRecord.objects.count() == 0


def test_whom_a_person_saw_is_counted(deeds: dict[str, Any], browser: Client) -> None:
    first, second, manager = deeds["first"], deeds["second"], deeds["manager"]
    gone = uuid4()
    _saw(manager, first, second)
    _saw(manager, first, gone)
    _saw(manager, second, at=datetime(2020, 1, 1, tzinfo=UTC))
    people = _rows(browser, "/access/people")
    assert people[0][:3] == [str(manager.user), "2", "4"]
    rows = _rows(browser, f"/access/people/{manager.pk}")
    assert {row[0]: row[1] for row in rows} == {
        "Jordan First": "2", "Jordan Second": "1", "no longer here, or not for you to see": "1",
    }  # fmt: skip
    record = AccessRecord.objects.latest("id")
    assert (record.what, set(record.customer_ids)) == ("crm:access_person", {first.pk, second.pk})
    assert b"3 customers in all." in browser.get(f"/access/people/{manager.pk}").content
    for days in ("7", "90", "0", "x", ""):
        assert browser.get(f"/access/people/{manager.pk}", {"days": days}).status_code == 200


def test_only_so_many_customers_of_a_person_are_listed(
    deeds: dict[str, Any], browser: Client, monkeypatch: Any
) -> None:
    monkeypatch.setattr("crm.views.access.MOST", 1)
    _saw(deeds["manager"], deeds["first"], deeds["second"])
    text = browser.get(f"/access/people/{deeds['manager'].pk}").content.decode()
    assert "2 customers in all. The latest 1 are shown." in text


def test_the_profile_leads_to_who_saw_it_for_those_who_may_know(
    in_scope: Business, browser: Client, sign_in: SignIn
) -> None:
    customer = make_customer(in_scope)
    link = f'href="/access/customers/{customer.pk}"'
    assert link in browser.get(f"/customers/{customer.pk}").content.decode()
    assert link not in sign_in(make_membership(in_scope, "manager")).get(f"/customers/{customer.pk}").content.decode()


def test_rows_of_the_trail_cost_no_queries(deeds: dict[str, Any], browser: Client, owner: Membership) -> None:
    def queries(address: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(address).status_code == 200
        return len(captured)

    addresses = [
        "/activity",
        "/access",
        "/access/people",
        f"/access/customers/{deeds['first'].pk}",
        f"/access/people/{owner.pk}",
    ]
    _saw(owner, deeds["first"])
    for address in addresses:
        queries(address)
    before = [queries(address) for address in addresses]
    for number in range(5):
        services.update_customer(
            actor=Actor.for_user(owner.user), customer=deeds["first"], at=clock.now(), city=f"City {number}"
        )
        _saw(owner, deeds["first"], deeds["second"])
        _saw(deeds["manager"], deeds["first"], deeds["second"])
    assert [queries(address) for address in addresses] == before
    assert max(before) <= 16


def test_every_kind_of_record_that_a_deed_was_done_to_can_be_chosen(deeds: dict[str, Any]) -> None:
    kinds = dict(trail.record_choices())
    assert set(Activity.objects.values_list("subject_type", flat=True)) <= set(kinds)
    assert {"crm.team", "crm.savedview", "customers.importjob", "crm.user", "crm.apikey"} <= set(kinds)
    assert not {"customers.customersearch", "crm.activity"} & set(kinds)


def test_a_deed_and_a_record_that_nobody_knows_any_more_are_shown_by_name(in_scope: Business) -> None:
    assert (trail.verb_label("old.deed.done"), trail.record_label("old.record"), trail.record_label("old")) == (
        "old.deed.done", "old.record", "old",
    )  # fmt: skip
    assert (trail.place_label("old:page"), trail.door_label("old")) == ("old:page", "old")
    assert trail.record_href(Actor.system("test"), in_scope, "crm.team", "not an id") == ""
