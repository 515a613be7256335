"""What an import has changed stands at each customer: before, after, by whom and through which file."""

from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm import clock, work
from crm.actor import Actor
from crm.models import Business, Membership
from crm.scope import scope
from customers import services
from customers.models import Contact, Customer, ImportChange, ImportJob
from customers.queries import history_of, news_of
from customers.queries.history import doers_of
from tests.commerce.test_resources import LINES, ORDERS, bring_in
from tests.factories import make_contact, make_custom_field, make_customer, make_membership, make_user


def bring_in_as(member: Membership, content: str) -> ImportJob:
    record = services.start_import(
        actor=Actor.for_user(member.user), business=member.business, requested_by=member.user,
        file=ContentFile(content.encode(), name="spring.csv"),
    )  # fmt: skip
    work.run(str(record.job_id))
    record.refresh_from_db()
    assert record.state == "done", record.error
    return record


def lines() -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """External id -> before and after of its latest line."""
    rows = ImportChange.objects.select_related("customer").order_by("id")
    return {row.customer.external_id: (row.before, row.after) for row in rows}


def test_a_line_for_each_customer_that_was_added(in_scope: Business) -> None:
    bring_in(
        in_scope,
        "external_id,first_name,last_name,city,arr,dob,first_seen,employees\n1,Jo,Lee,Leeds,12.50,1984-02-29,2020-01-31,7\n",
    )
    before, after = lines()["1"]
    assert before == {}
    assert after == {
        "kind": "person", "display_name": "Jo Lee", "first_name": "Jo", "last_name": "Lee", "city": "Leeds", "arr_manual": "12.50",
        "date_of_birth": "set", "acquired_on": "2020-01-31", "employee_count": 7, "external_id": "1", "lifecycle_stage": "active",
        "preferred_language": "EN",
    }  # fmt: skip


def test_a_line_holds_the_changed_fields_only(in_scope: Business) -> None:
    make_custom_field(in_scope, key="plan", label="Plan", type="choice", choices=["Gold", "Silver"])
    old = make_customer(in_scope, external_id="P", kind="company", display_name="Parent")
    make_customer(
        in_scope, external_id="1", kind="company", display_name="Acme", city="Leeds", country="GB", email="one@acme.example",
        telegram_id="@before", custom_values={"plan": "Silver"},
    )  # fmt: skip
    content = "external_id,email,city,country,parent,telegram,dob,custom_plan\n1,two@acme.example,York,,P,@after_that,1984-02-29,Gold\n"
    bring_in(in_scope, content)
    assert lines() == {
        "1": (
            {"email": "one@acme.example", "city": "Leeds", "telegram_id": "set", "custom_values.plan": "Silver"},
            {
                "email": "two@acme.example", "city": "York", "telegram_id": "changed", "date_of_birth": "set",
                "parent": str(old.pk), "custom_values.plan": "Gold",
            },
        )
    }  # fmt: skip


def test_private_values_never_stand_in_a_line(in_scope: Business) -> None:
    bring_in(in_scope, "external_id,dob,telegram\n1,1984-02-29,@secret_name\n2,,\n")
    bring_in(in_scope, "external_id,dob,telegram\n1,1985-03-30,@other_name\n2,1986-04-30,\n")
    stored = str(list(ImportChange.objects.values_list("before", "after")))
    assert not [word for word in ("1984", "1985", "1986", "secret", "other_name", "0229") if word in stored]
    assert lines()["1"] == (
        {"date_of_birth": "set", "telegram_id": "set"},
        {"date_of_birth": "changed", "telegram_id": "changed"},
    )


def test_what_is_unchanged_leaves_no_line(in_scope: Business) -> None:
    make_custom_field(in_scope, key="plan", label="Plan")
    content = "external_id,email,city,dob,custom_plan\n1,a@x.example,Leeds,1984-02-29,Gold\n2,b@x.example,York,,\n"
    bring_in(in_scope, content)
    assert bring_in(in_scope, content).counts["customers_unchanged"] == 2
    assert ImportChange.objects.count() == 2
    bring_in(in_scope, "external_id,email,city\n1,b@x.example,\n2,a@x.example,York\n")
    assert ImportChange.objects.count() == 4
    assert lines()["2"] == ({"email": "b@x.example"}, {"email": "a@x.example"})


def test_a_refused_file_leaves_no_line(in_scope: Business) -> None:
    assert bring_in(in_scope, "external_id,city,email\n1,Leeds,\n2,York,no-address\n").state == "failed"
    assert not ImportChange.objects.exists()


