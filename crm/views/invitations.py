"""Taking up an invitation, with or without an account."""

from typing import Any

from allauth.account.utils import perform_login
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import View

from crm import attempts, clock, services
from crm.actor import Actor
from crm.errors import DomainError
from crm.middleware import BUSINESS_KEY
from crm.models import Membership, User
from crm.pages import carry_out
from crm.services.people import InvitationGone
from crm.settings_forms import JoinForm


@method_decorator(sensitive_post_parameters("password"), name="dispatch")
class InvitationAccept(View):
    """Whoever holds the link: makes an account, or joins with the one of the invited address."""

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        attempts.count(request, "invitation", attempts.LINKS)
        try:
            self.invitation = services.find_invitation(kwargs["token"], clock.now())
            return super().dispatch(request, *args, **kwargs)
        except InvitationGone as refusal:
            return render(request, "crm/invitation_gone.html", {"text": refusal.message}, status=410)

    @property
    def user(self) -> User | None:
        return self.request.user if self.request.user.is_authenticated else None

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.show(JoinForm())

    def post(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        form = JoinForm(request.POST if self.user is None else None)
        if self.user is None and not form.is_valid():
            return self.show(form, 422)
        data = {} if self.user else form.cleaned_data
        actor = Actor.system("Invitation", door="page")
        try:
            membership = carry_out(
                lambda: services.accept_invitation(
                    actor=actor, token=kwargs["token"], at=clock.now(), user=self.user, **data
                )
            )
        except InvitationGone:
            raise
        except DomainError as refusal:
            if self.user is None:
                form.refuse(refusal)
            return self.show(form, refusal.status, error="" if self.user is None else str(refusal.message))
        return self.enter(membership)

    def enter(self, membership: Membership) -> HttpResponse:
        """Lead into the business that was joined, signed in."""
        home = reverse("crm:home")
        response = (
            HttpResponseRedirect(home) if self.user else perform_login(self.request, membership.user, redirect_url=home)
        )
        self.request.session[BUSINESS_KEY] = str(membership.business_id)
        messages.success(self.request, _("Welcome to %(business)s.") % {"business": membership.business})
        return response

    def show(self, form: JoinForm, status: int = 200, error: str = "") -> HttpResponse:
        email = self.invitation.email
        sign_in = f"{reverse('account_login')}?{urlencode({'next': self.request.path})}"
        context = {
            "invitation": self.invitation, "business": self.invitation.business, "form": form, "error": error,
            "fits": self.user is not None and self.user.email == email, "sign_in_href": sign_in,
        }  # fmt: skip
        return render(self.request, "crm/invitation.html", context, status=status)
