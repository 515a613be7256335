"""The business scope fails closed."""

import pytest
from django.db.models import Count, Exists, OuterRef, Sum

from crm.models import Business, Team
from crm.scope import ScopeError, scope
from customers.models import Customer, CustomerFacts
from tests.factories import make_customer

QUESTIONS = {
    "list": lambda: list(Customer.objects.all()),
    "count": lambda: Customer.objects.count(),
    "get": lambda: Customer.objects.filter(pk="00000000-0000-7000-8000-000000000000").first(),
    "exists": lambda: Customer.objects.exists(),
    "update": lambda: Customer.objects.update(city="x"),
    "delete": lambda: Team.objects.filter(name="x").delete(),
    "aggregate": lambda: CustomerFacts.objects.aggregate(Sum("total_spent")),
    "annotate": lambda: list(Customer.objects.values("kind").annotate(n=Count("*"))),
    "subquery": lambda: list(Business.objects.filter(Exists(Customer.objects.filter(business=OuterRef("pk"))))),
    "in": lambda: list(Business.objects.filter(pk__in=Customer.objects.values("business"))),
    "union": lambda: list(Customer.objects.all().union(Customer.objects.all())),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_nothing_is_answered_outside_a_scope(db: None, question: str) -> None:
    with pytest.raises(ScopeError):
        QUESTIONS[question]()


@pytest.mark.parametrize("question", QUESTIONS)
def test_everything_is_answered_inside_a_scope(business: Business, question: str) -> None:
    with scope(business):
        QUESTIONS[question]()


def test_only_rows_of_the_open_business_are_seen(business: Business, other_business: Business) -> None:
    mine, theirs = make_customer(business), make_customer(other_business)
    with scope(business):
        assert list(Customer.objects.all()) == [mine]
        assert Customer.objects.filter(pk=theirs.pk).update(city="x") == 0
    with scope(business, other_business):
        assert set(Customer.objects.all()) == {mine, theirs}
    with scope():
        assert not Customer.objects.exists()


def test_a_queryset_is_scoped_when_it_runs_not_when_it_is_made(business: Business, other_business: Business) -> None:
    mine, theirs = make_customer(business), make_customer(other_business)
    rows = Customer.objects.all()
    with scope(business):
        assert list(rows.all()) == [mine]
    with scope(other_business):
        assert list(rows.all()) == [theirs]


def test_the_scope_before_is_restored_after_an_error(business: Business, other_business: Business) -> None:
    mine = make_customer(business)
    with scope(business):
        with pytest.raises(ValueError, match="boom"), scope(other_business):
            raise ValueError("boom")
        assert list(Customer.objects.all()) == [mine]
