"""Files of contacts: what is taken over, and what is refused by row, column and reason."""

import csv
import io

import pytest

from crm.actor import Actor
from crm.models import Business
from customers import services
from customers.models import Contact, Customer, ImportJob
from customers.services.files import recognize
from tests.commerce.test_resources import bring_in
from tests.factories import make_contact, make_customer
from tests.real_data import real_file

HEAD = "company,first_name,last_name,email,title,role,influence,sentiment,reports_to\n"


@pytest.fixture
def acme(in_scope: Business) -> Customer:
    return make_customer(in_scope, kind="company", display_name="Acme Corp", external_id="A-1")


def _faults(record: ImportJob) -> list[tuple[int, str, str]]:
    return [(fault.line, fault.column, fault.value) for fault in record.faults.all()]


def test_contacts_are_added_to_the_company_of_the_id_or_name(in_scope: Business, acme: Customer) -> None:
    done = bring_in(
        in_scope,
        HEAD
        + "A-1,Dana,Reyes,Dana@acme.example,CTO,Champion,4,-1,\nACME corp,Zoë,Å,zoe@acme.example,,,,,dana@acme.example\n",
    )
    assert (done.state, done.counts) == (
        "done",
        {"contacts_created": 2, "contacts_updated": 0, "contacts_unchanged": 0},
    )
    dana, zoe = Contact.objects.order_by("sort_name")
    assert (str(dana), dana.email, dana.role, dana.influence, dana.sentiment) == (
        "Dana Reyes",
        "dana@acme.example",
        "champion",
        4,
        -1,
    )
    assert (str(zoe), zoe.customer, zoe.reports_to, zoe.role, zoe.influence) == ("Zoë Å", acme, dana, "", None)


def test_again_is_harmless_and_empty_values_leave_what_is_there(in_scope: Business, acme: Customer) -> None:
    first = HEAD + "A-1,Dana,Reyes,dana@acme.example,CTO,champion,4,1,\nA-1,No,Address,,,user,,,dana@acme.example\n"
    bring_in(in_scope, first)
    assert bring_in(in_scope, first).counts == {"contacts_created": 0, "contacts_updated": 0, "contacts_unchanged": 2}
    done = bring_in(in_scope, HEAD + "A-1,Dana,Reyes,DANA@acme.example,,,5,,\n")
    assert done.counts["contacts_updated"] == 1
    dana = Contact.objects.get(email="dana@acme.example")
    assert (dana.title, dana.influence, dana.sentiment) == ("CTO", 5, 1)
    assert Contact.objects.get(first_name="No").reports_to == dana


def test_who_has_left_is_added_anew(in_scope: Business, acme: Customer, system: Actor) -> None:
    gone = make_contact(acme, email="dana@acme.example")
    services.archive_contact(actor=system, contact=gone, at=gone.created_at)
    assert bring_in(in_scope, HEAD + "A-1,Dana,Reyes,dana@acme.example,,,,,\n").counts["contacts_created"] == 1


def test_faulty_rows_are_named(in_scope: Business, acme: Customer) -> None:
    make_customer(in_scope, kind="company", display_name="Twin Ltd")
    make_customer(in_scope, kind="company", display_name="TWIN ltd")
    make_customer(in_scope, external_id="P-1")
    rows = [
        "A-1,Dana,Reyes,dana@acme.example,,,,,",
        "Nobody Inc,Jo,Lee,,,,,,",
        "Twin Ltd,Jo,Lee,,,,,,",
        "P-1,Jo,Lee,,,,,,",
        "A-1,,,,,,,,",
        "A-1,Jo,Lee,not-an-address,,,,,",
        "acme corp,Jo,Lee,x@acme.example,,,,,nobody@acme.example",
        "A-1,Dana,Twice,DANA@acme.example,,,,,",
        "A-1,Self,Ish,self@acme.example,,,,,self@acme.example",
    ]
    done = bring_in(in_scope, HEAD + "\n".join(rows) + "\n")
    assert done.state == "failed"
    assert _faults(done) == [
        (3, "company", "Nobody Inc"),
        (4, "company", "Twin Ltd"),
        (5, "company", "P-1"),
        (6, "display_name", ""),
        (7, "email", "not-an-address"),
        (8, "reports_to", "nobody@acme.example"),
        (9, "email", "DANA@acme.example"),
        (10, "reports_to", "self@acme.example"),
    ]
    assert not Contact.objects.exists()


