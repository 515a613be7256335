"""What programs enter of customers, and what they are shown of it."""

import csv
import json
from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from crm.models import ActivityDetail, Business, Membership
from customers.forms import CustomerForm
from customers.models import Customer
from customers.resources import CUSTOMERS
from customers.services.phones import international_form
from tests.crm.api.calling import Caller, assert_problem, fields_at_fault, make_key
from tests.factories import make_customer
from tests.real_data import real_file

COMPANY = {"kind": "company", "display_name": "Acme Corp"}


@pytest.fixture
def caller(business: Business) -> Caller:
    return Caller(make_key(business))


def test_everything_of_a_company_comes_back_as_it_was_given(caller: Caller, business: Business) -> None:
    parent, referrer = make_customer(business, kind="company"), make_customer(business)
    body = {
        **COMPANY, "legal_name": "Acme Corporation", "street": "1 Main Street", "postal_code": "SW1A 1AA", "region": "London",
        "preferred_language": "PT-BR", "website": "https://acme.example/", "domain": "acme.example",
        "linkedin_url": "https://linkedin.com/company/acme", "annual_revenue": "1234567.89", "employee_count": 250,
        "parent": str(parent.pk), "arr_manual": "48000.00", "contract_start_on": "2026-01-01", "contract_end_on": "2026-12-31",
        "renewal_on": "2026-12-01", "contract_terms": "Net 30", "acquisition_source": "Fair", "acquisition_campaign": "Spring",
        "acquisition_cost": "0.00", "referred_by": str(referrer.pk), "lifecycle_stage": "active", "lifecycle_substep": "adoption",
        "date_of_birth": "1984-02-29", "telegram_id": "@acme_corp",
    }  # fmt: skip
    made = caller.post("/customers", body)
    assert made.status_code == 201
    assert {name: made.json()[name] for name in body} == body
    assert made.json()["birthday"] == "0229"
    assert caller.get(made["Location"]).json() == made.json()


