"""The ways of the demo customers: each ends in the stage in which the customer stands, with dates that fit its orders."""

from datetime import timedelta
from typing import Any

from django.db import connection

from crm.demo.bulk import count_anew
from crm.demo.plan import DemoPlan
from customers.choices import SUBSTEPS

_REASONS = {
    "churn_risk": (
        "No order for months.", "Answers slowly, and only by e-mail.", "The sponsor has left the company.", "Complained about late deliveries.",
        "Asked for the terms of ending the contract.",
    ),
    "churned": (
        "Went to a competitor.", "Prices were too high.", "Closed the shop.", "No need any more.", "Didn't answer for a year.",
    ),
    "expansion": ("Wants it for a second team.", "Asked for a larger plan.", "Opens a new branch."),
}  # fmt: skip

# `place` orders the stages of a way; a day that lies before that of the stage before is that day.
_STAGES = """
create temporary table demo_stages on commit drop as
with stages as (
    select d.n, d.id, s.place, s.stage, s.starts_on, d.acquired_at
    from demo_customers d
    cross join lateral (
        select {settled} as settled_on
    ) t
    cross join lateral (values
        (1, 'prospect', case when d.first_on is null or d.first_on > d.acquired_on or d.kind = 'company' then d.acquired_on end),
        (2, 'opportunity', case when d.stage = 'opportunity' then least(%(horizon)s::date, d.acquired_on + 1 + {pondered})
            when d.kind = 'company' and d.first_on > d.acquired_on then d.acquired_on + (d.first_on - d.acquired_on) / 2 end),
        (3, 'onboarding', case when d.stage = 'onboarding' or d.kind = 'company' then d.first_on end),
        (4, 'active', case when d.stage in ('active', 'expansion', 'churn_risk', 'churned')
            then case when d.kind = 'company' then t.settled_on else d.first_on end end),
        (5, 'expansion', case when d.stage = 'expansion' then t.settled_on + floor((%(horizon)s::date - t.settled_on) * {grown})::integer end),
        (6, 'churn_risk', case when d.stage in ('churn_risk', 'churned') then least(%(horizon)s::date, d.last_on + 150) end),
        (7, 'churned', case when d.stage = 'churned' then least(%(horizon)s::date, d.last_on + 365) end)
    ) s(place, stage, starts_on)
    where s.starts_on is not null
)
select s.*, max(starts_on) over way as kept_on, row_number() over way = 1 as is_first, s.place = max(place) over (partition by s.n) as is_last,
       {hour} as minute
from stages s window way as (partition by s.n order by s.place)
"""
_WRITE = """
insert into customers_lifecyclechange
    (business_id, customer_id, stage, substep, effective_at, recorded_at, actor_kind, actor_id, actor_label, trigger, reason)
select %(business)s, s.id, s.stage, case when s.is_last and c.kind = 'company' then coalesce(t.step, '') else '' end, e.at, e.at,
       case when u.id is null then 'system' else 'user' end, coalesce(u.id::text, ''), coalesce(u.name, 'Demo data'),
       case when u.id is not null then '' when s.place = 4 then 'first order' when s.place > 5 then 'no order for a long time' else 'first record' end,
       case when s.stage in ('churn_risk', 'churned', 'expansion') and (u.id is not null or s.stage = 'churned') and {explained} < 0.8
            then r.words[1 + {words}] else '' end
from demo_stages s
join customers_customer c on c.id = s.id
left join crm_user u on u.id = c.owner_id and not s.is_first
left join lateral (
    select steps[1 + mod(s.n, cardinality(steps))] as step from (values {steps}) x(stage, steps) where x.stage = s.stage
) t on true
left join lateral (select words from (values {reasons}) x(stage, words) where x.stage = s.stage) r on true
cross join lateral (
    select least(
        case when s.is_first then s.acquired_at
             else greatest(s.acquired_at, s.kept_on + time '08:00' + s.minute * interval '1 minute') end at time zone %(zone)s
             + s.place * interval '1 second',
        coalesce(c.archived_at, 'infinity')
    ) as at
) e
order by s.n, s.place
"""
_STANDING = """
update customers_customer c set lifecycle_substep = l.substep, stage_since = l.effective_at
from customers_lifecyclechange l join demo_stages s on s.id = l.customer_id and s.is_last and s.stage = l.stage
where c.id = l.customer_id and c.business_id = %(business)s
"""


def fill_lifecycle(plan: DemoPlan) -> None:
    """A way for everybody, by rules of time: prospect, onboarding around the first order, risk and loss after the last."""
    chance = plan.chance
    stages = _STAGES.format(
        settled=f"least(%(horizon)s::date, d.first_on + 14 + {chance.number('d.n', 'settled', 31)})",
        pondered=chance.number("d.n", "pondered", 40), grown=chance.unit("d.n", "grown"), hour=chance.number("(s.n << 3) + s.place", "hour", 540),
    )  # fmt: skip
    steps = {stage: [step for step, _label in known] for stage, known in SUBSTEPS.items() if known}
    write = _WRITE.format(
        explained=chance.unit("s.n", "explained"), words=chance.number("s.n", "words", "cardinality(r.words)"),
        steps=_values(steps), reasons=_values(_REASONS),
    )  # fmt: skip
    parameters: dict[str, Any] = {
        "business": plan.business.pk, "zone": plan.business.time_zone, "horizon": plan.today - timedelta(days=1),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("drop table if exists pg_temp.demo_stages")
        cursor.execute(stages, parameters)
        cursor.execute("analyze pg_temp.demo_stages")
        cursor.execute(write, parameters)
        cursor.execute(_STANDING, parameters)
    count_anew("customers.LifecycleChange", "customers.Customer")


def _values(known: Any) -> str:
    """Rows of (stage, its words) for a VALUES list of our own texts."""
    return ", ".join(
        f"('{stage}', array[{', '.join(chr(39) + word.replace(chr(39), chr(39) * 2) + chr(39) for word in words)}])"
        for stage, words in known.items()
    )
