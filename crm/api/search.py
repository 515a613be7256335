"""The search over everything: the records that the sources of the search palette find."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers
from rest_framework.response import Response

from crm import palette
from crm.access import saw
from crm.api import patterns
from crm.api.lists import MAX_SEARCH, MAX_WORDS, refuse_long_search, whole
from crm.api.permissions import MEMBER
from crm.api.views import Doc, Endpoint
from crm.filters import bad_parameters

LIMIT, MOST = 10, 25


class FoundRecord(serializers.Serializer[Any]):
    """A record that the words fit."""

    type = serializers.CharField(help_text=gettext_lazy("What it is: customer, contact, order …"))
    id = serializers.UUIDField()
    name = serializers.CharField()
    hint = serializers.CharField(help_text=gettext_lazy("What tells it from others of the name"))
    matched = serializers.CharField(help_text=gettext_lazy("The field that fits the words; close: a similar name"))
    customer = serializers.UUIDField(allow_null=True, help_text=gettext_lazy("The customer that it belongs to"))
    url = serializers.CharField(help_text=gettext_lazy("Its page"))


class FoundRecords(serializers.Serializer[Any]):
    data = FoundRecord(many=True)  # type: ignore[assignment]  # the serializers of REST framework have a property of this name
    total = serializers.IntegerField(help_text=gettext_lazy("How many are given: the best of each kind"))


class Search(Endpoint):
    """Customers, contacts and other records by name, address, number or tag, as in the palette; what was opened lately first."""

    tag = "Search"
    limited_as = {"GET": "search"}
    permissions = {"GET": MEMBER}
    docs = {
        "GET": Doc(
            "search",
            gettext_lazy("Search everything"),
            answer=FoundRecords,
            text=gettext_lazy(
                "The beginnings of words are enough, accents and case don't matter, phone numbers fit in any form. Where nothing "
                "fits, names that differ by a slip are given with matched: close. Without words: what the person has opened last."
            ),
            parameters={
                "search": (
                    gettext_lazy("Words or beginnings of words, an e-mail address or a phone number."),
                    {"type": "string", "minLength": 1, "maxLength": MAX_SEARCH, "pattern": patterns.words(MAX_WORDS)},
                ),
                "limit": (
                    gettext_lazy("How many of each kind."),
                    {"type": "integer", "minimum": 1, "maximum": MOST, "default": LIMIT},
                ),
            },
            answer_example={
                "data": [
                    {
                        "type": "customer",
                        "id": "01980a3e-5c1b-7e0a-9d3f-2b6f1c4d8e90",
                        "name": "John Smith",
                        "hint": "Similar name",
                        "matched": "close",
                        "customer": "01980a3e-5c1b-7e0a-9d3f-2b6f1c4d8e90",
                        "url": "/customers/01980a3e-5c1b-7e0a-9d3f-2b6f1c4d8e90",
                    }
                ],
                "total": 1,
            },
        )
    }

    def get(self, request: Any) -> Response:
        self.refuse_parameters(frozenset(self.docs["GET"].parameters))
        asked, limit = request.query_params.get("search"), whole(request.query_params, "limit", LIMIT, MOST)
        if asked is not None and not asked.strip():
            raise bad_parameters({"search": [_("This parameter is empty; leave it out.")]})
        refuse_long_search(asked or "")
        words = (asked or "").strip()
        entries = [
            entry
            for group in palette.answer(self.actor, self.business, words, limit)
            for entry in group["entries"]
            if "record" in entry
        ]
        saw(request, (entry["shows"] for entry in entries if entry.get("shows")))
        data = [
            {
                "type": entry["record"][0], "id": entry["record"][1], "name": entry["label"], "hint": entry["hint"],
                "matched": entry["matched"], "customer": entry.get("shows"), "url": entry["href"],
            }
            for entry in entries
        ]  # fmt: skip
        return Response({"data": data, "total": len(data)})
