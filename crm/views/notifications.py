"""What a person was told, which of it is read, and what the person wants to be told."""

from collections.abc import Sequence
from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm import clock, services
from crm.filters import StrictFilterSet
from crm.forms import DeedForm
from crm.live import Pulse, arrived, pulse
from crm.models import Notification
from crm.pages import MEMBER, SIGNED_IN, FormPage, ListPage, Page
from crm.paging import Sort
from crm.registry import NotificationKind, notification_kinds
from crm.tables import Column
from crm.templatetags import ui

LATEST = 8
TONES = {"info": "accent", "good": "good", "warn": "warn", "bad": "bad"}
_RECENT = Sort("recent", "created_at", descending_first=True)


class NotificationFilterSet(StrictFilterSet):
    state = django_filters.ChoiceFilter(
        label=gettext_lazy("State"),
        choices=[("unread", gettext_lazy("Unread")), ("read", gettext_lazy("Read"))],
        empty_label=gettext_lazy("Any"),
        method="in_state",
    )
    kind = django_filters.ChoiceFilter(
        label=gettext_lazy("Kind"),
        choices=lambda: [(kind.name, kind.label) for kind in notification_kinds],
        empty_label=gettext_lazy("Any"),
    )

    def in_state(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        return rows.filter(read_at__isnull=value == "unread")


class NotificationList(ListPage):
    """One's own notifications of the open business and of the service, newest first."""

    permission = MEMBER
    title = gettext_lazy("Notifications")
    description = gettext_lazy("What you were told. What you have read is kept for ninety days.")
    template_name = "crm/notifications.html"
    default_sort = "-recent"
    filterset_class = NotificationFilterSet
    empty = {
        "icon": "bell",
        "title": gettext_lazy("Nothing to tell"),
        "text": gettext_lazy("When a job of yours is done, it stands here and at the bell."),
    }

    def rows(self) -> QuerySet:
        return services.own_notifications(actor=self.actor, business=self.business)

    def sorts(self) -> dict[str, Sort]:
        return {_RECENT.key: _RECENT}

    def columns(self) -> Sequence[Column]:
        return [
            Column("title", _("Notification"), self._words),
            Column("text", _("Details"), lambda row: row.text),
            Column("created_at", _("When"), lambda row: ui.when(row.created_at)),
            Column("state", _("State"), self._state),
        ]

    def extra(self) -> dict[str, Any]:
        return {"unread": self.rows().filter(read_at=None).count()}

    def actions(self) -> list[dict[str, Any]]:
        href = reverse("crm:notification_choices")
        return [{"label": _("What you are told"), "href": href, "icon": "sliders-horizontal", "kind": "secondary"}]

    def _words(self, row: Notification) -> Any:
        mark = ui.kind_icon(TONES.get(row.tone, "accent"))
        title = row.title if row.count == 1 else f"{row.title} ({ui.number(row.count)})"
        if not row.href:
            return format_html('<span class="told">{} <bdi>{}</bdi></span>', mark, title)
        read = reverse("crm:notification_read", args=[row.pk])
        return format_html(
            '<span class="told">{} <a class="row-link" href="{}" data-read="{}"><bdi>{}</bdi></a></span>',
            mark, row.href, read, title,
        )  # fmt: skip

    def _state(self, row: Notification) -> Any:
        if row.read_at:
            return _("Read")
        return format_html(
            '<form method="post" action="{}"><input type="hidden" name="csrfmiddlewaretoken" value="{}">'
            '<button class="button button-ghost told-read">{}<span class="unseen">: {}</span></button></form>',
            reverse("crm:notification_read", args=[row.pk]), get_token(self.request), _("Mark as read"), row.title,
        )  # fmt: skip


class NotificationMenu(Page):
    """What the bell opens: the newest few."""

    permission = MEMBER
    fragment = True

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        return HttpResponse(_menu(self))


class NotificationsRead(Page):
    """Mark all of one's notifications as read."""

    permission = MEMBER
    fragment = True

    def post(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        services.mark_read(actor=self.actor, business=self.business, at=clock.now())
        if request.htmx:
            return HttpResponse(_menu(self))
        return HttpResponseRedirect(reverse("crm:notifications"))


def _menu(page: Page) -> str:
    latest = list(services.own_notifications(actor=page.actor, business=page.business).order_by("-created_at")[:LATEST])
    unread = pulse(actor=page.actor, business=page.business).unread
    rows = [(row, TONES.get(row.tone, "accent")) for row in latest]
    return render_to_string("crm/_notification_menu.html", {"rows": rows, "unread": unread})


class NotificationRead(Page):
    """Mark one notification as read."""

    permission = MEMBER
    fragment = True

    def post(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        row = self.one(services.own_notifications(actor=self.actor, business=self.business))
        services.mark_read(actor=self.actor, business=self.business, ids=[row.pk], at=clock.now())
        if request.htmx:
            return HttpResponse(status=204)
        return HttpResponseRedirect(reverse("crm:notifications"))


class ChoicesForm(DeedForm):
    """A box for each kind of notification that somebody may be told; what is always told can't be switched off."""

    def __init__(self, *args: Any, kinds: Sequence[NotificationKind], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind in kinds:
            always = _("You are always told this.") if kind.always else ""
            self.fields[kind.name] = forms.BooleanField(
                label=str(kind.label), help_text=f"{kind.text} {always}".strip(), required=False, disabled=kind.always
            )


class NotificationChoices(FormPage):
    """Which kinds of notifications a person wants."""

    permission = SIGNED_IN
    title = gettext_lazy("What you are told")
    description = gettext_lazy("Notifications stand at the bell, in every business that you work in.")
    success_message = gettext_lazy("Saved.")

    def kinds(self) -> list[NotificationKind]:
        is_operator = self.request.user.is_staff
        return [kind for kind in notification_kinds if is_operator or not kind.operators]

    def initial(self) -> dict[str, Any]:
        chosen = services.chosen_notifications(actor=self.actor)
        return {kind.name: kind.always or chosen.get(kind.name, kind.wanted) for kind in self.kinds()}

    def form(self, data: Any = None, files: Any = None) -> DeedForm:
        return ChoicesForm(
            data, files, initial=self.initial(), actor=self.actor, business=self.business, kinds=self.kinds()
        )

    def perform(self, **data: Any) -> None:
        services.choose_notifications(actor=self.actor, user=self.request.user, wanted=data)

    def success_url(self, result: None) -> str:
        return reverse("crm:notification_choices")

    def breadcrumbs(self) -> list[dict[str, str]]:
        return [{"label": _("Your account"), "href": reverse("crm:account")}]


class Live(Page):
    """What has changed since the page was shown: nothing (204), or the parts of the frame that show it.

    A visible page asks every few seconds; it costs two queries at most and writes nothing.
    """

    permission = MEMBER
    fragment = True
    is_background = True

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        since = _whole(request.GET.get("activity"))
        sees_activity = since is not None and self.actor.may("crm.view_activity", self.business)
        now = pulse(actor=self.actor, business=self.business, since=since if sees_activity else None)
        if request.GET.get("seen") == now.version:
            return HttpResponse(status=204)
        latest = _whole(request.GET.get("latest")) or 0
        toasts = arrived(actor=self.actor, business=self.business, after=latest) if now.latest > latest else []
        return HttpResponse(render_to_string("crm/_live.html", self._shown(now, list(toasts))))

    def _shown(self, now: Pulse, toasts: list[Notification]) -> dict[str, Any]:
        return {
            "pulse": now,
            "is_operator": self.request.user.is_staff,
            "news": ngettext("%(count)s new entry", "%(count)s new entries", now.news) % {"count": ui.number(now.news)},
            "toasts": [(row, TONES.get(row.tone, "accent")) for row in reversed(toasts)],
        }


def _whole(value: str | None) -> int | None:
    """A whole number that the database can hold, else None."""
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 18 else None
