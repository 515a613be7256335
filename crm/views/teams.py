"""Teams of the business."""

from typing import Any, cast

from django.db.models import Count, Q
from django.http import HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import formats, services
from crm.forms import version_of
from crm.models import Team
from crm.pages import DeedPage, FormPage
from crm.settings_forms import TeamForm
from crm.tables import Column, build_table
from crm.templatetags import ui
from crm.views.settings import SettingsPart


class Teams(SettingsPart):
    permission = "crm.manage_teams"
    title = gettext_lazy("Teams")
    description = gettext_lazy("Members who look after the same customers.")
    template_name = "crm/table.html"

    def actions(self) -> list[dict[str, Any]]:
        return self.action("crm.manage_teams", _("Add team"), reverse("crm:team_create"), icon="plus", kind="primary")

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        teams = Team.objects.annotate(member_count=Count("memberships", filter=Q(memberships__is_active=True)))
        columns = [
            Column("name", _("Name"), lambda row: ui.user_text(row.name)),
            Column("members", _("Members"), lambda row: ui.number(row.member_count), align="end"),
        ]
        href = lambda row: reverse("crm:team_update", args=[row.pk])  # noqa: E731 - one line, used once
        table = build_table(columns, teams, query=request.GET, sort="", caption=self.title, href=href)
        text = _(
            "Make a team and put members into it: people who see only their team's customers see what it looks after."
        )
        return self.show(table=table, empty={"icon": "users-round", "title": _("No teams yet"), "text": text})


class TeamPart(SettingsPart):
    """A page below Teams."""

    abstract = True
    permission = ""

    @cached_property
    def team(self) -> Team:
        return cast(Team, self.one(Team.objects.all()))

    def breadcrumbs(self) -> list[dict[str, str]]:
        return [*super().breadcrumbs(), {"label": _("Teams"), "href": reverse("crm:teams")}]

    def cancel_href(self) -> str:
        return reverse("crm:teams")

    def success_url(self, result: Any) -> str:
        return reverse("crm:teams")


class TeamCreate(TeamPart, FormPage):
    permission = "crm.manage_teams"
    title = gettext_lazy("Add team")
    form_class = TeamForm
    submit_label = gettext_lazy("Add team")

    def perform(self, *, version: str = "", **data: Any) -> Team:
        return services.create_team(actor=self.actor, business=self.business, **data)


class TeamUpdate(TeamPart, FormPage):
    permission = "crm.manage_teams"
    form_class = TeamForm
    success_message = gettext_lazy("Saved.")

    def get_title(self) -> Any:
        return self.team.name

    def actions(self) -> list[dict[str, Any]]:
        return self.action(
            "crm.manage_teams", _("Dissolve team"), reverse("crm:team_delete", args=[self.team.pk]), icon="trash-2"
        )

    def initial(self) -> dict[str, Any]:
        return {"name": self.team.name, "version": version_of(self.team)}

    def perform(self, **data: Any) -> Team:
        return services.rename_team(actor=self.actor, team=self.team, **data)


class TeamDelete(TeamPart, DeedPage):
    permission = "crm.manage_teams"
    submit_label = gettext_lazy("Dissolve team")
    success_message = gettext_lazy("The team was dissolved.")
    danger = True

    def get_title(self) -> Any:
        return _("Dissolve the team %(name)s?") % {"name": self.team.name}

    def text(self) -> Any:
        return _(
            "What belongs to the team stays, without a team. Who sees only the team's customers sees them no more."
        )

    def consequences(self) -> list[Any]:
        """How much loses its team, whichever app it belongs to."""
        lines = []
        relations: Any = Team._meta.get_fields(include_hidden=True)
        for relation in relations:
            if relation.auto_created and relation.one_to_many:
                model: Any = relation.related_model
                count = model.objects.filter(**{relation.field.name: self.team}).count()
                if count:
                    lines.append(f"{formats.number(count)} {model._meta.verbose_name_plural}")
        return lines

    def perform(self) -> None:
        services.delete_team(actor=self.actor, team=self.team)
