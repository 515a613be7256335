"""Sign-in, sign-out and password pages: those of allauth that this product offers, and no others."""

from allauth.account import views
from django.urls import path, re_path

from crm.views import SignIn, second_factors
from crm.views.passwords import PasswordReset, PasswordResetFromKey
from crm.views.reauthentication import ConfirmByPassword

# The user, then the key, which has hyphens of its own.
_RESET = r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>[0-9A-Za-z:_-]+)$"

urlpatterns = [
    path("sign-in", SignIn.as_view(), name="account_login"),
    path("sign-up", views.signup, name="account_signup"),
    path("sign-out", views.logout, name="account_logout"),
    path("inactive", views.account_inactive, name="account_inactive"),
    path("re-authenticate", ConfirmByPassword.as_view(), name="account_reauthenticate"),
    path("password/change", views.password_change, name="account_change_password"),
    path("password/set", views.password_set, name="account_set_password"),
    path("password/reset", PasswordReset.as_view(), name="account_reset_password"),
    path("password/reset/done", views.password_reset_done, name="account_reset_password_done"),
    re_path(_RESET, PasswordResetFromKey.as_view(), name="account_reset_password_from_key"),
    path("password/reset/key/done", views.password_reset_from_key_done, name="account_reset_password_from_key_done"),
    path("confirm-email", views.email_verification_sent, name="account_email_verification_sent"),
    path("security", second_factors.SignInSecurity.as_view(), name="mfa_index"),
    path("security/app/add", second_factors.AppAdd.as_view(), name="mfa_activate_totp"),
    path("security/app/remove", second_factors.AppRemove.as_view(), name="mfa_deactivate_totp"),
    path("security/passkeys/add", second_factors.PasskeyAdd.as_view(), name="mfa_add_webauthn"),
    path("security/passkeys/<int:pk>/rename", second_factors.PasskeyRename.as_view(), name="mfa_edit_webauthn"),
    path("security/passkeys/<int:pk>/remove", second_factors.PasskeyRemove.as_view(), name="mfa_remove_webauthn"),
    path("security/recovery-codes", second_factors.RecoveryCodesShow.as_view(), name="mfa_view_recovery_codes"),
    path("security/recovery-codes/new", second_factors.RecoveryCodesMake.as_view(), name="mfa_generate_recovery_codes"),
    path("sign-in/second-step", second_factors.SecondStep.as_view(), name="mfa_authenticate"),
    path("sign-in/passkey", second_factors.PasskeySignIn.as_view(), name="mfa_login_webauthn"),
    path("re-authenticate/code", second_factors.ConfirmByCode.as_view(), name="mfa_reauthenticate"),
    path("re-authenticate/passkey", second_factors.ConfirmByPasskey.as_view(), name="mfa_reauthenticate_webauthn"),
]
