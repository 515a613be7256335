"""Many customers archived, or brought back."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from crm.actor import Actor
from crm.models import Business
from customers.models import Customer, UniquePhone
from customers.queries.phones import phones_are_unique
from customers.registry import BulkDeed
from customers.services.bulk_deeds.parts import State, States, by_target, reason_in, refuse_others
from customers.services.search import refresh_search
from customers.services.unique_phones import TakenPhone, keep_unique_phones_of


class ChangeArchived(BulkDeed):
    """Archives customers, or brings archived ones back."""

    def __init__(self, *, archive: bool) -> None:
        self.archive = archive

    def clean(self, business: Business, values: State) -> State:
        refuse_others(values, ["reason"])
        return {"reason": reason_in(values)}

    def read(self, customer_ids: Sequence[UUID], values: State) -> States:
        rows = Customer.objects.filter(pk__in=customer_ids).values_list("pk", "archived_at")
        return {pk: {"archived_at": None if at is None else at.isoformat()} for pk, at in rows}

    def aim(self, state: State, values: State, at: datetime) -> State:
        if not self.archive:
            return {"archived_at": None}
        return state if state["archived_at"] else {"archived_at": at.isoformat()}

    def blocked(self, business: Business, states: States, targets: States, values: State) -> dict[UUID, str]:
        """An e-mail address stands at one live customer only; a phone number too, where the business wants that."""
        back = [pk for pk, target in targets.items() if target["archived_at"] is None and states[pk]["archived_at"]]
        keys = dict(
            Customer.objects.filter(pk__in=back).exclude(email_key="").order_by("pk").values_list("pk", "email_key")
        )
        taken = set(Customer.objects.live().filter(email_key__in=keys.values()).values_list("email_key", flat=True))
        found = {}
        for pk, key in keys.items():
            if key in taken:
                found[pk] = _("Another customer has its e-mail address by now.")
            taken.add(key)
        return (self._without_phone(back) | found) if phones_are_unique(business) else found

    def _without_phone(self, back: Sequence[UUID]) -> dict[UUID, str]:
        numbers = dict(
            Customer.objects.filter(pk__in=back).exclude(phone_e164="").order_by("pk").values_list("pk", "phone_e164")
        )
        taken = set(UniquePhone.objects.filter(number__in=numbers.values()).values_list("number", flat=True))
        found = {}
        for pk, number in numbers.items():
            if number in taken:
                found[pk] = _("Another customer has its phone number by now.")
            taken.add(number)
        return found

    def write(
        self, actor: Actor, business: Business, targets: States, values: State, at: datetime, *, is_undo: bool
    ) -> None:
        for moment, ids in by_target(targets, "archived_at").items():
            archived_at = None if moment is None else parse_datetime(moment)
            Customer.objects.filter(pk__in=ids).update(archived_at=archived_at, updated_at=at)
        if keep_unique_phones_of(business, sorted(targets)):
            raise TakenPhone
        refresh_search(sorted(targets))

    def words(self, business: Business, states: Sequence[State]) -> list[str]:
        return [_("archived") if state["archived_at"] else _("in the lists") for state in states]
