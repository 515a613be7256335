"""Files kept with customers: taken by what they hold, brought back, deleted for good; nothing is left behind by a refusal."""

import hashlib
import io
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from crm import clock, integrity
from crm.actor import Actor
from crm.errors import InvalidInput
from crm.models import Activity, Business
from customers import services
from customers.models import Attachment, Customer
from customers.queries.integrity import examine_sizes
from customers.services.attachments import (
    KEPT_DAYS,
    MAX_BYTES,
    FileNotRemoved,
    FileRefused,
    FileRemoved,
    FileTooLarge,
    clean_name,
)
from tests.factories import make_customer, make_file

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


@pytest.fixture(autouse=True)
def _empty_folder(settings: Any, tmp_path: Path) -> None:
    """Files of other tests are not counted."""
    default = settings.STORAGES["default"]
    options = {**default["OPTIONS"], "location": tmp_path}
    settings.STORAGES = {**settings.STORAGES, "default": {**default, "OPTIONS": options}}


@pytest.fixture
def customer(in_scope: Business) -> Customer:
    return make_customer(in_scope)


def keep(actor: Actor, customer: Customer, name: str, content: bytes, **more: Any) -> Attachment:
    file = ContentFile(content, name=name)
    return services.attach_file(actor=actor, customer=customer, file=file, at=clock.now(), **more)


def stored() -> set[str]:
    return set(integrity.stored_files("attachments/"))


def zipped(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def docx(**more: bytes) -> bytes:
    return zipped(**{"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>", **more})


ODT = zipped(mimetype=b"application/vnd.oasis.opendocument.text", **{"content.xml": b"<x/>"})


@pytest.mark.parametrize(
    ("name", "content", "type"),
    [
        ("a.pdf", b"%PDF-1.7\n", "application/pdf"), ("a.PNG", PNG, "image/png"), ("a.jpeg", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("a.gif", b"GIF89a1", "image/gif"), ("a.webp", b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        ("a.txt", "Zürich, 5 < 6 €".encode(), "text/plain"),
        ("a.txt", "Zürich €".encode("cp1252"), "text/plain"), ("a.csv", b"\xef\xbb\xbfname;city\nx;y\n", "text/csv"),
        ("a.md", b"# Plan\n", "text/markdown"),
        ("a.txt", b"<dana@acme.example> wrote:\n", "text/plain"),
        ("a.eml", b"From: a@example.com\r\nSubject: x\r\n\r\nhi", "message/rfc822"),
        ("a.docx", docx(), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("a.odt", ODT, "application/vnd.oasis.opendocument.text"),
    ],
)  # fmt: skip
def test_what_fits_its_name_is_kept_with_its_type(
    customer: Customer, actor: Actor, name: str, content: bytes, type: str
) -> None:
    kept = keep(actor, customer, name, content, description=" Signed ")
    assert (kept.file_name, kept.content_type, kept.size, kept.description) == (name, type, len(content), "Signed")
    assert kept.sha256 == hashlib.sha256(content).hexdigest()
    with kept.file.open() as opened:
        assert opened.read() == content
    assert stored() == {kept.file.name}
    assert Activity.objects.get(verb="customers.file.added").about == customer.pk


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.svg", b"<svg/>"), ("a.html", b"<p>"), ("a.exe", b"MZ"), ("a.zip", zipped(a=b"x")), ("a", b"x"), (".pdf", b"%PDF-"),
        ("a.js", b"x"),
        ("a.pdf", b"<html>"), ("a.pdf", b" %PDF-"), ("a.png", b"%PDF-"), ("a.jpg", PNG), ("a.txt", b"<html><script>"),
        ("a.txt", b"\xef\xbb\xbf <!doctype html>"),
        ("a.txt", b"\n<svg onload=x>"), ("a.md", b"<script>x</script>"), ("a.csv", b"<?xml version='1.0'?>"), ("a.txt", b"<ScRiPt\n>"),
        ("a.txt", b"a\0b"),
        ("a.txt", "UTF-16".encode("utf-16")), ("a.txt", b"\x81\x8d\x8f"), ("a.txt", b"MZ\x90\x01\x02\x03"),
        ("a.txt", b"x" * 5000 + b"\0"),
        ("a.eml", b"no header at all"), ("a.docx", zipped(a=b"x")), ("a.docx", b"PK\x03\x04broken"), ("a.docx", ODT), ("a.odt", docx()),
        ("a.xlsx", docx()), ("a.docx", docx(**{"word/vbaProject.bin": b"x"})), ("a.pdf.exe", b"%PDF-"), ("a.txt", b""),
        ("a.pdf" + "x" * 30, b"%PDF-"),
    ],
)  # fmt: skip
def test_what_is_not_what_its_name_says_is_refused_and_not_kept(
    customer: Customer, actor: Actor, name: str, content: bytes
) -> None:
    with pytest.raises(FileRefused):
        keep(actor, customer, name, content)
    assert not Attachment.objects.exists()
    assert stored() == set()


def test_a_bomb_is_not_unpacked(customer: Customer, actor: Actor) -> None:
    bomb = zipped(mimetype=b"\0" * 300_000_000)
    assert len(bomb) < 1_000_000
    with pytest.raises(FileRefused):
        keep(actor, customer, "a.odt", bomb)
    assert keep(actor, customer, "a.docx", docx(**{"word/media/x.bin": b"\0" * 50_000_000})).size < 1_000_000


def test_a_directory_of_very_many_parts_is_not_read(customer: Customer, actor: Actor) -> None:
    with pytest.raises(FileRefused):
        keep(actor, customer, "a.docx", docx(**{f"p{n}": b"" for n in range(10_001)}))


def test_a_file_may_have_25_mb_and_not_a_byte_more(customer: Customer, actor: Actor) -> None:
    assert keep(actor, customer, "a.txt", b"x" * MAX_BYTES).size == 26_214_400
    with pytest.raises(FileTooLarge):
        keep(actor, customer, "a.txt", b"x" * (MAX_BYTES + 1))
    assert len(stored()) == 1


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd.txt", "passwd.txt"), ("C:\\Users\\x\\a.txt", "a.txt"), ("a\0b.txt", "ab.txt"),
        ("a\u202etxt.exe.txt", "atxt.exe.txt"),
        ("  a \n b .txt", "a b .txt"), ("é.txt", "é.txt"), ("x" * 300 + ".txt", "x" * 196 + ".txt"), ("a.txt.", "a.txt"),
        ("תוכנית.txt", "תוכנית.txt"),
    ],
)  # fmt: skip
def test_a_name_has_no_folders_and_no_signs_that_nobody_sees(given: str, kept: str) -> None:
    assert clean_name(given) == kept
    assert len(clean_name(given)) <= 200


