"""Endpoints of notes: all of them, those on one customer, one note."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework.response import Response

from crm import clock
from crm.access import saw
from crm.api.fields import Choice, Flag, Input, Text
from crm.api.lists import ListEndpoint, envelope, envelope_sample
from crm.api.representation import Representation, Shown
from crm.api.views import Doc, RecordEndpoint, tag_of
from crm.markdown import rendered
from crm.models import Business
from crm.paging import Sort
from customers import services
from customers.api.contact_fields import ContactId
from customers.api.ground import BelowCustomer, ShowsCustomers
from customers.api.inputs import CustomerId, NothingInput
from customers.choices import NoteType
from customers.filters import NoteFilterSet
from customers.models import Customer, Note, NoteMention
from customers.services.notes import MOST_CHARACTERS, NOTE_FIELDS

_MENTIONED = NoteMention.objects.filter(note=OuterRef("pk")).order_by("id").values("user")


@dataclass(frozen=True)
class Rendered(Shown):
    """Markdown as safe HTML."""

    def value(self, row: Mapping[str, Any], business: Business) -> Any:
        return str(rendered(row[self.path]))


NOTE = Representation(
    "Note",
    [
        Shown("id", "id", "id"),
        Shown("customer", "customer", "id", _("The customer that the note is on")),
        Shown("contact", "contact", "id", _("The contact that the note is about"), nullable=True),
        Shown("content", "content", "text", _("The text, in Markdown"), example="Wants the **yearly** plan. @riley please call."),
        Rendered(
            "html", "content", "text", _("The text as HTML that is safe to show"),
            example="<p>Wants the <strong>yearly</strong> plan. @riley please call.</p>\n",
        ),
        Shown("note_type", "note_type", "choice", _("Type"), choices=NoteType.choices),
        Shown("is_pinned", "is_pinned", "boolean", _("Pinned to the top"), example=False),
        Shown(
            "mentions", "mentioned", "ids", _("The members whom the text names and who may see the customer"),
            expression=ArraySubquery(_MENTIONED),
        ),
        Shown("author", "created_by", "user", _("The member who wrote it; null when a program did"), nullable=True),
        Shown("author_name", "created_label", "text", _("Who wrote it, in words"), example="Riley Moore"),
        Shown("edited_at", "edited_at", "datetime", _("When the text was last changed"), nullable=True),
        Shown("created_at", "created_at", "datetime", _("Written")),
        Shown("updated_at", "updated_at", "datetime", _("Changed")),
    ],
)  # fmt: skip
_ANSWER, _SAMPLE = NOTE.serializer(), NOTE.sample()
_BODY = {"content": _SAMPLE["content"], "note_type": "sales"}


class NoteInput(Input):
    """What may be entered of a note."""

    computed = frozenset(NOTE.shown) - frozenset(NOTE_FIELDS) - {"customer"}

    content = Text(
        max_length=MOST_CHARACTERS, help_text=_("Markdown; @ and the address or name of a member tells that member.")
    )
    note_type = Choice(choices=NoteType.choices, required=False)
    is_pinned = Flag(required=False)
    contact = ContactId(allow_null=True, required=False, help_text=_("Id of a contact of the company."))


class NewNoteInput(NoteInput):
    customer = CustomerId(help_text=_("Id of the customer."))


class NoteEndpoints(ShowsCustomers, ListEndpoint):
    """Lists of notes."""

    abstract = True
    tag = "Notes"
    representation = NOTE
    filterset_class = NoteFilterSet
    sorts = {"created_at": Sort("created_at", "created_at", descending_first=True)}
    default_sort = "-created_at"
    has_version = True
    permissions = {"GET": "customers.view", "POST": "customers.change"}

    def rows(self) -> QuerySet:
        return Note.objects.visible_to(self.actor).filter(removed_at__isnull=True)

    def needs(self) -> set[str]:
        return {"customer"}

    def shown(self, rows: Sequence[Mapping[str, Any]]) -> None:
        saw(self.request, [row["customer"] for row in rows])

    def made(self, customer: Customer, values: dict[str, Any]) -> Response:
        note = services.add_note(actor=self.actor, customer=customer, at=clock.now(), **values)
        row = NOTE.one(Note.objects.all(), note.pk)
        saw(self.request, [customer.pk])
        data = NOTE.of(row, self.business)
        headers = {"Location": reverse("api:note_detail", args=[note.pk]), "ETag": tag_of(row["updated_at"], data)}
        return Response(data, status=201, headers=headers)


class NoteList(NoteEndpoints):
    """The notes on all customers that the caller sees, and writing one."""

    docs = {
        "GET": Doc("list_notes", _("List and filter notes"), answer=envelope(NOTE), answer_example=envelope_sample(NOTE)),
        "POST": Doc(
            "create_note", _("Write a note"), answer=_ANSWER, body=NewNoteInput, status=201,
            body_example={"customer": _SAMPLE["customer"], **_BODY}, answer_example=_SAMPLE,
        ),
    }  # fmt: skip

    def post(self, request: Any) -> Response:
        self.refuse_parameters()
        values = self.body(NewNoteInput)
        return self.made(values.pop("customer"), values)


class CustomerNotes(BelowCustomer, NoteEndpoints):
    """The notes on one customer, and writing one."""

    docs = {
        "GET": Doc(
            "list_notes_of_customer", _("List the notes on a customer"), answer=envelope(NOTE), answer_example=envelope_sample(NOTE)
        ),
        "POST": Doc(
            "create_note_of_customer", _("Write a note on a customer"), answer=_ANSWER, body=NoteInput, status=201,
            body_example=_BODY, answer_example=_SAMPLE,
        ),
    }  # fmt: skip

    def rows(self) -> QuerySet:
        return super().rows().filter(customer=self.customer)

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        customer = self.customer
        self.refuse_parameters()
        return self.made(customer, self.body(NoteInput))


class NoteEndpoint(ShowsCustomers, RecordEndpoint):
    """One note on a customer that the caller sees."""

    abstract = True
    tag = "Notes"
    representation = NOTE
    has_version = True

    def rows(self) -> QuerySet:
        return Note.objects.visible_to(self.actor).filter(removed_at__isnull=True)

    def shown(self, row: dict[str, Any]) -> None:
        saw(self.request, [row["customer"]])


class NoteDetail(NoteEndpoint):
    permissions = {
        "GET": "customers.view", "PATCH": "customers.change", "PUT": "customers.change", "DELETE": "customers.change",
    }  # fmt: skip
    _text = _(
        "Only the fields in the body change; PUT and PATCH do the same. Text, type and contact are for the author and for those who "
        "hold customers.manage_notes; anybody else who may change customers may pin."
    )
    docs = {
        "GET": Doc("get_note", _("Get a note"), answer=_ANSWER, answer_example=_SAMPLE),
        "PATCH": Doc(
            "change_note", _("Change a note"), answer=_ANSWER, body=NoteInput, text=_text, body_example={"is_pinned": True},
            answer_example=_SAMPLE, problems=(409,),
        ),
        "PUT": Doc(
            "put_note", _("Change a note by PUT"), answer=_ANSWER, body=NoteInput, text=_text, body_example=_BODY,
            answer_example=_SAMPLE, problems=(409,),
        ),
        "DELETE": Doc(
            "remove_note", _("Remove a note"), status=204, text=_("It can be brought back by those who may remove it."), problems=(409,)
        ),
    }  # fmt: skip

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        return self.show()

    def patch(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        note, version = self.record, self.asked_version()
        values = self.body(NoteInput, partial=True)
        services.edit_note(actor=self.actor, note=note, at=clock.now(), version=version, **values)
        return self.show()

    put = patch

    def delete(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        note, version = self.record, self.asked_version()
        services.remove_note(actor=self.actor, note=note, at=clock.now(), version=version)
        return Response(status=204)


class NoteRestore(NoteEndpoint):
    permissions = {"POST": "customers.change"}
    docs = {
        "POST": Doc(
            "restore_note", _("Bring a removed note back"), answer=_ANSWER, body=NothingInput, answer_example=_SAMPLE, problems=(409,)
        )
    }  # fmt: skip

    def rows(self) -> QuerySet:
        return Note.objects.visible_to(self.actor)

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        note, version = self.record, self.asked_version()
        self.body(NothingInput)
        services.restore_note(actor=self.actor, note=note, version=version)
        return self.show()
