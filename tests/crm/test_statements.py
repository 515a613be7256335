"""Questions whose SQL is made once: the rows that Django would have read, of the open business alone."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Value

from crm.models import Business, Membership
from crm.scope import ScopeError, scope
from crm.statements import RecordsBy, RowsOf
from customers.api.representation import CUSTOMER
from customers.models import Customer
from tests.factories import make_customer, make_membership


def _by_key(rows: list[dict[str, Any]]) -> dict[Any, dict[str, Any]]:
    return {row["pk"]: row for row in rows}


def test_the_rows_are_those_that_django_reads(in_scope: Business) -> None:
    made = [make_customer(in_scope, last_name=name, email=f"{name}@example.com") for name in ("Ab", "Zed", "Bo")]
    read = RowsOf(lambda: CUSTOMER.read(Customer.objects.all(), None, {"pk"}))
    for asked in ([made[0].pk], [made[2].pk, made[0].pk], []):
        assert _by_key(read(asked)) == _by_key(list(CUSTOMER.read(Customer.objects.filter(pk__in=asked), None, {"pk"})))


def test_the_kept_sql_serves_each_business_its_own_rows(business: Business, other_business: Business) -> None:
    read = RowsOf(lambda: Customer.objects.values("pk", "last_name"))
    own, foreign = make_customer(business, last_name="Own"), make_customer(other_business, last_name="Foreign")
    for place, expected in ((business, "Own"), (other_business, "Foreign"), (business, "Own")):
        with scope(place):
            assert [row["last_name"] for row in read([own.pk, foreign.pk])] == [expected]
    with scope(business, other_business):
        assert len(read([own.pk, foreign.pk])) == 2
    with pytest.raises(ScopeError):
        read([own.pk])


def test_a_question_with_a_moment_in_it_is_refused(in_scope: Business) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    read = RowsOf(lambda: Customer.objects.values("pk").annotate(seen=Value(now)))
    with pytest.raises(ImproperlyConfigured, match="2026"):
        read([in_scope.pk])


def test_records_are_those_that_django_makes_with_what_they_join(business: Business, other_business: Business) -> None:
    members = [make_membership(business, "owner"), make_membership(other_business, "agent", visibility="own")]

    def rows() -> Any:
        return Membership.unscoped.filter(is_active=True).select_related("business", "user", "team").order_by("pk")

    read = RecordsBy(rows, "user")
    for member in members:
        (found,) = read(member.user.pk)
        (expected,) = rows().filter(user=member.user)
        assert (found.__dict__.keys(), found._state.adding, found._state.db) == (
            expected.__dict__.keys(),
            False,
            "default",
        )
        for field in Membership._meta.concrete_fields:
            assert getattr(found, field.attname) == getattr(expected, field.attname)
        assert (found.business, found.business.settings, found.user.email, found.team) == (
            expected.business, expected.business.settings, expected.user.email, None,
        )  # fmt: skip
    assert read(business.pk) == []


def test_records_are_asked_for_with_nothing_that_changes(business: Business) -> None:
    read = RecordsBy(lambda: Membership.unscoped.filter(created_at__lt=datetime(2026, 1, 1, tzinfo=UTC)), "user")
    with pytest.raises(ImproperlyConfigured, match="may change"):
        read(business.pk)