def test_a_value_of_an_own_field_alone_is_a_change(in_scope: Business) -> None:
    make_custom_field(in_scope, key="plan", label="Plan")
    make_customer(in_scope, external_id="1")
    done = bring_in(in_scope, "external_id,custom_plan\n1,Gold\n")
    assert (done.counts["customers_updated"], done.counts["customers_unchanged"]) == (1, 0)
    assert lines() == {"1": ({}, {"custom_values.plan": "Gold"})}


@pytest.mark.parametrize("head", [ORDERS, LINES])
def test_customers_that_orders_bring_have_their_line(in_scope: Business, head: str) -> None:
    row = "A1,7,2026-01-05,,,10\nA2,,2026-01-05,,,10\n" if head == ORDERS else "A1,A,x,1,2026-01-05,2,7,\n"
    bring_in(in_scope, head + row)
    bring_in(in_scope, head + row)
    assert [(name, after["display_name"]) for name, (_before, after) in lines().items()] == [("7", "Customer 7")]


def test_the_number_of_statements_does_not_grow_with_the_rows(in_scope: Business) -> None:
    def statements(count: int, city: str) -> int:
        rows = "".join(f"{number},{city},{number + 1 if number < count else ''}\n" for number in range(1, count + 1))
        with CaptureQueriesContext(connection) as captured:
            assert bring_in(in_scope, "external_id,city,referred_by\n" + rows).state == "done"
        return len(captured)

    statements(2, "Leeds")
    assert statements(4, "Derby") == statements(150, "York")
    assert ImportChange.objects.count() == 2 + 4 + 150


def test_the_history_tells_of_it(in_scope: Business, owner: Membership, actor: Actor) -> None:
    agent = make_membership(in_scope, "manager", make_user(name="Mona Manager"))
    customer = make_customer(in_scope, external_id="1", city="Leeds")
    services.update_customer(actor=actor, customer=customer, at=clock.now(), country="GB")
    record = bring_in_as(agent, "external_id,city,industry\n1,York,Retail\n")
    deeds, _cursor = history_of(customer, field_name="city")
    assert [(deed.imported, deed.changes["city"]) for deed in deeds if deed.imported] == [(record, ["Leeds", "York"])]
    assert [deed.imported for deed in history_of(customer, field_name="country")[0]] == [None]
    assert [deed.imported for deed in history_of(customer, member=str(agent.user_id))[0]] == [record]
    assert not any(deed.imported for deed in history_of(customer, member=str(owner.user_id))[0])
    assert (str(agent.user_id), "Mona Manager") in doers_of(customer)


def test_pages_of_the_history_neither_lose_nor_repeat_a_line(in_scope: Business, actor: Actor) -> None:
    customer = make_customer(in_scope, external_id="1")
    for number in range(3):
        bring_in(in_scope, f"external_id,city\n1,City {number}\n")
        services.update_customer(actor=actor, customer=customer, at=clock.now(), country=f"C{number}")
    found, cursor = [], ""
    while True:
        deeds, cursor = history_of(customer, cursor=cursor, limit=2)
        found += [deed.changes for deed in deeds]
        if not cursor:
            break
    assert found == [deed.changes for deed in history_of(customer, limit=100)[0]]
    assert [pair["city"][1] for pair in found if "city" in pair] == ["City 2", "City 1", "City 0"]


def test_news_tell_of_the_imports_of_others(in_scope: Business, owner: Membership) -> None:
    manager = make_membership(in_scope, "manager")
    customer = make_customer(in_scope, external_id="1")
    start = customer.created_at.replace(year=2020)
    bring_in_as(manager, "external_id,city\n1,York\n")
    bring_in(in_scope, "external_id,city\n1,Leeds\n")

    def cities(member: Membership) -> list[str]:
        deeds, _more = news_of(Actor.for_user(member.user), customer, start)
        return [deed.changes["city"][1] for deed in deeds if deed.imported]

    assert cities(owner) == ["Leeds", "York"]
    assert cities(manager) == ["Leeds"]
    assert news_of(Actor.for_user(owner.user), customer, clock.now()) == ([], False)


def _history(client: Client, customer: Customer) -> Any:
    return client.get(reverse("customers:customer_history", args=[customer.pk]))


