"""The settings pages of tags and custom fields, and both on the pages of a customer."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.actor import Actor
from crm.models import Business, Membership
from crm.scope import scope
from customers import services
from customers.models import Customer, CustomField, Tag
from customers.queries import tags_of
from tests.factories import make_custom_field, make_customer, make_membership, make_tag

HTMX = {"HX-Request": "true"}


def _names(business: Business, customer: Customer) -> list[str]:
    with scope(business):
        return [tag.name for tag in tags_of(customer)]


def test_the_list_of_tags_counts_and_leads_to_their_customers(browser: Client, business: Business, system: Any) -> None:
    tag = make_tag(business, "VIP <b>", color="#123456")
    with scope(business):
        services.tag_customers(business=business, customer_ids=[make_customer(business).pk for _ in "ab"], tag=tag)
    body = browser.get("/settings/tags").content.decode()
    assert "VIP &lt;b&gt;" in body
    assert f'href="/customers?tag={tag.pk}">2</a>' in body
    assert 'fill="#123456"' in body


def test_a_tag_is_added_changed_merged_and_deleted(browser: Client, business: Business) -> None:
    assert browser.post("/settings/tags/new", {"name": "VIP", "color": "#2563eb"}).status_code == 302
    tag = Tag.unscoped.get()
    where = f"/settings/tags/{tag.pk}"
    assert browser.post(where, {"name": "VIP", "color": "own", "own_color": "#ABCDEF"}).status_code == 302
    tag.refresh_from_db()
    assert tag.color == "#abcdef"
    assert 'value="own" ' in browser.get(where).content.decode()
    other = make_tag(business, "Key account")
    customer = make_customer(business, tags=[tag])
    assert "1 customer" in browser.get(f"{where}/merge").content.decode()
    assert browser.post(f"{where}/merge", {"into": str(other.pk)}).status_code == 302
    assert _names(business, customer) == ["Key account"]
    assert "1 customer" in browser.get(f"/settings/tags/{other.pk}/delete").content.decode()
    assert browser.post(f"/settings/tags/{other.pk}/delete").status_code == 302
    assert not Tag.unscoped.exists()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"name": "vip", "color": "#2563eb"}, "There is a tag of this name already."),
        ({"name": "x", "color": "own", "own_color": "red"}, "Give a color as #64748b."),
        ({"name": "x", "color": "own"}, "Give a color as #64748b."),
        ({"name": "", "color": "#2563eb"}, "This field is required."),
    ],
)
def test_a_faulty_tag_is_refused_at_its_field(
    browser: Client, business: Business, data: dict[str, str], words: str
) -> None:
    make_tag(business, "VIP")
    answer = browser.post("/settings/tags/new", data)
    assert answer.status_code in (409, 422)
    assert words in answer.content.decode()


def test_a_tag_is_put_on_and_taken_away_without_javascript(browser: Client, business: Business) -> None:
    customer = make_customer(business)
    profile = f"/customers/{customer.pk}"
    answer = browser.post(f"{profile}/tags", {"name": "VIP"})
    assert (answer.status_code, answer["Location"]) == (302, profile)
    tag = Tag.unscoped.get()
    assert f'action="{profile}/tags/{tag.pk}/remove"' in browser.get(profile).content.decode()
    assert browser.get(f"{profile}/tags").status_code == 200
    assert browser.get(f"{profile}/tags/{tag.pk}/remove").status_code == 200
    assert browser.post(f"{profile}/tags/{tag.pk}/remove")["Location"] == profile
    assert _names(business, customer) == []


def test_the_profile_gets_its_line_of_tags_anew(browser: Client, business: Business) -> None:
    customer, fair = make_customer(business), make_tag(business, "Fair")
    profile = f"/customers/{customer.pk}"
    body = browser.post(f"{profile}/tags", {"name": "fair"}, headers=HTMX).content.decode()
    assert "<html" not in body
    assert "Fair" in body
    options = browser.get(f"{profile}/tags/options", headers=HTMX).content.decode()
    assert "Fair" not in options
    refused = browser.post(f"{profile}/tags", {"name": "x" * 61}, headers=HTMX)
    assert (refused.status_code, 'id="tag-error"' in refused.content.decode()) == (422, True)
    body = browser.post(f"{profile}/tags/{fair.pk}/remove", headers=HTMX).content.decode()
    assert "Fair" not in body


def test_who_may_not_make_tags_is_told_so(business: Business, sign_in: Any) -> None:
    agent = sign_in(make_membership(business, "agent"))
    customer = make_customer(business)
    answer = agent.post(f"/customers/{customer.pk}/tags", {"name": "VIP"})
    assert answer.status_code == 422
    assert "your role doesn’t allow new ones" in answer.content.decode().replace("&#x27;", "’")


def test_a_field_is_defined_and_changed(browser: Client, business: Business) -> None:
    form = {
        "label": "Plan",
        "key": "plan",
        "type": "choice",
        "choices": "Free\r\n Pro \n\n",
        "order": "10",
        "in_form": "on",
    }
    assert browser.post("/settings/custom-fields/new", form).status_code == 302
    field = CustomField.unscoped.get()
    assert (field.choices, field.in_form, field.on_profile) == (["Free", "Pro"], True, False)
    where = f"/settings/custom-fields/{field.pk}"
    assert browser.post(where, form | {"label": "Tariff", "key": "other"}).status_code == 302
    field.refresh_from_db()
    assert (field.label, field.key) == ("Tariff", "plan")
    assert "Tariff" in browser.get("/settings/custom-fields").content.decode()
    assert browser.post(f"{where}/archive").status_code == 302
    assert "Archived" in browser.get("/settings/custom-fields").content.decode()
    assert browser.post(f"{where}/restore").status_code == 302


def test_what_stands_against_a_change_is_said_in_numbers_and_can_be_overruled(
    browser: Client, business: Business
) -> None:
    field = make_custom_field(business, key="plan", type="choice")
    make_customer(business, custom_values={"plan": "a"})
    form = {"label": "Plan", "type": "choice", "choices": "b\nc", "order": "10"}
    where = f"/settings/custom-fields/{field.pk}"
    refused = browser.post(where, form)
    assert refused.status_code == 422
    body = refused.content.decode()
    assert "is chosen at 1 customer" in body
    assert 'type="checkbox" name="even_so"' in body
    assert browser.post(where, form | {"even_so": "on"}).status_code == 302


def _form(**more: str) -> dict[str, str]:
    return {"kind": "person", "first_name": "Jo", "lifecycle_stage": "active", "preferred_language": "EN", **more}


def test_the_form_of_a_customer_asks_for_custom_fields(browser: Client, business: Business) -> None:
    for key, type in (("seats", "number"), ("live", "boolean"), ("uses", "choices"), ("coach", "user"), ("on", "date")):
        make_custom_field(business, key=key, type=type)
    make_custom_field(business, key="hidden", in_form=False)
    make_custom_field(business, key="of_company", kind="company", is_required=True)
    body = browser.get("/customers/new").content.decode()
    assert 'name="custom_values.seats"' in body
    assert "custom_values.hidden" not in body
    coach = make_membership(business, "agent").user
    values = {
        "custom_values.seats": "25", "custom_values.live": "False", "custom_values.uses": ["a", "b"], "custom_values.coach": str(coach.pk),
        "custom_values.on": "2026-01-31", "custom_values.of_company": "left out",
    }  # fmt: skip
    answer = browser.post("/customers/new", _form() | values)
    assert answer.status_code == 302
    customer = Customer.unscoped.get()
    stored = {"seats": "25", "live": False, "uses": ["a", "b"], "coach": str(coach.pk), "on": "2026-01-31"}
    assert customer.custom_values == stored
    edit = browser.get(f"/customers/{customer.pk}/edit").content.decode()
    assert 'value="25"' in edit
    assert 'value="2026-01-31"' in edit
    assert browser.post(f"/customers/{customer.pk}/edit", _form() | values).status_code == 302
    customer.refresh_from_db()
    assert customer.custom_values == stored


def test_faults_of_custom_fields_stand_at_their_fields(browser: Client, business: Business) -> None:
    make_custom_field(business, key="card", is_unique=True)
    make_custom_field(business, key="need", is_required=True)
    make_customer(business, custom_values={"card": "C-1", "need": "x"})
    answer = browser.post("/customers/new", _form() | {"custom_values.card": "c-1", "custom_values.need": "y"})
    assert answer.status_code == 409
    assert 'id="id_custom_values.card_error"' in answer.content.decode()
    answer = browser.post("/customers/new", _form())
    assert (answer.status_code, 'id="id_custom_values.need_error"' in answer.content.decode()) == (422, True)


def test_tags_are_chosen_when_a_customer_is_added(browser: Client, business: Business) -> None:
    assert 'name="tags"' not in browser.get("/customers/new").content.decode()
    vip, _fair = make_tag(business, "VIP"), make_tag(business, "Fair")
    assert 'name="tags"' in browser.get("/customers/new").content.decode()
    assert browser.post("/customers/new", _form() | {"tags": [str(vip.pk)]}).status_code == 302
    customer = Customer.unscoped.get()
    assert _names(business, customer) == ["VIP"]
    assert browser.post(f"/customers/{customer.pk}/edit", _form()).status_code == 302
    assert _names(business, customer) == ["VIP"]


def test_the_profile_shows_custom_values_as_people_read_them(browser: Client, business: Business) -> None:
    coach = make_membership(business, "agent").user
    for key, type in (("fee", "money"), ("coach", "user"), ("live", "boolean"), ("site", "url"), ("note", "text")):
        make_custom_field(business, key=key, type=type)
    make_custom_field(business, key="secret", on_profile=False)
    customer = make_customer(
        business,
        custom_values={
            "fee": "1234.5", "coach": str(coach.pk), "live": True, "site": "https://example.com", "note": "<b>x", "secret": "hidden here",
        },
    )  # fmt: skip
    body = browser.get(f"/customers/{customer.pk}").content.decode()
    assert "1,234.50" in body
    assert str(coach) in body
    assert "&lt;b&gt;x" in body
    assert "hidden here" not in body


def test_one_custom_value_is_edited_in_its_place(browser: Client, business: Business) -> None:
    make_custom_field(business, key="seats", type="number", in_form=False)
    customer = make_customer(business, custom_values={"seats": "25"})
    where = f"/customers/{customer.pk}/fields/custom_values.seats"
    assert 'value="25"' in browser.get(where, headers=HTMX).content.decode()
    assert browser.post(where, {"custom_values.seats": "many"}).status_code == 422
    assert browser.post(where, {"custom_values.seats": "26"}).status_code == 302
    customer.refresh_from_db()
    assert customer.custom_values == {"seats": "26"}
    assert browser.get(f"/customers/{customer.pk}/fields/custom_values.nowhere").status_code == 404


def test_the_history_names_custom_fields_by_their_labels(browser: Client, business: Business, system: Any) -> None:
    make_custom_field(business, key="plan", label="Tariff plan")
    customer = make_customer(business, custom_values={"plan": "Free"})
    with scope(business):
        services.update_customer(actor=system, customer=customer, at=customer.created_at, custom_values={"plan": "Pro"})
    body = browser.get(f"/customers/{customer.pk}/history").content.decode()
    assert "Tariff plan" in body
    assert "Free" in body


def test_more_tags_and_fields_cost_no_queries(browser: Client, business: Business, owner: Membership) -> None:
    coach = owner.user_id

    def queries(path: str) -> int:
        browser.get(path)
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(path).status_code == 200
        return len(captured)

    make_custom_field(business, key="coach", type="user")
    customer = make_customer(business, custom_values={"coach": str(coach)}, tags=["One"])
    paths = ["/settings/tags", "/settings/custom-fields", f"/customers/{customer.pk}", f"/customers/{customer.pk}/edit"]
    before = [queries(path) for path in paths]
    for number in range(5):
        make_custom_field(business, key=f"f{number}_x", type="user")
    with scope(business):
        services.set_tags(actor=Actor.system("test"), customer=customer, tags=[f"Tag {n}" for n in range(5)])
    assert [queries(path) for path in paths] == before
