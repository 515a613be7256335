"""Money: decimal amounts with an ISO 4217 currency, rounded half-up to the currency's smallest unit."""

from decimal import ROUND_HALF_UP, Decimal

# Currencies in use and the digits of their smallest unit (ISO 4217).
_TWO = (
    "AED AUD BGN BRL CAD CHF CNY COP CZK DKK EGP EUR GBP HKD HUF IDR ILS INR KES MAD MXN MYR NGN NOK NZD PEN PHP PKR PLN QAR "
    "RON RSD SAR SEK SGD THB TRY TWD UAH USD VES ZAR"
)
EXPONENTS: dict[str, int] = {
    **dict.fromkeys(_TWO.split(), 2),
    **dict.fromkeys(["CLP", "ISK", "JPY", "KRW", "PYG", "VND", "XAF", "XOF"], 0),
    **dict.fromkeys(["BHD", "JOD", "KWD", "OMR", "TND"], 3),
}
CURRENCIES: list[str] = sorted(EXPONENTS)


def round_money(amount: Decimal, currency: str) -> Decimal:
    """`amount` rounded half-up (away from zero at .5) to the smallest unit of `currency`; KeyError for an unknown currency."""
    return amount.quantize(Decimal(1).scaleb(-EXPONENTS[currency]), rounding=ROUND_HALF_UP)
