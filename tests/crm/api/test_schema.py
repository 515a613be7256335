"""The OpenAPI document and the page made from it."""

import re
from typing import Any

from django.core.management import call_command
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.validation import validate_schema

from crm.models import Business
from tests.crm.api.calling import Caller, make_key


def _operations(schema: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation) for path, methods in schema["paths"].items() for method, operation in methods.items()
    ]


def test_schema_is_valid_and_complete(db: None) -> None:
    response = Caller().get("/schema")
    assert response["Content-Type"] == "application/json"
    schema = response.json()
    assert schema["openapi"].startswith("3.1")
    validate_schema(schema)
    assert {"/api/v1/customers", "/api/v1/customers/{id}", "/api/v1/orders", "/api/v1/imports", "/api/v1/me"} <= set(
        schema["paths"]
    )
    assert not any("pk" in path for path in schema["paths"])


def test_every_operation_has_an_id_of_its_own(db: None) -> None:
    operations = _operations(Caller().get("/schema").json())
    ids = [operation["operationId"] for _path, _method, operation in operations]
    assert sorted(ids) == sorted(set(ids))
    assert [path for path, _method, _operation in operations if path.startswith("/api/v1/views")] == []


def test_generator_has_no_warnings(db: None, tmp_path: Any) -> None:
    GENERATOR_STATS.reset()
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yaml"))


def test_every_operation_documents_its_problems(db: None) -> None:
    schema = Caller().get("/schema").json()
    for path, method, operation in _operations(schema):
        statuses = set(operation["responses"])
        assert {"400", "503"} <= statuses, (path, method)
        if operation["security"] == [{"bearer": []}]:
            assert {"401", "404"} <= statuses, (path, method)
            assert "X-Business" in {parameter["name"] for parameter in operation["parameters"]}
        if method in ("post", "put", "patch"):
            assert {"413", "415", "422"} <= statuses, (path, method)
        for status, answer in operation["responses"].items():
            if status >= "400":
                assert answer == {"$ref": f"#/components/responses/Problem{status}"}
    for answer in schema["components"]["responses"].values():
        assert list(answer["content"]) == ["application/problem+json"]


def test_list_parameters_are_those_of_the_filters(db: None) -> None:
    parameters = Caller().get("/schema").json()["paths"]["/api/v1/customers"]["get"]["parameters"]
    names = {parameter["name"] for parameter in parameters}
    assert {
        "page",
        "limit",
        "cursor",
        "sort",
        "fields",
        "search",
        "kind",
        "owner",
        "total_spent__gte",
        "last_order_at__isnull",
    } <= names


def test_examples_of_bodies_are_accepted(business: Business) -> None:
    schema = Caller().get("/schema").json()
    caller = Caller(make_key(business))

    def example(path: str, method: str) -> Any:
        content = schema["paths"][path][method]["requestBody"]["content"]["application/json"]
        return next(iter(content["examples"].values()))["value"]

    created = caller.post("/customers", example("/api/v1/customers", "post"))
    assert created.status_code == 201
    one = f"/customers/{created.json()['id']}"
    assert caller.patch(one, example("/api/v1/customers/{id}", "patch")).status_code == 200
    assert caller.put(one, example("/api/v1/customers/{id}", "put")).status_code == 200
    assert caller.post(f"{one}/archive", example("/api/v1/customers/{id}/archive", "post")).status_code == 200
    assert caller.post(f"{one}/restore").status_code == 200


def test_answers_have_the_documented_names(business: Business) -> None:
    schema = Caller().get("/schema").json()
    caller = Caller(make_key(business))
    created = caller.post("/customers", {"first_name": "Jo", "phone": "1"}).json()
    assert set(created) == set(schema["components"]["schemas"]["CustomerProfile"]["properties"])
    listed = caller.get("/customers").json()
    assert set(listed) == set(schema["components"]["schemas"]["CustomerList"]["properties"])
    assert set(listed["data"][0]) == set(schema["components"]["schemas"]["Customer"]["properties"])
    assert set(caller.get("/me").json()) == set(schema["components"]["schemas"]["Me"]["properties"])


def test_docs_page_is_open_and_strict(client: Any, db: None) -> None:
    response = client.get("/api/v1/docs")
    assert response.status_code == 200
    page = response.content.decode()
    assert "List, filter and search customers" in page
    assert "/api/v1/orders/{id}" in page
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", page)
    assert "script-src 'self'" in response["Content-Security-Policy"]


def test_docs_page_for_members(browser: Any) -> None:
    assert browser.get("/api/v1/docs").status_code == 200
