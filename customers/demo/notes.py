"""Demo notes: something is written down about some one in seven customers; a handful have files."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.db import connection

from crm.actor import Actor
from crm.demo.bulk import count_anew
from crm.demo.plan import DemoPlan
from crm.scope import scope
from customers.models import Customer
from customers.services.attachments import attach_file

TEXTS: dict[str, tuple[tuple[str, str], ...]] = {
    "shop": (
        ("Prefers a call in the **morning**, before ten.", "general"),
        ("Ordered the wrong size twice. Suggested the size guide; the exchange was free of charge.", "support"),
        (
            "Asked for a quote for a larger order:\n\n- gift wrapping\n- delivery on one day\n\nWe answer within the week.",
            "sales",
        ),
        ("The parcel came late; apologized and refunded the postage.", "support"),
        ("Wants the invoice with the name of the firm on it from now on.", "billing"),
        ("Recommended us to a friend. Say thank you with the next order.", "general"),
        ("Was not pleased with the packaging: *too much plastic*. Passed on.", "support"),
        ("Would buy more of the outdoor range if it came in green.", "sales"),
    ),
    "software": (
        ("Kick-off went well. Next step: **import of their data**, then a training for six people.", "general"),
        (
            "Finance asks for yearly billing in advance:\n\n1. new order form\n2. credit for the months already paid",
            "billing",
        ),
        (
            "Reports take too long for them since the last update. Handed to support, they want to hear back this week.",
            "support",
        ),
        ("Budget for next year is decided in autumn; offer the larger plan before that.", "sales"),
        ("New head of operations, doesn't know us yet. Arrange a short introduction.", "general"),
        ("They compare us with two others. What counts:\n\n- single sign-on\n- data stays in the country", "sales"),
        ("> We could not work without it any more.\n\nAsked whether we may quote that.", "general"),
        ("Invoice was sent to the wrong address; corrected and sent again.", "billing"),
    ),
}
FILES = (
    (
        "Terms as agreed.txt",
        "Payment within 30 days.\nDelivery to the address of the office.\n",
        "Terms as agreed on the phone",
    ),
    ("Contacts at the office.csv", "name,extension\nReception,100\nAccounts,120\n", "Whom to ask for"),
    (
        "Summary of the visit.md",
        "# Visit\n\n- Shown the new range\n- Sample order follows\n",
        "Written after the visit",
    ),
)
_NOTES = """
insert into customers_note (id, created_at, updated_at, business_id, customer_id, content, note_type, is_pinned, created_by_id, created_label)
select {id}, at, at, %(business)s, r.customer, (%(texts)s::text[])[r.text], (%(types)s::text[])[r.text], k = 1 and {pinned} < 0.15, m.user_id, m.name
from (
    select d.n * 4 + k as row, k, d.id as customer, d.acquired_at, 1 + {text} as text
    from demo_customers d cross join lateral generate_series(1, 1 + {many}) k
    where {chosen} < 0.15
) r
cross join lateral (
    select (r.acquired_at + {later} * (%(today)s::timestamp - r.acquired_at)) at time zone %(zone)s as at
) t
join lateral (select user_id, name from unnest(%(users)s::uuid[], %(names)s::text[]) with ordinality u(user_id, name, place)
              where place = 1 + {author}) m on true
"""


def fill_notes(plan: DemoPlan) -> None:
    """Notes on some of `demo_customers`, written by the members, and a few files."""
    chance, row = plan.chance, "r.row"
    members = _members(plan)
    texts = TEXTS[plan.profile]
    statement = _NOTES.format(
        id=chance.uuid(row, "note", "t.at"), pinned=chance.unit(row, "note pinned"), text=chance.number("d.n * 4 + k", "note text", len(texts)),
        many=chance.number("d.n", "notes", 3), chosen=chance.unit("d.n", "note chosen"), later=chance.unit(row, "note later"),
        author=chance.number(row, "note author", len(members)),
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            statement,
            {
                "business": plan.business.pk, "today": plan.today, "zone": plan.business.time_zone,
                "texts": [text for text, _type in texts], "types": [type for _text, type in texts],
                "users": [user for user, _name in members], "names": [name for _user, name in members],
            },
        )  # fmt: skip
    _attach(plan)
    count_anew("customers.Note", "customers.Attachment")


def _members(plan: DemoPlan) -> list[tuple[Any, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select u.id, u.name from crm_membership m join crm_user u on u.id = m.user_id "
            "where m.business_id = %s and m.role in ('owner', 'manager', 'agent') order by u.email",
            [plan.business.pk],
        )
        return list(cursor.fetchall())


def _attach(plan: DemoPlan) -> None:
    """One file each for the first of those who have a note."""
    at = datetime.combine(plan.today - timedelta(days=2), time(11), tzinfo=UTC)
    with scope(plan.business):
        customers = Customer.objects.filter(notes__isnull=False).order_by("created_at", "pk").distinct()[: len(FILES)]
        for customer, (name, text, description) in zip(customers, FILES, strict=False):
            file = ContentFile(text.encode(), name=name)
            actor = Actor.system("Demo data")
            attach_file(actor=actor, customer=customer, file=file, at=at, description=description)
