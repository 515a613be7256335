"""Records that are sent again under the number or the external id of one that is there."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from crm.actor import Actor
from crm.errors import DomainError


def refuse_differences(
    refusal: type[DomainError], differences: Mapping[str, tuple[Any, Any]], actor: Actor, known: Any, words: str
) -> None:
    """Raise `refusal` when what was sent differs from the `known` record: (as it is, as it was sent) by field, in `words` with
    `%(fields)s`. To whom may not see the record, it says only that the number or id is taken."""
    if not type(known).objects.visible_to(actor).filter(pk=known.pk).exists():
        raise refusal
    if not differences:
        return
    faults = [
        {
            "field": name,
            "code": refusal.code,
            "message": _("It is %(value)s.") % {"value": "—" if stored in (None, "") else stored},
        }
        for name, (stored, _sent) in differences.items()
    ]
    raise refusal(words % {"fields": ", ".join(differences)}, differences=dict(differences), faults=faults)
