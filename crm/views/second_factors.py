"""Sign-in security: setting up and proving second factors, and the owner's pages about those of others."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.core.internal.httpkit import authenticated_user
from allauth.mfa.base.views import AuthenticateView, IndexView, ReauthenticateView
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView, ViewRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.mfa.webauthn.views import (
    AddWebAuthnView,
    EditWebAuthnView,
    LoginWebAuthnView,
    ReauthenticateWebAuthnView,
    RemoveWebAuthnView,
)
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse, reverse_lazy
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View

from crm import services
from crm.forms import version_of
from crm.models import Business, Membership, User
from crm.pages import DeedPage, FormPage
from crm.second_factor_forms import (
    AppForm,
    ConfirmCodeForm,
    ConfirmPasskeyForm,
    PasskeyForm,
    PasskeyNameForm,
    PasskeySignInForm,
    SecondStepPasskeyForm,
    SignInCodeForm,
)
from crm.second_factors import (
    APP,
    CODES,
    FIRST_STEP,
    PASSKEY,
    codes_left,
    has_second_factor,
    lacks_required_factor,
    operator_lacks_factor,
    with_factor,
)
from crm.settings_forms import SignInRulesForm
from crm.views.people import OneMembership
from crm.views.reauthentication import GoesOn
from crm.views.settings import SettingsPart

_SECURITY = reverse_lazy("mfa_index")


class SignInSecurity(IndexView):
    """The factors that one has; who has still to set one up is sent here."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        user, found = authenticated_user(self.request), context["authenticators"]
        codes = found.get(CODES)
        context.update(
            app=found.get(APP),
            passkeys=found.get(PASSKEY, []),
            codes_left=codes_left(codes.instance) if codes else 0,
            asked_by=self.request.business if lacks_required_factor(user, self.request.business) else None,
            operators_ask=operator_lacks_factor(user),
        )
        return context


class LimitedTries(View):
    """Answers 429 when too many codes were tried."""

    def form_invalid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_invalid(form)  # type: ignore[misc]
        if wait := getattr(form, "retry_after", 0):
            response.status_code = 429
            response["Retry-After"] = str(wait)
        return response


class AppAdd(LimitedTries, ActivateTOTPView):
    """Sets up an authenticator app; the code that proves it is spent."""

    form_class = AppForm

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        request: Any = self.request
        user = User.objects.select_for_update().get(pk=request.user.pk)
        if Authenticator.objects.filter(user=user, type=APP).exists():
            return HttpResponseRedirect(_SECURITY)
        response: HttpResponse = super().form_valid(form)
        row = Authenticator.objects.get(user=user, type=APP)
        row.data = {**row.data, "step": form.step}
        row.save(update_fields=["data"])
        services.note_second_factor_added(actor=request.actor, user=user, kind=APP)
        return response


class AppRemove(DeactivateTOTPView):
    """Switches the authenticator app off."""

    success_url = _SECURITY

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        services.note_second_factor_removed(actor=self.request.actor, user=self.request.user, kind=APP)
        return response


class PasskeyAdd(AddWebAuthnView):
    """Adds a passkey of this device or of a security key."""

    form_class = PasskeyForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """allauth makes the form anew here; the faulty one says what was wrong."""
        context = super().get_context_data(**kwargs)
        return {**context, **kwargs}

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        request, given = self.request, form.cleaned_data
        rows = Authenticator.objects.filter(user=request.user, type=PASSKEY, data__credential=given["credential"])
        row = rows.latest("pk")
        row.data = {**row.data, "passwordless": given["passwordless"]}
        row.save(update_fields=["data"])
        services.note_second_factor_added(actor=request.actor, user=request.user, kind=PASSKEY, name=given["name"])
        return response


class PasskeyRename(EditWebAuthnView):
    form_class = PasskeyNameForm
    success_url = _SECURITY


class PasskeyRemove(RemoveWebAuthnView):
    success_url = _SECURITY

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        name = self.object.wrap().name
        response: HttpResponse = super().form_valid(form)
        services.note_second_factor_removed(actor=self.request.actor, user=self.request.user, kind=PASSKEY, name=name)
        return response


