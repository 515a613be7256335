"""Demo findings: what some companies work with, what was noticed there, our competitors, BANT, and the ideal customer of the software
company, by which all companies are scored."""

from typing import Any

from django.db import connection

from crm.demo.bulk import count_anew
from crm.demo.plan import DemoPlan
from customers import services
from customers.models import IcpCriterion

# name, field, operator, value, weight
_CRITERIA: dict[str, tuple[tuple[str, str, str, list[str], int], ...]] = {
    "software": (
        ("Our industries", "industry", "in", ["Technology", "Retail", "Transport and logistics", "Manufacturing"], 30),
        ("50 to 1,000 people", "employee_count", "between", ["50", "1000"], 25),
        ("Revenue of 5 million or more", "annual_revenue", "at_least", ["5000000"], 15),
        ("Where we have people", "country", "in", ["United Kingdom", "Ireland", "Germany", "Netherlands", "France"], 10),
        ("Works with what we connect to", "technology", "in", ["Salesforce", "SAP", "Snowflake", "Microsoft 365"], 15),
        ("Came by a recommendation", "acquisition_source", "in", ["Referral", "Partner"], 5),
    ),
    "shop": (),
}  # fmt: skip
_TECHNOLOGIES = (
    ("Salesforce", "Sales"), ("SAP", "Business software"), ("Microsoft 365", "Office"), ("Google Workspace", "Office"),
    ("Shopify", "Web shop"), ("PostgreSQL", "Database"), ("Snowflake", "Data warehouse"), ("Slack", "Messages"),
    ("DATEV", "Accounting"), ("Power BI", "Reports"),
)  # fmt: skip
_SIGNALS = (
    ("buying", 4, "Asked for a price list", "Web form"), ("buying", 3, "Looks for a project manager for the roll-out", "Job advertisement"),
    ("expansion", 4, "Opens a second site next year", "Press release"), ("expansion", 3, "Asked how many seats more would cost", "Call"),
    ("risk", 4, "The champion leaves the company", "Social network"), ("risk", 3, "Fewer people sign in than last quarter", "Usage report"),
    ("competitive", 3, "Compares us with another product", "Call"), ("competitive", 2, "Was at a competitor's webinar", "Social network"),
)  # fmt: skip
_COMPETITORS = ("Initech", "Hooli", "Vandelay Systems", "Umbra Cloud", "Northgate CRM")

# Every third name from a random one on: none twice.
_WRITE_TECHNOLOGIES = """
insert into customers_technology (id, created_at, updated_at, business_id, customer_id, name, category, source, first_seen_on, last_seen_on)
select {id}, seen + time '10:00', seen + time '10:00', %(business)s, d.id, (%(names)s::text[])[1 + mod({first} + 3 * k, %(count)s)],
       (%(categories)s::text[])[1 + mod({first} + 3 * k, %(count)s)],
       (array['Job advertisement', 'Web site', 'Call', 'Case study'])[1 + mod({first} + k, 4)], seen::date, %(today)s::date - 1 - {ago}
from demo_customers d
cross join lateral generate_series(0, {many}) k
cross join lateral (select least(d.acquired_on, %(today)s::date - 200)::timestamp as seen) s
where d.kind = 'company' and {known} < 0.5
order by d.n, k
"""
_WRITE_SIGNALS = """
insert into customers_signal (id, created_at, updated_at, business_id, customer_id, kind, strength, text, source, seen_on, closed_on)
select {id}, seen + time '11:00', seen + time '11:00', %(business)s, d.id, (%(kinds)s::text[])[1 + w], (%(strengths)s::integer[])[1 + w],
       (%(texts)s::text[])[1 + w], (%(sources)s::text[])[1 + w], seen, case when {closed} < 0.3 then %(today)s::date - 1 end
from demo_customers d
cross join lateral generate_series(0, {many}) k
cross join lateral (select mod({which} + 3 * k, %(count)s) as w, %(today)s::date - 2 - {ago} - 7 * k as seen) s
where d.kind = 'company' and {noticed} < 0.25 and d.stage <> 'churned'
order by d.n, k
"""
_WRITE_COMPETITORS = """
insert into customers_competitormention (id, created_at, updated_at, business_id, customer_id, name, standing, source, seen_on)
select {id}, seen + time '12:00', seen + time '12:00', %(business)s, d.id, (%(names)s::text[])[1 + {which}],
       case when d.stage = 'churned' then 'lost_to' else (array['mentioned', 'mentioned', 'evaluated', 'incumbent', 'replaced'])[1 + {standing}] end,
       (array['Call', 'Their buyer', 'Web site'])[1 + mod({which}, 3)], seen
from demo_customers d
cross join lateral (select %(today)s::date - 3 - {ago} as seen) s
where d.kind = 'company' and {met} < 0.15
order by d.n
"""
_WRITE_BANT = """
insert into customers_qualification (id, created_at, updated_at, business_id, customer_id, budget, budget_evidence, authority,
                                     authority_evidence, need, need_evidence, timeline, timeline_evidence, assessed_at)
select {id}, at, at, %(business)s, d.id, budget, case when budget > 0 then 'A sum was named in the call' else '' end, authority,
       case when authority > 0 then 'We speak to who signs' else '' end, need, case when need > 0 then 'They have told us what goes wrong today' else '' end,
       timeline, case when timeline > 0 then 'They want to begin before the summer' else '' end, at
from demo_customers d
cross join lateral (
    select {budget} as budget, {authority} as authority, {need} as need, {timeline} as timeline, %(today)s::date - 1 - {ago} + time '15:00' as at
) s
where d.kind = 'company' and (d.stage in ('prospect', 'opportunity') and {assessed} < 0.6 or {assessed} < 0.05)
order by d.n
"""


