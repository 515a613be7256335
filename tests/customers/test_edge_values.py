"""Every string, name and number of the public collections is kept as it was entered, from the form and the API to lists and profile,
or refused at its field."""

import csv
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils.html import escape

from crm.actor import Actor
from crm.models import Business, Membership
from customers.forms import CustomerForm
from customers.models import Customer
from customers.services import refresh_search
from customers.views import CustomerList
from tests.crm.api.calling import Caller, make_key
from tests.real_data import real_file

BATCH = 100


def strings() -> list[str]:
    found: list[str] = json.loads(real_file("edge_strings/blns.json").read_text(encoding="utf-8"))
    return list(dict.fromkeys(found))


def table(name: str, encoding: str = "utf-8") -> list[dict[str, str]]:
    with real_file(name).open(encoding=encoding, newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def caller(in_scope: Business) -> Caller:
    return Caller(make_key(in_scope))


def taken_by_form(owner: Membership, entered: dict[str, str], field: str) -> str | None:
    """What the form makes of the field's text; None when it refuses it there, and nowhere else, with words."""
    form = CustomerForm(
        {**entered, "lifecycle_stage": "active"}, actor=Actor.for_user(owner.user), business=owner.business
    )
    if form.is_valid():
        return str(form.cleaned_data[field])
    assert set(form.errors) == {field}, (entered, form.errors)
    assert all(form.errors[field])
    return None


def created(caller: Caller, bodies: list[dict[str, str]]) -> list[dict[str, Any]]:
    """The answers of the API to each body, in requests of many."""
    found: list[dict[str, Any]] = []
    for start in range(0, len(bodies), BATCH):
        operations = [{"action": "create", "data": body} for body in bodies[start : start + BATCH]]
        answer = caller.post("/customers/bulk", {"operations": operations})
        assert answer.status_code == 200, answer.content[:500]
        found += answer.json()["data"]
    return found


def listed(caller: Caller) -> dict[str, dict[str, Any]]:
    """All customers as the API lists them, by id."""
    found: dict[str, dict[str, Any]] = {}
    cursor = ""
    while True:
        page = caller.get(f"/customers?limit=200{f'&cursor={cursor}' if cursor else ''}").json()
        found |= {row["id"]: row for row in page["data"]}
        cursor = page["next"]
        if not cursor:
            return found


def drawn(browser: Client, columns: str) -> str:
    """All pages of the list."""
    found, address = [], f"?columns={columns}"
    while address:
        answer = browser.get(f"/customers{address}")
        assert answer.status_code == 200
        found.append(answer.content.decode())
        address = answer.context["paging"]["next_href"]
    return "".join(found)


@pytest.fixture(autouse=True)
def long_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CustomerList, "page_size", 200)


def kept_at_once(business: Business, rows: list[dict[str, str]]) -> dict[str, Customer]:
    """Many customers that passed the checks of their fields, by id."""
    made = [Customer(business=business, **row) for row in rows]
    for one in made:
        one.clean_fields(exclude=["business", "owner", "team", "custom_values"])
    Customer.objects.bulk_create(made)
    refresh_search()
    return {str(one.pk): one for one in made}


def test_every_string_survives_or_is_refused_at_its_field(
    caller: Caller, owner: Membership, browser: Client, in_scope: Business
) -> None:
    texts, kept = strings(), {}
    assert len(texts) > 450
    plain = [text for text in texts if text.strip() and len(text) <= 200 and text.isprintable()]
    entered = [text for text in texts if text not in set(plain)] + plain[::5]
    answers = created(caller, [{"kind": "company", "display_name": text} for text in entered])
    for text, answer in zip(entered, answers, strict=True):
        by_form = taken_by_form(owner, {"kind": "company", "display_name": text}, "display_name")
        if answer["status"] == 201:
            assert answer["customer"]["display_name"] == by_form == text.strip()
            kept[answer["id"]] = text.strip()
        else:
            assert by_form is None, text
            assert {fault["field"] for fault in answer["error"]["errors"]} == {"display_name"}, (text, answer)
            assert all(fault["message"] for fault in answer["error"]["errors"])
    others = [{"kind": "company", "display_name": text.strip()} for text in plain if text not in set(entered)]
    kept |= {pk: one.display_name for pk, one in kept_at_once(in_scope, others).items()}
    assert len(kept) > 400
    assert {pk: row["display_name"] for pk, row in listed(caller).items()} == kept
    page = drawn(browser, "display_name")
    assert [text for text in kept.values() if escape(text) not in page] == []
    for pk, text in list(kept.items())[::40]:
        assert caller.get(f"/customers/{pk}").json()["display_name"] == text
        assert escape(text) in browser.get(f"/customers/{pk}").content.decode()


def test_every_name_survives(caller: Caller, owner: Membership, browser: Client, in_scope: Business) -> None:
    names = sorted({(row["first_name"], row["last_name"]) for row in table("edge_names/full_names.csv", "utf-8-sig")})
    assert len(names) > 1000
    given = {}
    entered = names[::16]
    for first, last in entered:
        body = {"kind": "person", "first_name": first, "last_name": last}
        assert taken_by_form(owner, body, "first_name") == first.strip()
        assert taken_by_form(owner, body, "last_name") == last.strip()
    answers = created(caller, [{"first_name": first, "last_name": last, "phone": "1"} for first, last in entered])
    for (first, last), answer in zip(entered, answers, strict=True):
        assert answer["status"] == 201
        given[answer["id"]] = first.strip(), last.strip()
    others = [
        {"first_name": first, "last_name": last, "display_name": f"{first} {last}".strip()}
        for first, last in set(names) - set(entered)
    ]
    given |= {pk: (one.first_name, one.last_name) for pk, one in kept_at_once(in_scope, others).items()}
    rows = listed(caller)
    assert {pk: (row["first_name"], row["last_name"]) for pk, row in rows.items()} == given
    shown = {pk: " ".join(filter(None, name)) for pk, name in given.items()}
    assert {pk: row["display_name"] for pk, row in rows.items()} == shown
    page = drawn(browser, "display_name")
    assert [name for name in shown.values() if escape(name) not in page] == []
    for pk, name in list(shown.items())[::100]:
        assert escape(name) in browser.get(f"/customers/{pk}").content.decode()


def test_every_number_survives_as_it_was_typed(caller: Caller, owner: Membership, browser: Client) -> None:
    rows = table("edge_phones/phone_examples.csv")
    typed = {form: row for row in rows for form in (row["international"], row["national"], row["e164"]) if form}
    some = list(typed)[::25]
    for number in some:
        assert taken_by_form(owner, {"kind": "person", "first_name": "Jo", "phone": number}, "phone") == number.strip()
    answers = created(caller, [{"first_name": "Jo", "phone": number} for number in some])
    assert [answer["status"] for answer in answers] == [201] * len(some)
    given = {answer["id"]: number.strip() for answer, number in zip(answers, some, strict=True)}
    assert {pk: row["phone"] for pk, row in listed(caller).items()} == given
    page = drawn(browser, "phone")
    assert [number for number in given.values() if escape(number) not in page] == []
    for pk, number in list(given.items())[::10]:
        assert escape(number) in browser.get(f"/customers/{pk}").content.decode()
        assert pk in {row["id"] for row in caller.get(f"/customers?{urlencode({'phone': number})}").json()["data"]}
