"""Demo tags and custom fields: three in ten customers are tagged, and some tell what a business of that kind asks of its customers."""

from dataclasses import dataclass
from typing import Any

from django.db import connection

from crm.demo.bulk import count_anew
from crm.demo.plan import DemoPlan
from customers.choices import TAG_COLORS, FieldType, Kind
from customers.models import CustomField, Tag

MOST_WITH_VALUES = 50_000
"""Of how many customers, at most, values of custom fields are filled in."""


@dataclass(frozen=True)
class DemoTag:
    """A tag, the share of all customers that have it, and of big spenders."""

    name: str
    description: str
    share: float
    of_big_spenders: float = 0.05


_TAGS = {
    "shop": (
        DemoTag("VIP", "Asked first, served first", 0.04, 0.7), DemoTag("Gift buyer", "Buys before Christmas and Easter", 0.07),
        DemoTag("Trade fair", "Met at a stand", 0.04), DemoTag("Local pickup", "Fetches orders from the shop", 0.06),
        DemoTag("Returns often", "", 0.04), DemoTag("Press", "Writes or films about us", 0.01),
        DemoTag("Complaint", "Call before the next campaign", 0.03), DemoTag("Allergies", "Mind the list of ingredients", 0.03),
    ),
    "software": (
        DemoTag("Key account", "Has a plan of its own", 0.05, 0.8), DemoTag("Reference", "Speaks to others about us", 0.05, 0.3),
        DemoTag("Beta tester", "Sees new parts first", 0.06), DemoTag("Trade fair", "Met at a stand", 0.05),
        DemoTag("Security review", "Waits for our answers", 0.03), DemoTag("Partner", "Sells or connects us", 0.04),
        DemoTag("Price talks", "", 0.05), DemoTag("Non-profit", "Half the price", 0.03),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class DemoField:
    """A custom field, and its value as JSON in SQL; {unit} and {number} are the customer's own chance."""

    key: str
    label: str
    type: FieldType
    value: str
    choices: tuple[str, ...] = ()
    kind: str = ""
    in_list: bool = False
    is_unique: bool = False
    help_text: str = ""


_FIELDS = {
    "shop": (
        DemoField("shoe_size", "Shoe size", FieldType.NUMBER, "to_jsonb((35 + mod({number}, 13))::text)", kind=Kind.PERSON, help_text="European size."),
        DemoField(
            "favorite", "Favorite range", FieldType.CHOICE, "to_jsonb((array['Kitchen', 'Garden', 'Toys', 'Decoration'])[1 + mod({number}, 4)])",
            choices=("Kitchen", "Garden", "Toys", "Decoration"),
        ),
        DemoField("gift_card", "Gift card left", FieldType.MONEY, "case when {unit} < 0.4 then to_jsonb((5 * (1 + mod({number}, 20)))::text || '.00') end"),
        DemoField("topics", "Wants to hear of", FieldType.CHOICES,
                  "case when {unit} < 0.5 then jsonb_build_array('New goods') else jsonb_build_array('New goods', 'Sales') end",
                  choices=("New goods", "Sales", "Workshops")),
        DemoField("card_number", "Card number", FieldType.TEXT, "to_jsonb('K-' || lpad(d.n::text, 7, '0'))", is_unique=True, help_text="On the paper card."),
    ),
    "software": (
        DemoField(
            "plan", "Plan", FieldType.CHOICE, "to_jsonb((array['Starter', 'Team', 'Team', 'Business', 'Enterprise'])[1 + mod({number}, 5)])",
            choices=("Starter", "Team", "Business", "Enterprise"), in_list=True,
        ),
        DemoField("seats", "Seats", FieldType.NUMBER, "to_jsonb((5 * (1 + mod({number}, 60)))::text)", kind=Kind.COMPANY),
        DemoField("go_live_on", "Went live", FieldType.DATE, "to_jsonb((d.acquired_on + 14 + mod({number}, 60))::text)"),
        DemoField("modules", "Uses", FieldType.CHOICES,
                  "case when {unit} < 0.4 then jsonb_build_array('API') when {unit} < 0.7 then jsonb_build_array('Reports', 'API') "
                  "else jsonb_build_array('Single sign-on', 'Reports', 'API') end",
                  choices=("Single sign-on", "Reports", "API", "Mobile app")),
        DemoField("contract_number", "Contract number", FieldType.TEXT, "to_jsonb('C-' || lpad(d.n::text, 7, '0'))", is_unique=True),
    ),
}  # fmt: skip

_LINKS = """
insert into customers_customertag (business_id, customer_id, tag_id, created_at)
select %(business)s, d.id, %(tag)s, least(d.acquired_on + {later}, %(today)s::date - 1) + time '10:00' at time zone %(zone)s
from demo_customers d
where {unit} < case when d.course = 'big_spender' then %(of_big_spenders)s else %(share)s end
order by d.n
"""
_VALUES = """
update customers_customer c set custom_values = v.filled
from (select d.id, jsonb_strip_nulls({values}) as filled from demo_customers d where {unit} < %(share)s and d.course <> 'prospect') v
where c.id = v.id and v.filled <> '{{}}'
"""
_UNIQUE = """
insert into customers_uniquecustomvalue (business_id, field_id, customer_id, value_key)
select c.business_id, %(field)s, c.id, crm_fold(c.custom_values->>%(key)s) from customers_customer c
where c.business_id = %(business)s and c.custom_values ? %(key)s
"""


def fill_tags(plan: DemoPlan) -> None:
    """Tags with links, and custom fields with values, for the customers of `demo_customers`."""
    _tag(plan)
    _define(plan)
    count_anew("customers.CustomerTag", "customers.UniqueCustomValue")


def _tag(plan: DemoPlan) -> None:
    chance = plan.chance
    with connection.cursor() as cursor:
        for (color, _label), demo in zip(TAG_COLORS, _TAGS[plan.profile], strict=False):
            tag = Tag.objects.create(business=plan.business, name=demo.name, color=color, description=demo.description)
            links = _LINKS.format(
                unit=chance.unit("d.n", f"tag {demo.name}"), later=chance.number("d.n", f"tagged {demo.name}", 300)
            )
            parameters: dict[str, Any] = {
                "business": plan.business.pk, "tag": tag.pk, "today": plan.today, "zone": plan.business.time_zone,
                "share": demo.share, "of_big_spenders": demo.of_big_spenders,
            }  # fmt: skip
            cursor.execute(links, parameters)


def _define(plan: DemoPlan) -> None:
    demos = _FIELDS[plan.profile]
    fields = [
        CustomField.objects.create(
            business=plan.business, key=demo.key, label=demo.label, type=demo.type, choices=list(demo.choices), kind=demo.kind,
            in_list=demo.in_list, is_unique=demo.is_unique, help_text=demo.help_text, order=10 * number,
        )
        for number, demo in enumerate(demos, 1)
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            _VALUES.format(
                values=" || ".join(_value(plan, demo) for demo in demos), unit=plan.chance.unit("d.n", "values")
            ),
            {"share": min(0.6, MOST_WITH_VALUES / max(plan.customers, 1))},
        )
        for field in fields:
            if field.is_unique:
                cursor.execute(_UNIQUE, {"business": plan.business.pk, "field": field.pk, "key": field.key})


def _value(plan: DemoPlan, demo: DemoField) -> str:
    name = f"value {demo.key}"
    value = demo.value.format(unit=plan.chance.unit("d.n", name), number=plan.chance.number("d.n", name, 1000))
    asked = f"d.kind = '{demo.kind}'" if demo.kind else "true"
    return f"jsonb_build_object('{demo.key}', case when {asked} then {value} end)"
