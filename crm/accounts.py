"""How people sign in: by e-mail address, without open sign-up."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth import authenticate
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from crm import attempts, services, viewing
from crm.actor import Actor


class AccountAdapter(DefaultAccountAdapter):
    """Nobody can sign up; people come in by the first-run page or an invitation."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _("The e-mail address or the password is not correct."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def populate_username(self, request: HttpRequest, user: Any) -> None:
        """Users have no user name."""

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """The user whose password this is. Tries are counted first; who is switched off is answered like who isn't there."""
        attempt = attempts.begin(request, credentials.get("email", ""))
        user = authenticate(request, **credentials)
        AuthenticationBackend.unstash_authenticated_user()
        if user is not None:
            attempt.succeeded()
        return user

    def logout(self, request: HttpRequest) -> None:
        viewing.leave(request, "signed_out")
        super().logout(request)

    def set_password(self, user: Any, password: str) -> None:
        """The browser in which one changes one's own password stays signed in; all else ends."""
        request: Any = self.request
        is_own = request.user.is_authenticated and request.user.pk == user.pk
        actor = Actor.for_user(user, ip=request.META.get("REMOTE_ADDR"), request_id=getattr(request, "id", ""))
        keep = (request.session.session_key or "") if is_own else ""
        services.set_password(actor=actor, user=user, password=password, keep=keep)
