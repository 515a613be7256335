"""Related resources that `include` adds to the rows of an answer, each by one more query however many rows there are."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from crm.api.parsers import printable
from crm.errors import NotAllowed
from crm.filters import bad_parameters
from crm.models import Team, User
from crm.registry import Text


@dataclass(frozen=True)
class Included:
    """A related resource of a row.

    `path` is the row's column that leads to it; `load(view, values)` returns what belongs to each of that column's values.
    Of `many`, a row has a list. Who lacks the `permission` is refused.
    """

    key: str
    label: Text
    path: str
    load: Callable[[Any, set[Any]], Mapping[Any, Any]]
    shape: type[serializers.Serializer]
    many: bool = False
    permission: str = ""


def asked_includes(view: Any) -> list[Included]:
    """What `include` names, in the order of the declaration. Refuses unknown names, and NotAllowed."""
    offered: Mapping[str, Included] = view.includes
    values = view.request.query_params.getlist("include") if offered else []
    if len(values) > 1:
        raise bad_parameters({"include": [_("Give this parameter once.")]})
    names = {name.strip() for value in values for name in value.split(",", len(offered))}
    unknown = sorted(names - set(offered))
    if unknown:
        words = {"names": ", ".join(printable(name, 40) for name in unknown)[:300], "offered": ", ".join(offered)}
        raise bad_parameters({"include": [_("Can't be included: %(names)s. Offered: %(offered)s.") % words]})
    asked = [included for key, included in offered.items() if key in names]
    for included in asked:
        if included.permission and not view.actor.may(included.permission, view.business):
            raise NotAllowed
    return asked


def load_includes(view: Any, asked: Sequence[Included], rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """For each row what is included with it."""
    loaded = {
        included.key: included.load(view, {row[included.path] for row in rows if row[included.path] is not None})
        for included in asked
    }
    return [
        {
            included.key: loaded[included.key].get(row[included.path], [] if included.many else None)
            for included in asked
        }
        for row in rows
    ]


def with_includes(shape: type[serializers.Serializer], includes: Iterable[Included]) -> type[serializers.Serializer]:
    """The shape in the schema, with `included` as it is when it was asked for."""
    return _with_includes(shape, tuple(includes))


@cache
def _with_includes(shape: type[serializers.Serializer], includes: tuple[Included, ...]) -> type[serializers.Serializer]:
    parts: dict[str, Any] = {}
    for included in includes:
        options: dict[str, Any] = {"many": True} if included.many else {"allow_null": True}
        parts[included.key] = included.shape(required=False, help_text=included.label, **options)  # type: ignore[arg-type]
    inner = type(f"{shape.__name__}Includes", (serializers.Serializer,), parts)
    outer = {"included": inner(required=False, help_text=_("What include asked for."))}
    return type(f"{shape.__name__}Including", (shape,), outer)


class Person(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()


class TeamName(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()


def load_people(view: Any, ids: set[Any]) -> dict[Any, Any]:
    """Users by id."""
    found = User.objects.filter(pk__in=ids) if ids else ()
    return {user.pk: {"id": user.pk, "name": user.name or user.email} for user in found}


def load_teams(view: Any, ids: set[Any]) -> dict[Any, Any]:
    """Teams of the business by id."""
    found = Team.objects.filter(pk__in=ids) if ids else ()
    return {team.pk: {"id": team.pk, "name": team.name} for team in found}
