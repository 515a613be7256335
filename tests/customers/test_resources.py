"""Files of customers: what is taken over, and what is refused by row, column and reason."""

import pytest

from crm import clock
from crm.actor import Actor
from crm.models import Business
from customers import services
from customers.models import Customer, ImportJob
from tests.commerce.test_resources import LINES, bring_in
from tests.factories import make_customer

HEAD = "external_id,email,first_name,last_name,name\n"


def _faults(record: ImportJob) -> list[tuple[int, str, str]]:
    return [(fault.line, fault.column, fault.value) for fault in record.faults.all()]


def test_addresses_that_fold_to_the_same_are_one_address(in_scope: Business) -> None:
    done = bring_in(in_scope, HEAD + "1,jo@büro.example,,,A\n2,jo@buro.example,,,B\n")
    assert _faults(done) == [(3, "email", "jo@buro.example")]


def test_an_address_may_change_hands_within_a_file(in_scope: Business) -> None:
    bring_in(in_scope, HEAD + "1,one@x.example,,,A\n2,two@x.example,,,B\n3,three@x.example,,,C\n")
    done = bring_in(in_scope, HEAD + "1,two@x.example,,,A\n2,one@x.example,,,B\n")
    assert (done.state, done.counts["customers_updated"]) == ("done", 2)
    assert dict(Customer.objects.values_list("external_id", "email")) == {
        "1": "two@x.example",
        "2": "one@x.example",
        "3": "three@x.example",
    }


def test_an_address_of_a_customer_who_keeps_it_is_refused(in_scope: Business) -> None:
    make_customer(in_scope, email="taken@x.example")
    make_customer(in_scope, email="kept@x.example", external_id="9")
    done = bring_in(in_scope, HEAD + "1,taken@x.example,,,A\n2,kept@x.example,,,B\n9,,,,C\n")
    assert _faults(done) == [(2, "email", "taken@x.example"), (3, "email", "kept@x.example")]


def test_an_archived_customer_is_brought_up_to_date_and_stays_archived(in_scope: Business) -> None:
    gone = make_customer(in_scope, email="jo@x.example", external_id="9")
    services.archive_customer(actor=Actor.system("test"), customer=gone, at=clock.now())
    live = make_customer(in_scope, email="jo@x.example")
    assert bring_in(in_scope, HEAD + "9,,New,Name,\n").state == "done"
    gone.refresh_from_db()
    assert (gone.display_name, gone.is_archived) == ("New Name", True)
    assert _faults(bring_in(in_scope, HEAD + "9,jo@x.example,,,\n")) == []
    live.refresh_from_db()
    assert live.email == "jo@x.example"


@pytest.mark.parametrize("row", ["1,,{a},{a},", "1,{a}@{b}.example,,,"])
def test_a_name_made_of_the_longest_values_fits(in_scope: Business, row: str) -> None:
    content = HEAD + row.format(a="x" * (100 if ",{a},{a}" in row else 60), b=".".join(["y" * 60] * 3))
    assert bring_in(in_scope, content + "\n").state == "done"
    assert len(Customer.objects.get().display_name) == 200 or "@" in row


@pytest.mark.parametrize("email", ["a..b@x.example", "a@-x.example", "a@x", "a b@x.example", "=cmd@x.y.1"])
def test_addresses_that_the_form_refuses_are_refused_in_files(in_scope: Business, email: str) -> None:
    assert _faults(bring_in(in_scope, HEAD + f"1,{email},,,A\n")) == [(2, "email", email)]


def test_a_name_that_grows_when_folded_is_taken(in_scope: Business) -> None:
    done = bring_in(in_scope, HEAD + "1,,,," + "\ufdfa" * 200 + "\n")
    assert done.state == "done"
    assert len(Customer.objects.get().sort_name) == 400


def test_the_id_of_an_unidentified_buyer_is_not_taken_over(in_scope: Business) -> None:
    bring_in(in_scope, LINES + "77,A,x,1,2026-01-05,2,,\n")
    done = bring_in(in_scope, HEAD + "order:77,,,,Mallory\n")
    assert _faults(done) == [(2, "external_id", "order:77")]