@pytest.mark.parametrize(
    ("value", "shown"), [("1200", "1200.00"), (1200, "1200.00"), (1200.5, "1200.50"), ("0.01", "0.01"), (0, "0.00")]
)
def test_amounts_are_exact_decimals(caller: Caller, value: Any, shown: str) -> None:
    assert caller.post("/customers", {**COMPANY, "arr_manual": value}).json()["arr_manual"] == shown


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("annual_revenue", "1.001"), ("annual_revenue", "-1"), ("annual_revenue", "1e999"), ("annual_revenue", True),
        ("annual_revenue", "NaN"), ("annual_revenue", "١٢"), ("annual_revenue", [1]), ("annual_revenue", 10**15),
        ("employee_count", "3"), ("employee_count", 3.5), ("employee_count", -1), ("employee_count", 2**31), ("employee_count", True),
        ("contract_start_on", "2026-02-30"), ("contract_start_on", "1899-12-31"), ("date_of_birth", "2199-01-01"),
        ("date_of_birth", "yesterday"), ("telegram_id", "nobody"), ("domain", "a b"), ("preferred_language", "english"),
        ("linkedin_url", "ftp://x"), ("parent", "x"), ("parent", "01980a3e-5c1b-7e0a-9d3f-2b6f1c4d8e90"),
        ("lifecycle_substep", "closing"), ("lifecycle_substep", "nothing"), ("birthday", "0214"), ("phone_e164", "+44"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(caller: Caller, name: str, value: Any) -> None:
    response = caller.post("/customers", {**COMPANY, name: value})
    assert response.status_code in (400, 422)
    assert fields_at_fault(response.json()) == {name}
    assert not Customer.unscoped.exists()


def test_a_contract_ends_after_it_starts(caller: Caller) -> None:
    body = {**COMPANY, "contract_start_on": "2026-02-01", "contract_end_on": "2026-01-31"}
    assert fields_at_fault(assert_problem(caller.post("/customers", body), 409)) == {"contract_end_on"}


def test_a_parent_of_another_business_looks_unknown(caller: Caller, other_business: Business) -> None:
    foreign = make_customer(other_business, kind="company")
    body = {**COMPANY, "parent": str(foreign.pk)}
    assert fields_at_fault(assert_problem(caller.post("/customers", body), 422)) == {"parent"}


def test_private_values_are_for_those_who_may_see_them(business: Business) -> None:
    customer = make_customer(business, telegram_id="@jordan")
    for role, allowed in (("owner", True), ("compliance", True), ("marketing", False), ("analyst", False)):
        answer = Caller(make_key(business, role)).get(f"/customers/{customer.pk}").json()
        assert ("telegram_id" in answer, "date_of_birth" in answer) == (allowed, allowed)
    marketing = Caller(make_key(business, "marketing"))
    assert_problem(marketing.patch(f"/customers/{customer.pk}", {"date_of_birth": "1984-02-14"}), 403)
    assert "telegram_id" not in marketing.patch(f"/customers/{customer.pk}", {"city": "York"}).json()
    listed = Caller(make_key(business)).get("/customers").json()["data"][0]
    assert not {"telegram_id", "date_of_birth"} & set(listed)


@pytest.mark.parametrize("stage", ["prospect", "opportunity"])
def test_a_prospect_is_marked_as_a_customer_once(caller: Caller, business: Business, stage: str) -> None:
    customer = make_customer(business, lifecycle_stage=stage)
    address = f"/customers/{customer.pk}/convert"
    assert fields_at_fault(assert_problem(caller.post(address, {"stage": "churned"}), 422)) == {"stage"}
    done = caller.post(address, {"stage": "onboarding"})
    assert done.status_code == 200
    assert done.json()["lifecycle_stage"] == "onboarding"
    assert done.json()["acquired_on"] is not None
    assert_problem(caller.post(address), 409, "already_customer")
    verbs = ActivityDetail.unscoped.filter(activity__about=customer.pk).values_list("activity__verb", flat=True)
    assert set(verbs) == {"customers.customer.created", "customers.lifecycle.changed", "customers.customer.converted"}


def test_a_known_day_stays_when_a_prospect_becomes_a_customer(caller: Caller, business: Business) -> None:
    customer = make_customer(business, lifecycle_stage="prospect", acquired_on=date(2020, 1, 31))
    done = caller.post(f"/customers/{customer.pk}/convert").json()
    assert (done["lifecycle_stage"], done["acquired_on"]) == ("active", "2020-01-31")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("acquisition_source=Fair", 1), ("acquisition_source__in=Fair,Web", 2), ("renewal_on__gte=2026-06-01", 1),
        ("renewal_on__isnull=true", 1), ("annual_revenue__gte=100", 1), ("employee_count__lte=10", 1), ("domain=acme.example", 1),
        ("preferred_language=DE", 1), ("lifecycle_substep=adoption", 1), ("arr_manual__gte=1", 1),
    ],
)  # fmt: skip
def test_lists_are_narrowed_by_what_was_entered(caller: Caller, business: Business, query: str, found: int) -> None:
    make_customer(
        business, kind="company", acquisition_source="Fair", renewal_on=date(2026, 6, 1), annual_revenue="100", domain="acme.example",
        lifecycle_substep="adoption",
    )  # fmt: skip
    make_customer(
        business, kind="company", acquisition_source="Web", renewal_on=date(2026, 5, 31), employee_count=10, preferred_language="DE",
        arr_manual="1",
    )  # fmt: skip
    make_customer(business)
    found_rows = caller.get(f"/customers?{query}").json()
    assert found_rows["total"] == found


def test_children_are_listed_by_their_parent(caller: Caller, business: Business) -> None:
    parent = make_customer(business, kind="company")
    child = make_customer(business, kind="company", parent=parent)
    assert [row["id"] for row in caller.get(f"/customers?parent={parent.pk}").json()["data"]] == [str(child.pk)]


HARD = [
    "O'Brien", "Núñez y Ångström", "Ɓálɨ̀", "李小龍", "ที่รัก", "محمد علي", "אברהם", "Ὀδυσσεύς", "👩‍👩‍👧 Family", "ＦＵＬＬ　ｗｉｄｔｈ",
    "Robert'); DROP TABLE customers;--", "<script>alert(1)</script>", "{{ 7*7 }}", "${7*7}", "%s%d%n", "../../etc/passwd", "null", "NaN",
    "=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)", "a\u200bb", "\u202eevil", "Zalgo\u0315\u0300\u035d", "\ufefftext",
    "ß", "İstanbul", "ﬁ", "1/2",
    "a&amp;b", "\\", '"quoted"', "x" * 100, "\U0001f1ec\U0001f1e7", "Ａ\u0301",
]  # fmt: skip


