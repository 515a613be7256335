"""The settings area, the trail's pages, jobs and one's own account."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from crm import clock, jobs
from crm.actor import Actor
from crm.clock import uuid7
from crm.models import (
    AccessRecord,
    Activity,
    ApiKey,
    Business,
    ExchangeRate,
    Invitation,
    Job,
    JobState,
    Membership,
    Team,
    User,
)
from crm.scope import scope
from tests.factories import make_customer, make_membership

CARDS = {
    "owner": [
        "Business", "Sign-in rules", "People", "Permissions", "Teams", "API keys", "Exchange rates", "Tags", "Custom fields",
        "Ideal customer",
    ],
    "manager": ["Permissions", "Teams", "Exchange rates", "Tags", "Custom fields", "Ideal customer"],
    "analyst": ["Exchange rates"], "integration": [],
}  # fmt: skip


def _stored_anywhere(secret: str) -> bool:
    """Does any row of any table hold the secret in clear?"""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'select exists (select from "{table}" t where t::text like %s)', [f"%{secret}%"])
            if cursor.fetchone()[0]:
                return True
    return False


@pytest.mark.parametrize("role", CARDS)
def test_the_index_shows_what_the_role_may_change(members: dict[str, Membership], sign_in: Any, role: str) -> None:
    response = sign_in(members[role]).get("/settings")
    assert [str(card["label"]) for card in response.context["cards"]] == CARDS[role]


def test_business_settings_are_changed_and_the_currency_is_not(browser: Client, business: Business) -> None:
    page = browser.get("/settings/business")
    shown = {field.name: field.value() for field in page.context["form"] if field.value() is not None}
    data = {**shown, "name": "Acme & Sons", "slug": "acme", "time_zone": "Europe/Paris", "locale": "fr-FR"}
    assert "can't be changed" in page.content.decode()
    assert browser.post("/settings/business", {**data, "currency": "USD"})["Location"] == "/settings/business"
    business.refresh_from_db()
    assert (business.name, business.time_zone, business.currency) == ("Acme & Sons", "Europe/Paris", "GBP")
    assert browser.post("/settings/business", data).status_code == 412
    assert browser.post("/settings/business", {**data, "version": "", "time_zone": "Mars/Olympus"}).status_code == 422


def test_an_invitation_link_is_shown_once_and_works(browser: Client, owner: Membership) -> None:
    response = browser.post("/settings/people/invite", {"email": "sam@example.com", "role": "agent", "team": ""})
    body = response.content.decode()
    link = re.search(r"http://testserver(/invitation/[\w-]{43})", body)
    assert link is not None
    assert f'data-copy="{link.group(0)}"' in body
    assert Client().get(link.group(1)).status_code == 200
    people = browser.get("/settings/people").content.decode()
    assert "sam@example.com" in people
    assert link.group(1) not in people
    assert not _stored_anywhere(link.group(1).rsplit("/", 1)[-1])
    invitation = Invitation.unscoped.get()
    path = reverse("crm:invitation_withdraw", args=[invitation.pk])
    assert path in people
    assert browser.get(path).status_code == 200
    assert browser.post(path)["Location"] == "/settings/people"
    assert Client().get(link.group(1)).status_code == 410
    assert browser.post("/settings/people/invite", {"email": owner.user.email, "role": "agent"}).status_code == 422


def test_members_change_and_end(browser: Client, owner: Membership) -> None:
    member = make_membership(owner.business, "agent")
    team = Team.unscoped.create(business=owner.business, name="North")
    path = reverse("crm:membership_update", args=[member.pk])
    version = browser.get(path).context["form"].initial["version"]
    data = {"role": "manager", "team": str(team.pk), "visibility": "team", "version": version}
    assert browser.post(path, data)["Location"] == "/settings/people"
    member.refresh_from_db()
    assert (member.role, member.team, member.visibility) == ("manager", team, "team")
    own = reverse("crm:membership_update", args=[owner.pk])
    refused = browser.post(own, {"role": "agent", "team": "", "visibility": "all"})
    assert refused.status_code == 409
    assert "role" in refused.context["form"].errors
    assert browser.post(reverse("crm:membership_end", args=[owner.pk])).status_code == 409
    assert browser.post(reverse("crm:membership_end", args=[member.pk])).status_code == 302
    assert browser.get(path).status_code == 404


def test_a_foreign_team_can_not_be_given(browser: Client, owner: Membership, other_business: Business) -> None:
    foreign = Team.unscoped.create(business=other_business, name="Elsewhere")
    path = reverse("crm:membership_update", args=[owner.pk])
    assert "Elsewhere" not in browser.get(path).content.decode()
    assert browser.post(path, {"role": "owner", "team": str(foreign.pk), "visibility": "all"}).status_code == 422


def test_teams_pages(browser: Client, owner: Membership) -> None:
    assert "No teams yet" in browser.get("/settings/teams").content.decode()
    assert browser.post("/settings/teams/new", {"name": "North"}).status_code == 302
    assert browser.post("/settings/teams/new", {"name": "north"}).status_code == 409
    team = Team.unscoped.get()
    make_customer(owner.business, team=team)
    assert browser.post(reverse("crm:team_update", args=[team.pk]), {"name": "South"}).status_code == 302
    assert "South" in browser.get("/settings/teams").content.decode()
    asked = browser.get(reverse("crm:team_delete", args=[team.pk]))
    assert "1 customers" in asked.content.decode()
    assert browser.post(reverse("crm:team_delete", args=[team.pk])).status_code == 302
    assert not Team.unscoped.exists()


def test_an_api_key_is_shown_once_and_can_be_revoked(browser: Client) -> None:
    last = date(2030, 5, 31)
    data = {"name": "Shop", "role": "integration", "scopes": ["customers.view"], "expires_at": last.isoformat()}
    key = re.search(r"crm_[a-z0-9]{8}_[\w-]{43}", browser.post("/settings/api-keys/new", data).content.decode())
    assert key is not None
    assert not _stored_anywhere(key.group(0)[13:])
    body = browser.get("/settings/api-keys").content.decode()
    assert key.group(0)[13:] not in body
    assert key.group(0)[:12] in body
    record = ApiKey.unscoped.get()
    assert record.expires_at is not None
    assert record.expires_at.isoformat() == "2030-05-31T23:00:00+00:00"
    assert (
        browser.post("/settings/api-keys/new", {**data, "name": "B", "scopes": ["crm.manage_people"]}).status_code
        == 422
    )
    assert browser.post("/settings/api-keys/new", {**data, "name": "B", "expires_at": "2020-01-01"}).status_code == 422
    asked = browser.get(reverse("crm:api_key_rotate", args=[record.pk])).content.decode()
    assert "24 hours" in asked
    rotated = browser.post(reverse("crm:api_key_rotate", args=[record.pk])).content.decode()
    successor = re.search(r"crm_[a-z0-9]{8}_[\w-]{43}", rotated)
    assert successor
    assert successor[0] not in browser.get("/settings/api-keys").content.decode()
    assert "Old key still works" in browser.get("/settings/api-keys").content.decode()
    assert browser.post(reverse("crm:api_key_revoke", args=[record.pk])).status_code == 302
    assert browser.post(reverse("crm:api_key_rotate", args=[record.pk])).status_code == 409
    assert browser.post(reverse("crm:api_key_revoke", args=[record.pk])).status_code == 409
    assert "Revoked" in browser.get("/settings/api-keys").content.decode()


def test_rates_pages(browser: Client, sign_in: Any, owner: Membership) -> None:
    ahead = clock.today("Europe/London") + timedelta(days=30)
    data = {"currency": "EUR", "valid_on": ahead.isoformat(), "rate": "0.8512345678"}
    assert browser.post("/settings/exchange-rates/new", data).status_code == 302
    assert browser.post("/settings/exchange-rates/new", data).status_code == 409
    assert browser.post("/settings/exchange-rates/new", {**data, "currency": "GBP"}).status_code == 422
    assert browser.post("/settings/exchange-rates/new", {**data, "rate": "0"}).status_code == 422
    body = browser.get("/settings/exchange-rates").content.decode()
    assert "0.8512345678" in body
    assert "Planned" in body
    rate = ExchangeRate.unscoped.get()
    path = reverse("crm:rate_update", args=[rate.pk])
    version = browser.get(path).context["form"].initial["version"]
    assert browser.post(path, {**data, "rate": "0.9", "version": version}).status_code == 302
    assert (
        path not in sign_in(make_membership(owner.business, "analyst")).get("/settings/exchange-rates").content.decode()
    )
    assert browser.post(reverse("crm:rate_delete", args=[rate.pk])).status_code == 302
    assert not ExchangeRate.unscoped.exists()


def test_the_demo_data_page_is_only_for_demo_data(browser: Client, owner: Membership) -> None:
    assert browser.get("/settings/demo").status_code == 404
    Business.objects.update(is_demo=True)
    make_customer(owner.business)
    assert "Demo data" in browser.get("/settings").content.decode()
    page = browser.get("/settings/demo").content.decode()
    assert "Acme Retail" in page
    assert "1 customers" in page
    assert browser.post("/settings/demo", {"confirm": "no"}).status_code == 422
    assert Business.objects.exists()
    response = browser.post("/settings/demo", {"confirm": "remove"}, follow=True)
    assert response.redirect_chain[-1][0] == "/welcome"
    assert not User.objects.exists()


def test_activity_shows_deeds_with_before_and_after(
    browser: Client, owner: Membership, other_business: Business
) -> None:
    customer = make_customer(owner.business, last_name="Quill")
    make_customer(other_business)
    response = browser.get("/activity?verb=customers.customer.created")
    assert response.context["paging"]["total"] == 1
    deed = Activity.unscoped.get(about=customer.pk)
    before = AccessRecord.unscoped.count()
    page = browser.get(f"/activity/{deed.pk}").content.decode()
    assert "Quill" in page
    assert AccessRecord.unscoped.count() == before + 1
    assert browser.get("/activity?door=window").status_code == 400
    assert browser.get("/activity?since=2199-01-01").context["paging"]["total"] == 0


def test_values_of_customers_stay_hidden_from_those_who_see_only_some(owner: Membership, sign_in: Any) -> None:
    customer = make_customer(owner.business, last_name="Quill")
    deed = Activity.unscoped.get(about=customer.pk)
    manager = sign_in(make_membership(owner.business, "manager", visibility="own"))
    page = manager.get(f"/activity/{deed.pk}").content.decode()
    assert "last_name" in page
    assert "Quill" not in page


def test_access_shows_who_saw_whose_data(browser: Client, owner: Membership) -> None:
    customer = make_customer(owner.business)
    browser.get(f"/customers/{customer.pk}")
    response = browser.get(f"/access?customer={customer.pk}")
    assert response.context["paging"]["total"] == 1
    assert "Profile of a customer" in response.content.decode()
    assert browser.get("/access?customer=00000000-0000-7000-8000-000000000000").context["paging"]["total"] == 0


def test_the_trail_is_paged_by_key(browser: Client, owner: Membership) -> None:
    for number in range(30):
        make_customer(owner.business, last_name=f"N{number}")
    first = browser.get("/activity").context
    second = browser.get("/activity" + first["paging"]["next_href"]).context
    seen = [row.id for page in (first, second) for row in page["table"].rows]
    assert len(seen) == len(set(seen)) == 30
    assert seen == sorted(seen, key=int, reverse=True)


def test_a_job_shows_its_progress_until_it_is_over(browser: Client, owner: Membership) -> None:
    with scope(owner.business):
        job = jobs.enqueue(
            "customers.tasks.import_file",
            actor=Actor.for_user(owner.user),
            business=owner.business,
            import_job_id=str(uuid7()),
        )
    assert job is not None
    Job.unscoped.update(state=JobState.RUNNING, processed=40, total=100, step="Reading")
    page = browser.get(reverse("crm:job", args=[job.pk])).content.decode()
    assert "40 / 100" in page
    assert reverse("crm:job_progress", args=[job.pk]) in page
    for state, words in ((JobState.FAILED, "broke"), (JobState.DONE, "is done"), (JobState.CANCELLED, "cancelled")):
        Job.unscoped.update(state=state, error="It broke." if state == JobState.FAILED else "")
        fragment = browser.get(reverse("crm:job_progress", args=[job.pk])).content.decode()
        assert words in fragment
        assert "hx-get" not in fragment
        assert "<html" not in fragment


def test_ones_own_account(browser: Client, owner: Membership) -> None:
    response = browser.post("/account", {"name": "Riley Carter", "theme": "dark"})
    assert response["Location"] == "/account"
    assert response.cookies["theme"].value == "dark"
    owner.user.refresh_from_db()
    assert (owner.user.name, owner.user.theme) == ("Riley Carter", "dark")
    assert 'data-theme="dark"' in browser.get("/account").content.decode()
    assert browser.post("/account", {"name": " ", "theme": "dark"}).status_code == 422
    assert browser.post("/account", {"name": "R", "theme": "pink"}).status_code == 422


def test_texts_that_people_type_are_escaped(browser: Client, owner: Membership) -> None:
    evil = "<script>alert(1)</script>"
    Team.unscoped.create(business=owner.business, name=evil)
    User.objects.filter(pk=owner.user.pk).update(name=evil)
    for path in ("/settings/teams", "/settings/people", "/account"):
        assert evil not in browser.get(path).content.decode()
