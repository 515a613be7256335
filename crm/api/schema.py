"""The OpenAPI 3.1 document, made from what the endpoints declare; every operation names its problems."""

from functools import cache
from http import HTTPStatus
from typing import Any

import django_filters
import orjson
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse

from crm.api.permissions import ANYONE, SIGNED_IN

PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "errors", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "A stable word for programs."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "message"],
                "properties": {"field": {"type": "string"}, "code": {"type": "string"}, "message": {"type": "string"}},
            },
        },
        "request_id": {"type": "string"},
    },
}
_TYPES: list[tuple[type, Any]] = [
    (django_filters.UUIDFilter, OpenApiTypes.UUID),
    (django_filters.NumberFilter, OpenApiTypes.DECIMAL),
    (django_filters.IsoDateTimeFilter, OpenApiTypes.DATETIME),
    (django_filters.DateTimeFilter, OpenApiTypes.DATETIME),
    (django_filters.DateFilter, OpenApiTypes.DATE),
]


class OperationSchema(AutoSchema):
    """An operation from its view's `docs`, `permissions` and, for lists, filters and sorts."""

    @property
    def _endpoint(self) -> Any:
        return self.view

    @property
    def _doc(self) -> Any:
        return self._endpoint.docs[self.method]

    @property
    def _is_open(self) -> bool:
        return bool(self._endpoint.permissions[self.method] == ANYONE)

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        operation: Any = super().get_operation(*args, **kwargs)
        answers = operation["responses"]
        for status in self._problems():
            answers[str(status)] = {"$ref": f"#/components/responses/Problem{status}"}
        success = answers[str(self._doc.status)]
        success["description"] = HTTPStatus(self._doc.status).phrase
        headers = {"X-Request-ID": _header(_("Names the request, for questions about it."))}
        if self._endpoint.has_version and self._doc.status < 300:
            headers["ETag"] = _header(_("The version of the record, for If-Match."))
        if self._doc.status in (201, 202):
            headers["Location"] = _header(_("Where the new resource is."))
        success["headers"] = headers
        return operation

    def _problems(self) -> list[int]:
        found = {400, 503, *self._doc.problems}
        if not self._is_open:
            found |= {401, 404}
            found |= set() if self._endpoint.permissions[self.method] == SIGNED_IN else {403}
        if "{" in self.path:
            found.add(404)
        if self.method in ("POST", "PUT", "PATCH"):
            found |= {413, 415, 422}
            if not self._is_open:
                found.add(409)
        if self._takes_version():
            found.add(412)
        return sorted(found)

    def _takes_version(self) -> bool:
        return self._endpoint.has_version and "{" in self.path and self.method != "GET"

    def get_operation_id(self) -> str:
        return str(self._doc.name)

    def get_summary(self) -> str:
        return str(self._doc.summary)

    def get_description(self) -> str:  # type: ignore[override]
        return str(self._doc.text)

    def get_tags(self) -> list[str]:
        return [str(self._endpoint.tag)]

    def get_auth(self) -> list[Any]:
        return [{}] if self._is_open else [{"bearer": []}]

    def get_request_serializer(self) -> Any:
        return self._doc.body

    def get_response_serializers(self) -> Any:
        return {self._doc.status: self._doc.answer or OpenApiResponse(description="")}

    def get_examples(self) -> list[OpenApiExample]:
        found = []
        if self._doc.body_example is not None:
            found.append(OpenApiExample("Request", value=self._doc.body_example, request_only=True))
        if self._doc.answer_example is not None:
            found.append(OpenApiExample("Response", value=self._doc.answer_example, response_only=True))
        return found

    def get_override_parameters(self) -> list[Any]:
        found = []
        if not self._is_open:
            found.append(
                _parameter(
                    "X-Business",
                    _("Short name or id of the business; may be left out by callers who have just one."),
                    place="header",
                )
            )
        if self._takes_version():
            found.append(
                _parameter(
                    "If-Match",
                    _("The ETag that was read; when it is no longer current, the answer is 412."),
                    place="header",
                )
            )
        if self.method == "GET" and hasattr(self._endpoint, "parameters"):
            found += self._list_parameters()
        return found

    def _list_parameters(self) -> list[Any]:
        view = self._endpoint
        orders = [sign + key for key in view.sorts for sign in ("", "-")]
        found = [
            _parameter("page", _("Number of the page, for the first 10,000 rows."), OpenApiTypes.INT, default=1),
            _parameter("limit", _("Rows of a page, at most 200."), OpenApiTypes.INT, default=25),
            _parameter("cursor", _("What an earlier answer gave as “next”.")),
            _parameter("sort", _("The order; with - before it downwards."), enum=orders, default=view.default_sort),
            _parameter("fields", _("Names of the fields to show, separated by commas.")),
        ]
        if view.searchable:
            found.append(_parameter("search", _("Words or beginnings of words, an e-mail address or a phone number.")))
        for name, item in (view.filterset_class.base_filters if view.filterset_class else {}).items():
            found.append(_filter_parameter(name, item))
        return found

    def _is_list_view(self, serializer: Any = None) -> bool:
        return False

    def _get_filter_parameters(self) -> list[Any]:
        return []

    def _get_pagination_parameters(self) -> list[Any]:
        return []

    def _get_format_parameters(self) -> list[Any]:
        return []


def _parameter(
    name: str, text: str, kind: Any = OpenApiTypes.STR, *, place: Any = "query", **options: Any
) -> OpenApiParameter:
    return OpenApiParameter(name, kind, place, description=str(text), required=False, **options)


def _filter_parameter(name: str, item: Any) -> OpenApiParameter:
    choices = item.extra.get("choices")
    many = isinstance(item, django_filters.MultipleChoiceFilter)
    if choices is not None:
        if callable(choices):
            return _parameter(name, item.label, OpenApiTypes.UUID)
        words = [str(value) for value, _text in choices]
        return _parameter(name, item.label, enum=words, many=many, explode=False if many else None)
    kind = next((kind for filter_class, kind in _TYPES if isinstance(item, filter_class)), OpenApiTypes.STR)
    return _parameter(name, item.label, kind)


def _header(text: str) -> dict[str, Any]:
    return {"description": text, "schema": {"type": "string"}}


def document_problems(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Add what all operations share: the problem document, the answers that carry it and the bearer scheme."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = PROBLEM
    components["securitySchemes"] = {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": _("An API key, or the access token of POST /api/v1/auth/token."),
        }
    }
    statuses = (400, 401, 403, 404, 409, 412, 413, 415, 422, 429, 503)
    components["responses"] = {f"Problem{status}": _problem_answer(status) for status in statuses}
    return result


def _problem_answer(status: int) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": HTTPStatus(status).phrase,
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if status in (429, 503):
        answer["headers"] = {"Retry-After": _header(_("Seconds to wait before the next attempt."))}
    if status == 401:
        answer["headers"] = {"WWW-Authenticate": _header("Bearer")}
    return answer


def document() -> dict[str, Any]:
    """The whole document as plain data, in the active language."""
    return _document(get_language() or "en")


@cache
def _document(language: str) -> dict[str, Any]:
    with override(language):
        generated = SchemaGenerator().get_schema(request=None, public=True)
        plain: dict[str, Any] = orjson.loads(OpenApiJsonRenderer().render(generated, renderer_context={}))
        return plain
