"""Endpoints of files kept with customers."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.response import Response

from crm import clock
from crm.access import saw
from crm.api.fields import Input, Text
from crm.api.lists import ListEndpoint, envelope, envelope_sample
from crm.api.parsers import FileParser
from crm.api.representation import Representation, Shown
from crm.api.views import Doc, RecordEndpoint, tag_of
from crm.downloads import download
from crm.paging import Sort
from customers import services
from customers.api.ground import BelowCustomer, ShowsCustomers
from customers.api.inputs import NothingInput
from customers.models import Attachment

FILE = Representation(
    "File",
    [
        Shown("id", "id", "id"),
        Shown("customer", "customer", "id", _("The customer that it is kept with")),
        Shown("note", "note", "id", _("The note that it came with"), nullable=True),
        Shown("file_name", "file_name", "text", _("Name"), example="contract.pdf"),
        Shown("content_type", "content_type", "text", _("Type, told from its content"), example="application/pdf"),
        Shown("size", "size", "number", _("Size in bytes"), example=48_213),
        Shown("sha256", "sha256", "text", _("SHA-256 of the content, in hexadecimal"), example="9f86d081884c7d65" * 4),
        Shown("description", "description", "text", _("What it is")),
        Shown("author", "created_by", "user", _("The member who added it; null when a program did"), nullable=True),
        Shown("author_name", "created_label", "text", _("Who added it, in words"), example="Riley Moore"),
        Shown("created_at", "created_at", "datetime", _("Added")),
        Shown("updated_at", "updated_at", "datetime", _("Changed")),
    ],
)  # fmt: skip
_ANSWER, _SAMPLE = FILE.serializer(), FILE.sample()


class FileInput(Input):
    file = serializers.FileField(
        allow_empty_file=True, max_length=1_000, help_text=_("A document, table, picture or text of at most 25 MB.")
    )
    description = Text(max_length=300, allow_blank=True, required=False)


class CustomerFiles(BelowCustomer, ListEndpoint):
    """The files kept with one customer, and adding one."""

    tag = "Files"
    representation = FILE
    sorts = {"created_at": Sort("created_at", "created_at", descending_first=True)}
    default_sort = "-created_at"
    has_version = True
    parser_classes = (FileParser,)
    permissions = {"GET": "customers.view", "POST": "customers.change"}
    docs = {
        "GET": Doc("list_files", _("List the files of a customer"), answer=envelope(FILE), answer_example=envelope_sample(FILE)),
        "POST": Doc(
            "attach_file", _("Keep a file with a customer"), answer=_ANSWER, body=FileInput, status=201,
            body_example={"file": "Terms as agreed on 3 May.\n", "description": "Notes of the call"}, answer_example=_SAMPLE,
            text=_("What the file holds must fit the ending of its name."),
        ),
    }  # fmt: skip

    def _check_content_type(self, request: Any) -> None:
        """A customer that isn't there is said before a kind of body that isn't taken."""
        if request.method == "POST":
            self.customer.pk  # noqa: B018 - raises NotFound
        super()._check_content_type(request)

    def rows(self) -> QuerySet:
        return Attachment.objects.filter(customer=self.customer, removed_at__isnull=True)

    def needs(self) -> set[str]:
        return {"customer"}

    def shown(self, rows: Sequence[Mapping[str, Any]]) -> None:
        saw(self.request, [row["customer"] for row in rows])

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        customer = self.customer
        self.refuse_parameters()
        kept = services.attach_file(actor=self.actor, customer=customer, at=clock.now(), **self.body(FileInput))
        row = FILE.one(Attachment.objects.all(), kept.pk)
        saw(request, [customer.pk])
        data = FILE.of(row, self.business)
        headers = {"Location": reverse("api:file_detail", args=[kept.pk]), "ETag": tag_of(row["updated_at"], data)}
        return Response(data, status=201, headers=headers)


class FileEndpoint(ShowsCustomers, RecordEndpoint):
    """One file of a customer that the caller sees."""

    abstract = True
    tag = "Files"
    representation = FILE
    has_version = True

    def rows(self) -> QuerySet:
        return Attachment.objects.visible_to(self.actor).filter(removed_at__isnull=True)

    def shown(self, row: dict[str, Any]) -> None:
        saw(self.request, [row["customer"]])


class FileDetail(FileEndpoint):
    permissions = {"GET": "customers.view", "DELETE": "customers.change"}
    docs = {
        "GET": Doc("get_file", _("Get what is known of a file"), answer=_ANSWER, answer_example=_SAMPLE),
        "DELETE": Doc(
            "remove_file", _("Remove a file"), status=204, text=_("For 30 days it can be brought back; then it is deleted for good.")
        ),
    }  # fmt: skip

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        return self.show()

    def delete(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        file, version = self.record, self.asked_version()
        services.remove_file(actor=self.actor, attachment=file, at=clock.now(), version=version)
        return Response(status=204)


class FileContent(FileEndpoint):
    has_version = False
    permissions = {"GET": "customers.view"}
    docs = {
        "GET": Doc("get_file_content", _("Download a file"), answer=OpenApiTypes.BINARY, media="*/*", text=_("As it was handed in."))
    }  # fmt: skip

    def get(self, request: Any, *args: Any, **kwargs: Any) -> StreamingHttpResponse:
        self.refuse_parameters()
        file = self.record
        saw(request, [file.customer_id])
        return download(file.file, name=file.file_name, content_type=file.content_type)


class FileRestore(FileEndpoint):
    permissions = {"POST": "customers.change"}
    docs = {
        "POST": Doc(
            "restore_file", _("Bring a removed file back"), answer=_ANSWER, body=NothingInput, answer_example=_SAMPLE, problems=(409,)
        )
    }  # fmt: skip

    def rows(self) -> QuerySet:
        return Attachment.objects.visible_to(self.actor)

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        file, version = self.record, self.asked_version()
        self.body(NothingInput)
        services.restore_file(actor=self.actor, attachment=file, version=version)
        return self.show()
