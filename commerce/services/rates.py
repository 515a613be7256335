"""Exchange rates of a business, read once for many amounts."""

from datetime import date
from decimal import Decimal

from crm.models import Business, ExchangeRate
from crm.money import round_money


class Rates:
    """The dated rates into the reporting currency: that of the day, or of the last day before it that has one."""

    def __init__(self, business: Business) -> None:
        self.business = business
        self._rates: dict[str, list[tuple[date, Decimal]]] = {}

    def on(self, currency: str, day: date) -> Decimal | None:
        """Units of the reporting currency for one unit of `currency`; None without a rate by that day."""
        if currency == self.business.currency:
            return Decimal(1)
        if currency not in self._rates:
            rows = ExchangeRate.objects.filter(business=self.business, currency=currency).order_by("-valid_on")
            self._rates[currency] = list(rows.values_list("valid_on", "rate"))
        return next((rate for valid_on, rate in self._rates[currency] if valid_on <= day), None)

    def converted(self, amount: Decimal, rate: Decimal) -> Decimal:
        """The amount in the reporting currency, rounded half-up to its smallest unit."""
        return round_money(amount * rate, self.business.currency)
