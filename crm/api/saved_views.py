"""Endpoints of saved views."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.choices import CallableChoiceIterator
from django.utils.translation import gettext_lazy as _
from rest_framework.response import Response

from crm import saved_views, services
from crm.api.fields import Choice, Input, Text
from crm.api.lists import ListEndpoint, envelope, envelope_sample
from crm.api.permissions import MEMBER
from crm.api.representation import Representation, Shown
from crm.api.views import Doc, RecordEndpoint, tag_of
from crm.filters import StrictFilterSet
from crm.models import SavedView
from crm.models.saved_view import Audience
from crm.paging import Sort

VIEW = Representation(
    "SavedView",
    [
        Shown("id", "id", "id"),
        Shown("list_name", "page", "text", _("Name of the list's address"), example="crm:activity"),
        Shown("name", "name", "text", _("Name"), example="Deeds of programs"),
        Shown("query", "query", "text", _("What the list is narrowed by"), example="door=api&verb=crm.team.created"),
        Shown("audience", "audience", "choice", _("Who sees it"), choices=Audience.choices),
        Shown("owner", "owner", "user", _("Who has made it")),
        Shown("team", "team", "team", _("The team that sees it"), nullable=True),
        Shown("is_pinned", "is_pinned", "boolean", _("Whether the caller has pinned it"), example=False),
        Shown("created_at", "created_at", "datetime"),
        Shown("updated_at", "updated_at", "datetime"),
    ],
)  # fmt: skip
_ANSWER, _SAMPLE = VIEW.serializer(), VIEW.sample()
_BODY = {"list_name": "crm:activity", "name": "Deeds of programs", "query": "door=api", "audience": "own"}


class ChangedView(Input):
    """What may be changed of a view."""

    computed = frozenset(VIEW.shown) - {"name", "query", "audience"}

    name = Text(max_length=80)
    query = Text(max_length=saved_views.MAX_QUERY, allow_blank=True, required=False)
    audience = Choice(choices=Audience.choices, required=False)


class NewView(ChangedView):
    """A view to be saved."""

    computed = frozenset(VIEW.shown) - {"name", "query", "audience", "list_name"}

    list_name = Text(max_length=80)


class ViewFilterSet(StrictFilterSet):
    list_name = django_filters.ChoiceFilter(
        label=_("Name of the list's address"),
        field_name="page",
        choices=CallableChoiceIterator(lambda: [(name, name) for name in sorted(saved_views.lists())]),
    )
    audience = django_filters.ChoiceFilter(label=_("Who sees it"), choices=Audience.choices)


class SavedViewList(ListEndpoint):
    """The views that the caller sees, and saving one."""

    tag = "Saved views"
    representation = VIEW
    filterset_class = ViewFilterSet
    sorts = {"name": Sort("name", "name"), "created_at": Sort("created_at", "created_at", descending_first=True)}
    default_sort = "name"
    has_version = True
    permissions = {"GET": MEMBER, "POST": MEMBER}
    docs = {
        "GET": Doc(
            "list_saved_views",
            _("List saved views"),
            answer=envelope(VIEW),
            answer_example=envelope_sample(VIEW),
            text=_("Those for everyone, those for the caller's team, and its own."),
        ),
        "POST": Doc(
            "create_saved_view",
            _("Save a view"),
            answer=_ANSWER,
            body=NewView,
            status=201,
            body_example=_BODY,
            answer_example=_SAMPLE,
            text=_("Views belong to people: an API key may read those for everyone and save none."),
        ),
    }

    def rows(self) -> QuerySet:
        return saved_views.with_pins(saved_views.seen_by(self.actor, self.business), self.actor)

    def post(self, request: Any) -> Response:
        self.refuse_parameters()
        values = self.body(NewView)
        view = services.save_view(actor=self.actor, business=self.business, **values)
        row = VIEW.one(saved_views.with_pins(SavedView.objects.all(), self.actor), view.pk)
        data = VIEW.of(row, self.business)
        headers = {
            "Location": reverse("api:saved_view_detail", args=[view.pk]),
            "ETag": tag_of(row["updated_at"], data),
        }
        return Response(data, status=201, headers=headers)


class SavedViewDetail(RecordEndpoint):
    """One view that the caller sees."""

    tag = "Saved views"
    representation = VIEW
    has_version = True
    permissions = {"GET": MEMBER, "PATCH": MEMBER, "DELETE": MEMBER}
    docs = {
        "GET": Doc("get_saved_view", _("Get a saved view"), answer=_ANSWER, answer_example=_SAMPLE),
        "PATCH": Doc(
            "change_saved_view",
            _("Rename a saved view, share it or let it hold another query"),
            answer=_ANSWER,
            body=ChangedView,
            body_example={"audience": "everyone"},
            answer_example=_SAMPLE,
            problems=(403,),
        ),
        "DELETE": Doc("delete_saved_view", _("Delete a saved view"), status=204, problems=(403,)),
    }

    def rows(self) -> QuerySet:
        rows = saved_views.seen_by(self.actor, self.business).select_related("business")
        return saved_views.with_pins(rows, self.actor)

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        return self.show()

    def patch(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        view, version = self.record, self.asked_version()
        values = self.body(ChangedView, partial=True)
        services.update_view(actor=self.actor, view=view, version=version, **values)
        return self.show(saved_views.with_pins(SavedView.objects.all(), self.actor))

    def delete(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        services.delete_view(actor=self.actor, view=self.record, version=self.asked_version())
        return Response(status=204)


class SavedViewPinned(RecordEndpoint):
    """Pin a view for oneself, or no longer."""

    tag = "Saved views"
    representation = VIEW
    permissions = {"PUT": MEMBER, "DELETE": MEMBER}
    docs = {
        "PUT": Doc(
            "pin_saved_view",
            _("Pin a saved view"),
            status=204,
            problems=(403,),
            text=_(
                "It stands first above its list and in the sidebar, for the caller alone. Views that are pinned stay so."
            ),
        ),
        "DELETE": Doc(
            "unpin_saved_view",
            _("Take the pin from a saved view"),
            status=204,
            problems=(403,),
            text=_("Of a view that isn't pinned, nothing changes."),
        ),
    }

    def rows(self) -> QuerySet:
        return saved_views.seen_by(self.actor, self.business)

    def put(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        return self._pin(True)

    def delete(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        return self._pin(False)

    def _pin(self, pinned: bool) -> Response:
        self.refuse_parameters()
        services.pin_view(actor=self.actor, business=self.business, view=self.record, pinned=pinned)
        return Response(status=204)
