"""The fit with the ideal customer: what each criterion says, what the score comes to, and that it follows what is entered."""

import random
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from crm import clock, work
from crm.actor import Actor
from crm.errors import InvalidInput, NotAllowed, NotFound, StaleVersion
from crm.forms import version_of
from crm.models import Activity, Business, Job, Membership
from customers import services
from customers.models import Customer, CustomerFacts, IcpCriterion
from customers.queries.icp import fit_of, ideal_of
from customers.services.icp import MOST_CRITERIA, TooManyCriteria
from tests.factories import make_custom_field, make_customer, make_membership

SYSTEM = Actor.system("test")


def criterion(business: Business, field: str, operator: str, *value: Any, weight: int = 10) -> IcpCriterion:
    return services.create_criterion(
        actor=SYSTEM, business=business, field=field, operator=operator, value=list(value), weight=weight
    )


def score_of(customer: Customer) -> int | None:
    facts: CustomerFacts = CustomerFacts.objects.get(customer=customer.pk)
    return facts.icp_score


def states_of(customer: Customer) -> list[str]:
    fresh = Customer.objects.select_related("business").get(pk=customer.pk)
    return [verdict.state for verdict in fit_of(fresh, ideal_of(fresh.business)).verdicts]


def run_jobs() -> list[Job]:
    jobs = list(Job.objects.filter(task="customers.tasks.score_companies", state="queued"))
    for job in jobs:
        work.run(str(job.pk))
    return jobs


def company(business: Business, **fields: Any) -> Customer:
    return make_customer(business, kind="company", **fields)


def change(customer: Customer, **data: Any) -> Customer:
    return services.update_customer(actor=SYSTEM, customer=customer, at=clock.now(), **data)


@pytest.mark.parametrize(
    ("field", "operator", "value", "fact", "state"),
    [
        ("employee_count", "at_least", [50], 50, "matched"),
        ("employee_count", "at_least", [50], 49, "missed"),
        ("employee_count", "at_least", [50], 0, "missed"),
        ("employee_count", "at_least", [50], None, "unknown"),
        ("employee_count", "at_most", [50], 50, "matched"),
        ("employee_count", "at_most", [50], 51, "missed"),
        ("employee_count", "at_most", [50], 0, "matched"),
        ("employee_count", "between", [10, 20], 10, "matched"),
        ("employee_count", "between", [10, 20], 20, "matched"),
        ("employee_count", "between", [10, 20], 9, "missed"),
        ("employee_count", "between", [10, 20], 21, "missed"),
        ("employee_count", "between", [10, 10], 10, "matched"),
        ("employee_count", "filled", [], 0, "matched"),
        ("employee_count", "filled", [], None, "unknown"),
        ("annual_revenue", "at_least", ["5000000.01"], Decimal("5000000.01"), "matched"),
        ("annual_revenue", "at_least", ["5000000.01"], Decimal("5000000.00"), "missed"),
        ("industry", "in", ["Technology", "Retail"], "Retail", "matched"),
        ("industry", "in", ["téchnology"], "TECHNOLOGY", "matched"),
        ("industry", "in", ["Tech"], "Technology", "missed"),
        ("industry", "in", ["Technology"], "", "unknown"),
        ("industry", "filled", [], "Technology", "matched"),
        ("size", "in", ["medium", "large"], "large", "matched"),
        ("size", "in", ["medium", "large"], "small", "missed"),
        ("country", "in", ["Österreich"], "osterreich", "matched"),
        ("region", "filled", [], "", "unknown"),
        ("acquisition_source", "in", ["Referral"], "referral", "matched"),
    ],
)
def test_what_a_criterion_says_of_a_fact(
    in_scope: Business, field: str, operator: str, value: list[Any], fact: Any, state: str
) -> None:
    criterion(in_scope, field, operator, *value)
    customer = company(in_scope, **{field: fact})
    assert states_of(customer) == [state]
    assert score_of(customer) == (100 if state == "matched" else 0)