@pytest.mark.parametrize(
    ("column", "value"),
    [("role", "boss"), ("influence", "6"), ("influence", "0"), ("sentiment", "3"), ("sentiment", "-3")],
)
def test_words_that_are_none_of_the_choices_are_refused(
    in_scope: Business, acme: Customer, column: str, value: str
) -> None:
    done = bring_in(in_scope, f"company,first_name,{column}\nA-1,Jo,{value}\n")
    assert _faults(done) == [(2, column, value)]


def test_a_circle_of_reporting_is_refused_whole(in_scope: Business, acme: Customer) -> None:
    boss = make_contact(acme, email="boss@acme.example")
    make_contact(acme, email="under@acme.example", reports_to=boss)
    done = bring_in(in_scope, HEAD + "A-1,Dana,Boss,boss@acme.example,,,,,under@acme.example\n")
    assert (done.state, "report to themselves" in done.error) == ("failed", True)
    boss.refresh_from_db()
    assert boss.reports_to is None


def test_contacts_of_another_business_are_left_alone(
    in_scope: Business, acme: Customer, other_business: Business
) -> None:
    theirs = make_customer(other_business, kind="company", display_name="Globex Corp", external_id="G-1")
    assert _faults(bring_in(in_scope, HEAD + "G-1,Jo,Lee,,,,,,\n")) == [(2, "company", "G-1")]
    make_contact(theirs, email="dana@acme.example")
    assert bring_in(in_scope, HEAD + "A-1,Dana,Reyes,dana@acme.example,,,,,\n").counts["contacts_created"] == 1


def test_headers_of_salesforce_are_known(in_scope: Business) -> None:
    make_customer(in_scope, kind="company", display_name="Acme", external_id="001")
    content = "Id,AccountId,FirstName,LastName,Email,MobilePhone,Title,Department\n"
    content += "003,001,Phaidra,Rayer,p@sw.example,+1 (408) 505-1578,CTO,IT\n"
    assert recognize(io.BytesIO(content.encode())).key == "contacts"
    assert bring_in(in_scope, content).counts["contacts_created"] == 1
    assert Contact.objects.get().phone == "+1 (408) 505-1578"


def test_the_contacts_of_northwind_are_taken(in_scope: Business) -> None:
    with real_file("northwind/customers.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        make_customer(in_scope, kind="company", display_name=row["company_name"], external_id=row["customer_id"])
    done = bring_in(in_scope, real_file("northwind/customers.csv"), "contacts")
    assert done.counts["contacts_created"] == len(rows) == 91
    assert {(c.display_name, c.title, c.phone) for c in Contact.objects.all()} == {
        (row["contact_name"], row["contact_title"], row["phone"]) for row in rows
    }


def test_the_contacts_of_easy_spaces_are_taken_under_their_accounts(in_scope: Business) -> None:
    with real_file("salesforce_easy_spaces/Contact_Data.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    make_customer(in_scope, kind="company", display_name="Thompson, Skidmore and Smith", external_id="AccountRef1")
    target = io.StringIO()
    writer = csv.DictWriter(target, ["AccountId", *rows[0]])
    writer.writeheader()
    writer.writerows({"AccountId": "AccountRef1", **row} for row in rows)
    assert bring_in(in_scope, target.getvalue()).counts["contacts_created"] == len(rows)
    assert {c.email for c in Contact.objects.all()} == {row["Email"].lower() for row in rows}
