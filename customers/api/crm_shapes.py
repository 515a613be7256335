"""How customers of a shop, their tags and notes are shown under /api/crm, and the bodies there."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from crm import clock
from crm.api.fields import Choice, Day, Email, Flag, Id, Input, Text
from customers.api.compat import as_moment, as_number
from customers.api.consents import Evidence
from customers.choices import Channel, NoteType
from customers.models import CommunicationPreference, Customer, CustomerTag, Note, Tag
from customers.queries.preferences import FLAGS, flag_label
from customers.queries.projections import CUSTOMER_STATUS, RELATIONSHIP, read, standing_of, words_of
from customers.services.notes import MOST_CHARACTERS

_STATUSES = [(word, word) for word in words_of(CUSTOMER_STATUS)]
_RELATIONSHIPS = [(word, word) for word in words_of(RELATIONSHIP)]
VOCABULARIES = {"customer_status": CUSTOMER_STATUS, "lifecycle_stage": RELATIONSHIP}
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


class CrmFlags(serializers.Serializer):
    """What the customer wants to be sent, each on or off."""

    email_marketing = serializers.BooleanField(help_text=flag_label("email_marketing"))
    sms_marketing = serializers.BooleanField(help_text=flag_label("sms_marketing"))
    push_notifications = serializers.BooleanField(help_text=flag_label("push_notifications"))
    promotional_offers = serializers.BooleanField(help_text=flag_label("promotional_offers"))
    newsletter_subscription = serializers.BooleanField(help_text=flag_label("newsletter_subscription"))
    loyalty_updates = serializers.BooleanField(help_text=flag_label("loyalty_updates"))
    survey_invitations = serializers.BooleanField(help_text=flag_label("survey_invitations"))
    transaction_receipts = serializers.BooleanField(help_text=flag_label("transaction_receipts"))


class CrmCustomer(serializers.Serializer):
    id = serializers.UUIDField()
    user_id = serializers.UUIDField(allow_null=True, help_text=_("Null: customers don't sign in here."))
    name = serializers.CharField()
    email = serializers.CharField()
    phone = serializers.CharField()
    customer_status = serializers.ChoiceField(choices=_STATUSES)
    lifecycle_stage = serializers.ChoiceField(choices=_RELATIONSHIPS)
    customer_value = serializers.FloatField(help_text=_("What the customer has spent, less refunds."))
    lifetime_value = serializers.FloatField(
        help_text=_("The lifetime value that the business has chosen: orders less refunds, deals won or invoices paid.")
    )
    total_orders = serializers.IntegerField()
    average_order_value = serializers.FloatField()
    last_order_date = serializers.DateTimeField(allow_null=True)
    acquisition_date = serializers.DateField()
    acquisition_source = serializers.CharField(allow_null=True)
    preferred_contact_method = serializers.ChoiceField(choices=Channel.choices)
    communication_preferences = CrmFlags()
    tags = CrmTag(many=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class CrmNote(serializers.Serializer):
    id = serializers.UUIDField()
    customer_id = serializers.UUIDField()
    content = serializers.CharField()
    note_type = serializers.ChoiceField(choices=NoteType.choices)
    created_by = serializers.UUIDField(allow_null=True, help_text=_("Null when a program wrote it."))
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class CrmProfile(CrmCustomer):
    segments = serializers.ListField(
        child=serializers.DictField(),
        help_text=_("The segments that the customer is in: empty as long as there are none here."),
    )
    notes = CrmNote(many=True, help_text=_("The latest hundred; all stand at /api/v1/customers/{id}/notes."))
    interactions = serializers.ListField(
        child=serializers.DictField(), help_text=_("Calls, meetings and messages: empty as long as none are kept here.")
    )


NOTE = {
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
ITEM: dict[str, Any] = {
    "id": _ID, "user_id": None, "name": "Jordan Smith", "email": "jordan@example.com", "phone": "", "customer_status": "active",
    "lifecycle_stage": "loyal", "customer_value": 1234.5, "lifetime_value": 1234.5, "total_orders": 6, "average_order_value": 205.75,
    "last_order_date": "2026-01-31T14:05:00Z", "acquisition_date": "2025-03-01", "acquisition_source": "web",
    "preferred_contact_method": "email", "tags": [_TAG],
    "communication_preferences": {name: name == "transaction_receipts" for name in FLAGS},
    "created_at": "2025-03-01T09:00:00Z", "updated_at": "2026-01-31T14:05:00Z",
}  # fmt: skip
SAMPLE = {**ITEM, "segments": [], "notes": [NOTE], "interactions": []}


class CrmFlagsInput(Input):
    """What the customer wants to be sent; what is left out stays as it is."""

    email_marketing = Flag(required=False)
    sms_marketing = Flag(required=False)
    push_notifications = Flag(required=False)
    promotional_offers = Flag(required=False)
    newsletter_subscription = Flag(required=False)
    loyalty_updates = Flag(required=False)
    survey_invitations = Flag(required=False)
    transaction_receipts = Flag(required=False)


class CrmCustomerInput(Evidence):
    """What may be entered of a customer here; for what is turned on of the preferences, the evidence of consent."""

    computed = frozenset(SAMPLE) - {
        "name", "email", "phone", "customer_status", "lifecycle_stage", "acquisition_date", "acquisition_source",
        "preferred_contact_method", "communication_preferences",
    }  # fmt: skip

    name = Text(max_length=200, required=False)
    email = Email(max_length=254, allow_blank=True, required=False)
    phone = Text(max_length=50, allow_blank=True, required=False)
    customer_status = Choice(choices=_STATUSES, required=False)
    lifecycle_stage = Choice(choices=_RELATIONSHIPS, required=False)
    status_reason = Text(
        max_length=500, allow_blank=True, required=False, help_text=_("Needed when a customer who had churned is back.")
    )
    acquisition_date = Day(allow_null=True, required=False)
    acquisition_source = Text(max_length=80, allow_blank=True, allow_null=True, required=False)
    preferred_contact_method = Choice(choices=Channel.choices, required=False)
    communication_preferences = CrmFlagsInput(required=False)


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


def note_of(note: Note) -> dict[str, Any]:
    return {
        "id": note.pk, "customer_id": note.customer_id, "content": note.content, "note_type": note.note_type,
        "created_by": note.created_by_id, "created_at": as_moment(note.created_at), "updated_at": as_moment(note.updated_at),
    }  # fmt: skip


def item_of(
    customer: Customer, bounds: Any, tags: list[dict[str, Any]], preference: CommunicationPreference
) -> dict[str, Any]:
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
        "lifetime_value": as_number(facts.lifetime_value),
        "total_orders": facts.order_count,
        "average_order_value": as_number(facts.average_order_value) or 0.0,
        "last_order_date": as_moment(facts.last_order_at),
        "acquisition_date": customer.acquired_on or clock.today("UTC", customer.created_at),
        "acquisition_source": customer.acquisition_source or None,
        "preferred_contact_method": preference.preferred_channel,
        "communication_preferences": {name: getattr(preference, name) for name in FLAGS},
        "tags": tags,
        "created_at": as_moment(customer.created_at),
        "updated_at": as_moment(customer.updated_at),
    }
