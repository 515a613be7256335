"""Endpoints of what customers want to be sent: of one customer, the link to its own page, and of all who have chosen."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Any

import django_filters
from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.dateparse import parse_time
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.response import Response

from crm import clock
from crm.access import saw
from crm.api.fields import Flag, Input, Moment, Text, Whole
from crm.api.lists import ListEndpoint, envelope, envelope_sample
from crm.api.representation import Representation, Shown
from crm.api.views import Doc, RecordEndpoint
from crm.errors import InvalidInput
from crm.filters import StrictFilterSet
from crm.paging import Sort
from customers import services
from customers.api.compat import renamed
from customers.api.consents import Evidence, Word, take_proof
from customers.api.ground import ShowsCustomers
from customers.choices import (
    Channel,
    Frequency,
)
from customers.models import CommunicationPreference, Customer
from customers.queries.preferences import FLAGS, flag_label, link_token, preference_of

TIME = r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"


class ClockTime(Shown):
    """A time of day, "22:00"."""

    def value(self, row: Mapping[str, Any], business: Any) -> str | None:
        shown: time | None = row[self.path]
        return None if shown is None else shown.isoformat("seconds" if shown.second else "minutes")

    def documented(self) -> serializers.Field:
        options: dict[str, Any] = {"help_text": self.label, "allow_null": self.nullable}
        return serializers.RegexField(TIME, **options)


PREFERENCE = Representation(
    "Preferences",
    [
        Shown("customer", "customer_id", "id", _("Customer")),
        *(Shown(flag, flag, "boolean", flag_label(flag)) for flag in FLAGS),
        Shown("frequency", "frequency", "choice", _("How often"), choices=Frequency.choices),
        Shown("preferred_channel", "preferred_channel", "choice", _("Preferred channel"), choices=Channel.choices),
        Shown("time_zone", "time_zone", "text", _("Time zone of all these times"), example="Europe/London"),
        ClockTime("quiet_hours_start", "quiet_hours_start", "text", _("Quiet from"), nullable=True, example="22:00"),
        ClockTime("quiet_hours_end", "quiet_hours_end", "text", _("Quiet until"), nullable=True, example="08:00"),
        ClockTime("digest_at", "digest_at", "text", _("When digests go out"), example="09:00"),
        Shown(
            "digest_weekday", "digest_weekday", "number", _("Day of weekly digests, 1 Monday to 7 Sunday"), example=1
        ),
        Shown("paused_until", "paused_until", "datetime", _("Nothing but receipts goes out before"), nullable=True),
        Shown("updated_at", "updated_at", "datetime", _("Changed; of a customer who has chosen nothing, added")),
    ],
)
_PREFERENCE_LIST = Representation("ListedPreferences", [Shown("id", "id", "id"), *PREFERENCE.shown.values()])


@extend_schema_field({"type": "string", "pattern": TIME})
class TimeOfDay(serializers.Field):
    """A time of day, "22:00"."""

    default_error_messages = {"type": _("A time such as 22:00 is expected.")}

    def to_internal_value(self, data: Any) -> time:
        try:
            shown = parse_time(data) if isinstance(data, str) and data.isascii() and len(data) in (5, 8) else None
        except ValueError:
            shown = None
        if shown is None or shown.tzinfo is not None:
            self.fail("type")
        return shown

    def to_representation(self, value: Any) -> Any:
        return value


class PreferenceInput(Evidence):
    """What the customer wants; for what is turned on, the evidence of consent."""

    computed = frozenset({"id", "customer", "created_at", "updated_at", "link_number"})

    email_marketing = Flag(required=False)
    sms_marketing = Flag(required=False)
    push_notifications = Flag(required=False)
    promotional_offers = Flag(required=False)
    newsletter_subscription = Flag(required=False)
    loyalty_updates = Flag(required=False)
    survey_invitations = Flag(required=False)
    transaction_receipts = Flag(required=False)
    frequency = Word(choices=Frequency.choices, required=False, help_text=_("Capitals are taken too."))
    preferred_channel = Word(choices=Channel.choices, required=False, help_text=_("Capitals are taken too."))
    time_zone = Text(max_length=60, required=False)
    timezone = Text(
        max_length=60, required=False, help_text=_("Another name of time_zone; given both, they must be the same.")
    )
    quiet_hours_start = TimeOfDay(allow_null=True, required=False)
    quiet_hours_end = TimeOfDay(allow_null=True, required=False)
    digest_at = TimeOfDay(required=False)
    digest_weekday = Whole(min_value=1, max_value=7, required=False)
    paused_until = Moment(allow_null=True, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        other = attrs.pop("timezone", None)
        if other is not None and attrs.setdefault("time_zone", other) != other:
            raise InvalidInput({"timezone": [str(_("This is another name of time_zone, which says something else."))]})
        return attrs


class LinkInput(Input):
    renew = Flag(required=False, help_text=_("True ends the links that were given out so far."))


class Link(serializers.Serializer):
    url = serializers.CharField(help_text=_("Where the customer changes its preferences without signing in."))
    unsubscribe_url = serializers.CharField(
        help_text=_("For the header List-Unsubscribe: a POST ends everything but receipts.")
    )


class OfCustomer(ShowsCustomers, RecordEndpoint):
    """Something of one customer that the caller may see."""

    abstract = True
    tag = "Preferences and consent"

    def rows(self) -> QuerySet:
        return Customer.objects.visible_to(self.actor).select_related("business")


class CustomerPreferences(OfCustomer):
    """What a customer wants to be sent."""

    representation = PREFERENCE
    has_version = True
    permissions = {"GET": "customers.view", "PATCH": "customers.change", "PUT": "customers.change"}
    _text = _(
        "Only the fields in the body change; PUT and PATCH do the same. What is turned on needs consent: a valid record, or evidence in "
        "this body, which is recorded. What is turned off is recorded as withdrawn."
    )
    _body = {"newsletter_subscription": True, "evidence": "Ticked on the web form", "text_version": "web form 4"}
    docs = {
        "GET": Doc(
            "get_preferences", _("Get a customer's preferences"), answer=PREFERENCE.serializer(), answer_example=PREFERENCE.sample()
        ),
        "PATCH": Doc(
            "change_preferences", _("Change a customer's preferences"), answer=PREFERENCE.serializer(), body=PreferenceInput,
            text=_text, body_example=_body, answer_example=PREFERENCE.sample(),
        ),
        "PUT": Doc(
            "put_preferences", _("Change a customer's preferences by PUT"), answer=PREFERENCE.serializer(), body=PreferenceInput,
            text=_text, body_example={"frequency": "daily_digest"}, answer_example=PREFERENCE.sample(),
        ),
    }  # fmt: skip

    @property
    def preference(self) -> CommunicationPreference:
        return preference_of(self.record)

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        return self.answer()

    def patch(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        customer, version = self.record, self.asked_version()
        values = self.body(PreferenceInput, partial=True)
        proof = take_proof(values)
        called = {"time_zone": "timezone"} if "timezone" in self.request.data else {}
        with renamed(called):
            services.set_preferences(
                actor=self.actor, customer=customer, at=clock.now(), version=version, proof=proof, **values
            )
        return self.answer()

    put = patch

    def answer(self) -> Response:
        preference = self.preference
        saw(self.request, [preference.customer_id])
        data = PREFERENCE.of(vars(preference), self.business)
        return self.tagged(data, preference.updated_at)

    def changed_at(self) -> datetime:
        """Of the preferences, not of the customer."""
        return self.preference.updated_at


class CustomerPreferenceLink(OfCustomer):
    """The link to the customer's own page."""

    representation = PREFERENCE
    permissions = {"POST": "customers.change"}
    docs = {
        "POST": Doc(
            "preference_link", _("Get the link to a customer's own page"), answer=Link, body=LinkInput, body_example={"renew": False},
            answer_example={"url": "https://crm.example.com/preferences/…", "unsubscribe_url": "https://crm.example.com/preferences/…/unsubscribe"},
            text=_("Whoever holds the link can change the customer's preferences: send it to nobody else."),
        )
    }  # fmt: skip

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        customer = self.record
        values = self.body(LinkInput)
        if values.get("renew"):
            services.renew_link(actor=self.actor, customer=customer)
        saw(request, [customer.pk])
        token = link_token(preference_of(customer))
        return Response(
            {
                "url": settings.PUBLIC_URL + reverse("customers:own_preferences", args=[token]),
                "unsubscribe_url": settings.PUBLIC_URL + reverse("customers:one_click_unsubscribe", args=[token]),
            }
        )


