"""Files of customers: what is taken over, and what is refused by row, column and reason."""

from datetime import date
from decimal import Decimal

import pytest

from crm import clock
from crm.actor import Actor
from crm.models import Business
from customers import services
from customers.models import Customer, ImportJob, LifecycleChange
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


def test_a_file_brings_everything_that_can_be_entered(in_scope: Business) -> None:
    head = (
        "external_id,name,kind,legal_name,phone,street,zip,state,country,language,website,linkedin,industry,size,annual_revenue,"
        "employees,parent,arr,contract_start,contract_end,renewal_date,contract_terms,lead_source,campaign,acquisition_cost,"
        "referred_by,dob,telegram\n"
    )
    rows = (
        "1,Acme UK,company,Acme UK Ltd,020 7946 0018,1 High St,SW1A 1AA,London,United Kingdom,de,https://www.acme.example/uk,"
        "https://linkedin.com/company/acme,Software,large,1000000.50,250,2,48000,2026-01-01,2026-12-31,2026-12-01,Net 30,Fair,Spring,"
        "12.5,3,,\n"
        "2,Acme Holding,company,,,,,,,,,,,,,,,,,,,,,,,,,\n"
        "3,Jordan Smith,person,,,,,,,,,,,,,,,,,,,,,,,,1984-02-29,@jordan\n"
    )
    done = bring_in(in_scope, head + rows)
    assert _faults(done) == []
    assert (done.state, done.counts) == (
        "done", {"customers_created": 3, "customers_updated": 0, "customers_unchanged": 0},
    )  # fmt: skip
    acme, holding, jordan = Customer.objects.order_by("external_id")
    assert (acme.parent, acme.referred_by, acme.domain, acme.size) == (holding, jordan, "acme.example", "large")
    assert (acme.phone, acme.phone_e164, acme.preferred_language) == ("020 7946 0018", "+442079460018", "DE")
    assert (acme.annual_revenue, acme.employee_count, acme.arr_manual) == (Decimal("1000000.50"), 250, Decimal(48000))
    assert (acme.contract_start_on, acme.renewal_on) == (date(2026, 1, 1), date(2026, 12, 1))
    assert (jordan.date_of_birth, jordan.telegram_id, jordan.birthday) == (date(1984, 2, 29), "@jordan", "0229")
    assert LifecycleChange.objects.count() == 3
    again = bring_in(in_scope, head + rows)
    assert again.counts == {"customers_created": 0, "customers_updated": 0, "customers_unchanged": 3}


def test_what_a_file_leaves_empty_stays(in_scope: Business) -> None:
    customer = make_customer(
        in_scope, kind="company", external_id="1", preferred_language="DE", domain="acme.example", arr_manual=5, city="York",
        telegram_id="@acme_corp", lifecycle_stage="prospect",
    )  # fmt: skip
    done = bring_in(in_scope, "external_id,name,website,language,arr,telegram\n1,Acme,https://other.example,,,\n")
    assert done.counts["customers_updated"] == 1
    customer.refresh_from_db()
    assert (customer.website, customer.domain, customer.preferred_language) == (
        "https://other.example", "acme.example", "DE",
    )  # fmt: skip
    assert (customer.arr_manual, customer.city, customer.telegram_id) == (Decimal(5), "York", "@acme_corp")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("annual_revenue", "-1"), ("annual_revenue", "1.234"), ("annual_revenue", "lots"), ("employees", "-3"), ("employees", "2.5"),
        ("website", "acme"), ("linkedin", "javascript:alert(1)"), ("domain", "no domain"), ("language", "English"), ("size", "huge"),
        ("dob", "2190-01-01"), ("dob", "yesterday"), ("telegram", "jordan"), ("parent", "1"), ("parent", "unknown"), ("parent", "P"),
        ("referred_by", "unknown"), ("referred_by", "1"), ("contract_start", "2026-02-30"),
    ],
)  # fmt: skip
def test_a_faulty_value_is_named_and_nothing_is_taken(in_scope: Business, column: str, value: str) -> None:
    make_customer(in_scope, external_id="P")
    done = bring_in(in_scope, f"external_id,name,kind,{column}\n1,Acme,company,{value}\n")
    assert done.state == "failed"
    assert [(line, found) for line, _column, found in _faults(done)] == [(2, value)]
    assert Customer.objects.count() == 1


def test_a_contract_of_a_file_may_not_end_before_it_starts(in_scope: Business) -> None:
    make_customer(in_scope, external_id="1", contract_start_on=date(2026, 6, 1))
    done = bring_in(in_scope, "external_id,name,contract_end\n1,Acme,2026-05-31\n")
    assert [column for _line, column, _value in _faults(done)] == ["contract_end_on"]


def test_companies_of_a_file_may_not_stand_above_themselves(in_scope: Business) -> None:
    done = bring_in(in_scope, "external_id,name,kind,parent\n1,A,company,2\n2,B,company,3\n3,C,company,1\n")
    assert done.state == "failed"
    assert "above itself" in done.error
    assert not Customer.objects.exists()


def test_a_person_has_no_parent_in_a_file(in_scope: Business) -> None:
    done = bring_in(in_scope, "external_id,name,kind,parent\n1,A,person,2\n2,B,company,\n")
    assert _faults(done) == [(2, "parent", "2")]
