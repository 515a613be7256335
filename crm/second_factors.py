"""Second factors: who has one, how their secrets are sealed, and codes that work once."""

import base64
import hmac
import logging
from datetime import datetime
from typing import Any

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.http import HttpRequest
from django.utils.translation import gettext as _

from crm.limits import Taken, take
from crm.models import Business, User

log = logging.getLogger(__name__)
APP, CODES, PASSKEY = Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES, Authenticator.Type.WEBAUTHN
FACTORS = (APP, PASSKEY)
"""What counts as a second factor; recovery codes only stand in for one."""
FIRST_STEP = "first_step"
"""Key of a session: what stands for the password with which the first step of signing in was made."""
PERIOD = 30
"""Seconds for which an authenticator app shows one code."""
WINDOW = 1
"""Periods by which the clock of the app may be early or late."""
TRIES, TRY_EVERY = 10, 300
"""How many codes may be tried at once, and the seconds after which one more may be."""
# Where somebody may go who still has to set up the second factor that a business asks for.
SET_UP_PAGES = frozenset(
    {
        "mfa_index", "mfa_activate_totp", "mfa_add_webauthn", "mfa_view_recovery_codes", "account_reauthenticate",
        "mfa_reauthenticate", "mfa_reauthenticate_webauthn", "account_logout", "crm:switch_business",
    }
)  # fmt: skip


class SecondFactorAdapter(DefaultMFAAdapter):
    """Names the product to apps and passkeys, and seals their secrets with the installation's key."""

    def encrypt(self, text: str) -> str:
        return _seal().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Raises InvalidToken when neither the key nor a former one has sealed the text."""
        return _seal().decrypt(encrypted_text.encode()).decode()

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {**super().get_public_key_credential_rp_entity(), "name": settings.PRODUCT_NAME}

    def generate_authenticator_name(self, user: Any, type: Any) -> str:
        number = Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1
        return _("My passkey") if number == 1 else _("Passkey %(number)s") % {"number": number}


def has_second_factor(user: User) -> bool:
    """Has the user an authenticator app or a passkey?"""
    return Authenticator.objects.filter(user_id=user.pk, type__in=FACTORS).exists()


def with_factor(user_id: str) -> Exists:
    """The same as a condition of a query, whose column `user_id` holds the user."""
    return Exists(Authenticator.objects.filter(user_id=OuterRef(user_id), type__in=FACTORS))


def lacks_required_factor(user: User, business: Business | None) -> bool:
    """Does the business ask for a second factor that the user hasn't set up?"""
    return business is not None and business.requires_second_factor and not has_second_factor(user)


def operator_lacks_factor(user: User) -> bool:
    """Does the installation ask for a second factor that this operator hasn't set up?"""
    return bool(settings.OPERATORS_NEED_SECOND_FACTOR and user.is_staff and not has_second_factor(user))


def must_set_up(request: HttpRequest) -> bool:
    """Is this a page that has to wait until its reader has set up a second factor?"""
    match = request.resolver_match
    business = getattr(request, "business", None)
    if match is None or match.view_name in SET_UP_PAGES or not request.user.is_authenticated:
        return False
    return lacks_required_factor(request.user, business)


def count_try(user: User) -> Taken:
    """Count a try of a code, right or wrong; call it before the code is looked at, outside of a transaction."""
    return take(f"second-factor:{user.pk}", capacity=TRIES, per_second=1 / TRY_EVERY)


@transaction.atomic
def spend_code(*, user: User, code: str, at: datetime) -> Authenticator | None:
    """What of the user's the code belongs to: the app or the recovery codes; None when it is wrong or was used.

    A code of the app is taken within one period of `at`, once, and not after a later one was taken.
    """
    typed = "".join(code.split()).replace("-", "")
    if not (typed.isascii() and typed.isdigit()):
        return None
    rows = {
        row.type: row
        for row in Authenticator.objects.select_for_update().filter(user=user, type__in=(APP, CODES)).order_by("pk")
    }
    try:
        if APP in rows and _take_step(rows[APP], typed, at):
            return rows[APP]
        if CODES in rows and RecoveryCodes(rows[CODES]).validate_code(typed):
            return rows[CODES]
    except InvalidToken:
        log.error("the second factor of user %s was sealed with a key that is gone; it has to be reset", user.pk)
    return None


def matching_step(secret: str, code: str, at: datetime) -> int | None:
    """The number of the period, counted from 1970, whose code this is, within the window around `at`."""
    now = int(at.timestamp()) // PERIOD
    for step in range(now - WINDOW, now + WINDOW + 1):
        if hmac.compare_digest(format_hotp_value(hotp_value(secret, step)), code):
            return step
    return None


def signs_in_alone(passkey: Authenticator) -> bool:
    """Has its owner set the passkey up for signing in without a password?"""
    return bool(passkey.data.get("passwordless"))


def codes_left(authenticator: Authenticator) -> int:
    """How many recovery codes were not used."""
    return int(settings.MFA_RECOVERY_CODE_COUNT) - bin(authenticator.data.get("used_mask", 0)).count("1")


def _take_step(row: Authenticator, code: str, at: datetime) -> bool:
    """Note that the code was used; sealing the secret anew moves it to the present key."""
    adapter = SecondFactorAdapter()
    secret = adapter.decrypt(row.data["secret"])
    step = matching_step(secret, code, at)
    if step is None or step <= row.data.get("step", 0):
        return False
    row.data = {**row.data, "step": step, "secret": adapter.encrypt(secret)}
    row.save(update_fields=["data"])
    return True


def _seal() -> MultiFernet:
    """Seals with a key made of SECRET_KEY; opens what its predecessors have sealed, too."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(_derive(key))) for key in keys])


def _derive(key: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"second factors").derive(key.encode())
