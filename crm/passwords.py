"""What a password must not be, beyond Django's own rules: longer than can be kept, or a name that everybody knows."""

import unicodedata
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from crm.models import Membership

LONGEST = 1000
OWN_PART = 8
"""Characters that a password must have besides a name that it holds."""


def refuse_names(password: str, names: Iterable[str]) -> None:
    """Raise ValidationError when the password is little more than one of the names."""
    plain = _letters(password)
    for name in map(_letters, names):
        if len(name) >= 4 and name in plain and len(plain.replace(name, "")) < OWN_PART:
            raise ValidationError(
                _("The password is too much like the name of the business or the product."), code="password_is_name"
            )


class NotTooLong:
    """Refuses passwords that no form takes."""

    def validate(self, password: str, user: Any = None) -> None:
        if len(password) > LONGEST:
            raise ValidationError(
                _("The password must have at most %(count)d characters.") % {"count": LONGEST}, code="password_too_long"
            )

    def get_help_text(self) -> str:
        return ""


class NoKnownName:
    """Refuses the product's name and those of the person's businesses."""

    def validate(self, password: str, user: Any = None) -> None:
        names = [settings.PRODUCT_NAME]
        if user is not None and user.pk:
            names += Membership.unscoped.filter(user=user.pk).values_list("business__name", flat=True)
        refuse_names(password, names)

    def get_help_text(self) -> str:
        return _("It can't be little more than the name of the business or the product.")


def _letters(text: str) -> str:
    """The letters and digits of the text, without accents and in lower case."""
    return "".join(sign for sign in unicodedata.normalize("NFKD", text.casefold()) if sign.isalnum())
