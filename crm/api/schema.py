"""The OpenAPI 3.1 document, made from what the endpoints declare; every operation names its problems."""

import re
from functools import cache
from http import HTTPStatus
from typing import Any, cast

import django_filters
import orjson
from django.core.validators import RegexValidator
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework.serializers import ListSerializer

from crm.api import patterns
from crm.api.fields import Amount
from crm.api.permissions import ANYONE, SIGNED_IN
from crm.filters import MomentFilter
from crm.scope import ScopeError

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
STATUSES = (400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 429, 503)
"""Statuses of problems that operations may answer."""
_TYPES: list[tuple[type, dict[str, Any]]] = [
    (MomentFilter, {"type": "string", "pattern": patterns.MOMENT}),
    (django_filters.UUIDFilter, {"type": "string", "format": "uuid"}),
    (django_filters.NumberFilter, {"type": "number"}),
    (django_filters.DateFilter, {"type": "string", "format": "date"}),
]
REQUEST_ID = {
    "description": "Names the request, for questions about it.",
    "required": True,
    "schema": {"type": "string", "format": "uuid"},
}
LIMITS = {
    name: {"description": text, "schema": {"type": "string"}}
    for name, text in {
        "RateLimit-Policy": "Calls (q) in so many seconds (w), by policy.",
        "RateLimit": "Calls that are left (r), and seconds until all are there again (t).",
    }.items()
}
REPLAYED = {
    "description": "Stands on an answer that was stored when the key was first used.",
    "schema": {"type": "string", "enum": ["true"]},
}
_FILLED = {"type": "string", "minLength": 1, "pattern": patterns.FILLED}


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
        success["headers"] = self._headers()
        if self._doc.again:
            answers["200"] = {**success, "description": _("It is there already, with the same content.")}
        if self._answers_unchanged():
            tag = {"ETag": success["headers"]["ETag"]}
            answers["304"] = {"description": HTTPStatus(304).phrase, "headers": {"X-Request-ID": REQUEST_ID, **tag}}
        return operation

    def _headers(self) -> dict[str, Any]:
        headers = {"X-Request-ID": REQUEST_ID, **LIMITS}
        if self._takes_key():
            headers["Idempotent-Replayed"] = REPLAYED
        if self._shows_version():
            headers["ETag"] = _header(_("The version of the record, for If-Match."), pattern=patterns.ETAG)
        if self._doc.status in (201, 202):
            headers["Location"] = _header(_("Where the new resource is."), format="uri-reference")
        return headers

    def _shows_version(self) -> bool:
        """Whether the answer is one record with its ETag."""
        return self._endpoint.has_version and ("{" in self.path or self._doc.status == 201)

    def _problems(self) -> list[int]:
        found = {400, 405, 429, 503, *self._doc.problems}
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

    def _takes_key(self) -> bool:
        return bool(self._endpoint.takes_key(self.method))

    def _answers_unchanged(self) -> bool:
        """Whether a reader who knows the ETag is answered 304."""
        return self.method == "GET" and self._shows_version()

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

    def _map_serializer_field(self, field: Any, *args: Any, **kwargs: Any) -> Any:
        """A list of objects says how many there may be, an amount that it has a digit."""
        shape: Any = super()._map_serializer_field(field, *args, **kwargs)
        if isinstance(field, Amount) and shape:
            shape = {
                **shape,
                "pattern": patterns.amount(field.max_digits or 16, field.decimal_places or 0, field.min_value),
            }
        if isinstance(field, ListSerializer) and shape:
            bounds = {"minItems": vars(field)["min_length"], "maxItems": vars(field)["max_length"]}
            shape = {**shape, **{name: bound for name, bound in bounds.items() if bound is not None}}
        return shape

    def _get_request_body(self, *args: Any, **kwargs: Any) -> Any:
        """A body is needed where it has a field that is; one that changes a record names at least one field."""
        body: Any = super()._get_request_body(*args, **kwargs)
        if body and self.method in ("PUT", "PATCH"):
            body["required"] = True
            for content in body["content"].values():
                content["schema"] = {**content["schema"], "minProperties": 1}
        return body

    def get_response_serializers(self) -> Any:
        answer = self._doc.answer or OpenApiResponse(description="")
        return {(self._doc.status, self._doc.media) if self._doc.answer else self._doc.status: answer}

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
        if self._answers_unchanged():
            text = _(
                "ETags that the caller knows; when the current one is among them, the answer is 304 without a body."
            )
            found.append(_parameter("If-None-Match", text, place="header"))
        if self._takes_key():
            text = _(
                "Names this deed: asked again with the same key within a day, it is answered as before and not done twice."
            )
            key = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": patterns.KEY}
            found.append(_parameter("Idempotency-Key", text, key, place="header"))
        if self.method == "GET" and self._endpoint.includes:
            text = _("Names of related resources to add to the answer, separated by commas.")
            offered = list(self._endpoint.includes)
            several = {**_several(offered), "maxItems": len(offered) + 1}
            found.append(_parameter("include", text, several, explode=False))
        if self.method == "GET" and hasattr(self._endpoint, "parameters"):
            found += self._list_parameters()
        for name, (text, schema) in self._doc.parameters.items():
            found.append(_parameter(name, text, schema() if callable(schema) else schema))
        return found

    def _list_parameters(self) -> list[Any]:
        from crm.api.lists import DEEPEST_ROW, LIMIT, MAX_LIMIT, MAX_SEARCH, MAX_WORDS  # it stands on this module

        view = self._endpoint
        orders = [sign + key for key in view.sorts for sign in ("", "-")]
        keys = list(view.representation.shown)
        found = [
            _parameter("page", _("Number of the page, for the first 10,000 rows."), _whole(DEEPEST_ROW, 1)),
            _parameter("limit", _("Rows of a page, at most 200."), _whole(MAX_LIMIT, LIMIT)),
            _parameter(
                "cursor",
                _("What an earlier answer to the same sort gave as “next”; instead of a page."),
                {"type": "string", "pattern": patterns.CURSOR},
            ),
            _parameter(
                "sort",
                _("The order; with - before it downwards."),
                {"type": "string", "enum": orders, "default": view.default_sort},
            ),
            _parameter("fields", _("Names of the fields to show, separated by commas."), _several(keys), explode=False),
        ]
        if view.searchable:
            text = _("Words or beginnings of words, an e-mail address or a phone number.")
            words = {"minLength": 1, "maxLength": MAX_SEARCH, "pattern": patterns.words(MAX_WORDS)}
            found.append(_parameter("search", text, {"type": "string", **words}))
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
    name: str, text: Any, kind: dict[str, Any] | None = None, *, place: Any = "query", **options: Any
) -> OpenApiParameter:
    kind = kind or {"type": "string"}
    return OpenApiParameter(name, kind, place, description=str(text), required=False, **options)


