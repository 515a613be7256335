"""Finding customers by what people type."""

import pytest

from crm.models import Business
from customers.models import Customer
from customers.queries import matching
from tests.factories import make_customer


@pytest.fixture
def people(in_scope: Business) -> dict[str, Customer]:
    return {
        "emile": make_customer(in_scope, first_name="Émile", last_name="Ångström", email="emile.a@north.example", phone="+44 20 7946 0018"),
        "sean": make_customer(in_scope, first_name="Seán", last_name="O'Brien-Smith", email="sean@brien.example", external_id="X-4711"),
        "acme": make_customer(in_scope, kind="company", display_name="Acme Straße & Søn GmbH", email="office@acme.example"),
        "ivan": make_customer(in_scope, first_name="Иван", last_name="Петров", email=""),
        "li": make_customer(in_scope, first_name="李", last_name="小龙", email=""),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("émile", ["emile"]), ("EMILE", ["emile"]), ("ang", ["emile"]), ("ångström", ["emile"]), ("angstrom em", ["emile"]),
        ("emile.a@north.example", ["emile"]), ("north.example", ["emile"]), ("79460018", ["emile"]), ("020 7946 0018", ["emile"]),
        ("sean o'brien", ["sean"]), ("brien", ["sean"]), ("smith sean", ["sean"]), ("x-4711", ["sean"]), ("4711", ["sean"]),
        ("strasse", ["acme"]), ("STRASSE son", ["acme"]), ("søn", ["acme"]), ("office@", ["acme"]),
        ("иван", ["ivan"]), ("ПЕТ", ["ivan"]), ("李", ["li"]), ("se", ["sean"]), ("nobody", []), ("", []), ("   ", []),
        ("' or 1=1 --", []), ("%", []), ("\\", []), ("a:*&b", []), ("é" * 500, []), ("((((", []), ("!", []), ("emile nobody", []),
    ],
)  # fmt: skip
def test_matching(people: dict[str, Customer], words: str, found: list[str]) -> None:
    assert {str(pk) for pk in matching(words)} == {str(people[name].pk) for name in found}


def test_the_beginning_of_the_name_comes_before_a_word_inside(in_scope: Business) -> None:
    inside = make_customer(in_scope, first_name="Jo", last_name="Marten")
    beginning = make_customer(in_scope, first_name="Marten", last_name="Jo")
    assert matching("marten") == [beginning.pk, inside.pk]


def test_customers_of_other_businesses_are_never_found(people: dict[str, Customer], other_business: Business) -> None:
    foreign = make_customer(other_business, first_name="Émile", email="emile.a@north.example", phone="+44 20 7946 0018")
    for words in ("emile", "emile.a@north.example", "79460018", "e"):
        assert foreign.pk not in matching(words)
