"""Custom fields in files of customers: their columns, what is taken over, and what is refused by row, column and value."""

import pytest

from crm.actor import Actor
from crm.models import Business
from customers import services
from customers.models import Customer, ImportJob, UniqueCustomValue
from customers.services.files import UnreadableFile
from tests.commerce.test_resources import bring_in
from tests.factories import make_custom_field, make_customer, make_membership

HEAD = "external_id,first_name,kind"


def _faults(record: ImportJob) -> list[tuple[int, str, str]]:
    return [(fault.line, fault.column, fault.value) for fault in record.faults.all()]


def _bring(business: Business, columns: str, *rows: str) -> ImportJob:
    lines = [f"{HEAD},{columns}", *(f"{number},Jo,,{row}" for number, row in enumerate(rows, 1))]
    return bring_in(business, "\n".join(lines) + "\n")


def _values() -> list[dict[str, object]]:
    return list(Customer.objects.order_by("external_id").values_list("custom_values", flat=True))


@pytest.mark.parametrize(
    ("type", "given", "stored"),
    [
        ("text", "Zoë’s", "Zoë’s"),
        ("text", "x" * 500, "x" * 500),
        ("text", "'; drop table x; --%s", "'; drop table x; --%s"),
        ("number", "007.50", "7.5"),
        ("number", "-3", "-3"),
        ("number", "-0.0", "0"),
        ("number", "100", "100"),
        ("number", "999999999999.999999", "999999999999.999999"),
        ("money", "1234.5", "1234.50"),
        ("money", "0", "0.00"),
        ("date", "2024-02-29", "2024-02-29"),
        ("choice", "b", "b"),
        ("choices", "c; a", ["a", "c"]),
        ("boolean", "Yes", True),
        ("boolean", "0", False),
        ("url", "https://example.com/ä?q=1", "https://example.com/ä?q=1"),
        ("email", "Jo@Example.com", "jo@example.com"),
    ],
)
def test_a_value_is_stored_as_if_it_were_entered(in_scope: Business, type: str, given: str, stored: object) -> None:
    make_custom_field(in_scope, key="f", type=type)
    done = _bring(in_scope, "custom_f", given)
    assert (done.state, done.error, _values()) == ("done", "", [{"f": stored}])
    entered = make_customer(in_scope, custom_values={"f": stored})
    assert entered.custom_values == {"f": stored}


@pytest.mark.parametrize(
    ("type", "given"),
    [
        ("text", "x" * 501), ("number", "x"), ("number", "1e5"), ("number", "NaN"), ("number", "1000000000000"), ("number", "0.0000001"),
        ("money", "1.234"), ("money", "£5"), ("date", "2026-02-29"), ("date", "31.01.2026"), ("date", "1899-12-31"), ("date", "2200-01-01"),
        ("date", "today"), ("date", "infinity"), ("choice", "d"), ("choice", "A"), ("choices", "a;d"), ("boolean", "maybe"),
        ("url", "javascript:alert(1)"), ("url", "example"), ("url", "ftp://example.com"), ("email", "jo@"), ("email", "jo"),
        ("user", "nobody@example.com"),
    ],
)  # fmt: skip
def test_a_faulty_value_is_named_with_row_and_column(in_scope: Business, type: str, given: str) -> None:
    is_unique = type in ("text", "number", "date", "url", "email")
    make_custom_field(in_scope, key="f", type=type, is_unique=is_unique)
    done = _bring(in_scope, "custom_f", "", given)
    assert (done.state, _faults(done)) == ("failed", [(3, "custom_f", given[:200])])
    assert not Customer.objects.exists()


def test_empty_values_leave_what_is_there(in_scope: Business) -> None:
    make_custom_field(in_scope, key="plan")
    make_custom_field(in_scope, key="seats", type="number")
    _bring(in_scope, "custom_plan,custom_seats", "Pro,5", "Free,")
    done = _bring(in_scope, "Custom Seats,custom_plan", ",Gold", "7,")
    assert _values() == [{"plan": "Gold", "seats": "5"}, {"plan": "Free", "seats": "7"}]
    assert done.counts["custom_values_written"] == 2
    assert _bring(in_scope, "custom_plan", "Gold", "Free").counts["custom_values_written"] == 0


def test_a_column_of_no_field_is_refused_at_once(in_scope: Business, system: Actor) -> None:
    field = make_custom_field(in_scope, key="plan")
    with pytest.raises(UnreadableFile, match="custom_plam"):
        _bring(in_scope, "custom_plam", "Pro")
    services.archive_custom_field(actor=system, field=field, at=field.created_at)
    with pytest.raises(UnreadableFile):
        _bring(in_scope, "custom_plan", "Pro")
    assert bring_in(in_scope, "customer_id,first_name\n1,Jo\n").state == "done"


def test_a_field_of_the_other_kind_is_refused(in_scope: Business) -> None:
    make_custom_field(in_scope, key="shoe", kind="person")
    make_customer(in_scope, kind="company", external_id="2")
    done = bring_in(in_scope, f"{HEAD},custom_shoe\n1,Jo,company,42\n2,Jo,,42\n3,Jo,,42\n4,Jo,company,\n")
    assert _faults(done) == [(2, "custom_shoe", "42"), (3, "custom_shoe", "42")]


def test_new_customers_need_required_values(in_scope: Business) -> None:
    make_custom_field(in_scope, key="plan", is_required=True, kind="person")
    make_customer(in_scope, external_id="1", custom_values={"plan": "Free"})
    assert _faults(_bring(in_scope, "custom_plan", "", "", "Pro")) == [(3, "custom_plan", "")]
    assert _faults(bring_in(in_scope, f"{HEAD}\n1,Jo,\n2,Jo,\n3,Jo,company\n")) == [(3, "custom_plan", "")]


def test_unique_values_stand_once_in_file_and_business(in_scope: Business) -> None:
    make_custom_field(in_scope, key="card", is_unique=True)
    make_customer(in_scope, external_id="x", custom_values={"card": "E-9"})
    assert _faults(_bring(in_scope, "custom_card", "E-1", "e-1")) == [(3, "custom_card", "e-1")]
    assert _faults(_bring(in_scope, "custom_card", "E-1", "é-9")) == [(3, "custom_card", "é-9")]
    assert _bring(in_scope, "custom_card", "E-1", "E-2").state == "done"
    assert _bring(in_scope, "custom_card", "E-2", "E-1").state == "done"
    cards = UniqueCustomValue.objects.values_list("customer__external_id", "value_key")
    assert dict(cards) == {"x": "e-9", "1": "e-2", "2": "e-1"}


def test_people_are_named_by_their_address(in_scope: Business) -> None:
    make_custom_field(in_scope, key="coach", type="user")
    coach = make_membership(in_scope, "agent").user
    assert _bring(in_scope, "custom_coach", coach.email.upper(), str(coach.pk)).state == "done"
    assert _values() == [{"coach": str(coach.pk)}] * 2