def _filter_parameter(name: str, item: Any) -> OpenApiParameter:
    choices = item.extra.get("choices")
    if callable(choices):
        try:
            choices = choices()
        except ScopeError:  # people and teams are those of a business
            return _parameter(name, item.label, {"type": "string", "format": "uuid"})
    if choices is not None:
        words = [str(value) for value, _text in choices]
        if isinstance(item, django_filters.MultipleChoiceFilter):
            return _parameter(name, item.label, _several(words), explode=False)
        return _parameter(name, item.label, {"type": "string", "enum": words})
    kinds = [kind for filter_class, kind in _TYPES if isinstance(item, filter_class)]
    if not kinds:
        return _parameter(name, item.label, _text(item.extra))
    bounds = {"maximum": item.extra["max_value"]} if "max_value" in item.extra else {}
    return _parameter(name, item.label, {**kinds[0], **bounds})


def _text(extra: dict[str, Any]) -> dict[str, Any]:
    """A text as a filter's form field takes it."""
    longest = {"maxLength": extra["max_length"]} if extra.get("max_length") else {}
    exact = [
        _pattern(check).replace(r"\Z", "$")
        for check in extra.get("validators", [])
        if isinstance(check, RegexValidator)
    ]
    return {**_FILLED, **longest, **({"pattern": exact[0]} if exact else {})}


def _pattern(check: RegexValidator) -> str:
    return re.compile(check.regex).pattern


def _whole(highest: int, default: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": 1, "maximum": highest, "default": default}


def _several(words: list[str]) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "string", "enum": words}, "minItems": 1}


def _header(text: Any, **schema: Any) -> dict[str, Any]:
    return {"description": str(text), "required": True, "schema": {"type": "string", **schema}}


