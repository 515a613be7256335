"""“My day” through the API: what the page shows, for the caller alone, and looking is recorded."""

from datetime import timedelta
from typing import Any

import pytest

from crm import clock
from crm.models import AccessRecord, Business, Membership
from customers.models import Customer, Signal
from tests.crm.api.calling import Caller, assert_problem, make_key, sign_in
from tests.factories import make_contact, make_customer, make_membership

LISTS = ("at_risk", "renewals", "opportunities", "untouched", "changed")


@pytest.fixture
def caller(owner: Membership) -> Caller:
    return Caller(sign_in(owner.user.email)["access_token"])


def _who(customer: Customer) -> dict[str, Any]:
    return {"id": str(customer.pk), "display_name": customer.display_name}


def test_everything_that_waits(in_scope: Business, owner: Membership, caller: Caller) -> None:
    at = clock.now()
    today = clock.today(in_scope.time_zone, at)
    risk = make_customer(in_scope, owner=owner.user, lifecycle_stage="churn_risk")
    company = make_customer(in_scope, kind="company", owner=owner.user, renewal_on=today + timedelta(days=9))
    ending = make_customer(in_scope, owner=owner.user, contract_end_on=today + timedelta(days=3))
    contact = make_contact(company, display_name="Dana", title="CTO")
    signal = Signal.objects.create(
        business=in_scope,
        customer=company,
        kind="buying",
        strength=4,
        text="Asked for an offer.",
        source="call",
        seen_on=today,
    )
    make_customer(in_scope, display_name="Nobody's", lifecycle_stage="churn_risk")
    Customer.objects.filter(pk__in=[risk.pk, ending.pk]).update(updated_at=at - timedelta(days=30))
    answer = caller.get("/my-day")
    assert answer.status_code == 200, answer.content
    assert answer.json() == {
        "at_risk": [{"customer": _who(risk), "reasons": ["The stage is Churn risk."]}],
        "renewals": [
            {"customer": _who(ending), "due_on": str(today + timedelta(days=3)), "is_renewal": False},
            {"customer": _who(company), "due_on": str(today + timedelta(days=9)), "is_renewal": True},
        ],
        "renewal_days": 60,
        "opportunities": [
            {
                "id": str(signal.pk), "customer": _who(company), "kind": "buying", "text": "Asked for an offer.", "strength": 4,
                "seen_on": str(today),
            }
        ],
        "untouched": [
            {
                "id": str(contact.pk), "display_name": "Dana", "title": "CTO", "customer": _who(company), "last_touched_at": None,
            }
        ],
        "untouched_after_days": 60,
        "changed": [
            {
                "customer": _who(company), "lifecycle_stage": "active",
                "updated_at": company.updated_at.isoformat().replace("+00:00", "Z"),
            }
        ],
        "changed_days": 7,
    }  # fmt: skip
    assert set(AccessRecord.unscoped.latest("id").customer_ids) == {risk.pk, company.pk, ending.pk}


def test_each_has_a_day_of_their_own_and_programs_none(in_scope: Business, owner: Membership) -> None:
    make_customer(in_scope, owner=owner.user, lifecycle_stage="churn_risk")
    colleague = make_membership(in_scope, "agent")
    for other in (Caller(sign_in(colleague.user.email)["access_token"]), Caller(make_key(in_scope))):
        found = other.get("/my-day").json()
        assert [found[name] for name in LISTS] == [[]] * len(LISTS)
    assert not AccessRecord.unscoped.exists()


def test_it_takes_the_permission_and_no_parameters(in_scope: Business, caller: Caller) -> None:
    assert_problem(Caller(make_key(in_scope, scopes=["commerce.view_orders"])).get("/my-day"), 403)
    assert_problem(caller.get("/my-day?limit=5"), 400)


def test_it_costs_no_more_for_many(
    in_scope: Business, owner: Membership, caller: Caller, django_assert_max_num_queries: Any
) -> None:
    for _n in range(9):
        make_customer(in_scope, owner=owner.user, lifecycle_stage="churn_risk")
    caller.get("/my-day")
    with django_assert_max_num_queries(20):
        assert len(caller.get("/my-day").json()["at_risk"]) == 8
