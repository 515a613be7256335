"""Endpoints of notes and files."""

from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from crm.models import AccessRecord, Business
from customers.models import Attachment, Customer, Note
from tests.crm.api.calling import PROBLEM, Caller, make_key
from tests.factories import make_contact, make_customer, make_file, make_membership, make_note, make_user


@pytest.fixture
def caller(business: Business) -> Caller:
    return Caller(make_key(business))


@pytest.fixture
def customer(business: Business) -> Customer:
    return make_customer(business)


def test_a_note_is_written_read_changed_removed_and_restored(
    caller: Caller, customer: Customer, business: Business
) -> None:
    dana = make_membership(business, "agent", make_user(email="dana@acme.example", name="Dana"))
    made = caller.post("/notes", {"customer": str(customer.pk), "content": "**Hi** @dana", "note_type": "support"})
    assert made.status_code == 201
    body = made.json()
    assert (body["content"], body["html"], body["note_type"], body["is_pinned"]) == (
        "**Hi** @dana", "<p><strong>Hi</strong> @dana</p>\n", "support", False,
    )  # fmt: skip
    assert (body["customer"], body["mentions"], body["author"]) == (str(customer.pk), [str(dana.user_id)], None)
    where = f"/notes/{body['id']}"
    assert made["Location"] == f"/api/v1{where}"
    assert caller.get(where).json() == body
    changed = caller.patch(where, {"content": "Bye"}, headers={"If-Match": made["ETag"]})
    assert (changed.json()["html"], changed.json()["mentions"]) == ("<p>Bye</p>\n", [])
    assert caller.put(where, {"is_pinned": True}).json()["is_pinned"] is True
    assert caller.patch(where, {"content": "x"}, headers={"If-Match": made["ETag"]}).status_code == 412
    assert caller.call("DELETE", where).status_code == 204
    assert caller.get(where).status_code == 404
    assert caller.post(f"{where}/restore").json()["content"] == "Bye"
    assert caller.post(f"{where}/restore").status_code == 409


@pytest.mark.parametrize(
    ("body", "field", "status"),
    [
        ({}, "content", 422), ({"content": ""}, "content", 422), ({"content": 5}, "content", 400),
        ({"content": "x" * 20_001}, "content", 422),
        ({"content": "a\0b"}, "", 400), ({"content": "x", "note_type": "gossip"}, "note_type", 422),
        ({"content": "x", "html": "<b>"}, "html", 400),
        ({"content": "x", "color": 1}, "color", 400), ({"content": "x", "contact": str(uuid4())}, "contact", 422),
    ],
)  # fmt: skip
def test_a_faulty_note_is_refused_by_field(
    caller: Caller, customer: Customer, body: dict[str, Any], field: str, status: int
) -> None:
    answer = caller.post(f"/customers/{customer.pk}/notes", body)
    assert (answer.status_code, answer["Content-Type"]) == (status, PROBLEM)
    if field:
        assert [fault["field"] for fault in answer.json()["errors"]] == [field]
    assert not Note.unscoped.exists()


def test_notes_are_listed_and_filtered(caller: Caller, customer: Customer, business: Business) -> None:
    other = make_customer(business)
    first = make_note(customer, "First", note_type="sales")
    second = make_note(other, "Second")
    make_note(customer, "Removed", is_pinned=True)
    caller.call("DELETE", f"/notes/{Note.unscoped.get(content='Removed').pk}")

    def listed(query: str) -> list[str]:
        answer = caller.get(f"/notes{query}")
        assert answer.status_code == 200, answer.content
        return [row["content"] for row in answer.json()["data"]]

    assert listed("") == ["Second", "First"]
    assert listed("?sort=created_at") == ["First", "Second"]
    assert listed(f"?customer={customer.pk}") == listed("?note_type=sales") == ["First"]
    assert listed(f"?author={uuid4()}") == []
    assert listed("?created_at__gte=2199-01-01") == []
    assert listed(f"?created_at__lte={first.created_at.date()}") == ["Second", "First"]
    assert caller.get("/notes?color=red").status_code == 400
    assert [row["id"] for row in caller.get(f"/customers/{other.pk}/notes").json()["data"]] == [str(second.pk)]


def test_who_did_not_write_a_note_may_pin_it_only(business: Business, customer: Customer) -> None:
    note = make_note(customer)
    program = Caller(make_key(business, "integration"))
    refused = program.patch(f"/notes/{note.pk}", {"content": "x"})
    assert (refused.status_code, refused.json()["code"]) == (409, "not_the_author")
    assert program.call("DELETE", f"/notes/{note.pk}").status_code == 409
    assert program.patch(f"/notes/{note.pk}", {"is_pinned": True}).status_code == 200


