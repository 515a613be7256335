"""The customer list: filters by tags and custom fields, columns, density, rows that are picked, and addresses of other products."""

from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from crm.models import AccessRecord, Business, Membership
from customers.models import Customer, CustomerTag, CustomField, Tag
from customers.registry import row_actions
from tests.crm.api.calling import Caller, make_key
from tests.factories import make_customer, make_membership


def names(browser: Client, query: str, path: str = "/customers") -> set[str]:
    answer = browser.get(f"{path}{query}")
    assert answer.status_code == 200, answer.content[:300]
    ids = [row.id for row in answer.context["table"].rows]
    return set(Customer.objects.filter(pk__in=ids).values_list("last_name", flat=True))


def heads(browser: Client, query: str = "") -> list[str]:
    return [column.key for column in browser.get(f"/customers{query}").context["table"].columns]


@pytest.fixture
def tagged(in_scope: Business) -> dict[str, Tag]:
    made = {name: Tag.objects.create(business=in_scope, name=name) for name in ("VIP", "Press")}
    for last_name, held in (("Both", ["VIP", "Press"]), ("One", ["VIP"]), ("None", [])):
        customer = make_customer(in_scope, last_name=last_name)
        for name in held:
            CustomerTag.objects.create(business=in_scope, customer=customer, tag=made[name])
    return made


def test_several_tags_mean_any_of_them_or_all(browser: Client, tagged: dict[str, Tag]) -> None:
    vip, press = tagged["VIP"].pk, tagged["Press"].pk
    assert names(browser, f"?tag={press}") == {"Both"}
    assert names(browser, f"?tag={vip}&tag={press}") == {"Both", "One"}
    assert names(browser, f"?tag__all={vip}&tag__all={press}") == {"Both"}
    assert names(browser, "?tag=vip") == {"Both", "One"}
    assert browser.get("/customers?tag=nothing").status_code == 400


def test_tags_stand_in_the_list(browser: Client, tagged: dict[str, Tag]) -> None:
    content = browser.get("/customers?search=Both").content.decode()
    assert content.index("Press") < content.index("VIP")


FIELDS: dict[str, Any] = {
    "plan": {"type": "choice", "choices": ["basic", "pro"]},
    "seats": {"type": "number"},
    "fee": {"type": "money"},
    "since": {"type": "date"},
    "wants": {"type": "choices", "choices": ["a", "b", "c"]},
    "beta": {"type": "boolean"},
    "site": {"type": "url"},
    "mail": {"type": "email"},
    "note": {"type": "text"},
}
RICH: dict[str, Any] = {
    "plan": "pro", "seats": "12", "fee": "99.50", "since": "2026-01-31", "wants": ["a", "b"], "beta": True,
    "site": "https://a.example", "mail": "a@x.example", "note": "Hello",
}  # fmt: skip
POOR: dict[str, Any] = {"plan": "basic", "seats": "9", "fee": "5", "since": "2025-12-31", "wants": ["c"], "beta": False}


@pytest.fixture
def custom(in_scope: Business) -> Business:
    for key, more in FIELDS.items():
        CustomField.objects.create(business=in_scope, key=key, label=key.capitalize(), **more)
    make_customer(in_scope, last_name="Rich", custom_values=RICH)
    make_customer(in_scope, last_name="Poor", custom_values=POOR)
    make_customer(in_scope, last_name="Empty")
    return in_scope


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("custom_plan=pro", {"Rich"}), ("custom_plan__in=pro&custom_plan__in=basic", {"Rich", "Poor"}),
        ("custom_plan__isnull=true", {"Empty"}), ("custom_plan__isnull=false", {"Rich", "Poor"}),
        ("custom_seats=12.0", {"Rich"}), ("custom_seats__gte=10", {"Rich"}), ("custom_seats__lte=9", {"Poor"}),
        ("custom_fee=99.5", {"Rich"}), ("custom_fee__gte=5&custom_fee__lte=5", {"Poor"}),
        ("custom_since=2026-01-31", {"Rich"}), ("custom_since__gte=2026-01-01", {"Rich"}), ("custom_since__lte=2025-12-31", {"Poor"}),
        ("custom_wants=a", {"Rich"}), ("custom_wants__in=b&custom_wants__in=c", {"Rich", "Poor"}),
        ("custom_beta=true", {"Rich"}), ("custom_beta=false", {"Poor"}),
        ("custom_site=https://a.example", {"Rich"}), ("custom_mail=A@x.example", {"Rich"}), ("custom_note=Hello", {"Rich"}),
        ("custom_note=hello", set()), ("custom_plan=pro&custom_seats__gte=13", set()),
    ],
)  # fmt: skip
def test_custom_fields_filter_page_and_api_alike(
    custom: Business, browser: Client, query: str, expected: set[str]
) -> None:
    assert names(browser, f"?{query}") == expected
    found = Caller(make_key(custom)).get(f"/customers?{query}").json()
    assert {row["last_name"] for row in found["data"]} == expected


