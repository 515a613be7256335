"""The other vocabularies of the lifecycle: what they say is total, and what is written through them reads back."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from crm.errors import InvalidInput
from crm.models import Business
from customers.choices import LifecycleStage
from customers.filters.status import STATUSES
from customers.models import Customer, CustomerFacts
from customers.queries import projections
from customers.queries.projections import (
    STATUS_OF,
    VOCABULARIES,
    Bounds,
    Standing,
    called,
    read,
    standing_of,
    with_status,
    words_of,
    write,
)
from tests.factories import make_customer

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
BEFORE = datetime(2025, 11, 2, tzinfo=UTC)
"""The start of the day 180 days before AT, in a zone without offset."""
BOUNDS = Bounds(BEFORE, 180, 5)
STANDINGS = [
    Standing(stage, archived, orders, last)
    for stage, archived, (orders, last) in product(
        LifecycleStage.values,
        (False, True),
        (
            (0, BEFORE),
            (0, BEFORE - timedelta(microseconds=1)),
            (1, BEFORE),
            (4, AT),
            (5, AT),
            (9, BEFORE - timedelta(1)),
        ),
    )
]


@pytest.mark.parametrize("vocabulary", VOCABULARIES)
def test_every_customer_is_called_something(vocabulary: str) -> None:
    assert {read(vocabulary, standing, BOUNDS) for standing in STANDINGS} == set(words_of(vocabulary))


@pytest.mark.parametrize("vocabulary", VOCABULARIES)
def test_writing_what_is_read_changes_nothing(vocabulary: str) -> None:
    for standing in STANDINGS:
        assert write(vocabulary, read(vocabulary, standing, BOUNDS), standing, BOUNDS, "status") == ""


@pytest.mark.parametrize("vocabulary", VOCABULARIES)
def test_what_may_be_written_reads_back(vocabulary: str) -> None:
    written = 0
    for standing, word in product(STANDINGS, words_of(vocabulary)):
        try:
            stage = write(vocabulary, word, standing, BOUNDS, "status") or standing.stage
        except InvalidInput:
            continue
        after = Standing(stage, standing.is_archived, standing.order_count, standing.last_order_at)
        assert read(vocabulary, after, BOUNDS) == word
        written += 1
    assert written >= len(STANDINGS)


@pytest.mark.parametrize(
    ("vocabulary", "said"),
    [
        ("account_status", ["prospect", "prospect", "onboarding", "active", "active", "at_risk", "churned"]),
        ("customer_status", ["prospect", "prospect", "active", "active", "active", "active", "churned"]),
        ("relationship", ["customer", "customer", "customer", "customer", "customer", "at_risk", "lost"]),
        ("activity", ["active"] * 7),
        ("playbook", ["prospect", "opportunity", "customer", "customer", "customer", "churn_risk", "churn_risk"]),
        ("basic", ["prospect", "prospect", "onboarding", "active", "expansion", "churn_risk", "churned"]),
    ],
)
def test_what_the_vocabularies_call_the_stages_of_a_recent_buyer(vocabulary: str, said: list[str]) -> None:
    assert [read(vocabulary, Standing(stage, False, 1, AT), BOUNDS) for stage in LifecycleStage.values] == said


@pytest.mark.parametrize(
    ("vocabulary", "standing", "said"),
    [
        ("customer_status", Standing("active", False, 3, BEFORE), "active"),
        ("customer_status", Standing("active", False, 3, BEFORE - timedelta(microseconds=1)), "inactive"),
        ("customer_status", Standing("active", True, 3, AT), "inactive"),
        ("customer_status", Standing("churned", True, 3, AT), "churned"),
        ("relationship", Standing("active", False, 0, AT), "lead"),
        ("relationship", Standing("active", False, 4, AT), "customer"),
        ("relationship", Standing("active", False, 5, AT), "loyal"),
        ("relationship", Standing("churn_risk", False, 5, AT), "at_risk"),
        ("activity", Standing("active", True), "inactive"),
    ],
)
def test_what_follows_from_orders_and_the_archive(vocabulary: str, standing: Standing, said: str) -> None:
    assert read(vocabulary, standing, BOUNDS) == said


@pytest.mark.parametrize(
    ("vocabulary", "word", "standing", "stage"),
    [
        ("account_status", "active", Standing("expansion"), ""),
        ("account_status", "active", Standing("churned"), "active"),
        ("account_status", "at_risk", Standing("active"), "churn_risk"),
        ("account_status", "prospect", Standing("active"), "prospect"),
        ("customer_status", "active", Standing("churned", False, 1, AT), "active"),
        ("customer_status", "active", Standing("onboarding", False, 1, AT), ""),
        ("relationship", "lost", Standing("active"), "churned"),
        ("relationship", "customer", Standing("churn_risk", False, 1, AT), "active"),
        ("playbook", "customer", Standing("prospect"), "onboarding"),
        ("basic", "prospect", Standing("opportunity"), ""),
    ],
)
def test_a_written_word_enters_its_first_stage(vocabulary: str, word: str, standing: Standing, stage: str) -> None:
    assert write(vocabulary, word, standing, BOUNDS, "status") == stage


@pytest.mark.parametrize(
    ("vocabulary", "word", "standing", "cause"),
    [
        ("relationship", "lead", Standing("active", False, 1, AT), "no order yet"),
        ("relationship", "loyal", Standing("active", False, 1, AT), "5 orders or more"),
        ("relationship", "customer", Standing("churn_risk", False, 0), "no order yet"),
        ("customer_status", "inactive", Standing("active", False, 1, AT), "no order of the last 180 days"),
        ("customer_status", "active", Standing("churned", True, 1, AT), "archived"),
        ("activity", "inactive", Standing("active"), "archived"),
        ("activity", "active", Standing("active", True), "archived"),
    ],
)
def test_a_derived_word_is_refused_with_what_it_follows_from(
    vocabulary: str, word: str, standing: Standing, cause: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        write(vocabulary, word, standing, BOUNDS, "status")
    assert cause in refusal.value.errors["status"][0]


def test_an_unknown_word_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidInput) as refusal:
        write("account_status", "gone", Standing("active"), BOUNDS, "status")
    assert "at_risk" in refusal.value.errors["status"][0]


def test_the_database_calls_everybody_as_the_code_does(in_scope: Business) -> None:
    bounds = Bounds.of(in_scope, AT)
    made = [make_customer(in_scope) for _standing in STANDINGS]
    for customer, standing in zip(made, STANDINGS, strict=True):
        Customer.objects.filter(pk=customer.pk).update(
            lifecycle_stage=standing.stage, archived_at=AT if standing.is_archived else None, created_at=AT
        )
        last = standing.last_order_at if standing.order_count else None
        CustomerFacts.objects.filter(pk=customer.pk).update(order_count=standing.order_count, last_order_at=last)
    rows = list(Customer.objects.select_related("facts"))
    for vocabulary in VOCABULARIES:
        for word in words_of(vocabulary):
            found = set(called(Customer.objects.all(), vocabulary, word, bounds).values_list("pk", flat=True))
            assert found == {row.pk for row in rows if read(vocabulary, standing_of(row), bounds) == word}


def test_a_business_says_what_is_dormant_and_loyal(in_scope: Business) -> None:
    in_scope.settings = {"lifecycle": {"inactive_after_days": 30, "loyal_after_orders": 2}}
    bounds = Bounds.of(in_scope, AT)
    assert bounds.loyal_orders == 2
    assert bounds.dormant_before == datetime(2026, 3, 31, 23, tzinfo=UTC)  # midnight of the first of April in London
    assert read(projections.RELATIONSHIP, Standing("active", False, 2, AT), bounds) == "loyal"


def test_a_status_is_what_the_vocabulary_of_the_kind_says(in_scope: Business) -> None:
    for kind, standing in product(STATUS_OF, STANDINGS):
        made = make_customer(in_scope, kind=kind, lifecycle_stage=standing.stage)
        if standing.is_archived:
            Customer.objects.filter(pk=made.pk).update(archived_at=AT)
        CustomerFacts.objects.filter(customer=made).update(
            order_count=standing.order_count, last_order_at=standing.last_order_at
        )
    rows = Customer.objects.with_facts()
    expected = {row.pk: read(STATUS_OF[row.kind], standing_of(row), BOUNDS) for row in rows}
    for word in set(expected.values()):
        found = set(with_status(Customer.objects.all(), word, BOUNDS).values_list("pk", flat=True))
        assert found == {pk for pk, said in expected.items() if said == word}, word
    assert set(expected.values()) == {word for word, _label in STATUSES}
