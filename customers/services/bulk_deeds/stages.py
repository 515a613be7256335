"""A lifecycle stage that many customers enter."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from crm.actor import Actor
from crm.errors import InvalidInput
from crm.models import Business
from customers.choices import SUBSTEPS, LifecycleStage
from customers.models import Customer
from customers.registry import BulkDeed
from customers.services.bulk_deeds.parts import State, States, reason_in, refuse_others
from customers.services.lifecycle import follow_stages
from customers.services.search import refresh_search


class ChangeStages(BulkDeed):
    """Lets customers enter a lifecycle stage now, each with its row on the way."""

    def clean(self, business: Business, values: State) -> State:
        refuse_others(values, ["stage", "substep", "reason"])
        stage, substep = (values.get(name) or "" for name in ("stage", "substep"))
        if stage not in LifecycleStage.values:
            raise InvalidInput({"stage": [_("There is no such stage.")]})
        if substep and substep not in [key for key, _label in SUBSTEPS[stage]]:
            raise InvalidInput({"substep": [_("This stage has no such step.")]})
        return {"stage": stage, "substep": substep, "reason": reason_in(values)}

    def read(self, customer_ids: Sequence[UUID], values: State) -> States:
        rows = Customer.objects.filter(pk__in=customer_ids).values_list("pk", "lifecycle_stage", "lifecycle_substep")
        return {pk: {"lifecycle_stage": stage, "lifecycle_substep": substep} for pk, stage, substep in rows}

    def aim(self, state: State, values: State, at: datetime) -> State:
        if state["lifecycle_stage"] == values["stage"] and not values["substep"]:
            return state
        return {"lifecycle_stage": values["stage"], "lifecycle_substep": values["substep"]}

    def blocked(self, business: Business, states: States, targets: States, values: State) -> dict[UUID, str]:
        if values["reason"]:
            return {}
        churned = LifecycleStage.CHURNED
        return {
            pk: _("Who had left comes back only with a reason.")
            for pk, target in targets.items()
            if states[pk]["lifecycle_stage"] == churned != target["lifecycle_stage"]
        }

    def write(
        self, actor: Actor, business: Business, targets: States, values: State, at: datetime, *, is_undo: bool
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