def complete(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Add what all operations share: the problem document, the answers that carry it, the bearer scheme, exact bodies, links."""
    components = result.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas["Problem"] = PROBLEM
    components["securitySchemes"] = {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": _("An API key, or the access token of POST /api/v1/auth/token."),
        }
    }
    components["responses"] = {f"Problem{status}": _problem_answer(status) for status in STATUSES}
    for operation in _operations(result):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            _make_exact(schemas, content["schema"])
    for name, shape in schemas.items():
        if name.endswith("List") and "data" in shape.get("properties", {}):
            _make_narrowable(schemas, shape["properties"]["data"])
    _link(result)
    return result


def _operations(result: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for methods in result["paths"].values() for operation in methods.values()]


def _named(schemas: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """The component that a `$ref` names, else the part itself."""
    return cast(dict[str, Any], schemas[part["$ref"].rpartition("/")[2]]) if "$ref" in part else part


def _make_exact(schemas: dict[str, Any], part: dict[str, Any]) -> None:
    """A body has the fields that are named and no others; its texts hold no NUL and, where one is needed, aren't blank."""
    shape = _named(schemas, part)
    if shape.get("type") == "array":
        _make_exact(schemas, shape["items"])
    if "properties" not in shape and shape.get("type") != "object":
        return
    shape.setdefault("additionalProperties", False)
    for field in shape.get("properties", {}).values():
        for inner in field.get("oneOf", [_named(schemas, field)]):
            inner.pop("x-spec-enum-id", None)
            if inner.get("type") in ("object", "array"):
                _make_exact(schemas, inner)
            elif inner.get("format") == "uri":
                inner["pattern"] = patterns.WEB_ADDRESS
                del inner["format"]
            elif inner.get("type") == "string" and not {"format", "enum", "pattern"} & set(inner):
                inner["pattern"] = patterns.FILLED if inner.get("minLength") else patterns.CLEAN


def _make_narrowable(schemas: dict[str, Any], data: dict[str, Any]) -> None:
    """The rows of a list hold the fields that `fields` asks for; the id is always among them."""
    data["items"] = {**_named(schemas, data["items"]), "required": ["id"]}


def _link(result: dict[str, Any]) -> None:
    """Say of each answer with an id which operations that id leads to."""
    paths = result["paths"]
    schemas = result["components"]["schemas"]
    for path, methods in paths.items():
        for operation in methods.values():
            for status, answer in operation["responses"].items():
                if status < "300" and "application/json" in answer.get("content", {}):
                    shape = _named(schemas, answer["content"]["application/json"]["schema"])
                    links = _links_of(paths, path, shape)
                    if links:
                        answer["links"] = links


def _links_of(paths: dict[str, Any], path: str, shape: dict[str, Any]) -> dict[str, Any]:
    links: dict[str, Any] = {}
    properties = shape.get("properties", {})
    pointer = "/data/0/id" if "data" in properties else "/id"
    collection = path.partition("/{")[0]
    targets = [(collection, pointer), *((f"/api/v1/{name}s", f"/{name}") for name in properties)]
    for prefix, where in targets:
        for target, methods in paths.items():
            if target.startswith(f"{prefix}/{{id}}"):
                for operation in methods.values():
                    links[operation["operationId"]] = {
                        "operationId": operation["operationId"], "parameters": {"path.id": f"$response.body#{where}"},
                    }  # fmt: skip
    return links


def _problem_answer(status: int) -> dict[str, Any]:
    headers = {"X-Request-ID": REQUEST_ID, **LIMITS}
    if status in (429, 503):
        headers["Retry-After"] = _header(_("Seconds to wait before the next attempt."), pattern="^[0-9]+$")
    if status == 401:
        headers["WWW-Authenticate"] = _header("Bearer")
    if status == 405:
        headers["Allow"] = _header(_("The methods that there are."))
    return {
        "description": HTTPStatus(status).phrase,
        "headers": headers,
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def document() -> dict[str, Any]:
    """The whole document as plain data, in the active language."""
    return _document(get_language() or "en")


@cache
def _document(language: str) -> dict[str, Any]:
    with override(language):
        generated = SchemaGenerator().get_schema(request=None, public=True)
        plain: dict[str, Any] = orjson.loads(OpenApiJsonRenderer().render(generated, renderer_context={}))
        return plain
