"""Names in files: who is known keeps the name unless the file brings another, who is new is never without one."""

from collections.abc import Sequence

import pytest

from crm.models import Business
from customers.models import Contact, Customer
from tests.commerce.test_resources import bring_in
from tests.factories import make_contact, make_customer

Names = tuple[str, str, str]


def names_of(record: Customer | Contact) -> Names:
    record.refresh_from_db()
    return record.display_name, record.first_name, record.last_name


def bring_twice(business: Business, content: str, counted: str, changed: int) -> None:
    """The second time the file changes nothing."""
    assert bring_in(business, content).counts[f"{counted}_updated"] == changed
    assert bring_in(business, content).counts[f"{counted}_unchanged"] == 1


FILES: Sequence[tuple[str, str]] = [
    ("city", "Leeds"),
    ("display_name,first_name,last_name", ",,"),
    ("display_name", ""),
    ("first_name", "Jo"),
    ("last_name", "Lee"),
    ("display_name", "Dr Lee"),
    ("display_name,first_name", "Dr Lee,Jo"),
]
KEPT = ("Jordan Reyes", "Jordan", "Reyes")
PERSONS = [
    KEPT,
    KEPT,
    KEPT,
    ("Jo Reyes", "Jo", "Reyes"),
    ("Jordan Lee", "Jordan", "Lee"),
    ("Dr Lee", "Jordan", "Reyes"),
]
PERSONS += [("Dr Lee", "Jo", "Reyes")]
ACME = ("Acme", "", "")
COMPANIES = [ACME, ACME, ACME, ("Acme", "Jo", ""), ("Acme", "", "Lee"), ("Dr Lee", "", ""), ("Dr Lee", "Jo", "")]
TITLED = ("Prof. Reyes", "Jordan", "Reyes")
TITLES = [
    TITLED,
    TITLED,
    TITLED,
    ("Prof. Reyes", "Jo", "Reyes"),
    ("Prof. Reyes", "Jordan", "Lee"),
    PERSONS[5],
    PERSONS[6],
]


@pytest.mark.parametrize(
    ("before", "kind", "file", "after"),
    [
        *((KEPT, "person", file, after) for file, after in zip(FILES, PERSONS, strict=True)),
        *((ACME, "company", file, after) for file, after in zip(FILES, COMPANIES, strict=True)),
        *((TITLED, "person", file, after) for file, after in zip(FILES, TITLES, strict=True)),
    ],
)
def test_a_known_customer_keeps_what_the_file_does_not_name(
    in_scope: Business, before: Names, kind: str, file: tuple[str, str], after: Names
) -> None:
    known = make_customer(
        in_scope, external_id="7", email="jordan@acme.example", kind=kind, display_name=before[0],
        first_name=before[1], last_name=before[2],
    )  # fmt: skip
    changed = int(before != after or file[0] == "city")
    bring_twice(in_scope, f"external_id,email,{file[0]}\n7,jordan@acme.example,{file[1]}\n", "customers", changed)
    assert names_of(known) == after


@pytest.mark.parametrize("stands", ["jordan@acme.example", "old@acme.example", "C-7", "Customer C-7"])
def test_a_first_name_takes_the_place_of_an_address_or_id(in_scope: Business, stands: str) -> None:
    known = make_customer(
        in_scope, external_id="C-7", email="jordan@acme.example", display_name=stands, first_name="", last_name=""
    )
    content = "external_id,email,first_name\nC-7,new@acme.example,Jo\n"
    bring_twice(in_scope, content, "customers", 1)
    assert names_of(known) == ("Jo", "Jo", "")


def test_a_name_of_its_own_stays_beside_a_first_name(in_scope: Business) -> None:
    known = make_customer(in_scope, external_id="7", display_name="Prof. Reyes", first_name="", last_name="")
    bring_in(in_scope, "external_id,first_name\n7,Jordan\n")
    assert names_of(known) == ("Prof. Reyes", "Jordan", "")


@pytest.mark.parametrize("kind", ["person", "company"])
@pytest.mark.parametrize(
    ("head", "row", "name"),
    [
        ("city", "Leeds", "7"),
        ("email", "A@acme.example", "A@acme.example"),
        ("email,display_name,first_name", "a@acme.example,,", "a@acme.example"),
        ("first_name", "Jo", "Jo"),
        ("first_name,last_name", "Jo,Lee", "Jo Lee"),
        ("display_name,first_name", "Dr Lee,Jo", "Dr Lee"),
    ],
)
def test_who_is_new_is_never_without_a_name(in_scope: Business, kind: str, head: str, row: str, name: str) -> None:
    content = f"external_id,kind,{head}\n7,{kind},{row}\n"
    assert bring_in(in_scope, content).counts["customers_created"] == 1
    assert bring_in(in_scope, content).counts["customers_unchanged"] == 1
    assert Customer.objects.get().display_name == name


@pytest.mark.parametrize(
    ("before", "file", "after"),
    [
        *((KEPT, file, after) for file, after in zip(FILES, PERSONS, strict=True)),
        *((TITLED, file, after) for file, after in zip(FILES, TITLES, strict=True)),
        (("jordan@acme.example", "", ""), FILES[1], ("jordan@acme.example", "", "")),
        (("jordan@acme.example", "", ""), FILES[3], ("Jo", "Jo", "")),
    ],
)
def test_a_known_contact_keeps_what_the_file_does_not_name(
    in_scope: Business, before: Names, file: tuple[str, str], after: Names
) -> None:
    acme = make_customer(in_scope, kind="company", display_name="Acme", external_id="A-1")
    head = file[0].replace("city", "title")
    known = make_contact(
        acme, email="jordan@acme.example", display_name=before[0], first_name=before[1], last_name=before[2]
    )
    changed = int(before != after or head == "title")
    bring_twice(in_scope, f"company,email,{head}\nA-1,jordan@acme.example,{file[1]}\n", "contacts", changed)
    assert names_of(known) == after


def test_a_contact_known_by_name_is_found_and_kept(in_scope: Business) -> None:
    acme = make_customer(in_scope, kind="company", display_name="Acme", external_id="A-1")
    known = make_contact(acme, email="", display_name="Dana Reyes", first_name="Dana", last_name="Reyes")
    bring_twice(in_scope, "company,display_name,department\nA-1,Dana Reyes,Sales\n", "contacts", 1)
    bring_in(in_scope, "company,first_name,last_name\nA-1,dana,reyes\n")
    assert names_of(known) == ("dana reyes", "dana", "reyes")
    assert Contact.objects.get().department == "Sales"


@pytest.mark.parametrize(
    ("head", "row", "name"),
    [
        ("email", "a@acme.example", "a@acme.example"),
        ("first_name", "Jo", "Jo"),
        ("name,first_name", "Dr Lee,Jo", "Dr Lee"),
    ],
)
def test_a_new_contact_is_never_without_a_name(in_scope: Business, head: str, row: str, name: str) -> None:
    make_customer(in_scope, kind="company", display_name="Acme", external_id="A-1")
    content = f"company,{head}\nA-1,{row}\n"
    assert bring_in(in_scope, content).counts["contacts_created"] == 1
    assert bring_in(in_scope, content).counts["contacts_unchanged"] == 1
    assert Contact.objects.get().display_name == name
