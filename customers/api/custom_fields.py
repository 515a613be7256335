"""Endpoints of the fields that a business defines itself."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.response import Response

from crm import clock
from crm.api.fields import Choice, Flag, Input, Text, Whole
from crm.api.lists import ListEndpoint, envelope, envelope_sample
from crm.api.representation import Representation, Shown
from crm.api.views import Doc, RecordEndpoint, tag_of
from crm.filters import StrictFilterSet
from crm.paging import Sort
from customers import services
from customers.api.inputs import NothingInput
from customers.choices import FieldType, Kind
from customers.models import CustomField
from customers.services.field_definitions import DEFINED, MOST_CHOICES

_KINDS = [("", _("All customers")), *Kind.choices]
FIELD = Representation(
    "CustomField",
    [
        Shown("id", "id", "id"),
        Shown("key", "key", "text", _("Its name in values, addresses and files"), example="plan"),
        Shown("label", "label", "text", _("Label"), example="Plan"),
        Shown("type", "type", "choice", _("Type"), choices=FieldType.choices, example="choice"),
        Shown("choices", "choices", "texts", _("Choices, in their order"), example=["Free", "Pro"]),
        Shown("help_text", "help_text", "text", _("Help text")),
        Shown("kind", "kind", "choice", _("Of whom it is asked"), choices=_KINDS, example=""),
        Shown("is_required", "is_required", "boolean", _("Whether a value is needed"), example=False),
        Shown("is_unique", "is_unique", "boolean", _("Whether a value stands at one customer only"), example=False),
        Shown("in_form", "in_form", "boolean", _("On the form")),
        Shown("on_profile", "on_profile", "boolean", _("On the profile")),
        Shown("in_list", "in_list", "boolean", _("A column of the list by default"), example=False),
        Shown("order", "order", "number", _("Order"), example=100),
        Shown("archived_at", "archived_at", "datetime", _("Archived"), nullable=True),
        Shown("created_at", "created_at", "datetime", _("Added")),
        Shown("updated_at", "updated_at", "datetime", _("Changed")),
    ],
)
_ANSWER, _SAMPLE = FIELD.serializer(), FIELD.sample() | {"archived_at": None}


class CustomFieldInput(Input):
    """What may be changed of a custom field."""

    computed = frozenset(FIELD.shown) - {"key", *DEFINED}

    label = Text(max_length=80)  # type: ignore[assignment]  # a field of the body
    type = Choice(choices=FieldType.choices, help_text=_("It can't be changed once customers have a value."))
    choices = serializers.ListField(
        child=Text(max_length=80), max_length=MOST_CHOICES, required=False, help_text=_("Of types choice and choices.")
    )
    help_text = Text(max_length=200, allow_blank=True, required=False)  # type: ignore[assignment]  # a field of the body
    kind = Choice(choices=Kind.choices, allow_blank=True, required=False, help_text=_("Of all customers when empty."))
    is_required = Flag(required=False)
    is_unique = Flag(required=False, help_text=_("Of types text, number, date, url and email."))
    in_form = Flag(required=False)
    on_profile = Flag(required=False)
    in_list = Flag(required=False)
    order = Whole(min_value=0, max_value=9999, required=False)
    even_so = Flag(
        required=False,
        help_text=_("Require a value that customers lack; take away choices that customers have made."),
    )


class NewCustomFieldInput(CustomFieldInput):
    key = serializers.RegexField(
        r"^[a-z][a-z0-9_]*$", max_length=40, help_text=_("Lower-case letters, digits and _; a letter first.")
    )


class CustomFieldFilterSet(StrictFilterSet):
    """The filters of custom fields."""

    archived = django_filters.ChoiceFilter(
        label=_("Archived"), choices=[("true", _("yes")), ("false", _("no"))], method="_archived"
    )

    def _archived(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        return rows.filter(archived_at__isnull=value == "false")

    class Meta:
        model = CustomField
        fields: list[str] = []


class CustomFieldList(ListEndpoint):
    """Custom fields in their order, archived ones included, and defining one."""

    tag = "Custom fields"
    representation = FIELD
    filterset_class = CustomFieldFilterSet
    sorts = {"order": Sort("order", "order"), "key": Sort("key", "key")}
    default_sort = "order"
    has_version = True
    permissions = {"GET": "customers.view", "POST": "customers.manage_fields"}
    docs = {
        "GET": Doc(
            "list_custom_fields", _("List custom fields"), answer=envelope(FIELD), answer_example=envelope_sample(FIELD)
        ),
        "POST": Doc(
            "create_custom_field",
            _("Define a custom field"),
            answer=_ANSWER,
            body=NewCustomFieldInput,
            status=201,
            body_example={"key": "plan", "label": "Plan", "type": "choice", "choices": ["Free", "Pro"]},
            answer_example=_SAMPLE,
        ),
    }

    def rows(self) -> QuerySet:
        return CustomField.objects.all()

    def post(self, request: Any) -> Response:
        self.refuse_parameters()
        values = self.body(NewCustomFieldInput)
        field = services.create_custom_field(actor=self.actor, business=self.business, **values)
        row = FIELD.one(CustomField.objects.all(), field.pk)
        data = FIELD.of(row, self.business)
        headers = {
            "Location": reverse("api:custom_field_detail", args=[field.pk]),
            "ETag": tag_of(row["updated_at"], data),
        }
        return Response(data, status=201, headers=headers)


class CustomFieldEndpoint(RecordEndpoint):
    """One custom field."""

    abstract = True
    tag = "Custom fields"
    representation = FIELD
    has_version = True

    def rows(self) -> QuerySet:
        return CustomField.objects.select_related("business")


class CustomFieldDetail(CustomFieldEndpoint):
    permissions = {"GET": "customers.view", "PATCH": "customers.manage_fields"}
    docs = {
        "GET": Doc("get_custom_field", _("Get a custom field"), answer=_ANSWER, answer_example=_SAMPLE),
        "PATCH": Doc(
            "change_custom_field",
            _("Change a custom field"),
            answer=_ANSWER,
            body=CustomFieldInput,
            body_example={"label": "Subscription"},
            answer_example=_SAMPLE,
            text=_("What stored values say against it is refused in numbers; even_so overrules what can be overruled."),
        ),
    }

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        return self.show()

    def patch(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        field, version = self.record, self.asked_version()
        values = self.body(CustomFieldInput, partial=True)
        services.update_custom_field(actor=self.actor, field=field, version=version, **values)
        return self.show()


class CustomFieldArchive(CustomFieldEndpoint):
    permissions = {"POST": "customers.manage_fields"}
    docs = {
        "POST": Doc(
            "archive_custom_field",
            _("Archive a custom field"),
            answer=_ANSWER,
            body=NothingInput,
            answer_example=_SAMPLE,
            text=_("It is no longer asked for, shown or filtered; its values stay stored."),
        )
    }

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        field, version = self.record, self.asked_version()
        self.body(NothingInput)
        services.archive_custom_field(actor=self.actor, field=field, at=clock.now(), version=version)
        return self.show()


class CustomFieldRestore(CustomFieldEndpoint):
    permissions = {"POST": "customers.manage_fields"}
    docs = {
        "POST": Doc(
            "restore_custom_field",
            _("Bring an archived custom field back"),
            answer=_ANSWER,
            body=NothingInput,
            answer_example=_SAMPLE,
        )
    }

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        field, version = self.record, self.asked_version()
        self.body(NothingInput)
        services.restore_custom_field(actor=self.actor, field=field, version=version)
        return self.show()
