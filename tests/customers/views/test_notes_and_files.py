"""The tabs Notes and Files of the profile."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm import clock
from crm.actor import Actor
from crm.models import AccessRecord, Business, Membership
from crm.scope import scope
from customers import services
from customers.models import Attachment, Customer, Note
from tests.factories import make_contact, make_customer, make_file, make_membership, make_note, make_user

HTMX = {"HX-Request": "true"}


@pytest.fixture
def customer(business: Business) -> Customer:
    return make_customer(business)


def text(browser: Client, where: str) -> str:
    answer = browser.get(where)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_note_is_written_edited_pinned_removed_and_brought_back(browser: Client, customer: Customer) -> None:
    tab = f"/customers/{customer.pk}/notes"
    answer = browser.post(f"{tab}/new", {"content": "Wants **green**", "note_type": "sales"})
    note = Note.unscoped.get()
    assert (answer.status_code, answer["Location"]) == (302, f"{tab}#note-{note.pk}")
    assert "Wants <strong>green</strong>" in text(browser, tab)
    form = {"content": "Wants *blue*", "note_type": "sales", "version": note.updated_at.isoformat()}
    assert browser.post(f"/notes/{note.pk}/edit", form).status_code == 302
    assert browser.post(f"/notes/{note.pk}/edit", form | {"content": "x"}).status_code == 412
    assert browser.post(f"/notes/{note.pk}/pin").status_code == 302
    shown = text(browser, tab)
    assert "note-pinned" in shown
    assert "<em>blue</em>" in shown
    assert browser.post(f"/notes/{note.pk}/unpin").status_code == 302
    assert browser.post(f"/notes/{note.pk}/remove").status_code == 302
    shown = text(browser, tab)
    assert f'href="/notes/{note.pk}/restore">Bring it back</a>' in shown
    assert "<em>blue</em>" not in shown
    assert browser.get(f"/notes/{note.pk}/edit").status_code == 404
    assert f'action="/notes/{note.pk}/restore"' in text(browser, f"{tab}?type=removed")
    assert browser.post(f"/notes/{note.pk}/restore").status_code == 302
    assert "<em>blue</em>" in text(browser, tab)


def test_what_is_wrong_stands_at_the_field(browser: Client, customer: Customer) -> None:
    answer = browser.post(f"/customers/{customer.pk}/notes/new", {"content": "", "note_type": "sales"})
    assert answer.status_code == 422
    bad = SimpleUploadedFile("x.svg", b"<svg/>")
    answer = browser.post(
        f"/customers/{customer.pk}/notes/new", {"content": "Look", "note_type": "general", "file": bad}
    )
    assert answer.status_code == 422
    assert "Files of this kind aren&#x27;t taken" in answer.content.decode()
    assert not Note.unscoped.exists()


def test_pinned_notes_stand_first_and_types_narrow(browser: Client, customer: Customer) -> None:
    for number in range(25):
        make_note(customer, f"Note {number}.", note_type="support" if number == 3 else "general")
    pinned = make_note(customer, "On top.", is_pinned=True)
    tab = f"/customers/{customer.pk}/notes"
    shown = text(browser, tab)
    assert shown.index("On top.") < shown.index("Note 24.")
    assert "Note 4." not in shown
    older = shown.split('href="?cursor=')[1].split('"')[0]
    shown = text(browser, f"{tab}?cursor={older}")
    assert "Note 4." in shown
    assert f"note-{pinned.pk}" not in shown
    shown = text(browser, f"{tab}?type=support")
    assert "Note 3." in shown
    assert "Note 24." not in shown
    assert browser.get(f"{tab}?type=gossip").status_code == 400
    assert browser.get(f"{tab}?cursor=x").status_code == 400


def test_rows_of_notes_and_files_cost_no_queries(browser: Client, customer: Customer, owner: Membership) -> None:
    def queries(where: str) -> int:
        browser.get(where)
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(where).status_code == 200
        return len(captured)

    tabs = [f"/customers/{customer.pk}/notes", f"/customers/{customer.pk}/files"]
    make_file(customer, note=make_note(customer, "@nobody"))
    few = [queries(tab) for tab in tabs]
    for _ in range(5):
        make_file(customer, note=make_note(customer, actor=Actor.for_user(owner.user)))
    assert [queries(tab) for tab in tabs] == few
    assert max(few) <= 15


def test_hostile_text_is_shown_and_does_not_run(browser: Client, customer: Customer) -> None:
    make_note(customer, "<script>alert(1)</script> [x](javascript:alert(1)) ![p](http://evil.example/p.png)")
    shown = text(browser, f"/customers/{customer.pk}/notes")
    assert "<script>alert" not in shown
    assert 'href="javascript' not in shown
    assert "evil.example/p.png" not in shown or 'src="http://evil' not in shown
    assert "&lt;script&gt;alert(1)" in shown
    assert "alert(1)" in text(browser, f"/customers/{customer.pk}/timeline")


def test_the_author_learns_who_was_not_told(browser: Client, customer: Customer, business: Business) -> None:
    make_membership(business, "agent", make_user(email="blind@acme.example", name="Blind Agent"), visibility="own")
    browser.post(f"/customers/{customer.pk}/notes/new", {"content": "@blind look", "note_type": "general"})
    assert "Not told, as they may not see this customer: Blind Agent." in text(
        browser, f"/customers/{customer.pk}/notes"
    )


def test_colleagues_are_offered_by_words_that_mean_one(browser: Client, customer: Customer, business: Business) -> None:
    make_membership(business, "agent", make_user(email="dana@acme.example", name="Dana Reyes"))
    make_membership(business, "agent", make_user(email="dana@globex.example", name="Dana Moore"))
    shown = text(browser, f"/customers/{customer.pk}/notes/people")
    assert 'data-word="danareyes"' in shown
    assert 'data-word="danamoore"' in shown
    assert 'data-word="dana"' not in shown


def test_a_note_is_edited_in_its_place(browser: Client, customer: Customer, owner: Membership) -> None:
    note = make_note(customer, actor=Actor.for_user(owner.user))
    where = f"/notes/{note.pk}/edit"
    shown = browser.get(where, headers=HTMX).content.decode()
    assert "<html" not in shown
    assert 'id="in-place"' in shown
    refused = browser.post(where, {"content": "", "note_type": "general"}, headers=HTMX)
    assert refused.status_code == 422
    assert refused["HX-Retarget"] == "#in-place"


def test_only_what_one_may_do_is_offered(customer: Customer, members: dict[str, Membership], sign_in: Any) -> None:
    note = make_note(customer)
    tab = f"/customers/{customer.pk}/notes"
    for role, offered in (("owner", "erp"), ("manager", "erp"), ("agent", "p"), ("analyst", ""), ("compliance", "")):
        shown = text(sign_in(members[role]), tab)
        deeds = {"e": "edit", "r": "remove", "p": "pin"}
        assert "".join(sign for sign, deed in deeds.items() if f"/notes/{note.pk}/{deed}" in shown) == offered, role
        assert ("/notes/new" in shown) == bool(offered), role
    agent = sign_in(members["agent"])
    answer = agent.post(f"/notes/{note.pk}/remove")
    assert answer.status_code == 409
    assert "Only who wrote the note" in answer.content.decode()
    assert sign_in(members["analyst"]).post(f"{tab}/new", {"content": "x"}).status_code == 403


def test_a_file_is_added_downloaded_removed_and_brought_back(browser: Client, customer: Customer) -> None:
    tab = f"/customers/{customer.pk}/files"
    files = [SimpleUploadedFile("ünsigned «1».txt", b"As agreed."), SimpleUploadedFile("b.csv", b"a;b")]
    answer = browser.post(f"{tab}/new", {"file": files, "description": "Terms"})
    assert (answer.status_code, answer["Location"]) == (302, tab)
    file = Attachment.unscoped.get(file_name="ünsigned «1».txt")
    shown = text(browser, tab)
    assert f'href="/files/{file.pk}"' in shown
    assert "Terms" in shown
    before = AccessRecord.unscoped.count()
    got = browser.get(f"/files/{file.pk}")
    assert b"".join(got) == b"As agreed."
    assert got["Content-Disposition"] == "attachment; filename*=utf-8''%C3%BCnsigned%20%C2%AB1%C2%BB.txt"
    assert got["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert (got["X-Content-Type-Options"], got["Cache-Control"]) == ("nosniff", "private, no-store")
    assert got["Content-Type"] == "text/plain"
    record = AccessRecord.unscoped.latest("id")
    assert (AccessRecord.unscoped.count(), record.customer_ids) == (before + 1, [customer.pk])
    assert browser.post(f"/files/{file.pk}/remove").status_code == 302
    assert browser.get(f"/files/{file.pk}").status_code == 404
    assert f'action="/files/{file.pk}/restore"' in text(browser, f"{tab}?show=removed")
    assert browser.post(f"/files/{file.pk}/restore").status_code == 302
    assert browser.head(f"/files/{file.pk}")["Content-Length"] == "10"


def test_a_refused_file_is_said_at_its_field(browser: Client, customer: Customer) -> None:
    where = f"/customers/{customer.pk}/files/new"
    for name, content in (("a.html", b"<p>"), ("a.pdf", b"no"), ("a.txt", b"")):
        answer = browser.post(where, {"file": SimpleUploadedFile(name, content)})
        assert answer.status_code == 422, name
        assert "field-faulty" in answer.content.decode(), name
    assert browser.post(where, {}).status_code == 422
    assert not Attachment.unscoped.exists()


def test_a_lost_file_is_not_found(browser: Client, customer: Customer) -> None:
    file = make_file(customer)
    file.file.storage.delete(str(file.file.name))
    assert browser.get(f"/files/{file.pk}").status_code == 404


def test_files_of_customers_that_one_may_not_see_are_not_found(business: Business, sign_in: Any) -> None:
    blind = make_membership(business, "agent", visibility="own")
    customer = make_customer(business)
    file, note = make_file(customer), make_note(customer)
    for where in (f"/files/{file.pk}", f"/notes/{note.pk}/edit", f"/customers/{customer.pk}/files"):
        assert sign_in(blind).get(where).status_code == 404, where


def test_archived_customers_take_no_notes_on_their_page(
    browser: Client, customer: Customer, business: Business
) -> None:
    with scope(business):
        services.archive_customer(actor=Actor.system("test"), customer=customer, at=clock.now())
    assert "/notes/new" not in text(browser, f"/customers/{customer.pk}/notes")


def test_a_note_is_about_a_contact_of_the_company(browser: Client, business: Business, in_scope: Business) -> None:
    company = make_customer(business, kind="company")
    dana, gone = (
        make_contact(company, first_name="Dana"),
        make_contact(company, first_name="Gone"),
    )
    services.archive_contact(actor=Actor.system("test"), contact=gone, at=clock.now())
    stranger = make_contact(make_customer(business, kind="company"), first_name="Stranger")
    address = reverse("customers:note_create", args=[company.pk])
    for path in (reverse("customers:customer_notes", args=[company.pk]), address):
        content = browser.get(path).content.decode()
        assert f'<option value="{dana.pk}">' in content
        assert str(gone.pk) not in content
        assert str(stranger.pk) not in content
    assert f'<option value="{dana.pk}" selected>' in browser.get(f"{address}?contact={dana.pk}").content.decode()
    assert browser.get(f"{address}?contact=x").status_code == 200
    body = {"content": "Likes **tea**", "note_type": "general"}
    assert browser.post(address, {**body, "contact": str(stranger.pk)}).status_code == 422
    assert browser.post(address, {**body, "contact": str(dana.pk)}).status_code == 302
    assert browser.post(address, {**body, "content": "Of all", "contact": ""}).status_code == 302
    assert list(Note.objects.order_by("pk").values_list("contact", flat=True)) == [dana.pk, None]


def test_a_person_has_no_contacts_to_write_about(browser: Client, customer: Customer) -> None:
    content = browser.get(reverse("customers:customer_notes", args=[customer.pk])).content.decode()
    assert 'name="content"' in content
    assert 'name="contact"' not in content


def test_a_contact_shows_the_notes_about_it(
    browser: Client, business: Business, in_scope: Business, django_assert_num_queries: Any
) -> None:
    company = make_customer(business, kind="company")
    dana, other = make_contact(company, first_name="Dana"), make_contact(company, first_name="Other")
    system, written = Actor.system("test"), {}
    for contact, text in (
        (dana, "Likes **tea** <script>x</script>"),
        (dana, "Removed later"),
        (other, "Of another"),
        (None, "Of all"),
    ):
        written[text] = services.add_note(actor=system, customer=company, at=clock.now(), content=text, contact=contact)
    services.remove_note(actor=system, note=written["Removed later"], at=clock.now())
    address = reverse("customers:contact_detail", args=[dana.pk])
    content = browser.get(address).content.decode()
    assert "Likes <strong>tea</strong>" in content
    assert "<script>x" not in content
    assert not any(text in content for text in ("Removed later", "Of another", "Of all"))
    assert f"/notes/new?contact={dana.pk}" in content
    with CaptureQueriesContext(connection) as before:
        browser.get(address)
    for _ in range(3):
        services.add_note(actor=system, customer=company, at=clock.now(), content="More", contact=dana)
    with django_assert_num_queries(len(before)):
        browser.get(address)


def test_the_contact_of_a_note_is_changed_on_its_form(
    browser: Client, business: Business, in_scope: Business, owner: Membership
) -> None:
    company = make_customer(business, kind="company")
    dana, gone = make_contact(company, first_name="Dana"), make_contact(company, first_name="Gone")
    stranger = make_contact(make_customer(business, kind="company"), first_name="Stranger")
    note = make_note(company, actor=Actor.for_user(owner.user), contact=gone)
    services.archive_contact(actor=Actor.system("test"), contact=gone, at=clock.now())
    address = reverse("customers:note_update", args=[note.pk])
    page = browser.get(address).content.decode()
    assert f'<option value="{gone.pk}" selected>' in page
    assert f'<option value="{dana.pk}">' in page
    assert "Stranger" not in page
    body = {"content": note.content, "note_type": note.note_type}
    for contact, status, stored in (
        (stranger.pk, 422, gone), (gone.pk, 302, gone), (dana.pk, 302, dana), (gone.pk, 422, dana), ("", 302, None)
    ):  # fmt: skip
        assert browser.post(address, {**body, "contact": str(contact)}).status_code == status
        note.refresh_from_db()
        assert note.contact == stored
    assert note.edited_at is None


def test_of_a_person_the_form_asks_for_no_contact(browser: Client, customer: Customer, owner: Membership) -> None:
    note = make_note(customer, actor=Actor.for_user(owner.user))
    address = reverse("customers:note_update", args=[note.pk])
    assert 'name="contact"' not in browser.get(address).content.decode()
    assert browser.post(address, {"content": "Other", "note_type": "sales"}).status_code == 302
