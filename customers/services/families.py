"""Companies and their parents: who may stand above whom."""

from django.db import connection
from django.utils.translation import gettext as _

from crm.actor import Actor
from crm.errors import InvalidInput
from crm.models import Business
from customers.choices import Kind
from customers.models import Contact, Customer

_ABOVE = """
with recursive above as (
    select id, parent_id from customers_customer where id = %(parent)s and business_id = %(business)s
    union
    select c.id, c.parent_id from customers_customer c join above a on c.id = a.parent_id and c.business_id = %(business)s
)
select exists (select from above where id = %(customer)s)
"""


def hold_families(business: Business) -> None:
    """Until the transaction ends, let nobody else change which companies of the business belong together."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"families:{business.pk}"])


def check_family(*, actor: Actor, customer: Customer, before: Customer | None) -> None:
    """Refuse a parent that can't be one, and a person with subsidiaries. Raises InvalidInput naming `parent` or `kind`.

    Of two changes at once the second sees the first, so that together they can't make a circle.
    """
    is_moved = customer.parent_id is not None and (before is None or customer.parent_id != before.parent_id)
    turns_person = before is not None and before.kind == Kind.COMPANY and customer.kind == Kind.PERSON
    if customer.parent_id is not None and customer.kind == Kind.PERSON:
        raise InvalidInput({"parent": [_("Only a company has a parent company. Leave this empty for a person.")]})
    if not (is_moved or turns_person):
        return
    hold_families(customer.business)
    if turns_person and Customer.objects.filter(parent=customer.pk).exists():
        raise InvalidInput(
            {
                "kind": [
                    _(
                        "Other companies belong to this one, so it can't become a person. Give them another parent first."
                    )
                ]
            }
        )
    if turns_person and Contact.objects.filter(customer=customer.pk).exists():
        raise InvalidInput({"kind": [_("This company has contacts, so it can't become a person.")]})
    if is_moved:
        _check_parent(actor, customer)


def _check_parent(actor: Actor, customer: Customer) -> None:
    if customer.parent_id == customer.pk:
        raise InvalidInput({"parent": [_("A company can't be its own parent.")]})
    parent = (
        Customer.objects.live().visible_to(actor).filter(business=customer.business_id, pk=customer.parent_id).first()
    )
    if parent is None:
        raise InvalidInput({"parent": [_("There is no such company in this business.")]})
    if parent.kind != Kind.COMPANY:
        raise InvalidInput({"parent": [_("%(name)s is a person; a parent must be a company.") % {"name": parent}]})
    with connection.cursor() as cursor:
        cursor.execute(_ABOVE, {"parent": parent.pk, "business": customer.business_id, "customer": customer.pk})
        if cursor.fetchone()[0]:
            raise InvalidInput(
                {
                    "parent": [
                        _("%(name)s already belongs to this company, directly or through others.") % {"name": parent}
                    ]
                }
            )
