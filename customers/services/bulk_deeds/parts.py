"""What bulk deeds have in common: their states, and the cleaning of what they are given."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from crm.errors import InvalidInput

State = dict[str, Any]
"""Those values of a customer that a deed may change."""
States = dict[UUID, State]
"""The states of customers, by their ids."""


def by_target(targets: Mapping[UUID, State], name: str) -> dict[Any, list[UUID]]:
    """The customers by the value that they are to have."""
    found: dict[Any, list[UUID]] = defaultdict(list)
    for pk in sorted(targets):
        found[targets[pk][name]].append(pk)
    return found


def refuse_others(values: Mapping[str, Any], known: Iterable[str]) -> None:
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise InvalidInput({str(name)[:60]: [_("There is no such field.")] for name in unknown[:10]})


def reason_in(values: Mapping[str, Any]) -> str:
    """The reason that may be given for a deed."""
    reason = values.get("reason") or ""
    if not isinstance(reason, str) or len(reason) > 500:
        raise InvalidInput({"reason": [_("At most 500 characters.")]})
    return reason.strip()


def as_id(value: Any, name: str) -> UUID:
    try:
        return value if isinstance(value, UUID) else UUID(str(getattr(value, "pk", value)))
    except ValueError as error:
        raise InvalidInput({name: [_("An id is expected.")]}) from error
