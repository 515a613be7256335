"""The groundwork at a company: each step is done by what is stored, and undone without it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crm.models import Business, Membership
from customers.models import CompetitorMention, Contact, Customer, CustomerFacts, Signal, Technology
from customers.queries.groundwork import Step, groundwork_of, with_groundwork
from tests.factories import make_contact, make_customer, make_note

AT = datetime(2026, 3, 10, 9, tzinfo=UTC)


@pytest.fixture
def company(in_scope: Business) -> Customer:
    return make_customer(in_scope, kind="company")


def _steps(company: Customer, percent: int = 0) -> list[Step]:
    return groundwork_of(with_groundwork(Customer.objects.filter(pk=company.pk)).get(), percent, AT)


def _done(company: Customer, percent: int = 0) -> set[str]:
    return {step.key for step in _steps(company, percent) if step.is_done}


def test_nothing_is_done_at_a_company_of_which_nothing_is_known(
    company: Customer, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(2):  # the company with all that it needs, and its business
        steps = _steps(company)
    assert [step.key for step in steps] == ["profile", "research", "stakeholders", "fit", "engagement", "interactions"]
    assert not any(step.is_done for step in steps)
    assert all(step.words for step in steps)


@pytest.mark.parametrize(("percent", "is_done"), [(59, False), (60, True), (100, True)])
def test_a_profile_is_done_from_sixty_percent(company: Customer, percent: int, is_done: bool) -> None:
    assert ("profile" in _done(company, percent)) is is_done


@pytest.mark.parametrize("model", [Technology, Signal, CompetitorMention])
def test_any_finding_is_research(company: Customer, model: Any) -> None:
    own: dict[Any, dict[str, Any]] = {
        Technology: {"name": "SAP", "first_seen_on": AT.date(), "last_seen_on": AT.date()},
        Signal: {"kind": "buying", "text": "Asks for a price", "seen_on": AT.date(), "strength": 3},
        CompetitorMention: {"name": "Globex", "standing": "mentioned", "seen_on": AT.date()},
    }
    model.objects.create(business=company.business, customer=company, source="call", **own[model])
    assert _done(company) == {"research"}


def test_two_whole_contacts_make_a_map(company: Customer) -> None:
    make_contact(company, role="champion", influence=4, sentiment=1)
    make_contact(company, role="user", influence=None, sentiment=1)
    gone = make_contact(company, role="user", influence=2, sentiment=0)
    Contact.objects.filter(pk=gone.pk).update(archived_at=AT)
    assert "stakeholders" not in _done(company)
    Contact.objects.filter(pk=gone.pk).update(archived_at=None)
    assert "stakeholders" in _done(company)


def test_a_score_of_nothing_is_a_score(company: Customer) -> None:
    CustomerFacts.objects.filter(pk=company.pk).update(icp_score=0)
    assert _done(company) == {"fit"}


def test_engagement_needs_an_owner_and_a_first_contact(company: Customer, owner: Membership) -> None:
    make_contact(company, is_primary=True)
    assert "engagement" not in _done(company)
    company.owner = owner.user
    company.save()
    assert "engagement" in _done(company)


@pytest.mark.parametrize(("days", "is_done"), [(0, True), (60, True), (61, False)])
def test_talks_count_for_sixty_days(company: Customer, days: int, is_done: bool) -> None:
    make_contact(company, last_touched_at=AT - timedelta(days=days))
    assert ("interactions" in _done(company)) is is_done


def test_a_note_counts_until_it_is_removed_and_another_company_s_never(company: Customer, in_scope: Business) -> None:
    other = make_customer(in_scope, kind="company")
    make_contact(other, role="user", influence=2, sentiment=0, is_primary=True, last_touched_at=AT)
    assert _done(company) == set()
    note = make_note(company)
    type(note).objects.filter(pk=note.pk).update(created_at=AT)
    assert _done(company) == {"interactions"}
    type(note).objects.filter(pk=note.pk).update(removed_at=AT)
    assert _done(company) == set()
