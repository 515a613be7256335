"""Telephone numbers: the international form of what people type."""

from collections.abc import Sequence
from functools import lru_cache
from uuid import UUID

import phonenumbers
from django.db import connection

from crm.models import Business
from customers.models import Customer

_CHUNK = 5_000


def international_form(phone: str, business: Business) -> str:
    """The number as E.164 ("+442079460018"), read in the business's region when it has no country code; "" when it is none."""
    return _international_form(phone, region_of(business)) if phone else ""


def region_of(business: Business) -> str:
    """The region of the business's locale, as of "en-GB"."""
    return (
        business.locale.replace("_", "-").rpartition("-")[2].upper() if "-" in business.locale.replace("_", "-") else ""
    )


def refresh_phones(business: Business, customer_ids: Sequence[UUID]) -> None:
    """Bring the international forms of these customers' numbers up to date, after statements that wrote many numbers."""
    rows = Customer.objects.filter(business=business).order_by("pk")
    for start in range(0, len(customer_ids), _CHUNK):
        chunk = rows.filter(pk__in=customer_ids[start : start + _CHUNK]).values_list("pk", "phone", "phone_e164")
        due = [(pk, number) for pk, phone, known in chunk if (number := international_form(phone, business)) != known]
        if due:
            with connection.cursor() as cursor:
                cursor.execute(
                    "update customers_customer c set phone_e164 = d.number "
                    "from unnest(%s::uuid[], %s::text[]) d(id, number) where c.id = d.id and c.business_id = %s",
                    [[pk for pk, _number in due], [number for _pk, number in due], business.pk],
                )


@lru_cache(maxsize=4096)
def _international_form(phone: str, region: str) -> str:
    try:
        number = phonenumbers.parse(phone, region or None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_valid_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
