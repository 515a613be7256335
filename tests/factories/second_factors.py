"""Second factors of people, and the codes that their apps show."""

from datetime import datetime

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

from crm import clock
from crm.models import User
from crm.second_factors import APP, PASSKEY, PERIOD, SecondFactorAdapter

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def make_app(user: User) -> Authenticator:
    """An authenticator app that holds SECRET."""
    row: Authenticator = Authenticator.objects.create(
        user=user, type=APP, data={"secret": SecondFactorAdapter().encrypt(SECRET)}
    )
    return row


def make_passkey(user: User, name: str = "Phone") -> Authenticator:
    """A passkey that no device holds."""
    row: Authenticator = Authenticator.objects.create(user=user, type=PASSKEY, data={"name": name, "credential": {}})
    return row


def make_recovery_codes(user: User) -> list[str]:
    """The person's recovery codes."""
    codes: list[str] = RecoveryCodes.activate(user).generate_codes()
    return codes


def code_of(secret: str = SECRET, at: datetime | None = None, steps: int = 0) -> str:
    """What an app with the secret shows at `at`, or `steps` periods later."""
    step = int((at or clock.now()).timestamp()) // PERIOD + steps
    shown: str = format_hotp_value(hotp_value(secret, step))
    return shown
