"""Who works in the business: members and invitations."""

from datetime import datetime
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import clock, services
from crm.errors import DomainError, NotAllowed, NotFound
from crm.forms import version_of
from crm.models import Invitation, Membership, Role
from crm.pages import DeedPage, FormPage, carry_out
from crm.second_factors import has_second_factor, with_factor
from crm.services.people import is_open
from crm.settings_forms import InviteForm, MembershipForm, membership_initial
from crm.tables import Column, build_table
from crm.templatetags import ui
from crm.views.settings import SettingsPart


class ShownOnce(FormPage):
    """A form whose result holds a secret: it is shown in the answer itself and never again."""

    abstract = True
    permission = ""
    made_template = ""

    def made(self, result: Any) -> dict[str, Any]:
        """What the page of the result shows."""
        raise ImproperlyConfigured(f"{type(self).__name__}.made")

    def post(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        form = self.form(request.POST)
        if not form.is_valid():
            return self.show_form(form, 422)
        try:
            result = carry_out(lambda: self.perform(**form.cleaned_data))
        except (NotFound, NotAllowed):
            raise
        except DomainError as refusal:
            form.refuse(refusal)
            return self.show_form(form, refusal.status)
        return self.show(self.made_template, **self.made(result))


class People(SettingsPart):
    """Members and open invitations."""

    permission = "crm.manage_people"
    title = gettext_lazy("People")
    description = gettext_lazy("Who works in this business, as what, and which customers they see.")
    template_name = "crm/people.html"

    def actions(self) -> list[dict[str, Any]]:
        return self.action(
            "crm.manage_people", _("Invite somebody"), reverse("crm:invite"), icon="user-plus", kind="primary"
        )

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        members = (
            Membership.objects.select_related("user", "team")
            .annotate(has_factor=with_factor("user_id"))
            .order_by("-is_active", "user__name", "user__email")
        )
        invitations = Invitation.objects.select_related("team", "invited_by").filter(
            accepted_at=None, withdrawn_at=None
        )
        at = clock.now()
        member_table = build_table(
            [
                Column("name", _("Name"), lambda row: format_html("<bdi>{}</bdi>", row.user)),
                Column("email", _("E-mail"), lambda row: row.user.email),
                Column("role", _("Role"), lambda row: row.get_role_display()),
                Column("team", _("Team"), lambda row: ui.user_text(row.team)),
                Column("visibility", _("Sees"), lambda row: row.get_visibility_display()),
                Column("second_factor", _("Second factor"), lambda row: _("Yes") if row.has_factor else _("No")),
                Column("state", _("State"), _member_state),
                *self.view_as_column(),
            ],
            members, query=request.GET, sort="", caption=_("Members"),
            href=lambda row: reverse("crm:membership_update", args=[row.pk]) if row.is_active else "",
        )  # fmt: skip
        invitation_table = build_table(
            [
                Column("email", _("E-mail"), lambda row: row.email),
                Column("role", _("Role"), lambda row: row.get_role_display()),
                Column("team", _("Team"), lambda row: ui.user_text(row.team)),
                Column("by", _("Invited by"), lambda row: ui.user_text(row.invited_by)),
                Column("until", _("Valid until"), lambda row: ui.when(row.expires_at, "day")),
                Column("state", _("State"), lambda row: _invitation_state(row, at)),
                Column("deed", _("Action"), lambda row: _withdraw_link(row) if is_open(row, at) else ""),
            ],
            invitations, query=request.GET, sort="", caption=_("Invitations"), href=lambda row: "",
        )  # fmt: skip
        return self.show(members=member_table, invitations=invitation_table)

    def view_as_column(self) -> list[Column]:
        """Links to see the product as a member does, for those who may."""
        if not self.actor.may("crm.view_as", self.business):
            return []
        return [Column("view_as", _("Action"), lambda row: _view_as_link(row) if _may_be_viewed_as(row) else "")]


def _may_be_viewed_as(membership: Membership) -> bool:
    return membership.is_active and membership.user.is_active and membership.role != Role.OWNER


def _view_as_link(membership: Membership) -> str:
    href = reverse("crm:view_as", args=[membership.pk])
    return format_html('<a href="{}">{}<span class="unseen">: {}</span></a>', href, _("View as"), membership.user)


def _member_state(membership: Membership) -> str:
    return ui.badge(_("Active"), "good") if membership.is_active else ui.badge(_("Ended"))


def _invitation_state(invitation: Invitation, at: datetime) -> str:
    return ui.badge(_("Open"), "accent") if is_open(invitation, at) else ui.badge(_("Expired"), "warn")


def _withdraw_link(invitation: Invitation) -> str:
    href = reverse("crm:invitation_withdraw", args=[invitation.pk])
    return format_html('<a href="{}">{}<span class="unseen">: {}</span></a>', href, _("Withdraw"), invitation.email)


class PeoplePart(SettingsPart):
    """A page below People."""

    abstract = True
    permission = ""

    def breadcrumbs(self) -> list[dict[str, str]]:
        return [*super().breadcrumbs(), {"label": _("People"), "href": reverse("crm:people")}]

    def cancel_href(self) -> str:
        return reverse("crm:people")

    def success_url(self, result: Any) -> str:
        return reverse("crm:people")


class Invite(PeoplePart, ShownOnce):
    permission = "crm.manage_people"
    reauthenticate = True
    title = gettext_lazy("Invite somebody")
    description = gettext_lazy("You get a link to pass on; with it the person makes a sign-in of their own.")
    form_class = InviteForm
    submit_label = gettext_lazy("Make the link")
    made_template = "crm/invitation_made.html"

    def perform(self, **data: Any) -> Any:
        return services.invite(actor=self.actor, business=self.business, at=clock.now(), **data)

    def made(self, result: Any) -> dict[str, Any]:
        here = self.request.build_absolute_uri("/")
        root = (settings.PUBLIC_URL if settings.PUBLIC_URL.startswith("https://") else here).rstrip("/")
        return {"invitation": result.invitation, "link": root + reverse("crm:invitation", args=[result.token])}


class InvitationWithdraw(PeoplePart, DeedPage):
    permission = "crm.manage_people"
    submit_label = gettext_lazy("Withdraw")
    success_message = gettext_lazy("The invitation was withdrawn.")

    @property
    def invitation(self) -> Invitation:
        found = Invitation.objects.filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise NotFound
        return found

    def get_title(self) -> Any:
        return _("Withdraw the invitation of %(email)s?") % {"email": self.invitation.email}

    def text(self) -> Any:
        return _("The link that you have passed on stops working.")

    def perform(self) -> Invitation:
        return services.withdraw_invitation(actor=self.actor, invitation=self.invitation, at=clock.now())


class OneMembership(PeoplePart):
    """A page about one member of the business; 404 for any other."""

    abstract = True
    permission = ""

    @cached_property
    def membership(self) -> Membership:
        rows = Membership.objects.select_related("user", "team", "business").filter(is_active=True)
        return cast(Membership, self.one(rows))


class MembershipUpdate(OneMembership, FormPage):
    permission = "crm.manage_people"
    reauthenticate = True
    form_class = MembershipForm
    success_message = gettext_lazy("Saved.")

    def get_title(self) -> Any:
        return str(self.membership.user)

    def actions(self) -> list[dict[str, Any]]:
        member = self.membership
        end = self.action(
            "crm.manage_people", _("End membership"), reverse("crm:membership_end", args=[member.pk]), icon="user-minus"
        )
        if member.user == self.request.user or not has_second_factor(member.user):
            return end
        href = reverse("crm:second_factor_reset", args=[member.pk])
        return [*self.action("crm.manage_people", _("Reset second factor"), href, icon="shield-off"), *end]

    def initial(self) -> dict[str, Any]:
        return {**membership_initial(self.membership), "version": version_of(self.membership)}

    def perform(self, **data: Any) -> Membership:
        return services.change_membership(actor=self.actor, membership=self.membership, **data)


class MembershipEnd(OneMembership, DeedPage):
    permission = "crm.manage_people"
    reauthenticate = True
    submit_label = gettext_lazy("End membership")
    success_message = gettext_lazy("The membership has ended.")
    danger = True

    def get_title(self) -> Any:
        return _("End the membership of %(name)s?") % {"name": self.membership.user}

    def text(self) -> Any:
        return _(
            "All rights in this business end at once, on every device. What the person has done stays under their name."
        )

    def perform(self) -> Membership:
        return services.end_membership(actor=self.actor, membership=self.membership)
