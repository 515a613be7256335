"""A forgotten password: asking for a link and following it; and proving once more who one is."""

from typing import Any

from allauth.account.views import PasswordResetFromKeyView, PasswordResetView
from django.http import HttpResponse, HttpResponseBase

from crm import attempts, services
from crm.actor import Actor
from crm.settings_forms import ResetForm


class PasswordReset(PasswordResetView):
    """Answers the same whoever asks, for whatever address; a job writes the message."""

    def get_form_class(self) -> Any:
        return ResetForm

    def form_valid(self, form: Any) -> HttpResponse:
        attempts.count(self.request, "reset", attempts.RESETS)
        email = form.cleaned_data["email"]
        if attempts.may_send_reset(email):
            services.ask_for_reset(actor=Actor.system("Password reset", door="page"), email=email)
        return HttpResponse(status=302, headers={"Location": self.get_success_url()})


class PasswordResetFromKey(PasswordResetFromKeyView):
    """Choosing a new password, with the key of a link."""

    def dispatch(self, request: Any, uidb36: str, key: str, **kwargs: Any) -> HttpResponseBase:
        attempts.count(request, "reset-link", attempts.LINKS)
        return super().dispatch(request, uidb36, key, **kwargs)