def fill_findings(plan: DemoPlan) -> None:
    """Technologies, signals, competitors and BANT of some companies of `demo_customers`, the criteria, and the scores."""
    chance = plan.chance

    def unit(name: str) -> str:
        return chance.unit("d.n", f"finding {name}")

    def below(name: str, bound: int) -> str:
        return chance.number("d.n", f"finding {name}", bound)

    def uuid(name: str, row: str, at: str) -> str:
        return chance.uuid(row, name, at)

    parameters: dict[str, Any] = {"business": plan.business.pk, "today": plan.today}
    with connection.cursor() as cursor:
        cursor.execute(
            _WRITE_TECHNOLOGIES.format(
                id=uuid("technology", "d.n * 8 + k", "s.seen"), first=below("technology", len(_TECHNOLOGIES)), many=below("technologies", 3),
                ago=below("technology ago", 60), known=unit("technology known"),
            ),
            {**parameters, "names": [name for name, _category in _TECHNOLOGIES], "categories": [word for _name, word in _TECHNOLOGIES],
             "count": len(_TECHNOLOGIES)},
        )  # fmt: skip
        kinds, strengths, texts, sources = (list(column) for column in zip(*_SIGNALS, strict=True))
        cursor.execute(
            _WRITE_SIGNALS.format(
                id=uuid("signal", "d.n * 8 + k", "s.seen"), closed=unit("signal closed"), many=below("signals", 3),
                which=below("signal", len(_SIGNALS)), ago=below("signal ago", 120), noticed=unit("signal noticed"),
            ),
            {**parameters, "kinds": kinds, "strengths": strengths, "texts": texts, "sources": sources, "count": len(_SIGNALS)},
        )  # fmt: skip
        cursor.execute(
            _WRITE_COMPETITORS.format(
                id=uuid("competitor", "d.n", "s.seen"), which=below("competitor", len(_COMPETITORS)), standing=below("standing", 5),
                ago=below("competitor ago", 200), met=unit("competitor met"),
            ),
            {**parameters, "names": list(_COMPETITORS)},
        )  # fmt: skip
        cursor.execute(
            _WRITE_BANT.format(
                id=uuid("bant", "d.n", "s.at"), budget=below("budget", 4), authority=below("authority", 4), need=below("need", 4),
                timeline=below("timeline", 4), ago=below("bant ago", 60), assessed=unit("assessed"),
            ),
            parameters,
        )  # fmt: skip
    for place, (name, field, operator, value, weight) in enumerate(_CRITERIA[plan.profile], 1):
        IcpCriterion.objects.create(
            business=plan.business,
            name=name,
            field=field,
            operator=operator,
            value=value,
            weight=weight,
            order=10 * place,
        )
    count_anew("customers.Technology", "customers.Signal", "customers.CompetitorMention", "customers.Qualification")
    services.refresh_icp_scores()
