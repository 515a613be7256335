"""Values that are sealed in their columns: nobody reads them without the key, nor in another place."""

from datetime import date
from typing import Any

import pytest

from crm.models import Business
from crm.sealing import SealBroken, blind_key, seal, unseal
from customers.models import Customer

NEW_KEY = "a-new-secret-key-that-is-long-enough-for-its-purpose-0123456789"


@pytest.fixture
def customer(business: Business) -> Customer:
    return Customer(business=business, display_name="Jordan")


@pytest.mark.parametrize("text", ["1984-02-14", "@jordan", "9" * 40, "Zoë 👩‍👩‍👧 שלום", " " * 8])
def test_what_is_sealed_comes_back(customer: Customer, text: str) -> None:
    sealed = seal(text, customer, "telegram_id")
    assert sealed is not None
    assert text.encode() not in sealed
    assert unseal(sealed, customer, "telegram_id") == text
    assert unseal(memoryview(sealed), customer, "telegram_id") == text


def test_nothing_is_sealed_as_nothing(customer: Customer) -> None:
    assert seal("", customer, "telegram_id") is None
    assert blind_key("", customer, "telegram_id") is None
    assert unseal(None, customer, "telegram_id") == ""


def test_the_same_text_never_looks_the_same(customer: Customer) -> None:
    assert len({seal("1984-02-14", customer, "date_of_birth") for _ in range(100)}) == 100


def test_a_value_that_was_moved_does_not_open(customer: Customer, business: Business, other_business: Business) -> None:
    sealed = seal("1984-02-14", customer, "date_of_birth")
    places = [
        (Customer(business=business), "date_of_birth"),
        (customer, "telegram_id"),
        (Customer(business=other_business, id=customer.pk), "date_of_birth"),
    ]
    for record, field in places:
        with pytest.raises(SealBroken):
            unseal(sealed, record, field)


@pytest.mark.parametrize("place", [0, 1, 5, 16, 17, -1])
def test_a_value_that_was_changed_does_not_open(customer: Customer, place: int) -> None:
    sealed = bytearray(seal("1984-02-14", customer, "date_of_birth") or b"")
    sealed[place] ^= 1
    with pytest.raises(SealBroken):
        unseal(bytes(sealed), customer, "date_of_birth")


@pytest.mark.parametrize("rubbish", [b"", b"\x01", b"x" * 16, b"x" * 60])
def test_rubbish_does_not_open(customer: Customer, rubbish: bytes) -> None:
    with pytest.raises(SealBroken):
        unseal(rubbish, customer, "date_of_birth")


def test_a_new_key_opens_what_the_key_before_has_sealed(customer: Customer, settings: Any) -> None:
    old = settings.SECRET_KEY
    sealed = seal("1984-02-14", customer, "date_of_birth")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW_KEY, [old]
    assert unseal(sealed, customer, "date_of_birth") == "1984-02-14"
    resealed = seal("1984-02-14", customer, "date_of_birth")
    settings.SECRET_KEY_FALLBACKS = []
    assert unseal(resealed, customer, "date_of_birth") == "1984-02-14"
    with pytest.raises(SealBroken):
        unseal(sealed, customer, "date_of_birth")


def test_equal_values_of_a_field_have_one_blind_key_in_a_business(customer: Customer, other_business: Business) -> None:
    key = blind_key("@Jordan", customer, "telegram_id")
    assert key is not None
    assert len(key) == 16
    assert key == blind_key(" @jordan ", Customer(business=customer.business), "telegram_id")
    others = {
        blind_key("@jordan2", customer, "telegram_id"),
        blind_key("@jordan", customer, "date_of_birth"),
        blind_key("@jordan", Customer(business=other_business), "telegram_id"),
    }
    assert key not in others
    assert len(others) == 3


def test_a_lost_key_takes_the_value_and_nothing_else(customer: Customer, settings: Any) -> None:
    customer.date_of_birth, customer.telegram_id = date(1984, 2, 14), "@jordan"
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW_KEY, []
    with pytest.raises(SealBroken):
        _ = customer.date_of_birth
    assert (customer.opened("date_of_birth"), customer.opened("telegram_id")) == (None, None)
    assert customer.birthday == "0214"
    customer.date_of_birth = date(1984, 2, 14)
    assert customer.date_of_birth == date(1984, 2, 14)