class PreferenceFilterSet(StrictFilterSet):
    customer = django_filters.UUIDFilter(label=_("Customer"))
    frequency = django_filters.ChoiceFilter(label=_("How often"), choices=Frequency.choices)
    preferred_channel = django_filters.ChoiceFilter(label=_("Preferred channel"), choices=Channel.choices)

    class Meta:
        model = CommunicationPreference
        fields: list[str] = []


class PreferenceList(ShowsCustomers, ListEndpoint):
    """The preferences of customers who have chosen something."""

    tag = "Preferences and consent"
    representation = _PREFERENCE_LIST
    filterset_class = PreferenceFilterSet
    sorts = {"id": Sort("id", "id", descending_first=True)}
    default_sort = "-id"
    permissions = {"GET": "customers.view"}
    docs = {
        "GET": Doc(
            "list_preferences", _("List preferences"), answer=envelope(_PREFERENCE_LIST), answer_example=envelope_sample(_PREFERENCE_LIST),
            text=_("Customers who have chosen nothing have the defaults of the business and stand in no list; ask for theirs one by one."),
        )
    }  # fmt: skip

    def rows(self) -> QuerySet:
        return CommunicationPreference.objects.visible_to(self.actor)

    def needs(self) -> set[str]:
        return {"pk", "customer_id"}

    def shown(self, rows: Sequence[Mapping[str, Any]]) -> None:
        saw(self.request, [row["customer_id"] for row in rows])
