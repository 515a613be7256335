"""Telling owners of customers that have become overdue to order: once for each gap, in one notification for all of an owner's."""

from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from django.db import connection, transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from commerce.queries.gaps import overdue
from crm import formats
from crm.actor import Actor
from crm.models import Business
from crm.services import notify
from customers.models import Customer

# A gap is known by the order that it began with: of those that stand there already, nothing is written and nobody is told again.
_NEW = """
with new as (
    insert into commerce_ordergap as g (customer_id, business_id, last_order_at, told_at)
    select q.customer, %s, q.last, %s from ({overdue}) q(customer, last) order by q.customer
    on conflict (customer_id) do update set last_order_at = excluded.last_order_at, told_at = excluded.told_at
    where g.last_order_at <> excluded.last_order_at
    returning customer_id
)
select c.owner_id, count(*) from new n join customers_customer c on c.id = n.customer_id group by 1 order by 1
"""


@transaction.atomic
def tell_order_gaps(*, actor: Actor, business: Business, at: datetime) -> dict[str, int]:
    """Tell the owners in the open business of their customers that are overdue to order and whose gap is new.

    Returns how many gaps are new and how many owners were told. A gap ends with the next order.
    """
    found = overdue(Customer.objects.live(), business, at).order_by().values_list("pk", "facts__last_order_at")
    sql, parameters = found.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_NEW.format(overdue=sql), [business.pk, at, *parameters])
        counts = cursor.fetchall()
    told = sum(_tell(actor, business, owner, count) for owner, count in counts if owner)
    return {"gaps": sum(count for _owner, count in counts), "owners": told}


def _tell(actor: Actor, business: Business, owner: UUID, count: int) -> int:
    title = ngettext(
        "%(count)s customer of yours is overdue to order", "%(count)s customers of yours are overdue to order", count
    )
    asked = urlencode({"overdue_to_order": "true", "owner": owner})
    return notify(
        actor=actor, business=business, to=[owner], kind="commerce.order_gaps", tone="warn",
        title=title % {"count": formats.number(count)},
        text=_("They have not ordered for longer than they usually do. The list holds all of yours that are overdue."),
        href=f"{reverse('customers:customer_list')}?{asked}",
    )  # fmt: skip
