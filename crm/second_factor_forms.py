"""Forms in which people prove a second factor or set one up."""

import json
from collections.abc import Callable
from math import ceil
from typing import Any

from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    EditWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from allauth.mfa.webauthn.internal.auth import parse_authentication_response
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from crm import clock
from crm.second_factors import count_try, matching_step, signs_in_alone, spend_code

NAME_LENGTH = 60
CREDENTIAL_LENGTH = 20_000
_DIGITS = {"autocomplete": "one-time-code", "inputmode": "numeric", "autocapitalize": "off", "spellcheck": "false"}


def code_field(label: Any, help_text: Any = "") -> forms.CharField:
    return forms.CharField(label=label, max_length=40, help_text=help_text, widget=forms.TextInput(attrs=_DIGITS))


def _count_try(form: Any) -> None:
    """Refuse the code unseen when its person has tried too many; the form then knows for how long."""
    taken = count_try(form.user)
    if not taken.allowed:
        form.retry_after = ceil(taken.retry_after)
        raise get_account_adapter().validation_error("too_many_login_attempts")


class SpendsCode(forms.Form):
    """Takes a code of the app or a recovery code, once; every try counts against the person's limit."""

    code = code_field(_("Code"), _("The six digits that your app shows, or one of your recovery codes."))
    code.widget.attrs["autofocus"] = True

    def clean_code(self) -> str:
        _count_try(self)
        code: str = self.cleaned_data["code"]
        found = spend_code(user=self.user, code=code, at=clock.now())  # type: ignore[attr-defined]
        if found is None:
            raise get_adapter().validation_error("incorrect_code")
        found.user = self.user  # type: ignore[attr-defined]
        self.authenticator = found
        return code


class SignInCodeForm(SpendsCode, AuthenticateForm):
    """The second step of signing in."""


class ConfirmCodeForm(SpendsCode, ReauthenticateForm):
    """Somebody who is signed in shows once more who they are."""


class AppForm(ActivateTOTPForm):
    """The first code of a new authenticator app; `step` is the period that it belongs to."""

    code = code_field(_("Code"), _("The six digits that the app shows for Customer desk."))

    def clean_code(self) -> str:
        _count_try(self)
        code: str = self.cleaned_data["code"].replace(" ", "")
        self.step = matching_step(self.secret, code, clock.now()) if code.isascii() else None
        if self.step is None:
            raise get_adapter().validation_error("incorrect_code")
        return code


def parsed(read: Callable[[], Any]) -> Any:
    """What `read` makes of a credential. A made-up one breaks the parsers in many ways: all of them are a wrong credential."""
    try:
        return read()
    except ValidationError:
        raise
    except Exception as error:
        raise get_adapter().validation_error("incorrect_code") from error


class CredentialField(forms.JSONField):
    """What the browser says of a passkey: a JSON object, which is never shown again."""

    widget = forms.HiddenInput

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and len(value) > CREDENTIAL_LENGTH:
            raise get_adapter().validation_error("incorrect_code")
        try:
            read = super().to_python(value)
            text = json.dumps(read, ensure_ascii=False)
            text.encode()
        except (RecursionError, UnicodeEncodeError) as error:
            raise get_adapter().validation_error("incorrect_code") from error
        if read is not None and (not isinstance(read, dict) or "\\u0000" in text):
            raise get_adapter().validation_error("incorrect_code")
        return read

    def bound_data(self, data: Any, initial: Any) -> Any:
        return None

    def prepare_value(self, value: Any) -> str:
        return ""


class PasskeyForm(AddWebAuthnForm):
    """A new passkey and what its owner calls it."""

    name = forms.CharField(
        label=_("Name"),
        max_length=NAME_LENGTH,
        required=False,
        help_text=_("So that you know it again, as in “Phone”."),
    )
    passwordless = forms.BooleanField(
        label=_("Sign in with it alone, without a password"), required=False, initial=True,
        help_text=_("The device then asks for your fingerprint, face or PIN. Untick it for a security key that can't."),
    )  # fmt: skip
    credential = CredentialField()
    field_order = ("name", "passwordless", "credential")

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = parsed(super().clean)
        return found


class PasskeyNameForm(EditWebAuthnForm):
    """Another name for a passkey."""

    name = forms.CharField(label=_("Name"), max_length=NAME_LENGTH)


class _ProvesPasskey(AuthenticateWebAuthnForm):
    credential = CredentialField()

    def clean_credential(self) -> Any:
        return parsed(super().clean_credential)


class SecondStepPasskeyForm(_ProvesPasskey):
    """A passkey as the second step of signing in."""


class PasskeySignInForm(_ProvesPasskey, LoginWebAuthnForm):
    """Signing in with a passkey alone: with one that was set up for it, on a device that has made sure who holds it."""

    def clean_credential(self) -> Any:
        told = self.cleaned_data["credential"]
        found = super().clean_credential()
        is_verified = parse_authentication_response(told).response.authenticator_data.is_user_verified()
        if not (is_verified and signs_in_alone(found)):
            raise get_adapter().validation_error("incorrect_code")
        return found


class ConfirmPasskeyForm(_ProvesPasskey, ReauthenticateWebAuthnForm):
    """Somebody who is signed in shows once more who they are."""