@pytest.mark.parametrize(
    ("type", "operator", "value", "fact", "state"),
    [
        ("number", "at_least", ["2.5"], "2.5", "matched"),
        ("number", "at_least", ["2.5"], "2.49", "missed"),
        ("number", "at_least", ["10"], "9", "missed"),
        ("number", "at_least", ["10"], None, "unknown"),
        ("money", "between", ["10", "20"], "20.00", "matched"),
        ("date", "at_least", ["2026-01-31"], "2026-01-31", "matched"),
        ("date", "at_most", ["2026-01-31"], "2026-02-01", "missed"),
        ("choice", "in", ["a", "b"], "b", "matched"),
        ("choice", "in", ["a"], "b", "missed"),
        ("choices", "in", ["a", "b"], ["b", "c"], "matched"),
        ("choices", "in", ["a"], ["b", "c"], "missed"),
        ("choices", "in", ["a"], None, "unknown"),
        ("boolean", "in", [True], True, "matched"),
        ("boolean", "in", [True], False, "missed"),
        ("boolean", "in", ["false"], False, "matched"),
        ("text", "in", ["Gold"], "gold", "matched"),
        ("text", "filled", [], "x", "matched"),
        ("email", "in", ["a@example.com"], "A@example.com", "matched"),
    ],
)
def test_what_a_criterion_says_of_a_custom_field(
    in_scope: Business, type: str, operator: str, value: list[Any], fact: Any, state: str
) -> None:
    make_custom_field(in_scope, key="own", type=type)
    criterion(in_scope, "custom_own", operator, *value)
    customer = company(in_scope, custom_values={"own": fact})
    assert states_of(customer) == [state]
    assert score_of(customer) == (100 if state == "matched" else 0)


def test_technologies_are_known_once_one_is(in_scope: Business) -> None:
    criterion(in_scope, "technology", "in", "PostgreSQL", "Oracle")
    customer = company(in_scope)
    assert (states_of(customer), score_of(customer)) == (["unknown"], 0)
    other = services.add_technology(actor=SYSTEM, customer=customer, at=clock.now(), name="Excel", source="Call")
    assert (states_of(customer), score_of(customer)) == (["missed"], 0)
    found = services.add_technology(actor=SYSTEM, customer=customer, at=clock.now(), name="postgresql", source="Call")
    assert (states_of(customer), score_of(customer)) == (["matched"], 100)
    services.update_technology(actor=SYSTEM, technology=found, at=clock.now(), name="MySQL")
    assert score_of(customer) == 0
    services.update_technology(actor=SYSTEM, technology=other, at=clock.now(), name="Oracle")
    assert score_of(customer) == 100
    services.remove_technology(actor=SYSTEM, technology=other)
    assert (states_of(customer), score_of(customer)) == (["missed"], 0)


@pytest.mark.parametrize(
    ("weights", "expected"), [((1, 7), 13), ((1, 199), 1), ((1, 2), 33), ((2, 1), 67), ((3, 1), 75), ((1, 1), 50)]
)
def test_the_score_is_rounded_half_up(in_scope: Business, weights: tuple[int, int], expected: int) -> None:
    """1 of 8 is 12.5 and becomes 13; 1 of 200 is 0.5 and becomes 1."""
    matched, missed = weights
    criterion(in_scope, "industry", "in", "Retail", weight=matched)
    while missed:
        part = min(missed, 100)
        criterion(in_scope, "country", "in", "Nowhere", weight=part)
        missed -= part
    assert score_of(company(in_scope, industry="Retail", country="France")) == expected


def test_without_criteria_and_for_persons_there_is_no_score(in_scope: Business) -> None:
    customer = company(in_scope, industry="Retail")
    assert score_of(customer) is None
    criterion(in_scope, "industry", "in", "Retail")
    person = make_customer(in_scope, industry="Retail")
    assert score_of(person) is None
    assert fit_of(person, ideal_of(in_scope)).verdicts == []
    run_jobs()
    assert (score_of(customer), score_of(person)) == (100, None)


