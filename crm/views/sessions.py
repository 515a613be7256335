"""Where one is signed in, and ending that."""

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm import clock, services, sessions
from crm.errors import NotFound
from crm.pages import SIGNED_IN, DeedPage, Page
from crm.sessions import OpenSession
from crm.tables import Column, build_table
from crm.templatetags import ui


class SessionPart(Page):
    """A page about one's own sessions."""

    abstract = True
    permission = ""

    def breadcrumbs(self) -> list[dict[str, str]]:
        return [{"label": _("Your account"), "href": reverse("crm:account")}]

    @cached_property
    def open(self) -> list[OpenSession]:
        key = self.request.session.session_key or ""
        return sessions.open_sessions(self.request.user, key, clock.now())

    def cancel_href(self) -> str:
        return reverse("crm:sessions")

    def success_url(self, result: Any) -> str:
        return reverse("crm:sessions")


class Sessions(SessionPart):
    permission = SIGNED_IN
    title = gettext_lazy("Your sessions")
    description = gettext_lazy("Where you are signed in. End what you don't know, then change your password.")
    template_name = "crm/table.html"

    def actions(self) -> list[dict[str, Any]]:
        if not any(not one.is_current for one in self.open):
            return []
        href = reverse("crm:sessions_end")
        return [{"label": _("End all others"), "href": href, "icon": "log-out", "kind": "secondary"}]

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        columns = [
            Column("device", _("Device"), _device),
            Column("address", _("Address"), lambda row: format_html("<code>{}</code>", row.address)),
            Column("started", _("Signed in"), lambda row: ui.when(row.started_at)),
            Column("seen", _("Last seen"), lambda row: ui.when(row.seen_at)),
            Column("deed", _("Action"), _end_link),
        ]
        table = build_table(columns, self.open, query=request.GET, sort="", caption=self.title, href=lambda row: "")
        return self.show(table=table)


def _device(session: OpenSession) -> str:
    if not session.is_current:
        return session.device
    return format_html("{} {}", session.device, ui.badge(_("This one"), "accent"))


def _end_link(session: OpenSession) -> str:
    if session.is_current:
        return ""
    href = reverse("crm:session_end", args=[session.pk])
    return format_html('<a href="{}">{}<span class="unseen">: {}</span></a>', href, _("End"), session.device)


class SessionEnd(SessionPart, DeedPage):
    permission = SIGNED_IN
    title = gettext_lazy("End this session?")
    submit_label = gettext_lazy("End the session")
    success_message = gettext_lazy("The session has ended.")

    @cached_property
    def session(self) -> OpenSession:
        found = next((one for one in self.open if one.pk == self.kwargs["pk"]), None)
        if found is None:
            raise NotFound
        return found

    def text(self) -> Any:
        return _("%(device)s, at %(address)s, has to sign in again.") % {
            "device": self.session.device,
            "address": self.session.address,
        }

    def perform(self) -> int:
        return services.end_session(actor=self.actor, user=self.request.user, session_id=self.session.pk)


class SessionsEnd(SessionPart, DeedPage):
    permission = SIGNED_IN
    title = gettext_lazy("End all other sessions?")
    submit_label = gettext_lazy("End all others")
    success_message = gettext_lazy("You are signed in here alone.")

    def text(self) -> Any:
        count = sum(not one.is_current for one in self.open)
        return (
            ngettext(
                "%d other device or program has to sign in again.",
                "%d other devices or programs have to sign in again.",
                count,
            )
            % count
        )

    def perform(self) -> int:
        key = self.request.session.session_key or ""
        return services.end_other_sessions(actor=self.actor, user=self.request.user, keep=key)
