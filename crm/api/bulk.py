"""Many changes by one request: a result per operation, or with `atomic` all of them or none.

Every operation is the same call of a service as the endpoint of a single record makes, in a savepoint of its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django.core.exceptions import ImproperlyConfigured
from django.db import DataError, IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers
from rest_framework.exceptions import APIException, ErrorDetail, ValidationError
from rest_framework.response import Response

from crm.api.fields import Choice, Flag, Id, Input, Text
from crm.api.permissions import MEMBER
from crm.api.problems import problem_response
from crm.api.representation import Representation
from crm.api.views import Doc, Endpoint, version_of_tag
from crm.errors import DomainError, NotAllowed, NotFound
from crm.registry import Text as Words

MAX_OPERATIONS = 1000
MAX_BYTES = 10 * 1_048_576


@dataclass(frozen=True)
class Action:
    """What an operation may do. `perform(view, record, version, values)` calls one service and returns the record; the
    action that `makes` one is given None. `values` are those of `body`, of which a `partial` one needs just some."""

    permission: str
    body: type[Input]
    perform: Callable[[Any, Any, str | None, dict[str, Any]], Any]
    makes: bool = False
    partial: bool = False


class NothingDone(DomainError):
    """With `atomic`, an operation that is refused undoes the others; `faults` names what was wrong with which."""

    status = 422
    code = "bulk_refused"
    message = gettext_lazy("Some operations were refused, so nothing was changed.")


class BulkEndpoint(Endpoint):
    """Operations on the records of a resource; each action needs its own permission."""

    abstract = True
    representation: Representation
    noun: ClassVar[str] = ""
    actions: ClassVar[Mapping[str, Action]] = {}
    body_class: ClassVar[type[Input]]
    max_bytes = MAX_BYTES
    permissions = {"POST": MEMBER}
    limited_as = {"POST": "heavy"}

    def rows(self) -> QuerySet:
        """All records that the actor may see."""
        raise ImproperlyConfigured(f"{type(self).__name__}.rows")

    def shown_rows(self, ids: set[Any]) -> QuerySet:
        """The records with these ids, even where a change took them out of what the actor sees."""
        raise ImproperlyConfigured(f"{type(self).__name__}.shown_rows")

    def shown(self, rows: list[dict[str, Any]]) -> None:
        """Called with the columns of the records: note whose data is shown."""

    def post(self, request: Any) -> Response:
        self.refuse_parameters()
        asked = self.body(self.body_class)
        with transaction.atomic():
            records = self._lock({operation["id"] for operation in asked["operations"] if "id" in operation})
            results = [
                self._one(index, asked["operations"][index], records) for index in range(len(asked["operations"]))
            ]
            failed = [result for result in results if result["error"]]
            if failed and asked.get("atomic"):
                raise NothingDone(faults=[fault for result in failed for fault in _faults(result)])
            self._show(results)
        return Response({"data": results, "succeeded": len(results) - len(failed), "failed": len(failed)})

    def _lock(self, ids: set[Any]) -> dict[Any, Any]:
        """The visible records by id, locked in the order of their ids, so that two requests never wait for each other."""
        rows = self.rows().filter(pk__in=ids).order_by("pk").select_for_update(of=("self",), no_key=True)
        return {record.pk: record for record in rows} if ids else {}

    def _one(self, index: int, operation: dict[str, Any], records: dict[Any, Any]) -> dict[str, Any]:
        action = self.actions[operation["action"]]
        result = {
            "index": index,
            "action": operation["action"],
            "id": operation.get("id"),
            self.noun: None,
            "error": None,
        }
        try:
            with transaction.atomic():
                record = self._perform(action, operation, records)
        except (DomainError, APIException, IntegrityError, DataError) as error:
            refused: Any = problem_response(error, {"request": self.request})
            return {**result, "status": refused.status_code, "error": refused.data}
        return {**result, "status": 201 if action.makes else 200, "id": record.pk}

    def _perform(self, action: Action, operation: dict[str, Any], records: dict[Any, Any]) -> Any:
        if not self.actor.may(action.permission, self.business):
            raise NotAllowed
        record = None
        if action.makes:
            self._refuse(operation, ("id", "version"), _("A new record has none yet."), "unknown")
        else:
            self._refuse({} if "id" in operation else {"id": None}, ("id",), _("Name the record."), "required")
            record = records.get(operation["id"])
            if record is None:
                raise NotFound
        read = action.body(data=operation.get("data", {}), partial=action.partial, context={"view": self})
        read.is_valid(raise_exception=True)
        if action.partial and not read.validated_data:
            raise ValidationError({"": [ErrorDetail(_("The data name no field to change."), code="empty_body")]})
        version = version_of_tag(operation["version"]) if "version" in operation else None
        return action.perform(self, record, version, dict(read.validated_data))

    def _refuse(self, operation: dict[str, Any], names: tuple[str, ...], message: str, code: str) -> None:
        faults = {name: [ErrorDetail(message, code=code)] for name in names if name in operation}
        if faults:
            raise ValidationError(faults)

    def _show(self, results: list[dict[str, Any]]) -> None:
        """Put the records into the results as they stand in the end."""
        ids = {result["id"] for result in results if not result["error"]}
        rows = {row["id"]: row for row in self.representation.read(self.shown_rows(ids))} if ids else {}
        self.shown(list(rows.values()))
        for result in results:
            if not result["error"]:
                result[self.noun] = self.representation.of(rows[result["id"]], self.business)


def _faults(result: dict[str, Any]) -> list[dict[str, str]]:
    """What was wrong with an operation, as faults of the whole request."""
    place, error = f"operations.{result['index']}", result["error"]
    if not error["errors"]:
        return [{"field": place, "code": error["code"], "message": error["detail"]}]
    return [{**fault, "field": f"{place}.{fault['field']}".rstrip(".")} for fault in error["errors"]]


def bulk_input(name: str, actions: Mapping[str, Action]) -> type[Input]:
    """The body of a bulk endpoint; `name` names it in the schema."""
    operation = type(
        f"{name}Operation",
        (Input,),
        {
            "action": Choice(choices=[(key, key) for key in actions]),
            "id": Id(required=False, help_text=gettext_lazy("The record; not for one that is to be made.")),
            "version": Text(
                max_length=100, required=False, help_text=gettext_lazy("The ETag that was read; an older one is refused.")
            ),
            "data": serializers.DictField(
                required=False, help_text=gettext_lazy("As the body of the endpoint that does this to a single record.")
            ),
        },
    )  # fmt: skip
    return type(
        f"{name}Bulk",
        (Input,),
        {
            "operations": operation(many=True, min_length=1, max_length=MAX_OPERATIONS),
            "atomic": Flag(required=False, help_text=gettext_lazy("All operations or none.")),
        },
    )


def bulk_doc(
    operation: str, summary: Words, *, name: str, noun: str, representation: Representation, **more: Any
) -> Doc:
    """What the schema says of a bulk endpoint."""
    shape = representation.serializer()
    result = type(
        f"{name}Result",
        (serializers.Serializer,),
        {
            "index": serializers.IntegerField(help_text=gettext_lazy("Which operation, from 0.")),
            "action": serializers.CharField(),
            "status": serializers.IntegerField(help_text=gettext_lazy("What the single endpoint would have answered.")),
            "id": serializers.UUIDField(allow_null=True),
            noun: shape(allow_null=True, help_text=gettext_lazy("The record as it stands after all operations.")),
            "error": serializers.DictField(allow_null=True, help_text=gettext_lazy("A problem document, if it was refused.")),
        },
    )  # fmt: skip
    answer = type(
        f"{name}Results",
        (serializers.Serializer,),
        {"data": result(many=True), "succeeded": serializers.IntegerField(), "failed": serializers.IntegerField()},
    )
    return Doc(operation, summary, answer=answer, **more)