@pytest.mark.parametrize(
    "query",
    ["custom_plan=gold", "custom_seats=many", "custom_since=2026-02-30", "custom_nothing=1", "custom_beta=perhaps", "custom_plan__gte=1"],
)  # fmt: skip
def test_filters_of_custom_fields_that_make_no_sense_are_named(custom: Business, browser: Client, query: str) -> None:
    assert browser.get(f"/customers?{query}").status_code == 400
    answer = Caller(make_key(custom)).get(f"/customers?{query}")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, query.partition("=")[0])


def test_filters_follow_the_fields_of_the_business_as_they_are_now(custom: Business, browser: Client) -> None:
    CustomField.objects.filter(key="plan").update(choices=["basic", "pro", "gold"])
    assert names(browser, "?custom_plan=gold") == set()
    CustomField.objects.filter(key="plan").update(archived_at="2026-01-01T00:00Z")
    assert browser.get("/customers?custom_plan=pro").status_code == 400


def test_a_field_of_one_business_filters_nothing_of_another(
    custom: Business, other_owner: Membership, sign_in: Any
) -> None:
    assert sign_in(other_owner).get("/customers?custom_plan=pro").status_code == 400


def test_columns_are_chosen_in_the_address_with_the_name_first(custom: Business, browser: Client) -> None:
    usual = heads(browser)
    assert usual[0] == "display_name"
    assert "tags" in usual
    assert heads(browser, "?columns=custom_fee,email") == ["display_name", "custom_fee", "email"]
    content = browser.get("/customers?columns=custom_fee,custom_beta,custom_wants&search=Rich").content.decode()
    assert "99.50" in content
    assert "a, b" in content
    assert browser.get("/customers?columns=password").status_code == 400
    assert browser.get("/orders?columns=number").status_code == 400


def test_the_form_of_the_columns_leads_to_one_address(custom: Business, browser: Client) -> None:
    answer = browser.get("/customers?kind=person&columns=email&columns=city&columns=owner")
    assert (answer.status_code, answer["Location"]) == (302, "?kind=person&columns=email,city,owner")
    moved = browser.get("/customers?columns=email&columns=city&columns=owner&up=owner")
    assert moved["Location"] == "?columns=email,owner,city"


def test_columns_are_kept_by_saved_views(browser: Client, owner: Membership) -> None:
    body = {
        "list_name": "customers:customer_list",
        "name": "Mails",
        "query": "columns=email&kind=person",
        "audience": "own",
    }
    answer = browser.post(reverse("crm:saved_view_create"), body)
    view = browser.get(answer["Location"])
    assert [column.key for column in view.context["table"].columns] in ([], ["display_name", "email"])
    make_customer(owner.business)
    assert heads(browser, answer["Location"].removeprefix("/customers")) == ["display_name", "email"]
    faulty = browser.post(reverse("crm:saved_view_create"), {**body, "name": "x", "query": "columns=nothing"})
    assert faulty.status_code == 422


def test_density_is_remembered_in_the_browser(browser: Client, in_scope: Business) -> None:
    make_customer(in_scope)
    assert b"table-compact" not in browser.get("/customers").content
    answer = browser.get("/customers?kind=person&density=compact")
    assert answer["Location"] == "?kind=person"
    assert b"table-compact" in browser.get("/customers").content
    browser.get("/customers?density=comfortable")
    assert b"table-compact" not in browser.get("/customers").content


def test_filters_are_drawn_when_they_are_asked_for(custom: Business, browser: Client) -> None:
    closed = browser.get("/customers?kind=person").content.decode()
    assert 'type="hidden" name="kind" value="person"' in closed
    assert 'name="owner"' not in closed
    opened = browser.get("/customers?kind=person&filters=open,custom_seats__gte").content.decode()
    assert all(f'name="{name}"' in opened for name in ("kind", "owner", "tag", "custom_seats__gte"))
    assert "filters=open,custom_seats__gte,custom_fee__lte" in opened


