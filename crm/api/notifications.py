"""Endpoints of one's own notifications. They are for people: a program is told nothing and has none."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.response import Response

from crm import clock, services
from crm.api.lists import ListEndpoint, envelope, envelope_sample
from crm.api.permissions import MEMBER
from crm.api.representation import Representation, Shown
from crm.api.views import Doc, Endpoint, RecordEndpoint
from crm.paging import Sort
from crm.views.notifications import TONES, NotificationFilterSet

NOTIFICATION = Representation(
    "Notification",
    [
        Shown("id", "id", "id"),
        Shown("kind", "kind", "text", _("Kind"), example="crm.job_done"),
        Shown("tone", "tone", "choice", _("How it is meant"), choices=[(name, name) for name in TONES], example="good"),
        Shown("title", "title", "text", _("What is told"), example="Done: Import of a file"),
        Shown("text", "text", "text", _("More about it")),
        Shown(
            "href", "href", "text", _("The page that it leads to, below the address of the product"), example="/imports"
        ),
        Shown("count", "count", "number", _("How often it was told since it was read last"), example=1),
        Shown("business", "business", "id", _("The business; null when it is about the service"), nullable=True),
        Shown("created_at", "created_at", "datetime", _("When it was told last")),
        Shown("read_at", "read_at", "datetime", _("When it was read"), nullable=True, example="2026-01-31T15:00:00Z"),
    ],
)


class ReadCount(serializers.Serializer):
    read = serializers.IntegerField(help_text="How many were unread until now.")


class NotificationList(ListEndpoint):
    """The caller's notifications of the business and of the service, newest first; none for API keys."""

    tag = "Notifications"
    representation = NOTIFICATION
    filterset_class = NotificationFilterSet
    sorts = {"created_at": Sort("created_at", "created_at", descending_first=True)}
    default_sort = "-created_at"
    permissions = {"GET": MEMBER}
    docs = {
        "GET": Doc(
            "list_notifications",
            _("List one's own notifications"),
            answer=envelope(NOTIFICATION),
            answer_example=envelope_sample(NOTIFICATION),
        )
    }

    def rows(self) -> QuerySet:
        return services.own_notifications(actor=self.actor, business=self.business)


class NotificationRead(RecordEndpoint):
    """Mark one notification as read."""

    tag = "Notifications"
    representation = NOTIFICATION
    permissions = {"POST": MEMBER}
    docs = {
        "POST": Doc(
            "read_notification",
            _("Mark a notification as read"),
            answer=NOTIFICATION.serializer(),
            answer_example=NOTIFICATION.sample(),
        )
    }

    def rows(self) -> QuerySet:
        return services.own_notifications(actor=self.actor, business=self.business)

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        services.mark_read(actor=self.actor, business=self.business, ids=[self.record.pk], at=clock.now())
        return self.show()


class NotificationsRead(Endpoint):
    """Mark all of one's notifications as read."""

    tag = "Notifications"
    permissions = {"POST": MEMBER}
    docs = {
        "POST": Doc(
            "read_notifications",
            _("Mark all notifications as read"),
            answer=ReadCount,
            answer_example={"read": 3},
        )
    }

    def post(self, request: Any) -> Response:
        self.refuse_parameters()
        return Response({"read": services.mark_read(actor=self.actor, business=self.business, at=clock.now())})
