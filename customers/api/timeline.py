"""The endpoint of a customer's timeline."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any

from django.db.models import QuerySet
from django.utils.html import strip_tags
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers
from rest_framework.response import Response

from crm.access import saw
from crm.api import patterns
from crm.api.lists import LIMIT, MAX_LIMIT
from crm.api.views import Doc
from crm.filters import bad_parameters
from customers import queries
from customers.api.ground import CustomerEndpoint
from customers.models import Customer
from customers.queries.timeline import Happening
from customers.registry import timeline_sources

_PARAMETERS = frozenset({"cursor", "limit", "source", "family"})


def _source_schema() -> dict[str, Any]:
    return {"type": "string", "enum": [source.key for source in timeline_sources]}


class TimelineItem(serializers.Serializer):
    at = serializers.DateTimeField(help_text=gettext_lazy("When it happened"))
    source = serializers.CharField(help_text=gettext_lazy("Which part of the product tells of it"))  # type: ignore[assignment]  # as answered
    key = serializers.CharField(help_text=gettext_lazy("Names it within its source"))
    title = serializers.CharField(help_text=gettext_lazy("What happened, in words"))
    text = serializers.CharField(help_text=gettext_lazy("More of it, as plain text"))
    by = serializers.CharField(help_text=gettext_lazy("Who or what has done it; empty where that is not known"))
    amount = serializers.CharField(help_text=gettext_lazy("An amount with its currency, in words"))
    customer = serializers.UUIDField(help_text=gettext_lazy("With whom it happened"))


Timeline = type(
    "Timeline",
    (serializers.Serializer,),
    {
        "data": TimelineItem(many=True), "limit": serializers.IntegerField(), "hasMore": serializers.BooleanField(),
        "next": serializers.CharField(allow_null=True, help_text=gettext_lazy("The cursor of the next page.")),
    },
)  # fmt: skip


class CustomerTimeline(CustomerEndpoint):
    """What happened with a customer, newest first. It has no total: it is put together from several sources as it is read."""

    permissions = {"GET": "customers.view"}
    has_version = False
    docs = {
        "GET": Doc(
            "list_timeline",
            gettext_lazy("List what happened with a customer"),
            answer=Timeline,
            answer_example={
                "data": [
                    {
                        "at": "2026-01-31T14:05:00Z", "source": "orders", "key": "01980a3e-5c1b-7e0a-9d3f-2b6f1c4d8e90",
                        "title": "Order 100042", "text": "web", "by": "", "amount": "£25.50",
                        "customer": "01980a3e-5c1b-7e0a-9d3f-2b6f1c4d8e91",
                    }
                ],
                "limit": LIMIT, "hasMore": False, "next": None,
            },
            text=gettext_lazy(
                "With family=1 the subsidiaries of a company count too, at most 200 companies, and 200 customers who work at them."
            ),
            parameters={
                "limit": (
                    gettext_lazy("How many, at most 200."),
                    {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": LIMIT},
                ),
                "cursor": (
                    gettext_lazy("What an earlier answer gave as “next”."), {"type": "string", "pattern": patterns.CURSOR},
                ),
                "source": (gettext_lazy("One source alone, as “source” names it."), _source_schema),
                "family": (gettext_lazy("1 for a company with its subsidiaries and people."), {"type": "string", "enum": ["1"]}),
            },
        )
    }  # fmt: skip

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters(_PARAMETERS)
        asked = self._asked()
        customer = self.record
        members = [customer]
        if asked.get("family"):
            members = queries.family_of(self.actor, customer)[0]
            members += queries.people_of(self.actor, members)[0]
        limit = int(asked.get("limit", LIMIT))
        source = asked.get("source")
        found, following = queries.timeline_for(
            self.actor, members, cursor=asked.get("cursor", ""), limit=limit, sources=[source] if source else []
        )
        saw(request, {customer.pk, *(one.entry.customer_id for one in found if one.entry.customer_id)})
        data = [_item(one, customer) for one in found]
        return Response({"data": data, "limit": limit, "hasMore": bool(following), "next": following or None})

    def rows(self) -> QuerySet:
        return super().rows().select_related("business")

    def _asked(self) -> Mapping[str, str]:
        """The parameters, each given once and known. Raises REST framework's ValidationError."""
        query = self.request.query_params
        sources = {source.key for source in queries.timeline_sources_for(self.actor, self.business)}
        limit = query.get("limit", str(LIMIT))
        faults = {name: [_("Give this parameter once.")] for name in query if len(query.getlist(name)) > 1}
        if not (limit.isascii() and limit.isdigit() and len(limit) < 10 and 1 <= int(limit) <= MAX_LIMIT):
            faults["limit"] = [_("Give a whole number from 1 to %(highest)d.") % {"highest": MAX_LIMIT}]
        if "source" in query and query["source"] not in sources:
            faults["source"] = [
                _("There is no such source. Choose one of: %(keys)s.") % {"keys": ", ".join(sorted(sources))}
            ]
        if query.get("family", "1") != "1":
            faults["family"] = [_("Give 1, or leave it out.")]
        if query.get("cursor", "x") == "":
            faults["cursor"] = [_("This parameter is empty; leave it out.")]
        if faults:
            raise bad_parameters(faults)
        return {name: str(query[name]) for name in query}


def _item(happening: Happening, customer: Customer) -> dict[str, Any]:
    entry = happening.entry
    return {
        "at": entry.at.astimezone(UTC), "source": happening.source.key, "key": entry.key, "title": entry.title,
        "text": strip_tags(entry.text) if hasattr(entry.text, "__html__") else entry.text, "by": entry.by,
        "amount": entry.amount, "customer": entry.customer_id or customer.pk,
    }  # fmt: skip