def test_the_score_follows_the_customer(in_scope: Business) -> None:
    make_custom_field(in_scope, key="plan", type="choice")
    criterion(in_scope, "industry", "in", "Retail")
    criterion(in_scope, "custom_plan", "in", "a")
    customer = company(in_scope)
    assert score_of(customer) == 0
    change(customer, industry="Retail")
    assert score_of(customer) == 50
    change(customer, custom_values={"plan": "a"})
    assert score_of(customer) == 100
    change(customer, kind="person", first_name="Jo", last_name="Bloggs")
    assert score_of(customer) is None


def test_when_criteria_change_one_job_scores_all_companies(in_scope: Business, owner: Membership) -> None:
    customers = [company(in_scope, industry="Retail") for _ in range(3)]
    first = criterion(in_scope, "industry", "in", "Retail")
    second = criterion(in_scope, "country", "filled", weight=30)
    jobs = run_jobs()
    assert len(jobs) == 1
    job = Job.objects.get(pk=jobs[0].pk)
    assert (job.state, job.result) == ("done", {"companies": 3, "changed": 3})
    assert {score_of(one) for one in customers} == {25}
    services.update_criterion(actor=SYSTEM, criterion=second, weight=10)
    run_jobs()
    assert {score_of(one) for one in customers} == {50}
    services.update_criterion(actor=SYSTEM, criterion=second, name="Where", order=5)
    assert run_jobs() == []
    services.delete_criterion(actor=SYSTEM, criterion=second)
    services.delete_criterion(actor=SYSTEM, criterion=first)
    run_jobs()
    assert {score_of(one) for one in customers} == {None}
    verbs = [verb for verb in Activity.objects.order_by("id").values_list("verb", flat=True) if "icp" in verb]
    assert [verb.rpartition(".")[2] for verb in verbs] == [
        "created",
        "created",
        "updated",
        "updated",
        "deleted",
        "deleted",
    ]


