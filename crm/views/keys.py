"""Keys with which programs call the API."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm import clock, services
from crm.errors import NotFound
from crm.models import ApiKey
from crm.pages import DeedPage
from crm.settings_forms import ApiKeyForm
from crm.tables import Column, build_table
from crm.templatetags import ui
from crm.views.people import ShownOnce
from crm.views.settings import SettingsPart


class ApiKeys(SettingsPart):
    permission = "crm.manage_api_keys"
    title = gettext_lazy("API keys")
    description = gettext_lazy("Keys with which programs read and write this business's data.")
    template_name = "crm/table.html"

    def actions(self) -> list[dict[str, Any]]:
        return self.action(
            "crm.manage_api_keys", _("Make a key"), reverse("crm:api_key_create"), icon="plus", kind="primary"
        )

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        at = clock.now()
        columns = [
            Column("name", _("Name"), lambda row: ui.user_text(row.name)),
            Column("prefix", _("Begins with"), lambda row: format_html("<code>crm_{}_…</code>", row.prefix)),
            Column("role", _("Role"), lambda row: row.get_role_display()),
            Column("scopes", _("Permissions"), _scopes),
            Column("used", _("Last used"), lambda row: ui.when(row.last_used_at) if row.last_used_at else _("never")),
            Column(
                "expires",
                _("Last day"),
                lambda row: ui.when(row.expires_at - timedelta(seconds=1), "day") if row.expires_at else "–",
            ),
            Column("state", _("State"), lambda row: _state(row, at)),
            Column("deed", _("Deed"), lambda row: "" if row.revoked_at else _revoke_link(row)),
        ]
        table = build_table(
            columns, ApiKey.objects.all(), query=request.GET, sort="", caption=self.title, href=lambda row: ""
        )
        text = _("A shop or another program needs a key of its own to send orders and read customers.")
        return self.show(table=table, empty={"icon": "key-round", "title": _("No keys yet"), "text": text})


def _scopes(key: ApiKey) -> str:
    if not key.scopes:
        return _("all of the role")
    return format_html(
        '<span title="{}">{}</span>',
        ", ".join(key.scopes),
        ngettext("%d permission", "%d permissions", len(key.scopes)) % len(key.scopes),
    )


def _state(key: ApiKey, at: datetime) -> str:
    if key.revoked_at:
        return ui.badge(_("Revoked"))
    if key.expires_at and key.expires_at <= at:
        return ui.badge(_("Expired"), "warn")
    return ui.badge(_("Valid"), "good")


def _revoke_link(key: ApiKey) -> str:
    return format_html('<a href="{}">{}</a>', reverse("crm:api_key_revoke", args=[key.pk]), _("Revoke"))


class KeyPart(SettingsPart):
    """A page below API keys."""

    abstract = True
    permission = ""

    def breadcrumbs(self) -> list[dict[str, str]]:
        return [*super().breadcrumbs(), {"label": _("API keys"), "href": reverse("crm:api_keys")}]

    def cancel_href(self) -> str:
        return reverse("crm:api_keys")

    def success_url(self, result: Any) -> str:
        return reverse("crm:api_keys")


class ApiKeyCreate(KeyPart, ShownOnce):
    permission = "crm.manage_api_keys"
    title = gettext_lazy("Make an API key")
    form_class = ApiKeyForm
    submit_label = gettext_lazy("Make the key")
    made_template = "crm/api_key_made.html"

    def perform(self, *, expires_at: date | None = None, **data: Any) -> Any:
        until = None
        if expires_at is not None:
            zone = ZoneInfo(self.business.time_zone)
            until = datetime.combine(expires_at + timedelta(days=1), time.min, tzinfo=zone)
        return services.create_api_key(
            actor=self.actor, business=self.business, at=clock.now(), expires_at=until, **data
        )

    def made(self, result: Any) -> dict[str, Any]:
        return {"record": result.record, "key": result.key}


class ApiKeyRevoke(KeyPart, DeedPage):
    permission = "crm.manage_api_keys"
    submit_label = gettext_lazy("Revoke")
    success_message = gettext_lazy("The key was revoked.")
    danger = True

    @property
    def api_key(self) -> ApiKey:
        found = ApiKey.objects.filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise NotFound
        return found

    def get_title(self) -> Any:
        return _("Revoke the key %(name)s?") % {"name": self.api_key.name}

    def text(self) -> Any:
        return _("Programs that use it are refused from now on. This can't be undone; make a new key instead.")

    def perform(self) -> ApiKey:
        return services.revoke_api_key(actor=self.actor, api_key=self.api_key, at=clock.now())
