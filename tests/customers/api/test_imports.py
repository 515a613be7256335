"""Endpoints of imports and of the jobs that do them."""

from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from crm import work
from crm.models import Business, Job
from customers.models import Customer
from tests.crm.api.calling import Caller, assert_problem, fields_at_fault, make_key

GOOD = b"external_id,email,first_name,last_name\nC-1,jo@example.com,Jo,Smith\nC-2,al@example.com,Al,Jones\n"
FAULTY = b"external_id,email,first_name\nC-1,not an address,Jo\n"


def _file(content: bytes, name: str = "customers.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, "text/csv")


@pytest.fixture(autouse=True)
def _own_files(settings: Any, tmp_path: object) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}},
    }


@pytest.mark.django_db(transaction=True)
def test_file_is_taken_in_the_background(business: Business) -> None:
    caller = Caller(make_key(business))
    response = caller.upload("/imports", {"file": _file(GOOD)})
    assert response.status_code == 202
    made = response.json()
    assert response["Location"] == f"/api/v1/imports/{made['id']}"
    assert (made["state"], made["resource"]) == ("uploaded", "customers")
    job = caller.get(f"/jobs/{made['job']}").json()
    assert (job["state"], job["progress"]) == ("queued", None)
    work.run(made["job"])
    done = caller.get(response["Location"]).json()
    assert (done["state"], done["row_count"], done["faults"]) == ("done", 2, [])
    assert done["counts"]["customers_created"] == 2
    job = caller.get(f"/jobs/{made['job']}").json()
    assert (job["state"], job["progress"], job["error"]) == ("done", 1.0, "")
    assert Customer.unscoped.filter(business=business).count() == 2
    listed = caller.get("/imports").json()
    assert [row["id"] for row in listed["data"]] == [made["id"]]


@pytest.mark.django_db(transaction=True)
def test_faulty_rows_are_named(business: Business) -> None:
    caller = Caller(make_key(business))
    made = caller.upload("/imports", {"file": _file(FAULTY)}).json()
    work.run(made["job"])
    refused = caller.get(f"/imports/{made['id']}").json()
    assert (refused["state"], refused["fault_count"]) == ("failed", 1)
    assert refused["faults"] == [
        {"line": 2, "column": "email", "value": "not an address", "reason": "Not an e-mail address."}
    ]
    job = caller.get(f"/jobs/{made['job']}").json()
    assert (job["state"], job["error"]) == ("failed", refused["error"])
    assert "faulty rows" in job["error"]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"PK\x03\x04rest", b"a,b\n1,2\n", b"\x00\x01", b"external_id"])
def test_files_that_are_none(business: Business, content: bytes) -> None:
    response = Caller(make_key(business)).upload("/imports", {"file": _file(content), "resource": "orders"})
    assert fields_at_fault(assert_problem(response, 422)) == {"file"}
    assert not Job.unscoped.exists()


def test_forms_that_are_wrong(business: Business) -> None:
    caller = Caller(make_key(business))
    assert fields_at_fault(assert_problem(caller.upload("/imports", {"resource": "customers"}), 422)) == {"file"}
    assert fields_at_fault(assert_problem(caller.upload("/imports", {"file": "text"}), 422)) == {"file"}
    assert fields_at_fault(assert_problem(caller.upload("/imports", {"file": _file(GOOD), "x": "1"}), 400)) == {"x"}
    assert_problem(caller.upload("/imports", {"file": _file(GOOD), "resource": "robots"}), 422)
    assert_problem(caller.post("/imports", {"file": "x"}), 415)


def test_role_may_not(business: Business) -> None:
    caller = Caller(make_key(business, "agent"))
    assert_problem(caller.upload("/imports", {"file": _file(GOOD)}), 403)
    assert_problem(caller.get("/imports"), 403)


def test_another_business_is_not_there(business: Business, other_business: Business) -> None:
    made = Caller(make_key(other_business)).upload("/imports", {"file": _file(GOOD)}).json()
    caller = Caller(make_key(business))
    assert caller.get("/imports").json()["total"] == 0
    for path in (f"/imports/{made['id']}", f"/jobs/{made['job']}", f"/imports/{uuid4()}", f"/jobs/{uuid4()}"):
        assert_problem(caller.get(path), 404, "not_found")
