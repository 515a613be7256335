"""Tags put on many customers, or taken away."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from crm.actor import Actor
from crm.errors import InvalidInput
from crm.models import Business
from customers.models import CustomerTag, Tag
from customers.registry import BulkDeed
from customers.services.bulk_deeds.parts import State, States, as_id, refuse_others
from customers.services.tags import MOST_TAGS, tag_customers, untag_customers

MOST_AT_ONCE = 20
"""How many tags one bulk change may put on or take away."""


class ChangeTags(BulkDeed):
    """Puts tags on customers, or takes them away."""

    def __init__(self, *, add: bool) -> None:
        self.add = add

    def clean(self, business: Business, values: State) -> State:
        refuse_others(values, ["tags"])
        given = values.get("tags")
        if isinstance(given, str) or not given or not hasattr(given, "__iter__"):
            raise InvalidInput({"tags": [_("Choose at least one tag.")]})
        ids = {as_id(item, "tags") for item in list(given)[: MOST_AT_ONCE + 1]}
        if len(ids) > MOST_AT_ONCE:
            raise InvalidInput({"tags": [_("At most %(number)d tags at once.") % {"number": MOST_AT_ONCE}]})
        if Tag.objects.filter(business=business, pk__in=ids).count() < len(ids):
            raise InvalidInput({"tags": [_("There is no such tag.")]})
        return {"tags": sorted(map(str, ids))}

    def read(self, customer_ids: Sequence[UUID], values: State) -> States:
        found: States = {pk: {"tags": []} for pk in customer_ids}
        links = CustomerTag.objects.filter(customer__in=customer_ids, tag__in=values["tags"]).order_by("tag_id")
        for customer, tag in links.values_list("customer_id", "tag_id"):
            found[customer]["tags"].append(str(tag))
        return found

    def aim(self, state: State, values: State, at: datetime) -> State:
        return {"tags": sorted(values["tags"]) if self.add else []}

    def blocked(self, business: Business, states: States, targets: States, values: State) -> dict[UUID, str]:
        wanted = {tag for target in targets.values() for tag in target["tags"]}
        if Tag.objects.filter(pk__in=wanted).count() < len(wanted):
            return dict.fromkeys(targets, _("A tag was deleted meanwhile."))
        added = {pk: len(set(target["tags"]) - set(states[pk]["tags"])) for pk, target in targets.items()}
        if not any(added.values()):
            return {}
        counts: dict[UUID, int] = defaultdict(int)
        for pk in CustomerTag.objects.filter(customer__in=list(added)).values_list("customer_id", flat=True):
            counts[pk] += 1
        words = _("It would have more than %(number)d tags.") % {"number": MOST_TAGS}
        return {pk: words for pk, more in added.items() if more and counts[pk] + more > MOST_TAGS}

    def write(
        self, actor: Actor, business: Business, targets: States, values: State, at: datetime, *, is_undo: bool
    ) -> None:
        # a tag that is deleted meanwhile is gone from all customers: nothing is put on or taken away then
        for tag in Tag.objects.select_for_update(no_key=True).filter(pk__in=values["tags"]).order_by("pk"):
            has = [pk for pk, target in sorted(targets.items()) if str(tag.pk) in target["tags"]]
            lacks = [pk for pk, target in sorted(targets.items()) if str(tag.pk) not in target["tags"]]
            if has:
                tag_customers(business=business, customer_ids=has, tag=tag)
            if lacks:
                untag_customers(business=business, customer_ids=lacks, tag=tag)

    def words(self, business: Business, states: Sequence[State]) -> list[str]:
        names = _names_of_tags({pk for state in states for pk in state["tags"]})
        return [", ".join(sorted(names.get(pk, _("a deleted tag")) for pk in state["tags"])) for state in states]

    def summary(self, business: Business, values: State) -> str:
        return self.words(business, [values])[0]


def _names_of_tags(ids: Iterable[str]) -> dict[str, str]:
    return {str(pk): name for pk, name in Tag.objects.filter(pk__in=list(ids)).values_list("pk", "name")}