def test_a_long_description_is_refused_by_name(customer: Customer, actor: Actor) -> None:
    with pytest.raises(InvalidInput) as refusal:
        keep(actor, customer, "a.txt", b"x", description="x" * 301)
    assert list(refusal.value.errors) == ["description"]
    assert stored() == set()


def test_of_several_files_all_are_kept_or_none(customer: Customer, actor: Actor) -> None:
    files = [ContentFile(b"x", name="a.txt"), ContentFile(b"x", name="b.pdf")]
    with pytest.raises(FileRefused, match=r"^b\.pdf: "):
        services.attach_files(actor=actor, customer=customer, files=files, at=clock.now())
    assert not Attachment.objects.exists()
    with pytest.raises(InvalidInput):
        services.attach_files(actor=actor, customer=customer, files=files[:1] * 11, at=clock.now())


def test_a_removed_file_comes_back(customer: Customer, actor: Actor) -> None:
    kept = make_file(customer)
    with pytest.raises(FileNotRemoved):
        services.restore_file(actor=actor, attachment=kept)
    services.remove_file(actor=actor, attachment=kept, at=clock.now())
    with pytest.raises(FileRemoved):
        services.remove_file(actor=actor, attachment=kept, at=clock.now())
    assert services.restore_file(actor=actor, attachment=kept).removed_at is None
    assert kept.file.storage.exists(str(kept.file.name))


def test_what_was_removed_more_than_30_days_ago_is_deleted_for_good(
    customer: Customer, in_scope: Business, actor: Actor, django_capture_on_commit_callbacks: Any
) -> None:
    now = clock.now()
    old, edge, young = make_file(customer), make_file(customer), make_file(customer)
    for file, age in (
        (old, timedelta(days=KEPT_DAYS, seconds=1)),
        (edge, timedelta(days=KEPT_DAYS)),
        (young, timedelta()),
    ):
        services.remove_file(actor=actor, attachment=file, at=now - age)
    with django_capture_on_commit_callbacks(execute=True):
        assert services.purge_files(actor=actor, business=in_scope, at=now) == 1
    assert stored() == {edge.file.name, young.file.name}
    assert set(Attachment.objects.all()) == {edge, young}
    line = Activity.objects.get(verb="customers.file.purged")
    assert (line.counts, line.detail.payload) == ({"files": 1}, {"files": [str(old.pk)]})
    assert services.purge_files(actor=actor, business=in_scope, at=now) == 0


def test_a_file_whose_row_was_never_committed_is_cleared_after_a_day(customer: Customer, actor: Actor) -> None:
    class Stop(Exception):
        pass

    def fail() -> None:
        with transaction.atomic():
            make_file(customer)
            raise Stop

    kept = make_file(customer)
    with pytest.raises(Stop):
        fail()
    assert len(stored()) == 2
    assert services.clear_lost_files(actor=actor, at=clock.now()) == 0
    assert services.clear_lost_files(actor=actor, at=clock.now() + timedelta(days=2)) == 1
    assert stored() == {kept.file.name}


def test_a_file_of_another_size_is_found(customer: Customer) -> None:
    kept = make_file(customer, content=b"As agreed.")
    assert (examine_sizes().rows, examine_sizes().broken) == (1, 0)
    with default_storage.open(str(kept.file.name), "wb") as file:
        file.write(b"As")
    found = examine_sizes()
    assert found.broken == 1
    assert "2 bytes instead of 10" in found.examples[0]