def test_the_contact_of_a_note_is_changed(caller: Caller, business: Business) -> None:
    company = make_customer(business, kind="company")
    dana, stranger = make_contact(company), make_contact(make_customer(business, kind="company"))
    where = f"/notes/{make_note(company).pk}"
    assert caller.patch(where, {"contact": str(dana.pk)}).json()["contact"] == str(dana.pk)
    refused = caller.patch(where, {"contact": str(stranger.pk)})
    assert (refused.status_code, [fault["field"] for fault in refused.json()["errors"]]) == (422, ["contact"])
    assert caller.patch(where, {"contact": None}).json()["contact"] is None


def test_reading_notes_leaves_access_records(caller: Caller, customer: Customer) -> None:
    note = make_note(customer)
    for path in ("/notes", f"/notes/{note.pk}", f"/customers/{customer.pk}/notes"):
        caller.get(path)
        assert AccessRecord.unscoped.latest("id").customer_ids == [customer.pk], path


def test_a_file_is_added_read_downloaded_removed_and_restored(caller: Caller, customer: Customer) -> None:
    file = SimpleUploadedFile("terms.txt", b"As agreed.")
    made = caller.upload(f"/customers/{customer.pk}/files", {"file": file, "description": "Terms"})
    assert made.status_code == 201, made.content
    body = made.json()
    assert (body["file_name"], body["content_type"], body["size"], body["description"]) == (
        "terms.txt", "text/plain", 10, "Terms",
    )  # fmt: skip
    where = f"/files/{body['id']}"
    assert caller.get(where).json() == body
    assert caller.get(f"/customers/{customer.pk}/files").json()["data"] == [body]
    got = caller.get(f"{where}/content")
    assert b"".join(got) == b"As agreed."
    assert got["Content-Disposition"] == 'attachment; filename="terms.txt"'
    assert got["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert AccessRecord.unscoped.latest("id").customer_ids == [customer.pk]
    assert caller.call("DELETE", where).status_code == 204
    assert caller.get(f"{where}/content").status_code == caller.get(where).status_code == 404
    assert caller.post(f"{where}/restore").json()["id"] == body["id"]


@pytest.mark.parametrize(("name", "content"), [("x.svg", b"<svg/>"), ("x.pdf", b"no"), ("x.txt", b""), ("x", b"x")])
def test_a_refused_file_is_a_problem_of_its_field(
    caller: Caller, customer: Customer, name: str, content: bytes
) -> None:
    answer = caller.upload(f"/customers/{customer.pk}/files", {"file": SimpleUploadedFile(name, content)})
    assert (answer.status_code, answer["Content-Type"]) == (422, PROBLEM)
    assert [fault["field"] for fault in answer.json()["errors"]] == ["file"]
    assert not Attachment.unscoped.exists()


def test_a_file_that_is_too_large_is_413(caller: Caller, customer: Customer) -> None:
    file = SimpleUploadedFile("x.txt", b"x" * (25 * 1024 * 1024 + 1))
    answer = caller.upload(f"/customers/{customer.pk}/files", {"file": file})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_files_are_taken_as_forms_only(caller: Caller, customer: Customer) -> None:
    assert caller.post(f"/customers/{customer.pk}/files", {"file": "x"}).status_code == 415
    make_file(customer)
    assert caller.get(f"/customers/{customer.pk}/files?search=x").status_code == 400


def test_a_shop_writes_a_note_in_its_own_words(caller: Caller, customer: Customer) -> None:
    where = f"/api/crm/customers/{customer.pk}/notes"
    made = caller.post(where, {"content": "Asked for blue", "note_type": "sales"})
    assert made.status_code == 201, made.content
    note = Note.unscoped.get()
    body = made.json()
    assert set(body) == {"id", "customer_id", "content", "note_type", "created_by", "created_at", "updated_at"}
    assert (body["id"], body["customer_id"], body["note_type"]) == (str(note.pk), str(customer.pk), "sales")
    assert caller.get(made["Location"]).json()["content"] == "Asked for blue"
    assert caller.post(where, {"content": ""}).status_code == 422
    assert caller.post(where, {"content": "x", "type": "sales"}).status_code == 400
    assert caller.post(f"/api/crm/customers/{uuid4()}/notes", {"content": "x"}).status_code == 404