class RecoveryCodesMake(GenerateRecoveryCodesView):
    """New recovery codes; those before them stop working."""

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        services.note_recovery_codes_made(actor=self.request.actor, user=self.request.user)
        return response


class RecoveryCodesShow(ViewRecoveryCodesView):
    """Shows fresh recovery codes, once."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        return {**context, "as_text": "\n".join(context["unused_codes"])}


class SecondStep(LimitedTries, AuthenticateView):
    """The second step of signing in; nobody is signed in before it."""

    form_class = SignInCodeForm
    webauthn_form_class = SecondStepPasskeyForm

    def post(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Who changes a password that somebody else knows ends that sign-in, too."""
        if request.session.get(FIRST_STEP) != self.stage.login.user.get_session_auth_hash():
            ended: HttpResponse = self.stage.abort()
            return ended
        response: HttpResponse = super().post(request, *args, **kwargs)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        kinds = set(Authenticator.objects.filter(user=self.stage.login.user).values_list("type", flat=True))
        return {**context, "offers_codes": bool(kinds & {APP, CODES}), "offers_passkey": PASSKEY in kinds}


class ConfirmByCode(GoesOn, LimitedTries, ReauthenticateView):
    form_class = ConfirmCodeForm


class ConfirmByPasskey(GoesOn, ReauthenticateWebAuthnView):
    """Confirms with a passkey; a failed try comes back here and keeps where it was to lead."""

    form_class = ConfirmPasskeyForm

    def form_invalid(self, form: Any) -> HttpResponse:
        super().form_invalid(form)
        target = self.request.POST.get("next", "")
        return HttpResponseRedirect(
            f"{self.request.path}?{urlencode({'next': target})}" if target else self.request.path
        )


class PasskeySignIn(LoginWebAuthnView):
    """Signing in with a passkey, from the sign-in page."""

    form_class = PasskeySignInForm


class SignInRules(SettingsPart, FormPage):
    """Whether members need a second factor, and who has none yet."""

    permission = "crm.manage_business"
    title = gettext_lazy("Sign-in rules")
    description = gettext_lazy("What members need to come into this business.")
    template_name = "crm/sign_in_rules.html"
    form_class = SignInRulesForm
    success_message = gettext_lazy("Saved.")
    reauthenticate = True

    def initial(self) -> dict[str, Any]:
        return {"requires_second_factor": self.business.requires_second_factor, "version": version_of(self.business)}

    def perform(self, **data: Any) -> Business:
        return services.require_second_factor(actor=self.actor, business=self.business, **data)

    def success_url(self, result: Business) -> str:
        return reverse("crm:sign_in_rules")

    def cancel_href(self) -> str:
        return reverse("crm:settings")

    def context(self, **extra: Any) -> dict[str, Any]:
        members = Membership.objects.filter(is_active=True, user__is_active=True)
        without = members.exclude(with_factor("user_id")).select_related("user").order_by("user__name", "user__email")
        return super().context(
            member_count=members.count(), without=[row.user for row in without],
            has_own=has_second_factor(self.request.user), **extra,
        )  # fmt: skip


class SecondFactorReset(OneMembership, DeedPage):
    """For a member who has lost phone and recovery codes."""

    permission = "crm.manage_people"
    submit_label = gettext_lazy("Reset")
    success_message = gettext_lazy("The second factor was reset. The person gets a message about it.")
    danger = True
    reauthenticate = True

    def get_title(self) -> Any:
        return _("Reset the second factor of %(name)s?") % {"name": self.membership.user}

    def text(self) -> Any:
        return _("Make sure that it is really the person who asks you, for example by calling them.")

    def consequences(self) -> list[Any]:
        lines = [
            _("Authenticator app, passkeys and recovery codes stop working."),
            _("The person is signed out everywhere, programs with their tokens included."),
            _("The password alone signs in again."),
        ]
        if self.business.requires_second_factor:
            lines[-1] = _("The password signs in again, and leads to setting up a new second factor.")
        return lines

    def perform(self) -> User:
        user = services.reset_second_factor(actor=self.actor, membership=self.membership)
        get_adapter().send_notification_mail("mfa/email/second_factor_reset", user)
        return user
