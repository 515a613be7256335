"""Handing out stored files: to be saved, never to be shown by the browser as a page of ours, and kept by no cache."""

from collections.abc import Iterator

from django.db.models.fields.files import FieldFile
from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from crm.errors import NotFound


def download(stored: FieldFile, *, name: str, content_type: str) -> StreamingHttpResponse:
    """The stored file under `name`. Raises NotFound when it is lost."""
    try:
        size = stored.size
    except FileNotFoundError as error:
        raise NotFound(_("This file is lost. Please tell those who operate the installation.")) from error
    headers = {
        "Content-Length": str(size),
        "Content-Disposition": content_disposition_header(True, name) or "attachment",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
    return StreamingHttpResponse(_chunks(stored), content_type=content_type, headers=headers)


def _chunks(stored: FieldFile) -> Iterator[bytes]:
    """The file piece by piece; it is opened with the first."""
    with stored.open("rb") as opened:
        yield from opened.chunks()
