"""What holds for every endpoint: who may call it, that it answers nothing of another business, and that each call needs a permission."""

import csv
import io
import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.urls import resolve

from crm.management.commands.permissions import as_csv
from crm.models import AccessRecord, Business, Membership
from crm.operations import Operation, operations
from crm.registry import ROLES, permissions
from tests import planted
from tests.crm.api.calling import PROBLEM, Caller, make_key

ENDPOINTS = [o for o in operations() if o.door == "api"]
FORM = "multipart/form-data"
CLOSED = [o for o in ENDPOINTS if o.permission in permissions]


def _ids(operation: Operation) -> str:
    return f"{operation.method} {operation.path}"


def test_the_table_of_permissions_is_the_code() -> None:
    written = (Path(settings.BASE_DIR) / "docs" / "permissions.csv").read_text(encoding="utf-8")
    assert written == as_csv(), "run: python3 manage.py permissions --write"
    lines = list(csv.DictReader(io.StringIO(written)))
    assert all({line[role] for role in ROLES} <= {"yes", "no"} for line in lines)


@pytest.mark.parametrize("operation", CLOSED, ids=_ids)
def test_a_caller_without_a_credential_is_refused(db: None, operation: Operation) -> None:
    answer = Caller().call(operation.method, planted.address(operation, uuid4()), {})
    assert answer.status_code == 401
    assert answer["Content-Type"] == PROBLEM
    assert answer["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_call_what_the_table_says_and_nothing_else(business: Business, role: str) -> None:
    objects = planted.objects_of(business)
    caller = Caller(make_key(business, role))
    wrong = []
    for operation in CLOSED:
        status = planted.status_of(caller.call(operation.method, planted.address(operation, objects), {}))
        if (status == 403) == operation.allows(role) or status >= 500:
            wrong.append((operation.method, operation.path, status))
    assert wrong == []


@pytest.mark.parametrize("role", ROLES)
def test_no_role_reaches_an_object_of_another_business(business: Business, other_business: Business, role: str) -> None:
    foreign = planted.objects_of(other_business)
    caller = Caller(make_key(business, role))
    before = planted.fingerprint(other_business)
    wrong = []
    for operation in CLOSED:
        if "<" not in operation.path:
            continue
        found = _send(caller, operation, planted.address(operation, foreign))
        unknown = _send(caller, operation, planted.address(operation, uuid4()))
        expected = 404 if operation.allows(role) else 403
        if (found.status_code, unknown.status_code) != (expected, expected) or _body(found) != _body(unknown):
            wrong.append((operation.method, operation.path, found.status_code, unknown.status_code, found.content))
    assert wrong == []
    assert planted.fingerprint(other_business) == before


def _send(caller: Caller, operation: Operation, address: str) -> Any:
    """A call with a body of the kind that the endpoint takes: JSON, or a form where it takes files."""
    kind = resolve(address).func.view_class.parser_classes[0].media_type  # type: ignore[attr-defined]
    if kind == FORM:
        raw = encode_multipart(BOUNDARY, {"city": "x"})
        return caller.call(operation.method, address, raw=raw, content_type=MULTIPART_CONTENT)
    return caller.call(operation.method, address, {"city": "x"})


def _body(answer: Any) -> dict[str, Any]:
    """The problem without what differs in every answer."""
    return {name: value for name, value in json.loads(answer.content).items() if name not in ("request_id", "instance")}


def test_no_list_holds_anything_of_another_business(business: Business, other_business: Business) -> None:
    planted.objects_of(other_business)
    caller = Caller(make_key(business))
    for operation in ENDPOINTS:
        if operation.method == "GET" and "<" not in operation.path:
            for query in ("", f"?search={planted.MARKER}", f"?external_id={planted.MARKER}", "?limit=200"):
                answer = caller.get(operation.path + query)
                assert planted.MARKER not in answer.content.decode().replace(f"={planted.MARKER}", ""), (
                    operation.path + query
                )


def test_a_key_of_one_business_can_not_name_another(
    business: Business, other_business: Business, owner: Membership
) -> None:
    key = make_key(business)
    assert Caller(key, business.slug).get("/customers").status_code == 200
    for name in (other_business.slug, str(other_business.pk), str(uuid4()), "nothing"):
        assert Caller(key, name).get("/customers").status_code == 404


def test_foreign_ids_in_a_body_are_unknown_ids(business: Business, other_business: Business) -> None:
    foreign = planted.objects_of(other_business)
    mine = planted.objects_of(business)["customer"]
    caller = Caller(make_key(business))
    for field, value in (("owner", foreign["member"].user_id), ("team", foreign["team"].pk)):
        answers = [caller.patch(f"/customers/{mine.pk}", {field: str(v)}) for v in (value, uuid4())]
        assert answers[0].status_code in (400, 422)
        assert _body(answers[0]) == _body(answers[1])


def test_every_answer_with_customers_leaves_an_access_record(business: Business) -> None:
    objects = planted.objects_of(business)
    caller = Caller(make_key(business))
    for path in ("/customers", f"/customers/{objects['customer'].pk}", "/orders", f"/orders/{objects['order'].pk}"):
        before = AccessRecord.unscoped.count()
        assert caller.get(path).status_code == 200
        record = AccessRecord.unscoped.latest("id")
        assert AccessRecord.unscoped.count() == before + 1, path
        assert (record.customer_ids, record.door, record.actor_kind) == ([objects["customer"].pk], "api", "api_key")
