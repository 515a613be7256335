"""Proving once more who one is; what was asked for before the proof is done after it, where it could still be asked for."""

from typing import Any

from allauth.account.internal.flows.reauthentication import STATE_SESSION_KEY
from allauth.account.views import ReauthenticateView
from django.http import HttpResponse
from django.views.generic import View

from crm import service_mode
from crm.second_factors import lacks_required_factor
from crm.sessions import ASKED_IN


class GoesOn(View):
    """What was asked for is done without passing the middleware again: so not while changes are switched off, not in another
    business, and not without the second factor that the business asks for by now. Then its page is just opened again."""

    def form_valid(self, form: Any) -> HttpResponse:
        request: Any = self.request
        here = str(request.business.pk) if request.business else ""
        is_here = request.session.pop(ASKED_IN, here) == here
        if not is_here or service_mode.current().is_read_only or lacks_required_factor(request.user, request.business):
            request.session.pop(STATE_SESSION_KEY, None)
        response: HttpResponse = super().form_valid(form)  # type: ignore[misc]
        return response


class ConfirmByPassword(GoesOn, ReauthenticateView):
    """Confirms with the password."""
