"""The endpoint of a customer's history."""

from datetime import UTC
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.response import Response

from crm.access import saw
from crm.api.lists import LIMIT, MAX_LIMIT, refuse_unclear, whole
from crm.api.views import Doc
from crm.filters import bad_parameters
from customers import queries
from customers.api.ground import CustomerEndpoint
from customers.queries.custom_fields import custom_fields_of
from customers.queries.history import Deed
from customers.queries.references import References, references_in
from customers.registry import hidden_fields
from customers.services.values import PRIVATE
from customers.tables import recorded_fields

_CURSOR = r"^[A-Za-z0-9._-]+$"


class FieldChange(serializers.Serializer):
    field = serializers.CharField(
        help_text=_("Name of the field; of a field of the business's own, custom_values.<key>")
    )
    before = serializers.JSONField(help_text=_("What it held; never what a private field held"))
    after = serializers.JSONField(
        help_text=_("What it held from then on; a member, team, customer or contact by its id")
    )
    before_name = serializers.CharField(
        allow_null=True,
        help_text=_("The name, as it is now, of whom or what the id before stands for; null where it is none"),
    )
    after_name = serializers.CharField(
        allow_null=True, help_text=_("The name of whom or what the id from then on stands for")
    )


class HistoryItem(serializers.Serializer):
    at = serializers.DateTimeField(help_text=_("When it was done"))
    by = serializers.CharField(help_text=_("Who or what has done it; empty where that is not known"))
    door = serializers.CharField(help_text=_("Through what: page, api, admin, job, command, link or import"))
    verb = serializers.CharField(help_text=_("The deed as the activity names it; empty in a bulk change or import"))
    bulk_action = serializers.CharField(help_text=_("In a bulk change, what was done to all; else empty"))
    import_file = serializers.CharField(help_text=_("The file by whose import it came; else empty"))
    is_undo = serializers.BooleanField(help_text=_("Whether a bulk change was taken back"))
    record = serializers.CharField(help_text=_("Kind of the record whose fields changed, such as customers.customer"))
    contact = serializers.CharField(help_text=_("Name of the contact that it was done to; empty where it was none"))
    reason = serializers.CharField(help_text=_("Why, if that was said"))
    changes = FieldChange(many=True)


History = type(
    "History",
    (serializers.Serializer,),
    {
        "data": HistoryItem(many=True), "limit": serializers.IntegerField(), "hasMore": serializers.BooleanField(),
        "next": serializers.CharField(allow_null=True, help_text=_("The cursor of the next page.")),
    },
)  # fmt: skip


class CustomerHistory(CustomerEndpoint):
    """What was done to a customer, newest first. It has no total: it is put together from several sources as it is read."""

    permissions = {"GET": "customers.view"}
    has_version = False
    docs = {
        "GET": Doc(
            "list_history",
            _("List what was done to a customer"),
            answer=History,
            answer_example={
                "data": [
                    {
                        "at": "2026-01-31T14:05:00Z", "by": "Robin Reyes", "door": "page", "verb": "customers.customer.updated",
                        "bulk_action": "", "import_file": "", "is_undo": False, "record": "customers.customer", "contact": "", "reason": "",
                        "changes": [
                            {"field": "city", "before": "London", "after": "Leeds", "before_name": None, "after_name": None}
                        ],
                    }
                ],
                "limit": LIMIT, "hasMore": False, "next": None,
            },
            text=_("Each deed with the fields that it changed. Fields that the caller may not see are left out."),
            parameters={
                "limit": (_("How many, at most 200."), {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": LIMIT}),
                "cursor": (_("What an earlier answer gave as “next”."), {"type": "string", "pattern": _CURSOR}),
                "field": (_("Deeds that changed this field alone."), {"type": "string", "minLength": 1, "maxLength": 100}),
            },
        )
    }  # fmt: skip

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters(frozenset(self.docs["GET"].parameters))
        asked = request.query_params
        refuse_unclear(asked)
        limit = whole(asked, "limit", LIMIT, MAX_LIMIT)
        customer, hidden = self.record, self._hidden()
        name, custom_fields = asked.get("field", ""), custom_fields_of(self.business)
        if name and name not in recorded_fields(custom_fields, hidden):
            raise bad_parameters({"field": [str(_("There is no such field."))]})
        deeds, following = queries.history_of(customer, cursor=asked.get("cursor", ""), limit=limit, field_name=name)
        references = references_in(self.actor, [(deed.subject_type, deed.changes) for deed in deeds], custom_fields)
        saw(request, [customer.pk, *references.shows])
        data = [_item(deed, hidden, references) for deed in deeds]
        return Response({"data": data, "limit": limit, "hasMore": bool(following), "next": following or None})

    def _hidden(self) -> frozenset[str]:
        """Fields that the caller may not see."""
        sealed = () if self.actor.may("customers.view_private", self.business) else PRIVATE
        return hidden_fields(self.actor, self.business).union(sealed)


def _item(deed: Deed, hidden: frozenset[str], references: References) -> dict[str, Any]:
    changes = [
        {"field": name, **_pair(deed.subject_type, name, pair, references)}
        for name, pair in deed.changes.items()
        if name not in hidden
    ]
    door, file = ("import", deed.imported.file_name) if deed.imported else (deed.door, "")
    return {
        "at": deed.at.astimezone(UTC), "by": deed.by, "door": door, "verb": deed.verb, "bulk_action": deed.bulk,
        "import_file": file, "is_undo": deed.is_undo, "record": deed.subject_type, "contact": deed.name, "reason": deed.reason,
        "changes": changes,
    }  # fmt: skip


def _pair(type: str, name: str, pair: Any, references: References) -> dict[str, Any]:
    before, after = pair if isinstance(pair, list | tuple) and len(pair) == 2 else (None, pair)
    return {
        "before": before,
        "after": after,
        "before_name": references.name(type, name, before),
        "after_name": references.name(type, name, after),
    }