def _survives(caller: Caller, browser: Client, business: Business, name: str, body: dict[str, Any]) -> None:
    """What was entered stands unchanged in the answer, the list, the record, the database and on the profile."""
    made = caller.post("/customers", body)
    assert made.status_code == 201, made.content
    given = {key: value.strip() for key, value in body.items()}
    assert {key: made.json()[key] for key in given} == given
    assert {key: caller.get(made["Location"]).json()[key] for key in given} == given
    pk = made.json()["id"]
    listed = {row["id"]: row for row in caller.get("/customers?sort=-created_at&limit=1").json()["data"]}
    assert {key: listed[pk][key] for key in given} == given
    page = browser.get(reverse("customers:customer_detail", args=[pk]))
    assert page.status_code == 200
    assert escape(given[name]) in page.content.decode()


@pytest.mark.parametrize("text", HARD, ids=range(len(HARD)))
def test_hard_texts_survive(caller: Caller, business: Business, owner: Membership, sign_in: Any, text: str) -> None:
    _survives(
        caller,
        sign_in(owner),
        business,
        "display_name",
        {"display_name": text, "kind": "company", "city": text, "street": text},
    )


@pytest.mark.parametrize("text", ["\0", "a\0b", "\ud800", "a\udfffb"])
def test_texts_that_no_field_can_hold_are_refused(caller: Caller, text: str) -> None:
    response = caller.call(
        "POST", "/customers", raw=json.dumps({"display_name": text}).encode(), content_type="application/json"
    )
    assert response.status_code == 400
    assert not Customer.unscoped.exists()


def test_a_name_of_ten_megabytes_is_refused(caller: Caller) -> None:
    assert caller.post("/customers", {"display_name": "x" * 10_000_000}).status_code in (400, 413)


def test_naughty_strings_survive(caller: Caller, business: Business, owner: Membership, sign_in: Any) -> None:
    texts = json.loads(real_file("edge_strings/blns.json").read_text(encoding="utf-8"))
    browser = sign_in(owner)
    fit = [text for text in texts if text.strip() and len(text) <= 200 and "\0" not in text and text.isprintable()]
    assert len(fit) > 300
    for text in fit[::8]:
        _survives(caller, browser, business, "display_name", {"display_name": text, "kind": "company"})


def test_names_of_many_scripts_survive(caller: Caller, business: Business, owner: Membership, sign_in: Any) -> None:
    with real_file("edge_names/full_names.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    browser = sign_in(owner)
    for row in rows[::20]:
        name = f"{row['first_name']} {row['last_name']}".strip()
        body = {"first_name": row["first_name"], "last_name": row["last_name"], "display_name": name, "phone": "1"}
        _survives(caller, browser, business, "display_name", body)


def test_phones_of_all_regions_survive_and_are_known_by_their_number(business: Business) -> None:
    with real_file("edge_phones/phone_examples.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    wrong = []
    for row in rows:
        for typed in (row["e164"], row["international"], row["rfc3966"]):
            number = international_form(typed, business)
            if number != (row["e164"] if row["valid"] == "True" else ""):
                wrong.append((row["region"], row["type"], typed, number))
    assert wrong == []
    for row in rows[::40]:
        customer = make_customer(business, phone=row["international"])
        assert customer.phone == row["international"]
        assert customer.phone_e164 == (row["e164"] if row["valid"] == "True" else "")


@pytest.mark.parametrize(("field", "most"), [("industry", 100), ("phone", 50)])
def test_longer_texts_are_kept_and_those_beyond_refused(caller: Caller, field: str, most: int) -> None:
    body = {"kind": "company", "display_name": "Acme Corp"}
    made = caller.post("/customers", {**body, field: "x" * most})
    assert (made.status_code, made.json()[field]) == (201, "x" * most)
    assert fields_at_fault(assert_problem(caller.post("/customers", {**body, field: "x" * (most + 1)}), 422)) == {field}
    form: Any = CustomerForm.base_fields[field]
    assert form.max_length == most
    (column,) = [column for column in CUSTOMERS.columns if column.name == field]
    assert column.max_length == most
