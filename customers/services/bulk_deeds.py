"""What the bulk actions of this app do: tags, owner, team, stage, archive, custom field. Each reads, aims and writes whole sets."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from crm.actor import Actor
from crm.errors import InvalidInput
from crm.models import Business, Membership, Team, User
from customers.choices import SUBSTEPS, FieldType, LifecycleStage
from customers.models import Customer, CustomerTag, CustomField, Tag
from customers.queries.custom_fields import custom_fields_of
from customers.registry import BulkDeed
from customers.services.custom_fields import PREFIX, clean_custom_values, keep_unique_values_of
from customers.services.icp import refresh_icp_scores
from customers.services.lifecycle import follow_stages
from customers.services.search import refresh_search
from customers.services.tags import MOST_TAGS, tag_customers, untag_customers

State = dict[str, Any]
MOST_AT_ONCE = 20
"""How many tags one bulk change may put on or take away."""


def _by_target(targets: Mapping[UUID, State], name: str) -> dict[Any, list[UUID]]:
    """The customers by the value that they are to have."""
    found: dict[Any, list[UUID]] = defaultdict(list)
    for pk in sorted(targets):
        found[targets[pk][name]].append(pk)
    return found


def _refuse_others(values: Mapping[str, Any], known: Iterable[str]) -> None:
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise InvalidInput({str(name)[:60]: [_("There is no such field.")] for name in unknown[:10]})


def _id(value: Any, name: str) -> UUID:
    try:
        return value if isinstance(value, UUID) else UUID(str(getattr(value, "pk", value)))
    except ValueError as error:
        raise InvalidInput({name: [_("An id is expected.")]}) from error


class ChangeTags(BulkDeed):
    """Puts tags on customers, or takes them away."""

    def __init__(self, *, add: bool) -> None:
        self.add = add

    def clean(self, business: Business, values: State) -> State:
        _refuse_others(values, ["tags"])
        given = values.get("tags")
        if isinstance(given, str) or not given or not hasattr(given, "__iter__"):
            raise InvalidInput({"tags": [_("Choose at least one tag.")]})
        ids = {_id(item, "tags") for item in list(given)[: MOST_AT_ONCE + 1]}
        if len(ids) > MOST_AT_ONCE:
            raise InvalidInput({"tags": [_("At most %(number)d tags at once.") % {"number": MOST_AT_ONCE}]})
        if Tag.objects.filter(business=business, pk__in=ids).count() < len(ids):
            raise InvalidInput({"tags": [_("There is no such tag.")]})
        return {"tags": sorted(map(str, ids))}

    def read(self, customer_ids: Sequence[UUID], values: State) -> dict[UUID, State]:
        found: dict[UUID, State] = {pk: {"tags": []} for pk in customer_ids}
        links = CustomerTag.objects.filter(customer__in=customer_ids, tag__in=values["tags"]).order_by("tag_id")
        for customer, tag in links.values_list("customer_id", "tag_id"):
            found[customer]["tags"].append(str(tag))
        return found

    def aim(self, state: State, values: State, at: datetime) -> State:
        return {"tags": sorted(values["tags"]) if self.add else []}

    def blocked(
        self, business: Business, states: dict[UUID, State], targets: dict[UUID, State], values: State
    ) -> dict[UUID, str]:
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
        self,
        actor: Actor,
        business: Business,
        targets: dict[UUID, State],
        values: State,
        at: datetime,
        *,
        is_undo: bool,
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


class ChangeKeeper(BulkDeed):
    """Gives customers to an owner or a team, or to nobody."""

    def __init__(self, name: str) -> None:
        self.name = name

    def clean(self, business: Business, values: State) -> State:
        _refuse_others(values, [self.name])
        if self.name not in values:
            raise InvalidInput({self.name: [_("Say who it shall be; null for nobody.")]})
        given = values[self.name]
        if given is None or given == "":
            return {self.name: None}
        pk = _id(given, self.name)
        if self.name == "owner" and not Membership.objects.filter(user=pk, business=business, is_active=True).exists():
            raise InvalidInput({"owner": [_("The owner must be a member of this business.")]})
        if self.name == "team" and not Team.objects.filter(pk=pk, business=business).exists():
            raise InvalidInput({"team": [_("There is no such team in this business.")]})
        return {self.name: str(pk)}

    def read(self, customer_ids: Sequence[UUID], values: State) -> dict[UUID, State]:
        rows = Customer.objects.filter(pk__in=customer_ids).values_list("pk", f"{self.name}_id")
        return {pk: {self.name: None if keeper is None else str(keeper)} for pk, keeper in rows}

    def aim(self, state: State, values: State, at: datetime) -> State:
        return {self.name: values[self.name]}

    def blocked(
        self, business: Business, states: dict[UUID, State], targets: dict[UUID, State], values: State
    ) -> dict[UUID, str]:
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
        self,
        actor: Actor,
        business: Business,
        targets: dict[UUID, State],
        values: State,
        at: datetime,
        *,
        is_undo: bool,
    ) -> None:
        for keeper, ids in _by_target(targets, self.name).items():
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


class ChangeStages(BulkDeed):
    """Lets customers enter a lifecycle stage now, each with its row on the way."""

    def clean(self, business: Business, values: State) -> State:
        _refuse_others(values, ["stage", "substep", "reason"])
        stage, substep, reason = (values.get(name) or "" for name in ("stage", "substep", "reason"))
        if stage not in LifecycleStage.values:
            raise InvalidInput({"stage": [_("There is no such stage.")]})
        if substep and substep not in [key for key, _label in SUBSTEPS[stage]]:
            raise InvalidInput({"substep": [_("This stage has no such step.")]})
        if not isinstance(reason, str) or len(reason) > 500:
            raise InvalidInput({"reason": [_("At most 500 characters.")]})
        return {"stage": stage, "substep": substep, "reason": reason.strip()}

    def read(self, customer_ids: Sequence[UUID], values: State) -> dict[UUID, State]:
        rows = Customer.objects.filter(pk__in=customer_ids).values_list("pk", "lifecycle_stage", "lifecycle_substep")
        return {pk: {"lifecycle_stage": stage, "lifecycle_substep": substep} for pk, stage, substep in rows}

    def aim(self, state: State, values: State, at: datetime) -> State:
        if state["lifecycle_stage"] == values["stage"] and not values["substep"]:
            return state
        return {"lifecycle_stage": values["stage"], "lifecycle_substep": values["substep"]}

    def blocked(
        self, business: Business, states: dict[UUID, State], targets: dict[UUID, State], values: State
    ) -> dict[UUID, str]:
        if values["reason"]:
            return {}
        churned = LifecycleStage.CHURNED
        return {
            pk: _("Who had left comes back only with a reason.")
            for pk, target in targets.items()
            if states[pk]["lifecycle_stage"] == churned != target["lifecycle_stage"]
        }

    def write(
        self,
        actor: Actor,
        business: Business,
        targets: dict[UUID, State],
        values: State,
        at: datetime,
        *,
        is_undo: bool,
    ) -> None:
        groups: dict[tuple[str, str], list[UUID]] = defaultdict(list)
        for pk, target in sorted(targets.items()):
            groups[target["lifecycle_stage"], target["lifecycle_substep"]].append(pk)
        for (stage, substep), ids in groups.items():
            Customer.objects.filter(pk__in=ids).update(lifecycle_stage=stage, lifecycle_substep=substep, updated_at=at)
        reason = _("Bulk change taken back") if is_undo else values["reason"]
        follow_stages(sorted(targets), actor=actor, at=at, reason=reason)
        refresh_search(sorted(targets))

    def words(self, business: Business, states: Sequence[State]) -> list[str]:
        return [_stage_words(state["lifecycle_stage"], state["lifecycle_substep"]) for state in states]

    def summary(self, business: Business, values: State) -> str:
        return _stage_words(values["stage"], values["substep"])


def _stage_words(stage: str, substep: str) -> str:
    label = str(LifecycleStage(stage).label)
    steps = {key: str(words) for key, words in SUBSTEPS[stage]}
    return f"{label}, {steps[substep]}" if substep in steps and steps[substep] != label else label


class ChangeArchived(BulkDeed):
    """Archives customers, or brings archived ones back."""

    def __init__(self, *, archive: bool) -> None:
        self.archive = archive

    def clean(self, business: Business, values: State) -> State:
        _refuse_others(values, ["reason"])
        reason = values.get("reason") or ""
        if not isinstance(reason, str) or len(reason) > 500:
            raise InvalidInput({"reason": [_("At most 500 characters.")]})
        return {"reason": reason.strip()}

    def read(self, customer_ids: Sequence[UUID], values: State) -> dict[UUID, State]:
        rows = Customer.objects.filter(pk__in=customer_ids).values_list("pk", "archived_at")
        return {pk: {"archived_at": None if at is None else at.isoformat()} for pk, at in rows}

    def aim(self, state: State, values: State, at: datetime) -> State:
        if not self.archive:
            return {"archived_at": None}
        return state if state["archived_at"] else {"archived_at": at.isoformat()}

    def blocked(
        self, business: Business, states: dict[UUID, State], targets: dict[UUID, State], values: State
    ) -> dict[UUID, str]:
        """An e-mail address stands at one live customer only."""
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
        return found

    def write(
        self,
        actor: Actor,
        business: Business,
        targets: dict[UUID, State],
        values: State,
        at: datetime,
        *,
        is_undo: bool,
    ) -> None:
        for moment, ids in _by_target(targets, "archived_at").items():
            archived_at = None if moment is None else parse_datetime(moment)
            Customer.objects.filter(pk__in=ids).update(archived_at=archived_at, updated_at=at)
        refresh_search(sorted(targets))

    def words(self, business: Business, states: Sequence[State]) -> list[str]:
        return [_("archived") if state["archived_at"] else _("in the lists") for state in states]


class ChangeCustomField(BulkDeed):
    """Gives a custom field of customers a value, or takes it away."""

    def clean(self, business: Business, values: State) -> State:
        _refuse_others(values, ["field", "value"])
        key = str(values.get("field") or "")
        field = next((own for own in custom_fields_of(business) if own.key == key), None)
        if field is None:
            raise InvalidInput({"field": [_("There is no such field.")]})
        if field.is_unique:
            raise InvalidInput({"field": [_("A value of this field may stand at one customer only.")]})
        value = values.get("value")
        is_empty = value is None or value == "" or value == []
        if is_empty and field.is_required:
            raise InvalidInput({"value": [_("A value is needed.")]})
        if is_empty:
            return {"field": key, "value": None}
        kind = field.kind or "person"
        try:
            stored = clean_custom_values(business=business, customer=None, given={key: value}, partial=True, kind=kind)
        except InvalidInput as refusal:
            words = refusal.errors.get(f"{PREFIX}{key}", [str(refusal.message)])
            raise InvalidInput({"value": words}) from refusal
        return {"field": key, "value": stored.get(key)}

    def read(self, customer_ids: Sequence[UUID], values: State) -> dict[UUID, State]:
        key = values["field"]
        rows = Customer.objects.filter(pk__in=customer_ids).values_list("pk", "custom_values")
        return {pk: {"field": key, "value": stored.get(key)} for pk, stored in rows}

    def aim(self, state: State, values: State, at: datetime) -> State:
        return {"field": values["field"], "value": values["value"]}

    def blocked(
        self, business: Business, states: dict[UUID, State], targets: dict[UUID, State], values: State
    ) -> dict[UUID, str]:
        field = CustomField.objects.filter(key=values["field"], archived_at__isnull=True).first()
        if field is None:
            return dict.fromkeys(targets, _("The field was archived meanwhile."))
        if not field.kind:
            return {}
        others = Customer.objects.filter(pk__in=list(targets)).exclude(kind=field.kind).values_list("pk", flat=True)
        words = (
            _("The field is asked of companies only.")
            if field.kind == "company"
            else _("The field is asked of persons only.")
        )
        return dict.fromkeys(others, words)

    def write(
        self,
        actor: Actor,
        business: Business,
        targets: dict[UUID, State],
        values: State,
        at: datetime,
        *,
        is_undo: bool,
    ) -> None:
        key = values["field"]
        with connection.cursor() as cursor:
            cursor.executemany(
                "update customers_customer set updated_at = %(at)s, custom_values = case when %(value)s::text is null "
                "then custom_values - %(key)s::text else custom_values || jsonb_build_object(%(key)s::text, %(value)s::jsonb) end "
                "where id = any(%(ids)s) and business_id = %(business)s",
                [
                    {"at": at, "key": key, "value": value, "ids": ids, "business": business.pk}
                    for value, ids in _by_json(targets)
                ],
            )
        keep_unique_values_of(sorted(targets))
        refresh_icp_scores(sorted(targets))

    def words(self, business: Business, states: Sequence[State]) -> list[str]:
        field = next((own for own in custom_fields_of(business) if states and own.key == states[0]["field"]), None)
        names: dict[str, str] = {}
        if field is not None and field.type == FieldType.USER:
            ids = {state["value"] for state in states} - {None}
            people = User.objects.filter(pk__in=ids).values_list("pk", "name", "email")
            names = {str(pk): name or email for pk, name, email in people}
        return [_value_words(state["value"], names) for state in states]

    def summary(self, business: Business, values: State) -> str:
        field = CustomField.objects.filter(key=values["field"]).first()
        return f"{field.label if field else values['field']}: {self.words(business, [values])[0]}"


def _by_json(targets: Mapping[UUID, State]) -> list[tuple[str | None, list[UUID]]]:
    """The customers by the value that they are to have, as JSON; None: none."""
    found: dict[str | None, list[UUID]] = defaultdict(list)
    for pk in sorted(targets):
        value = targets[pk]["value"]
        found[None if value is None else json.dumps(value)].append(pk)
    return list(found.items())


def _value_words(value: Any, names: Mapping[str, str]) -> str:
    if value is None:
        return "—"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return ", ".join(value) if isinstance(value, list) else names.get(value, str(value))
