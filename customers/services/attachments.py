"""Files kept with customers: taken in by what they hold, not by what they are called; removed, brought back and, in the end, deleted."""

import codecs
import hashlib
import re
import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import IO, Any
from zipfile import BadZipFile, ZipFile

from django.core.files.base import File
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import activity, integrity
from crm.actor import Actor
from crm.errors import DomainError, InvalidInput, NotFound
from crm.forms import check_version
from crm.models import Business
from crm.services.cleaning import clean
from customers.models import Attachment, Customer, Note

MAX_BYTES = 25 * 1024 * 1024
MOST_AT_ONCE = 10
KEPT_DAYS = 30
"""Days after its removal for which a file can be brought back."""
TYPES: dict[str, str] = {
    "pdf": "application/pdf", "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text", "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "txt": "text/plain", "csv": "text/csv", "md": "text/markdown", "eml": "message/rfc822",
}  # fmt: skip
"""Endings that are taken, and the type that the content must have."""
_TEXTS = {"txt", "csv", "md", "eml"}
_PARTS = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml", "pptx": "ppt/presentation.xml"}
_BEGINNINGS = {
    "pdf": (b"%PDF-",),
    "png": (b"\x89PNG\r\n\x1a\n",),
    "jpg": (b"\xff\xd8\xff",),
    "jpeg": (b"\xff\xd8\xff",),
    "gif": (b"GIF87a", b"GIF89a"),
}
_LOOKS_LIKE_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:[!?]|/?[a-z][a-z0-9:-]*(?:[\s/>]|\Z))", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_HEADER = re.compile(rb"(?:\xef\xbb\xbf)?(?:From |[!-9;-~]+:)")
_PART_OF_ZIP = b"PK\x01\x02"
_MOST_PARTS = 10_000
_UNSEEN_SIGNS = ("Cc", "Cf", "Cs", "Co", "Cn")
_FOLDER = "attachments"


class FileRemoved(DomainError):
    code = "file_removed"
    message = gettext_lazy("This file was removed. Bring it back first.")


class FileNotRemoved(DomainError):
    code = "file_not_removed"
    message = gettext_lazy("This file was not removed.")


class FileTooLarge(DomainError):
    status = 413
    field = "file"
    code = "too_large"
    message = gettext_lazy("The file is larger than 25 MB.")


class FileRefused(DomainError):
    status = 422
    field = "file"
    code = "file_type"


@transaction.atomic
def attach_files(
    *,
    actor: Actor,
    customer: Customer,
    files: "Sequence[File[bytes]]",
    at: datetime,
    description: str = "",
    note: Note | None = None,
) -> list[Attachment]:
    """Keep all of the files with the customer, or none. Raises FileTooLarge, FileRefused, InvalidInput."""
    if len(files) > MOST_AT_ONCE:
        raise InvalidInput({"file": [_("Give at most %(number)d files at once.") % {"number": MOST_AT_ONCE}]})
    kept = []
    for file in files:
        try:
            kept.append(
                attach_file(actor=actor, customer=customer, file=file, at=at, description=description, note=note)
            )
        except (FileTooLarge, FileRefused) as refusal:
            if len(files) == 1:
                raise
            raise type(refusal)(f"{clean_text(file.name or '')[:200]}: {refusal.message}") from refusal
    return kept


def attach_file(
    *,
    actor: Actor,
    customer: Customer,
    file: "File[bytes]",
    at: datetime,
    description: str = "",
    note: Note | None = None,
) -> Attachment:
    """Keep the file with the customer, in private storage. Raises FileTooLarge, FileRefused, InvalidInput."""
    size = file.size or 0
    if size > MAX_BYTES:
        raise FileTooLarge
    if not size:
        raise FileRefused(_("The file is empty."))
    name = clean_name(file.name or "")
    content_type = type_of(file, name)
    if len(description.strip()) > 300:
        raise InvalidInput({"description": [_("Give at most 300 characters.")]})
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    attachment = Attachment(
        business_id=customer.business_id, customer_id=customer.pk, note=note, file_name=name, content_type=content_type, size=size,
        sha256=digest.hexdigest(), description=description.strip(), created_label=actor.label[:120],
        created_by_id=actor.id if actor.kind == "user" else None, created_at=at,
    )  # fmt: skip
    attachment.file.save(f"{attachment.pk}{PurePosixPath(name).suffix.lower()}", file, save=False)
    try:
        with transaction.atomic():
            if not Customer.objects.filter(pk=customer.pk).exists():
                raise NotFound
            clean(attachment, exclude=["business", "customer", "note", "created_by", "file"])
            attachment.save(force_insert=True)
            _record("customers.file.added", actor, attachment, {"file_name": (None, name), "size": (None, size)})
    except BaseException:
        attachment.file.storage.delete(str(attachment.file.name))
        raise
    return attachment


@transaction.atomic
def remove_file(*, actor: Actor, attachment: Attachment, at: datetime, version: str | None = None) -> Attachment:
    """Take the file away; for 30 days it can be brought back. Raises FileRemoved, StaleVersion."""
    locked = _lock(attachment)
    check_version(locked, version)
    if locked.removed_at is not None:
        raise FileRemoved
    locked.removed_at = at
    locked.save(update_fields=["removed_at", "updated_at"])
    _record("customers.file.removed", actor, locked, {"removed_at": (None, at)})
    return locked