def test_the_page_names_file_and_person_and_leads_to_the_import(
    in_scope: Business, owner: Membership, sign_in: Any
) -> None:
    owner.user.name = "Olga Owner"
    owner.user.save()
    make_custom_field(in_scope, key="plan", label="Own plan")
    record = bring_in_as(owner, "external_id,city,dob,custom_plan\n1,York,1984-02-29,Gold\n")
    customer = Customer.objects.get()
    href = reverse("customers:import_detail", args=[record.pk])
    entry = _history(sign_in(owner), customer).context["entries"][0]
    assert (entry["title"], entry["by"], entry["href"]) == (
        "Added by an import",
        "Olga Owner · import spring.csv",
        href,
    )
    assert {"field": "Own plan", "before": "", "after": "Gold"} in entry["changes"]
    assert {"Date of birth", "City"} <= {change["field"] for change in entry["changes"]}
    bring_in_as(owner, "external_id,city\n1,Leeds\n")
    assert _history(sign_in(owner), customer).context["entries"][0]["title"] == "Changed by an import"

    marketing = sign_in(make_membership(in_scope, "marketing"))
    answer = _history(marketing, customer)
    entry = answer.context["entries"][-1]
    assert (entry["title"], entry["href"]) == ("Added by an import", "")
    assert "Date of birth" not in {change["field"] for change in entry["changes"]}
    assert href not in answer.content.decode()


def test_who_may_not_see_the_customer_sees_no_line(in_scope: Business, owner: Membership, sign_in: Any) -> None:
    bring_in_as(owner, "external_id,city\n1,York\n")
    customer = Customer.objects.get()
    assert _history(sign_in(make_membership(in_scope, "agent", visibility="own")), customer).status_code == 404
    services.request_erasure(actor=Actor.for_user(owner.user), customer=customer, at=clock.now())
    assert _history(sign_in(owner), customer).status_code == 404


def test_lines_of_another_business_are_out_of_sight(in_scope: Business, other_business: Business) -> None:
    bring_in(in_scope, "external_id,city\n1,York\n")
    with scope(other_business):
        assert not ImportChange.objects.exists()


def test_contacts_leave_their_lines_at_the_company(in_scope: Business, browser: Client, owner: Membership) -> None:
    acme = make_customer(in_scope, kind="company", display_name="Acme Corp", external_id="A-1")
    dana = make_contact(acme, first_name="Dana", last_name="Reyes", email="dana@acme.example", title="CTO", influence=3)
    same = make_contact(acme, first_name="Same", last_name="Old", email="same@acme.example", title="CFO")
    record = bring_in_as(
        owner,
        "company,first_name,last_name,email,title,role,influence,sentiment,reports_to\n"
        "A-1,,,dana@acme.example,CEO,champion,5,,\nA-1,Same,Old,same@acme.example,CFO,,,,\n"
        "A-1,Zoe,New,zoe@acme.example,,,,-1,dana@acme.example\n",
    )
    assert record.counts == {"contacts_created": 1, "contacts_updated": 1, "contacts_unchanged": 1}
    found = {
        line.contact: (line.before, line.after, line.is_new) for line in ImportChange.objects.select_related("contact")
    }
    zoe = Contact.objects.get(email="zoe@acme.example")
    assert same not in found
    assert found == {
        dana: ({"title": "CTO", "influence": 3}, {"title": "CEO", "influence": 5, "role": "champion"}, False),
        zoe: (
            {},
            {
                "display_name": "Zoe New", "first_name": "Zoe", "last_name": "New", "email": "zoe@acme.example", "sentiment": -1,
                "reports_to": str(dana.pk),
            },
            True,
        ),
    }  # fmt: skip
    deeds = {deed.name: deed for deed in history_of(acme)[0] if deed.imported}
    assert set(deeds) == {"Dana Reyes", "Zoe New"}
    assert deeds["Dana Reyes"].subject_type == "customers.contact"
    page = browser.get(reverse("customers:customer_history", args=[acme.pk])).content.decode()
    for words in (
        "Contact changed by an import: Dana Reyes",
        "Contact added by an import: Zoe New",
        "Job title",
        "import spring.csv",
    ):
        assert words in page, words
    again = bring_in_as(
        owner,
        "company,first_name,last_name,email,title,reports_to\nA-1,Same,Old,same@acme.example,CFO,dana@acme.example\n",
    )
    assert ImportChange.objects.get(import_job=again).after == {"reports_to": str(dana.pk)}


def test_a_contact_file_that_is_refused_leaves_no_lines(in_scope: Business, owner: Membership) -> None:
    acme = make_customer(in_scope, kind="company", external_id="A-1")
    boss = make_contact(acme, email="boss@acme.example")
    make_contact(acme, email="dana@acme.example", reports_to=boss)
    record = bring_in(in_scope, "company,email,title,reports_to\nA-1,boss@acme.example,CEO,dana@acme.example\n")
    assert record.state == "failed"
    assert not ImportChange.objects.exists()
