"""Calling the API as programs do."""

import hashlib
import json
import secrets
from typing import Any

from django.test import Client

from crm.models import ApiKey, Business
from tests.factories.crm import PASSWORD

PROBLEM = "application/problem+json"


def make_key(business: Business, role: str = "owner", **fields: Any) -> str:
    """An API key as its holder knows it."""
    prefix = secrets.token_hex(4)
    key = f"crm_{prefix}_{secrets.token_urlsafe(32)}"
    digest = hashlib.sha256(key.encode()).digest()
    ApiKey.unscoped.create(business=business, name="Web shop", prefix=prefix, digest=digest, role=role, **fields)
    return key


class Caller:
    """A program with a key or token; paths are below /api/v1."""

    def __init__(self, credential: str = "", business: str = "") -> None:
        self.client = Client()
        self.headers = {}
        if credential:
            self.headers["authorization"] = f"Bearer {credential}"
        if business:
            self.headers["x-business"] = business

    def call(
        self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, headers: Any = None, **more: Any
    ) -> Any:
        data = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        kind = more.pop("content_type", "application/json" if data else "")
        path = path if path.startswith("/api/") else f"/api/v1{path}"
        return self.client.generic(method, path, data, kind, headers={**self.headers, **(headers or {})}, **more)

    def get(self, path: str, **more: Any) -> Any:
        return self.call("GET", path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> Any:
        return self.call("POST", path, body, **more)

    def patch(self, path: str, body: Any = None, **more: Any) -> Any:
        return self.call("PATCH", path, body, **more)

    def put(self, path: str, body: Any = None, **more: Any) -> Any:
        return self.call("PUT", path, body, **more)

    def upload(self, path: str, fields: dict[str, Any]) -> Any:
        return self.client.post(f"/api/v1{path}", fields, headers=self.headers)


def sign_in(email: str, password: str = PASSWORD) -> dict[str, Any]:
    """A pair of tokens."""
    response = Caller().post("/auth/token", {"email": email, "password": password})
    assert response.status_code == 200, response.content
    return dict(response.json())


def assert_problem(response: Any, status: int, code: str = "") -> dict[str, Any]:
    """The answer is a whole problem document of that status; returns it."""
    assert response.status_code == status, (response.status_code, response.content[:500])
    assert response["Content-Type"] == PROBLEM
    problem = response.json()
    assert set(problem) == {"type", "title", "status", "detail", "code", "errors", "request_id"}
    assert problem["status"] == status
    assert problem["request_id"] == response["X-Request-ID"]
    assert problem["detail"]
    if code:
        assert problem["code"] == code
    return dict(problem)


def fields_at_fault(problem: dict[str, Any]) -> set[str]:
    return {fault["field"] for fault in problem["errors"]}