def test_companies_are_a_preset_of_the_list(browser: Client, in_scope: Business) -> None:
    make_customer(in_scope, last_name="Person")
    company = make_customer(in_scope, kind="company")
    shown = browser.get("/accounts")
    assert [row.id for row in shown.context["table"].rows] == [str(company.pk)]
    assert shown.context["page"]["title"] == "Companies"


def test_the_list_is_narrowed_by_the_status_of_other_systems(browser: Client, in_scope: Business) -> None:
    grown = make_customer(in_scope, kind="company", lifecycle_stage="expansion")
    make_customer(in_scope, kind="company", lifecycle_stage="churn_risk")
    shown = browser.get("/customers?status=active&kind=company")
    assert [row.id for row in shown.context["table"].rows] == [str(grown.pk)]
    assert "Status: Active" in shown.content.decode()
    assert browser.get("/customers?status=loyal").status_code == 400


def test_addresses_of_other_products_lead_here(browser: Client, in_scope: Business, other_business: Business) -> None:
    company = make_customer(in_scope, kind="company")
    for path, target in (
        ("/dashboard/customers", "/customers"),
        ("/dashboard/accounts", "/accounts"),
        (
            "/dashboard/accounts?country=Spain&sort=-name&tag=a&tag=b%26c",
            "/accounts?country=Spain&sort=-name&tag=a&tag=b%26c",
        ),
        ("/dashboard/customers?search=z%C3%B6", "/customers?search=z%C3%B6"),
        ("/dashboard/accounts/new", "/customers/new?kind=company"),
        (f"/dashboard/accounts/{company.pk}", f"/customers/{company.pk}"),
        (f"/dashboard/accounts/{company.pk}/edit", f"/customers/{company.pk}/edit"),
    ):
        answer = browser.get(path)
        assert (answer.status_code, answer["Location"]) == (302, target)


def test_rows_can_be_picked_by_those_who_may_change_many(in_scope: Business, sign_in: Any) -> None:
    make_customer(in_scope)
    for role, may in (("agent", True), ("analyst", False)):
        content = sign_in(make_membership(in_scope, role)).get("/customers").content
        assert (b'id="bulk"' in content) == may
        assert (b"data-pick " in content or b"data-pick>" in content) == may
    agent = sign_in(make_membership(in_scope, "agent")).get("/customers").content
    assert b'value="archive"' not in agent


def test_a_bulk_change_goes_by_values_and_preview_to_its_page(browser: Client, tagged: dict[str, Tag]) -> None:
    picked = Customer.objects.get(last_name="None")
    address = reverse("customers:bulk_create")
    chosen = {"action": "tag", "ids": [str(picked.pk)], "list_name": "customers:customer_list"}
    first = browser.post(address, chosen)
    assert (first.status_code, first.context["step"]) == (200, "values")
    faulty = browser.post(address, {**chosen, "step": "preview"})
    assert (faulty.status_code, faulty.context["step"]) == (422, "values")
    values = {**chosen, "tags": [str(tagged["VIP"].pk)]}
    before = AccessRecord.unscoped.count()
    second = browser.post(address, {**values, "step": "preview"})
    assert second.context["preview"].changes == 1
    assert AccessRecord.unscoped.count() == before + 1
    assert AccessRecord.unscoped.latest("id").customer_ids == [picked.pk]
    assert not CustomerTag.objects.filter(customer=picked).exists()
    third = browser.post(address, {**values, "step": "go"})
    assert third.status_code == 302
    assert browser.get(third["Location"]).status_code == 200


def test_picking_nothing_or_what_is_out_of_sight_says_so(
    browser: Client, in_scope: Business, other_business: Business
) -> None:
    foreign = make_customer(other_business)
    address = reverse("customers:bulk_create")
    assert browser.post(address, {"action": "tag"}).status_code == 422
    assert browser.post(address, {"action": "tag", "ids": [str(foreign.pk)]}).status_code == 422
    assert browser.post(address, {"action": "tag", "ids": ["x"]}).status_code == 400
    assert browser.post(address, {"action": "fly", "ids": [str(foreign.pk)]}).status_code == 404
    assert browser.post(address, {"action": "tag", "all": "yes", "query": "nothing=1"}).status_code == 400


def test_archiving_more_than_a_thousand_asks_for_their_number(browser: Client, in_scope: Business) -> None:
    Customer.objects.bulk_create(Customer(business=in_scope, display_name=f"C{number}") for number in range(1001))
    address, asked = reverse("customers:bulk_create"), {"action": "archive", "all": "yes", "query": "", "step": "go"}
    refused = browser.post(address, asked)
    assert (refused.status_code, refused.context["confirm_word"]) == (422, "1001")
    assert browser.post(address, {**asked, "confirm": "1000"}).status_code == 422
    assert browser.post(address, {**asked, "confirm": "1001"}).status_code == 302


