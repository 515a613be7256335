"""Money is rounded half-up to the currency's smallest unit."""

from decimal import Decimal

import pytest

from crm.money import round_money


@pytest.mark.parametrize(
    ("amount", "currency", "rounded"),
    [
        ("1.005", "GBP", "1.01"), ("1.004999", "GBP", "1.00"), ("-1.005", "GBP", "-1.01"), ("2.5", "JPY", "3"), ("-2.5", "JPY", "-3"),
        ("1.0005", "KWD", "1.001"), ("0.004", "USD", "0.00"), ("999999999999.995", "EUR", "1000000000000.00"),
    ],
)  # fmt: skip
def test_round_money(amount: str, currency: str, rounded: str) -> None:
    assert round_money(Decimal(amount), currency) == Decimal(rounded)


def test_an_unknown_currency_is_an_error() -> None:
    with pytest.raises(KeyError):
        round_money(Decimal(1), "XXX")
