"""An owner or a team for many customers."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from crm.actor import Actor
from crm.errors import InvalidInput
from crm.models import Business, Membership, Team, User
from customers.models import Customer
from customers.registry import BulkDeed
from customers.services.bulk_deeds.parts import State, States, as_id, by_target, refuse_others


class ChangeKeeper(BulkDeed):
    """Gives customers to an owner or a team, or to nobody."""

    def __init__(self, name: str) -> None:
        self.name = name

    def clean(self, business: Business, values: State) -> State:
        refuse_others(values, [self.name])
        if self.name not in values:
            raise InvalidInput({self.name: [_("Say who it shall be; null for nobody.")]})
        given = values[self.name]
        if given is None or given == "":
            return {self.name: None}
        pk = as_id(given, self.name)
        if self.name == "owner" and not Membership.objects.filter(user=pk, business=business, is_active=True).exists():
            raise InvalidInput({"owner": [_("The owner must be a member of this business.")]})
        if self.name == "team" and not Team.objects.filter(pk=pk, business=business).exists():
            raise InvalidInput({"team": [_("There is no such team in this business.")]})
        return {self.name: str(pk)}

    def read(self, customer_ids: Sequence[UUID], values: State) -> States:
        rows = Customer.objects.filter(pk__in=customer_ids).values_list("pk", f"{self.name}_id")
        return {pk: {self.name: None if keeper is None else str(keeper)} for pk, keeper in rows}

    def aim(self, state: State, values: State, at: datetime) -> State:
        return {self.name: values[self.name]}

    def blocked(self, business: Business, states: States, targets: States, values: State) -> dict[UUID, str]:
        """Nobody can be given to who has gone meanwhile: a person keeps customers after leaving, but gets none."""
        wanted = {target[self.name] for target in targets.values()} - {None}
        if self.name == "team":
            there = set(Team.objects.filter(pk__in=wanted).values_list("pk", flat=True))
        else:
            there = set(Membership.objects.filter(user__in=wanted, is_active=True).values_list("user_id", flat=True))
        gone = wanted - set(map(str, there))
        return {
            pk: _("Who it shall be is no longer here.") for pk, target in targets.items() if target[self.name] in gone
        }

    def write(
        self, actor: Actor, business: Business, targets: States, values: State, at: datetime, *, is_undo: bool
    ) -> None:
        for keeper, ids in by_target(targets, self.name).items():
            Customer.objects.filter(pk__in=ids).update(**{f"{self.name}_id": keeper, "updated_at": at})

    def words(self, business: Business, states: Sequence[State]) -> list[str]:
        ids = {state[self.name] for state in states} - {None}
        if self.name == "team":
            names = {str(pk): name for pk, name in Team.objects.filter(pk__in=ids).values_list("pk", "name")}
        else:
            people = User.objects.filter(pk__in=ids).values_list("pk", "name", "email")
            names = {str(pk): name or email for pk, name, email in people}
        nobody = _("nobody") if self.name == "owner" else _("no team")
        return [nobody if state[self.name] is None else names.get(state[self.name], "—") for state in states]

    def summary(self, business: Business, values: State) -> str:
        return self.words(business, [values])[0]