def test_all_that_match_in_the_list_of_companies_are_companies(browser: Client, in_scope: Business) -> None:
    make_customer(in_scope)
    make_customer(in_scope, kind="company")
    shown = browser.post(
        reverse("customers:bulk_create"),
        {"action": "archive", "all": "yes", "query": "", "list_name": "customers:account_list", "step": "preview"},
    )
    assert shown.context["preview"].total == 1


def test_a_list_costs_few_queries_however_it_is_asked(
    custom: Business, browser: Client, django_assert_max_num_queries: Any
) -> None:
    for query in ("", "?filters=open", "?columns=tags,owner,custom_plan,custom_fee&kind=person"):
        browser.get(f"/customers{query}")
        # outside of a test's transaction a limit costs two statements, here six: with its savepoints
        with django_assert_max_num_queries(15 + 6 if "kind" in query else 15):
            browser.get(f"/customers{query}")


@pytest.mark.parametrize(
    ("role", "status"), [("owner", 200), ("compliance", 200), ("marketing", 400), ("analyst", 400)]
)
def test_birthdays_are_for_those_who_may_see_private_values(
    in_scope: Business, sign_in: Any, role: str, status: int
) -> None:
    make_customer(in_scope, last_name="Born", date_of_birth=date(1984, 2, 14))
    make_customer(in_scope, last_name="Other")
    browser, caller = sign_in(make_membership(in_scope, role)), Caller(make_key(in_scope, role))
    for query in ("?birthday=0214", "?columns=display_name,birthday", "?filters=open,birthday"):
        assert browser.get(f"/customers{query}").status_code == (200 if "filters" in query else status), query
    assert (b'name="birthday"' in browser.get("/customers?filters=open,birthday").content) == (status == 200)
    assert caller.get("/customers?birthday=0214").status_code == status
    assert caller.get("/customers?fields=birthday").status_code == 400
    assert "birthday" not in caller.get("/customers").json()["data"][0]
    born = Customer.objects.get(last_name="Born")
    assert caller.get(f"/customers/{born.pk}").json().get("birthday") == ("0214" if status == 200 else None)
    if status == 200:
        assert names(browser, "?birthday=0214") == {"Born"}


def test_rows_offer_what_one_may_do(in_scope: Business, sign_in: Any) -> None:
    customer = make_customer(in_scope, last_name="<Row>")
    for role, may in (("agent", True), ("analyst", False)):
        content = sign_in(make_membership(in_scope, role)).get("/customers").content.decode()
        for action in row_actions:
            address = reverse(action.url_name, args=[customer.pk])
            assert (f'href="{address}" title="{action.label}"' in content) == may
    assert [action.key for action in row_actions] == ["edit", "stage", "note"]
    assert "<Row>" not in content


def test_the_parent_and_who_referred_can_be_columns(in_scope: Business, browser: Client, sign_in: Any) -> None:
    above = make_customer(in_scope, kind="company", display_name="Above Ltd")
    friend = make_customer(in_scope, first_name="Fay", last_name="Friend")
    agent = make_membership(in_scope, "agent", visibility="own")
    make_customer(
        in_scope, kind="company", display_name="Below Ltd", parent=above, referred_by=friend, owner=agent.user
    )
    content = browser.get("/customers?filters=open").content.decode()
    assert 'value="parent"' in content
    assert 'value="referred_by"' in content
    query = "/customers?columns=parent,referred_by&display_name=below ltd"
    content = browser.get(query).content.decode()
    assert f'<a href="/customers/{above.pk}"><bdi>Above Ltd</bdi></a>' in content
    assert f'<a href="/customers/{friend.pk}"><bdi>Fay Friend</bdi></a>' in content
    assert {above.pk, friend.pk} < set(AccessRecord.unscoped.latest("id").customer_ids)
    content = sign_in(agent).get(query).content.decode()
    assert "Below Ltd" in content
    assert "Above Ltd" not in content
    assert "Friend" not in content


def test_columns_of_other_customers_cost_one_query(
    in_scope: Business, browser: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(5):
        above = make_customer(in_scope, kind="company", display_name=f"Above {number}")
        make_customer(in_scope, kind="company", parent=above, referred_by=above)
    browser.get("/customers?columns=parent,referred_by")
    with django_assert_max_num_queries(16):
        browser.get("/customers?columns=parent,referred_by")