def test_a_job_scores_in_pieces(in_scope: Business, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("customers.services.icp.CHUNK", 2)
    customers = [company(in_scope, industry="Retail") for _ in range(5)]
    criterion(in_scope, "industry", "filled")
    (job,) = run_jobs()
    assert Job.objects.get(pk=job.pk).result == {"companies": 5, "changed": 5}
    assert {score_of(one) for one in customers} == {100}


def test_only_rows_that_differ_are_written(in_scope: Business) -> None:
    criterion(in_scope, "industry", "filled")
    customer = company(in_scope, industry="Retail")
    assert services.refresh_icp_scores([customer.pk]) == 0
    CustomerFacts.objects.update(icp_score=7)
    assert services.refresh_icp_scores() == 1
    assert score_of(customer) == 100


def test_an_archived_field_is_no_longer_known(in_scope: Business) -> None:
    field = make_custom_field(in_scope, key="plan", type="choice")
    criterion(in_scope, "custom_plan", "in", "a")
    customer = company(in_scope, custom_values={"plan": "a"})
    run_jobs()
    services.archive_custom_field(actor=SYSTEM, field=field, at=clock.now())
    assert len(run_jobs()) == 1
    assert (states_of(customer), score_of(customer)) == (["unknown"], 0)
    services.restore_custom_field(actor=SYSTEM, field=field)
    run_jobs()
    assert score_of(customer) == 100


@pytest.mark.parametrize(
    ("field", "data", "at_fault"),
    [
        ("no_such", {}, "field"),
        ("email", {}, "field"),
        ("custom_no_such", {}, "field"),
        ("industry", {"operator": "at_least", "value": ["5"]}, "operator"),
        ("employee_count", {"operator": "in", "value": ["5"]}, "operator"),
        ("employee_count", {"operator": "like", "value": ["5"]}, "operator"),
        ("employee_count", {"operator": "between", "value": [20, 10]}, "value"),
        ("employee_count", {"operator": "between", "value": [20]}, "value"),
        ("employee_count", {"operator": "at_least", "value": []}, "value"),
        ("employee_count", {"operator": "at_least", "value": ["many"]}, "value"),
        ("employee_count", {"operator": "at_least", "value": ["NaN"]}, "value"),
        ("employee_count", {"operator": "at_least", "value": ["1e400"]}, "value"),
        ("employee_count", {"operator": "at_least", "value": [True]}, "value"),
        ("employee_count", {"operator": "at_least", "value": [None]}, "value"),
        ("employee_count", {"operator": "filled", "value": [1]}, "value"),
        ("custom_day", {"operator": "at_least", "value": ["2026-02-30"]}, "value"),
        ("custom_day", {"operator": "between", "value": ["2026-02-02", "2026-02-01"]}, "value"),
        ("industry", {"value": []}, "value"),
        ("industry", {"value": "Retail"}, "value"),
        ("industry", {"value": ["  "]}, "value"),
        ("industry", {"value": ["x" * 201]}, "value"),
        ("industry", {"value": ["\0"]}, "value"),
        ("industry", {"value": ["\ud800"]}, "value"),
        ("industry", {"value": [f"x{n}" for n in range(201)]}, "value"),
        ("size", {"value": ["tiny"]}, "value"),
        ("industry", {"value": ["x"], "weight": 0}, "weight"),
        ("industry", {"value": ["x"], "weight": 101}, "weight"),
        ("industry", {"value": ["x"], "weight": "a"}, "weight"),
        ("industry", {"value": ["x"], "order": -1}, "order"),
        ("industry", {"value": ["x"], "name": "x" * 81}, "name"),
        ("industry", {"value": ["x"], "secret": 1}, "secret"),
    ],
)
def test_what_is_no_criterion_is_refused_by_name(
    in_scope: Business, field: str, data: dict[str, Any], at_fault: str
) -> None:
    make_custom_field(in_scope, key="day", type="date")
    with pytest.raises(InvalidInput) as refused:
        services.create_criterion(actor=SYSTEM, business=in_scope, field=field, **{"operator": "in", **data})
    assert set(refused.value.errors) == {at_fault}
    assert not IcpCriterion.objects.exists()


def test_values_are_stored_in_one_form(in_scope: Business) -> None:
    assert criterion(in_scope, "industry", "in", "  Food   and drink ", "Retail", "Retail").value == [
        "Food and drink",
        "Retail",
    ]
    assert criterion(in_scope, "annual_revenue", "between", 1, Decimal("2.50")).value == ["1", "2.5"]
    assert criterion(in_scope, "industry", "filled").name == "Industry"
    assert [row.order for row in IcpCriterion.objects.order_by("order")] == [10, 20, 30]


def test_fields_that_only_persons_have_are_not_offered(in_scope: Business) -> None:
    make_custom_field(in_scope, key="shoe", type="number", kind="person")
    with pytest.raises(InvalidInput):
        criterion(in_scope, "custom_shoe", "filled")


def test_their_number_is_limited(in_scope: Business) -> None:
    for _ in range(MOST_CRITERIA):
        IcpCriterion.objects.create(business=in_scope, name="x", field="industry", operator="filled")
    with pytest.raises(TooManyCriteria):
        criterion(in_scope, "industry", "filled")


@pytest.mark.parametrize(
    ("role", "may"), [("owner", True), ("manager", True), ("agent", False), ("marketing", False), ("analyst", False)]
)
def test_owners_and_managers_define_the_ideal_customer(in_scope: Business, role: str, may: bool) -> None:
    actor = Actor.for_user(make_membership(in_scope, role).user)
    made = criterion(in_scope, "industry", "filled")
    deeds: list[Callable[[], object]] = [
        lambda: services.create_criterion(actor=actor, business=in_scope, field="country", operator="filled"),
        lambda: services.update_criterion(actor=actor, criterion=made, weight=3),
        lambda: services.delete_criterion(actor=actor, criterion=made),
    ]
    for deed in deeds:
        if may:
            deed()
            continue
        with pytest.raises(NotAllowed):
            deed()


def test_an_older_version_is_refused(in_scope: Business) -> None:
    made = criterion(in_scope, "industry", "filled")
    seen = version_of(made)
    services.update_criterion(actor=SYSTEM, criterion=made, weight=3, version=seen)
    with pytest.raises(StaleVersion):
        services.update_criterion(actor=SYSTEM, criterion=made, weight=4, version=seen)
    with pytest.raises(StaleVersion):
        services.delete_criterion(actor=SYSTEM, criterion=made, version=seen)
    services.delete_criterion(actor=SYSTEM, criterion=made)
    with pytest.raises(NotFound):
        services.update_criterion(actor=SYSTEM, criterion=made, weight=4)


def test_scores_of_another_business_are_left_alone(in_scope: Business, other_business: Business) -> None:
    foreign = make_customer(other_business, kind="company", industry="Retail")
    CustomerFacts.unscoped.filter(customer=foreign.pk).update(icp_score=5)
    criterion(in_scope, "industry", "filled")
    services.refresh_icp_scores()
    run_jobs()
    assert CustomerFacts.unscoped.get(customer=foreign.pk).icp_score == 5


def _expected(customer: Customer, technologies: set[str], rows: list[IcpCriterion]) -> int:
    """The score as plain Python reckons it, without a look at the SQL."""
    points = 0
    for row in rows:
        if row.field == "technology":
            found: Any = {name.casefold() for name in technologies}
        elif row.field.startswith("custom_"):
            found = customer.custom_values.get(row.field.removeprefix("custom_"))
        else:
            found = getattr(customer, row.field)
        if found in (None, "", set(), []):
            continue
        match row.operator:
            case "filled":
                hit = True
            case "in":
                wanted = {value.casefold() for value in row.value}
                given = found if isinstance(found, set | list) else [found]
                hit = bool(wanted & {str(one).casefold() for one in given})
            case "at_least":
                hit = Decimal(found) >= Decimal(row.value[0])
            case "at_most":
                hit = Decimal(found) <= Decimal(row.value[0])
            case _:
                hit = Decimal(row.value[0]) <= Decimal(found) <= Decimal(row.value[1])
        points += row.weight if hit else 0
    total = sum(row.weight for row in rows)
    return int((Decimal(100 * points) / total).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def test_scores_are_those_of_an_independent_reckoning(in_scope: Business) -> None:
    chance = random.Random(20)
    make_custom_field(in_scope, key="seats", type="number")
    make_custom_field(in_scope, key="modules", type="choices")
    industries, names = ["Retail", "Media", "Energy", ""], ["SAP", "Excel", "Slack"]
    customers = []
    for _ in range(25):
        customer = company(
            in_scope, industry=chance.choice(industries), size=chance.choice(["small", "large", ""]),
            employee_count=chance.choice([None, 0, 9, 10, 50, 51]), country=chance.choice(["France", "Spain", ""]),
            annual_revenue=chance.choice([None, Decimal("0.00"), Decimal("99.99"), Decimal("100.00")]),
            custom_values={"seats": chance.choice([None, "0", "2.5", "10"]), "modules": chance.choice([None, ["a"], ["b", "c"]])},
        )  # fmt: skip
        for name in chance.sample(names, chance.randrange(3)):
            services.add_technology(actor=SYSTEM, customer=customer, at=clock.now(), name=name, source="Call")
        customers.append(customer)
    offered: list[tuple[str, str, list[Any]]] = [
        ("industry", "in", ["retail", "ENERGY"]), ("industry", "filled", []), ("size", "in", ["large"]),
        ("employee_count", "between", [10, 50]), ("employee_count", "at_most", [9]), ("annual_revenue", "at_least", ["100"]),
        ("country", "in", ["Spain"]), ("technology", "in", ["sap", "Slack"]), ("technology", "filled", []),
        ("custom_seats", "at_least", ["2.5"]), ("custom_modules", "in", ["c"]),
    ]  # fmt: skip
    for _ in range(4):
        IcpCriterion.objects.all().delete()
        for field, operator, value in chance.sample(offered, chance.randrange(1, len(offered) + 1)):
            criterion(in_scope, field, operator, *value, weight=chance.randrange(1, 101))
        run_jobs()
        rows = list(IcpCriterion.objects.all())
        ideal = ideal_of(in_scope)
        for customer in Customer.objects.filter(kind="company").select_related("facts", "business"):
            technologies = set(customer.technologies.values_list("name", flat=True))
            expected = _expected(customer, technologies, rows)
            fit = fit_of(customer, ideal)
            assert (customer.facts.icp_score, fit.score) == (expected, expected)
            assert fit.points == sum(verdict.points for verdict in fit.verdicts)
