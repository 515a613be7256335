"""Endpoints of imports: hand in a file, follow it, read its faults."""

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.response import Response

from crm.api.lists import ListEndpoint, envelope, envelope_sample
from crm.api.parsers import FileParser
from crm.api.representation import Representation
from crm.api.views import Doc, RecordEndpoint
from crm.paging import Sort
from customers import services
from customers.api.inputs import ImportInput
from customers.api.representation import IMPORT
from customers.models import ImportJob, ImportRow

SHOWN_FAULTS = 200


class Fault(serializers.Serializer):
    line = serializers.IntegerField()
    column = serializers.CharField()
    value = serializers.CharField()
    reason = serializers.CharField()


_FAULT = {"line": 7, "column": "email", "value": "jordan@", "reason": "Not an e-mail address."}
_FAULTS = serializers.ListField(child=Fault(), help_text=_("The first 200 faulty rows."))


class ImportList(ListEndpoint):
    """Imports, and starting one."""

    tag = "Imports"
    representation: Representation = IMPORT
    sorts = {"created_at": Sort("created_at", "created_at", descending_first=True)}
    default_sort = "-created_at"
    parser_classes = (FileParser,)
    limited_as = {"POST": "heavy"}
    permissions = {"GET": "customers.view_imports", "POST": "customers.import"}
    docs = {
        "GET": Doc("list_imports", _("List imports"), answer=envelope(IMPORT), answer_example=envelope_sample(IMPORT)),
        "POST": Doc(
            "start_import",
            _("Import a file"),
            answer=IMPORT.serializer(),
            body=ImportInput,
            status=202,
            answer_example=IMPORT.sample(),
            body_example={"file": "first_name,last_name,email\nJordan,Smith,jordan@example.com\n"},
            text=_("The import runs in the background; Location leads to it. Either all rows are taken or none."),
        ),
    }

    def rows(self) -> QuerySet:
        return ImportJob.objects.visible_to(self.actor)

    def post(self, request: Any) -> Response:
        self.refuse_parameters()
        values = self.body(ImportInput)
        user = request.user if request.user.is_authenticated else None
        record = services.start_import(actor=self.actor, business=self.business, requested_by=user, **values)
        row = IMPORT.one(ImportJob.objects.all(), record.pk)
        return Response(
            IMPORT.of(row, self.business),
            status=202,
            headers={"Location": reverse("api:import_detail", args=[record.pk])},
        )


class ImportDetail(RecordEndpoint):
    """One import with its faults."""

    tag = "Imports"
    representation = IMPORT
    permissions = {"GET": "customers.view_imports"}
    docs = {
        "GET": Doc(
            "get_import",
            _("Follow an import"),
            answer_example={**IMPORT.sample(), "faults": [_FAULT]},
            answer=type("ImportWithFaults", (IMPORT.serializer(),), {"faults": _FAULTS}),
        )
    }

    def rows(self) -> QuerySet:
        return ImportJob.objects.visible_to(self.actor)

    def details(self, row: dict[str, Any]) -> dict[str, Any]:
        faults = ImportRow.objects.filter(import_job=row["id"]).order_by("line", "id")
        return {"faults": list(faults.values("line", "column", "value", "reason")[:SHOWN_FAULTS])}

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        return self.show()
