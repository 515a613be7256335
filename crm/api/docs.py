"""The schema for programs and, made from it, the page for the people who write them."""

import json
from typing import Any

from django.http import HttpResponse
from django.views.generic import TemplateView
from rest_framework.response import Response

from crm.api.permissions import ANYONE
from crm.api.renderers import dumps
from crm.api.schema import document
from crm.api.views import Endpoint

METHODS = ("get", "post", "patch", "put", "delete")


class Schema(Endpoint):
    """The OpenAPI document."""

    schema = None
    permissions = {"GET": ANYONE}
    authentication_classes = ()

    def get(self, request: Any) -> Response:
        self.refuse_parameters()
        return Response(document())


class Docs(TemplateView):
    """What the API offers, readable; holds no data, so anyone may open it."""

    template_name = "api/docs.html"
    http_method_names = ["get", "head", "options"]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        schema = document()
        return super().get_context_data(info=schema["info"], groups=_groups(schema), base="/api/v1", **kwargs)

    def http_method_not_allowed(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        body = {
            "type": "about:blank",
            "title": "Method Not Allowed",
            "status": 405,
            "detail": "Method not allowed.",
            "code": "method_not_allowed",
            "errors": [],
            "request_id": request.id,
        }
        return HttpResponse(
            dumps(body), status=405, content_type="application/problem+json", headers={"Allow": "GET, HEAD, OPTIONS"}
        )


def _groups(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Operations by tag, in the order of the schema."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in schema["paths"].items():
        for method in METHODS:
            if method in methods:
                operation = methods[method]
                groups.setdefault(operation["tags"][0], []).append(_operation(schema, path, method, operation))
    return [{"name": name, "operations": operations} for name, operations in groups.items()]


def _operation(schema: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    statuses = sorted(operation["responses"])
    success = next(status for status in statuses if status < "300")
    problems = [
        {"status": status, "title": _resolved(schema, operation["responses"][status])["description"]}
        for status in statuses
        if status >= "400"
    ]
    content = operation.get("requestBody", {}).get("content", {})
    media_type, body = next(iter(content.items()), ("", {}))
    answer: dict[str, Any] = next(iter(operation["responses"][success].get("content", {}).values()), {})
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": operation["summary"],
        "description": operation.get("description", ""),
        "is_open": operation["security"] == [{}],
        "parameters": [{**p, "words": _words(schema, p["schema"])} for p in operation.get("parameters", [])],
        "media_type": media_type,
        "body": _fields(schema, body),
        "body_example": _example(body),
        "status": success,
        "answer": _fields(schema, answer),
        "answer_example": _example(answer),
        "problems": problems,
    }


def _resolved(schema: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """The part itself or what its `$ref` stands for."""
    while "$ref" in part:
        _root, *names = part["$ref"].split("/")
        found: Any = schema
        for name in names:
            found = found[name]
        part = found
    return part


def _fields(schema: dict[str, Any], content: dict[str, Any]) -> list[dict[str, Any]]:
    shape = _resolved(schema, content.get("schema", {}))
    required = shape.get("required", [])
    return [
        {
            "name": name,
            "words": _words(schema, part),
            "required": name in required,
            "description": part.get("description", ""),
        }
        for name, part in shape.get("properties", {}).items()
    ]


def _words(schema: dict[str, Any], part: dict[str, Any]) -> str:
    """The type in words: `string (date)`, `one of a, b`, `list of Customer`."""
    if "$ref" in part:
        return str(part["$ref"].rsplit("/", 1)[1])
    if "allOf" in part or "oneOf" in part or "anyOf" in part:
        parts = part.get("allOf") or part.get("oneOf") or part.get("anyOf") or []
        return " | ".join(_words(schema, inner) for inner in parts)
    if part.get("enum"):
        return ", ".join("null" if value is None else f"“{value}”" for value in part["enum"])
    kind = part.get("type", "any")
    names = " | ".join(kind) if isinstance(kind, list) else str(kind)
    if "array" in names and "items" in part:
        return f"{names}: {_words(schema, part['items'])}"
    return f"{names} ({part['format']})" if part.get("format") else names


def _example(content: dict[str, Any]) -> str:
    for example in content.get("examples", {}).values():
        return json.dumps(example["value"], indent=2, ensure_ascii=False)
    return ""