@transaction.atomic
def restore_file(*, actor: Actor, attachment: Attachment, version: str | None = None) -> Attachment:
    """Bring a removed file back. Raises FileNotRemoved, StaleVersion."""
    locked = _lock(attachment)
    check_version(locked, version)
    if locked.removed_at is None:
        raise FileNotRemoved
    before, locked.removed_at = locked.removed_at, None
    locked.save(update_fields=["removed_at", "updated_at"])
    _record("customers.file.restored", actor, locked, {"removed_at": (before, None)})
    return locked


@transaction.atomic
def purge_files(*, actor: Actor, business: Business, at: datetime) -> int:
    """Delete for good what was removed more than 30 days ago; returns how many files."""
    due = list(
        Attachment.objects.select_for_update().filter(removed_at__lt=at - timedelta(days=KEPT_DAYS)).order_by("pk")
    )
    if not due:
        return 0
    Attachment.objects.filter(pk__in=[row.pk for row in due]).delete()
    activity.record(
        "customers.file.purged", actor=actor, business=business, subject=business, counts={"files": len(due)},
        payload={"files": [str(row.pk) for row in due]},
    )  # fmt: skip
    for row in due:
        transaction.on_commit(lambda stored=row.file: stored.storage.delete(stored.name))  # type: ignore[misc]
    return len(due)


def clear_lost_files(*, actor: Actor, at: datetime) -> int:
    """Delete the stored files that no row of any business names, as when a process died before it could commit; returns how many.

    A file of less than a day may belong to a row that isn't committed yet.
    """
    storage = Attachment._meta.get_field("file").storage
    young = at - integrity.NEW_FILE
    stored = [name for name in integrity.stored_files(f"{_FOLDER}/") if storage.get_modified_time(name) < young]
    lost = sorted(set(stored) - integrity.named_files()) if stored else []
    for name in lost:
        storage.delete(name)
    return len(lost)


def type_of(file: IO[bytes] | Any, name: str) -> str:
    """The type of the file, told from its content and agreeing with its ending. Raises FileRefused."""
    ending = PurePosixPath(name).suffix.lower().removeprefix(".")
    if ending not in TYPES:
        raise FileRefused(_("Files of this kind aren't taken. Taken are: %(endings)s.") % {"endings": ", ".join(TYPES)})
    file.seek(0)
    beginning = file.read(4096)
    file.seek(0)
    if ending in _TEXTS:
        is_so = _is_text(file, beginning) and (ending != "eml" or bool(_HEADER.match(beginning)))
    elif ending in ("docx", "xlsx", "pptx", "odt", "ods"):
        is_so = _is_document(file, ending)
    elif ending == "webp":
        is_so = beginning[:4] == b"RIFF" and beginning[8:12] == b"WEBP"
    else:
        is_so = beginning.startswith(_BEGINNINGS[ending])
    file.seek(0)
    if not is_so:
        raise FileRefused(
            _("The file isn't what its name says: its content is not that of a .%(ending)s file.") % {"ending": ending}
        )
    return TYPES[ending]


def _is_text(file: IO[bytes], beginning: bytes) -> bool:
    """Text in UTF-8 or in the signs of Windows, without control signs, that no browser would take for markup."""
    if _LOOKS_LIKE_MARKUP.match(beginning):
        return False
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return not any(_CONTROL.search(text) for text in _decoded(file, encoding))
        except UnicodeDecodeError:
            continue
    return False


def _decoded(file: IO[bytes], encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)()
    for chunk in _chunks(file):
        yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while chunk := file.read(1 << 20):
        yield chunk


def _is_document(file: IO[bytes], ending: str) -> bool:
    """A zip with the part that makes it a document and without programs; nothing in it is unpacked beyond the few bytes of its type."""
    if sum(chunk.count(_PART_OF_ZIP) for chunk in _chunks(file)) > _MOST_PARTS:
        return False
    try:
        with ZipFile(file) as archive:
            names = set(archive.namelist())
            if any(PurePosixPath(name).name.lower() == "vbaproject.bin" for name in names):
                return False
            if ending in _PARTS:
                return "[Content_Types].xml" in names and _PARTS[ending] in names
            info = archive.getinfo("mimetype")
            return info.file_size < 200 and archive.read(info).decode("ascii", "replace").strip() == TYPES[ending]
    except (BadZipFile, KeyError, ValueError, NotImplementedError, OSError, RuntimeError, EOFError, zlib.error):
        return False


def clean_name(name: str) -> str:
    """The name without folders, control signs and signs that turn the direction of writing. Raises FileRefused."""
    text = clean_text(name.replace("\\", "/").rpartition("/")[2]).strip(". ")
    stem, dot, ending = text.rpartition(".")
    if not stem or len(ending) > 20:
        raise FileRefused(_("The file needs a name with an ending, such as report.pdf."))
    return f"{stem[: 199 - len(ending)]}{dot}{ending}"


def clean_text(text: str) -> str:
    """The text on one line, without signs that nobody sees or that turn its direction."""
    seen = (
        c for c in unicodedata.normalize("NFC", " ".join(text.split())) if unicodedata.category(c) not in _UNSEEN_SIGNS
    )
    return " ".join("".join(seen).split())


def _lock(attachment: Attachment) -> Attachment:
    rows = Attachment.objects.select_for_update(of=("self",)).select_related("business")
    locked: Attachment | None = rows.filter(pk=attachment.pk).first()
    if locked is None:
        raise NotFound
    return locked


def _record(verb: str, actor: Actor, attachment: Attachment, changes: dict[str, Any]) -> None:
    activity.record(
        verb, actor=actor, business=attachment.business, subject=attachment, about=attachment.customer_id,
        changes=changes,
    )  # fmt: skip
