"""/api/crm/customers: customers as a shop's administration calls them."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.response import Response

from crm import clock
from crm.access import saw
from crm.api.fields import Choice, Day, Email, Id, Input, Text
from crm.api.views import Doc, tag_of
from crm.errors import InvalidInput, NotFound
from crm.filters import bad_parameters
from customers import services
from customers.api.compat import (
    CompatList,
    CompatRecord,
    as_moment,
    as_number,
    asked_word,
    list_parameters,
    plain_envelope,
    plain_envelope_sample,
    renamed,
    word_parameter,
)
from customers.choices import NoteType
from customers.models import Customer, CustomerTag, Tag
from customers.queries.preferences import FLAGS, preference_of
from customers.queries.projections import CUSTOMER_STATUS, RELATIONSHIP, called, read, standing_of, words_of
from customers.services.notes import MOST_CHARACTERS

_STATUSES = [(word, word) for word in words_of(CUSTOMER_STATUS)]
_RELATIONSHIPS = [(word, word) for word in words_of(RELATIONSHIP)]
_VOCABULARIES = {"customer_status": CUSTOMER_STATUS, "lifecycle_stage": RELATIONSHIP}
_ID = "01980a3e-5c1b-7e0a-9d3f-2b6f1c4d8e90"
MOST_LETTERS = Tag._meta.get_field("name").max_length or 0
"""Of the name of a tag."""


class CrmTag(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    color = serializers.CharField()
    description = serializers.CharField()
    created_by = serializers.UUIDField(allow_null=True)
    created_at = serializers.DateTimeField()


class CrmCustomer(serializers.Serializer):
    id = serializers.UUIDField()
    user_id = serializers.UUIDField(allow_null=True, help_text=_("Null: customers don't sign in here."))
    name = serializers.CharField()
    email = serializers.CharField()
    phone = serializers.CharField()
    customer_status = serializers.ChoiceField(choices=_STATUSES)
    lifecycle_stage = serializers.ChoiceField(choices=_RELATIONSHIPS)
    customer_value = serializers.FloatField(help_text=_("What the customer has spent, less refunds."))
    lifetime_value = serializers.FloatField(help_text=_("What the customer has spent, less refunds."))
    total_orders = serializers.IntegerField()
    average_order_value = serializers.FloatField()
    last_order_date = serializers.DateTimeField(allow_null=True)
    acquisition_date = serializers.DateField()
    acquisition_source = serializers.CharField(allow_null=True)
    tags = CrmTag(many=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class CrmProfile(CrmCustomer):
    preferred_contact_method = serializers.CharField()
    communication_preferences = serializers.DictField(child=serializers.BooleanField())


class CrmNote(serializers.Serializer):
    id = serializers.UUIDField()
    customer_id = serializers.UUIDField()
    content = serializers.CharField()
    note_type = serializers.ChoiceField(choices=NoteType.choices)
    created_by = serializers.UUIDField(allow_null=True, help_text=_("Null when a program wrote it."))
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


_NOTE = {
    "id": _ID, "customer_id": _ID, "content": "Asked for the yearly plan.", "note_type": "sales", "created_by": None,
    "created_at": "2026-01-31T14:05:00Z", "updated_at": "2026-01-31T14:05:00Z",
}  # fmt: skip
_TAG = {
    "id": _ID,
    "name": "VIP",
    "color": "#64748b",
    "description": "",
    "created_by": None,
    "created_at": "2026-01-31T14:05:00Z",
}
_ITEM: dict[str, Any] = {
    "id": _ID, "user_id": None, "name": "Jordan Smith", "email": "jordan@example.com", "phone": "", "customer_status": "active",
    "lifecycle_stage": "loyal", "customer_value": 1234.5, "lifetime_value": 1234.5, "total_orders": 6, "average_order_value": 205.75,
    "last_order_date": "2026-01-31T14:05:00Z", "acquisition_date": "2025-03-01", "acquisition_source": "web", "tags": [_TAG],
    "created_at": "2025-03-01T09:00:00Z", "updated_at": "2026-01-31T14:05:00Z",
}  # fmt: skip
_SAMPLE = {**_ITEM, "preferred_contact_method": "email", "communication_preferences": {"email_marketing": True}}


class CrmCustomerInput(Input):
    """What may be entered of a customer here."""

    computed = frozenset(_SAMPLE) - {
        "name", "email", "phone", "customer_status", "lifecycle_stage", "acquisition_date", "acquisition_source",
    }  # fmt: skip

    name = Text(max_length=200, required=False)
    email = Email(max_length=254, allow_blank=True, required=False)
    phone = Text(max_length=40, allow_blank=True, required=False)
    customer_status = Choice(choices=_STATUSES, required=False)
    lifecycle_stage = Choice(choices=_RELATIONSHIPS, required=False)
    status_reason = Text(
        max_length=500, allow_blank=True, required=False, help_text=_("Needed when a customer who had churned is back.")
    )
    acquisition_date = Day(allow_null=True, required=False)
    acquisition_source = Text(max_length=80, allow_blank=True, allow_null=True, required=False)


class CrmTagInput(Input):
    """The tags to put on: by their ids or by their names."""

    tags = serializers.ListField(
        child=Text(max_length=60), min_length=1, max_length=50, required=False, help_text=_("Names; new ones are made.")
    )
    tag_ids = serializers.ListField(child=Id(), min_length=1, max_length=50, required=False, help_text=_("Ids."))


class CrmNoteInput(Input):
    """What may be entered of a note."""

    content = Text(max_length=MOST_CHARACTERS, help_text=_("Markdown."))
    note_type = Choice(choices=NoteType.choices, required=False)


def tags_by_customer(ids: Iterable[Any]) -> dict[Any, list[dict[str, Any]]]:
    """The tags of the customers, by name (one query)."""
    found: dict[Any, list[dict[str, Any]]] = {}
    for link in CustomerTag.objects.filter(customer__in=list(ids)).select_related("tag").order_by("tag__name"):
        found.setdefault(link.customer_id, []).append(_tag(link.tag))
    return found


def _tag(tag: Tag) -> dict[str, Any]:
    return {
        "id": tag.pk, "name": tag.name, "color": tag.color, "description": tag.description, "created_by": tag.created_by_id,
        "created_at": as_moment(tag.created_at),
    }  # fmt: skip


def _item(customer: Customer, bounds: Any, tags: list[dict[str, Any]]) -> dict[str, Any]:
    standing, facts = standing_of(customer), customer.facts
    return {
        "id": customer.pk,
        "user_id": None,
        "name": customer.display_name,
        "email": customer.email,
        "phone": customer.phone,
        "customer_status": read(CUSTOMER_STATUS, standing, bounds),
        "lifecycle_stage": read(RELATIONSHIP, standing, bounds),
        "customer_value": as_number(facts.total_spent),
        "lifetime_value": as_number(facts.total_spent),
        "total_orders": facts.order_count,
        "average_order_value": as_number(facts.average_order_value) or 0.0,
        "last_order_date": as_moment(facts.last_order_at),
        "acquisition_date": customer.acquired_on or clock.today("UTC", customer.created_at),
        "acquisition_source": customer.acquisition_source or None,
        "tags": tags,
        "created_at": as_moment(customer.created_at),
        "updated_at": as_moment(customer.updated_at),
    }


class CrmCustomerList(CompatList):
    """Customers of a shop."""

    permissions = {"GET": "customers.view"}
    docs = {
        "GET": Doc(
            "list_crm_customers",
            _("List customers of a shop"),
            answer=plain_envelope("CrmCustomerPage", CrmCustomer),
            answer_example=plain_envelope_sample(_ITEM),
            parameters=list_parameters(
                customer_status=(_("Customers of this status."), word_parameter(CUSTOMER_STATUS)),
                lifecycle_stage=(_("Customers in this stage of the relationship."), word_parameter(RELATIONSHIP)),
                tag=(
                    _("Customers with the tag of this name."),
                    {"type": "string", "minLength": 1, "maxLength": MOST_LETTERS},
                ),
            ),
        )
    }

    def narrowed(self, rows: QuerySet, asked: dict[str, str]) -> QuerySet:
        for name, vocabulary in _VOCABULARIES.items():
            if word := asked_word(asked, name, vocabulary):
                rows = called(rows, vocabulary, word, self.bounds)
        if "tag" in asked:
            if len(asked["tag"]) > MOST_LETTERS:
                raise bad_parameters({"tag": [_t("Give at most %(number)d characters.") % {"number": MOST_LETTERS}]})
            rows = rows.filter(tag_links__tag__name__iexact=asked["tag"].strip())
        return rows

    def items(self, rows: Iterable[Customer]) -> list[dict[str, Any]]:
        shown = list(rows)
        tags = tags_by_customer(row.pk for row in shown)
        return [_item(row, self.bounds, tags.get(row.pk, [])) for row in shown]


class CrmCustomerEndpoint(CompatRecord):
    """One customer of a shop."""

    abstract = True

    def rows(self) -> QuerySet:
        return super().rows().filter(is_unidentified=False)

    def detail(self, customer: Customer) -> dict[str, Any]:
        preference = preference_of(customer)
        return {
            **_item(customer, self.bounds, tags_by_customer([customer.pk]).get(customer.pk, [])),
            "preferred_contact_method": preference.preferred_channel,
            "communication_preferences": {name: getattr(preference, name) for name in FLAGS},
        }


class CrmCustomerDetail(CrmCustomerEndpoint):
    permissions = {"GET": "customers.view", "PUT": "customers.change"}
    docs = {
        "GET": Doc("get_crm_customer", _("Get a customer of a shop"), answer=CrmProfile, answer_example=_SAMPLE),
        "PUT": Doc(
            "put_crm_customer",
            _("Change a customer of a shop"),
            answer=CrmProfile,
            body=CrmCustomerInput,
            body_example={"customer_status": "churned", "phone": "+44 20 7946 0018"},
            answer_example=_SAMPLE,
            text=_(
                "Only the fields in the body change. A status or stage that is there already changes nothing; lead, loyal and inactive "
                "follow from orders and the archive, and can't be set."
            ),
        ),
    }

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        return self.show()

    def put(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        customer, version = self.record, self.asked_version()
        values = self.body(CrmCustomerInput, partial=True)
        reason = values.pop("status_reason", "")
        field = "customer_status" if "customer_status" in values else "lifecycle_stage"
        stage = self.stage_for(customer, values, _VOCABULARIES)
        names = {"name": "display_name", "acquisition_date": "acquired_on"}
        data = {names.get(name, name): value for name, value in values.items()}
        if data.get("acquisition_source", "") is None:
            data["acquisition_source"] = ""
        inward = {own: given for given, own in names.items()}
        with renamed({**inward, "stage": field, "reason": "status_reason"}):
            services.update_and_enter(
                actor=self.actor, customer=customer, at=clock.now(), version=version, stage=stage, reason=reason, **data
            )
        return self.show(Customer.objects.select_related("facts", "business"))


class CrmCustomerTags(CrmCustomerEndpoint):
    permissions = {"POST": "customers.change"}
    docs = {
        "POST": Doc(
            "tag_crm_customer",
            _("Put tags on a customer of a shop"),
            answer=CrmProfile,
            body=CrmTagInput,
            body_example={"tags": ["VIP"]},
            answer_example=_SAMPLE,
        )
    }

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        customer = self.record
        values = self.body(CrmTagInput)
        if not values:
            raise InvalidInput({"tags": [str(_("Name at least one tag."))]})
        ids = values.get("tag_ids", [])
        known = list(Tag.objects.filter(pk__in=ids))
        if len(known) < len(set(ids)):
            raise InvalidInput({"tag_ids": [str(_("There is no such tag in this business."))]})
        services.tag_with_all(actor=self.actor, customer=customer, tags=[*known, *values.get("tags", [])])
        return self.show()


class CrmCustomerNotes(CrmCustomerEndpoint):
    permissions = {"POST": "customers.change"}
    docs = {
        "POST": Doc(
            "create_crm_note",
            _("Write a note on a customer of a shop"),
            answer=CrmNote,
            body=CrmNoteInput,
            status=201,
            body_example={"content": "Asked for the yearly plan.", "note_type": "sales"},
            answer_example=_NOTE,
        )
    }

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        customer = self.record
        note = services.add_note(actor=self.actor, customer=customer, at=clock.now(), **self.body(CrmNoteInput))
        saw(request, [customer.pk])
        data = {
            "id": note.pk, "customer_id": customer.pk, "content": note.content, "note_type": note.note_type,
            "created_by": note.created_by_id, "created_at": as_moment(note.created_at), "updated_at": as_moment(note.updated_at),
        }  # fmt: skip
        headers = {"Location": reverse("api:note_detail", args=[note.pk]), "ETag": tag_of(note.updated_at, data)}
        return Response(data, status=201, headers=headers)


class CrmCustomerTag(CrmCustomerEndpoint):
    permissions = {"DELETE": "customers.change"}
    docs = {
        "DELETE": Doc(
            "untag_crm_customer",
            _("Take a tag from a customer of a shop"),
            status=204,
            text=_("Taking away a tag that the customer doesn't have changes nothing."),
        )
    }

    def delete(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        customer = self.record
        tag = Tag.objects.filter(pk=self.kwargs["tag"]).first()
        if tag is None:
            raise NotFound
        services.untag_customer(actor=self.actor, customer=customer, tag=tag)
        saw(request, [customer.pk])
        return Response(status=204)
