"""Keys with which programs call the API."""

from datetime import date, datetime, time, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm import clock, services
from crm.errors import DomainError, NotAllowed, NotFound
from crm.models import ApiKey
from crm.pages import DeedPage, carry_out
from crm.settings_forms import ApiKeyForm
from crm.tables import Column, build_table
from crm.templatetags import ui
from crm.views.people import ShownOnce
from crm.views.settings import SettingsPart

SOON = timedelta(days=14)


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
            Column("deed", _("Action"), lambda row: _deeds(row, at)),
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
    badges = [ui.badge(_("Valid"), "good")]
    if key.expires_at and key.expires_at - at <= SOON:
        days = (key.expires_at - at).days
        soon = ngettext("Expires in %d day", "Expires in %d days", days) % days if days else _("Expires today")
        badges = [ui.badge(soon, "warn")]
    if key.previous_until and key.previous_until > at:
        badges.append(ui.badge(_("Old key still works"), "warn"))
    return format_html("<span>{}</span>", format_html_join(" ", "{}", [(badge,) for badge in badges]))


def _deeds(key: ApiKey, at: datetime) -> str:
    """Links to what can be done with the key."""
    if key.revoked_at:
        return ""
    deeds = [("crm:api_key_revoke", _("Revoke"))]
    if key.expires_at is None or key.expires_at > at:
        deeds.insert(0, ("crm:api_key_rotate", _("Rotate")))
    links = [(reverse(name, args=[key.pk]), text, key.name) for name, text in deeds]
    return format_html(
        "<span>{}</span>", format_html_join(" · ", '<a href="{}">{}<span class="unseen">: {}</span></a>', links)
    )


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
    reauthenticate = True
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


class KeyDeed(KeyPart, DeedPage):
    """A deed on one key."""

    abstract = True
    permission = ""

    @cached_property
    def api_key(self) -> ApiKey:
        return cast(ApiKey, self.one(ApiKey.objects.all()))


class ApiKeyRotate(KeyDeed):
    """Another secret for the key, shown in the answer itself and never again."""

    permission = "crm.manage_api_keys"
    reauthenticate = True
    submit_label = gettext_lazy("Rotate")

    is_rotated = False

    def get_title(self) -> Any:
        return (_("Key rotated") if self.is_rotated else _("Rotate the key %(name)s?")) % {"name": self.api_key.name}

    def text(self) -> Any:
        return _("You get a new key with the same name, role and permissions. It is shown once.")

    def consequences(self) -> list[Any]:
        return [
            _("The key that programs use now works for another 24 hours: put the new one in its place by then."),
            _("A key from before an earlier rotation stops working at once."),
        ]

    def perform(self) -> Any:
        return services.rotate_api_key(actor=self.actor, api_key=self.api_key, at=clock.now())

    def post(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            made = carry_out(self.perform)
        except (NotFound, NotAllowed):
            raise
        except DomainError as refusal:
            return self.ask(str(refusal.message), refusal.status)
        self.is_rotated = True
        return self.show("crm/api_key_made.html", record=made.record, key=made.key, until=made.record.previous_until)


class ApiKeyRevoke(KeyDeed):
    permission = "crm.manage_api_keys"
    submit_label = gettext_lazy("Revoke")
    success_message = gettext_lazy("The key was revoked.")
    danger = True

    def get_title(self) -> Any:
        return _("Revoke the key %(name)s?") % {"name": self.api_key.name}

    def text(self) -> Any:
        return _("Programs that use it are refused from now on. This can't be undone; make a new key instead.")

    def perform(self) -> ApiKey:
        return services.revoke_api_key(actor=self.actor, api_key=self.api_key, at=clock.now())
