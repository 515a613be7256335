"""Finding customers by what people type."""

from importlib import import_module

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from crm import clock
from crm.actor import Actor
from crm.models import Business
from customers.models import Customer, CustomerTag, CustomerVisit, SearchWord, Tag
from customers.queries import fitting, hits, matching, opened_last
from customers.queries.integrity import SEARCH_WORDS
from customers.queries.words import slips
from customers.services import learn_words, update_customer
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


@pytest.mark.parametrize(
    "words",
    [
        "jon smyth",
        "JON SMYTH",
        "jhon smith",
        "john smitth",
        "jhn smit",
        "johm smtih",
        "smyth",
        "smith jon",
        "Jon  Smyth",
    ],
)
def test_a_slip_in_each_word_still_finds_the_name(in_scope: Business, words: str) -> None:
    john = make_customer(in_scope, first_name="John", last_name="Smith")
    make_customer(in_scope, first_name="Jane", last_name="Brook")
    assert matching(words) == [john.pk]


@pytest.mark.parametrize("words", ["jxx smith", "smeeth", "johnson", "jn", "joh sm1th", "zzz smith"])
def test_more_than_a_slip_finds_nobody(in_scope: Business, words: str) -> None:
    make_customer(in_scope, first_name="John", last_name="Smith")
    assert matching(words) == []


def test_names_that_are_spelled_so_win_over_similar_ones(in_scope: Business) -> None:
    smyth = make_customer(in_scope, first_name="Jon", last_name="Smyth")
    make_customer(in_scope, first_name="John", last_name="Smith")
    assert matching("jon smyth") == [smyth.pk]


def test_words_of_other_businesses_put_nothing_right(in_scope: Business, other_business: Business) -> None:
    make_customer(other_business, first_name="John", last_name="Smith")
    assert matching("jon smyth") == []


def test_customers_are_found_by_their_tags(in_scope: Business) -> None:
    customer = make_customer(in_scope, first_name="Ada")
    archived = make_customer(in_scope, first_name="Gone")
    Customer.objects.filter(pk=archived.pk).update(archived_at="2026-01-01T00:00Z")
    tag = Tag.objects.create(business=in_scope, name="Überraschend wichtig")
    for one in (customer, archived):
        CustomerTag.objects.create(business=in_scope, customer=one, tag=tag)
    assert matching("uberrasch") == [customer.pk]


@pytest.mark.parametrize(
    ("words", "field", "value"),
    [
        ("ada", "display_name", "Ada Lovelace"), ("lovelace ada", "display_name", "Ada Lovelace"),
        ("ada.l@", "email", "ada.l@north.example"),
        ("north.example", "email", "ada.l@north.example"), ("(020) 7946-0018", "phone", "+44 20 7946 0018"),
        ("k-99", "external_id", "K-9912"),
        ("vip", "tag", "VIP"), ("adq lovelaxe", "close", "Ada Lovelace"),
    ],
)  # fmt: skip
def test_a_hit_says_by_what_it_was_found(in_scope: Business, actor: Actor, words: str, field: str, value: str) -> None:
    ada = make_customer(
        in_scope, first_name="Ada", last_name="Lovelace", email="ada.l@north.example", phone="+44 20 7946 0018", external_id="K-9912"
    )  # fmt: skip
    CustomerTag.objects.create(business=in_scope, customer=ada, tag=Tag.objects.create(business=in_scope, name="VIP"))
    (hit,) = hits(actor, words, 5)
    assert (hit.customer.pk, hit.field, hit.value) == (ada.pk, field, value)
    assert hit.label


def test_what_somebody_has_opened_lately_comes_first_for_them(in_scope: Business, actor: Actor) -> None:
    first, second = (make_customer(in_scope, first_name="Marten", last_name=name) for name in ("Abel", "Bole"))
    assert [row.pk for row in fitting(actor, "marten", 5)] == [first.pk, second.pk]
    CustomerVisit.objects.create(business=in_scope, customer=second, user_id=actor.id, seen_at="2026-03-01T10:00Z")
    assert [row.pk for row in fitting(actor, "marten", 5)] == [second.pk, first.pk]
    assert [row.pk for row in opened_last(actor, 5)] == [second.pk]


@given(st.text("abcde", min_size=1, max_size=7), st.text("abcde", min_size=1, max_size=7))
def test_words_one_slip_apart_share_a_rest(one: str, other: str) -> None:
    def rests(word: str) -> set[str]:
        return {word, *(word[:i] + word[i + 1 :] for i in range(len(word)))}

    assert slips(one, other) == slips(other, one)
    if slips(one, other) <= 1:
        assert rests(one) & rests(other)


def test_learning_adds_what_is_lacking_once(in_scope: Business) -> None:
    make_customer(in_scope, first_name="Zoë", last_name="Müller-Lüdenscheidt")
    assert set(SearchWord.objects.values_list("word", flat=True)) == {"zoe", "muller", "ludenscheidt"}
    assert learn_words() == 0
    SearchWord.objects.filter(word="muller").delete()
    assert learn_words() == 1


def test_people_and_companies_are_found_by_their_other_names(in_scope: Business, actor: Actor) -> None:
    person = make_customer(in_scope, first_name="Wilhelmina", last_name="Vandermeer", display_name="Mina V.")
    company = make_customer(in_scope, kind="company", display_name="Globex", legal_name="Hankwell Holdings GmbH")
    assert matching("wilhelmina") == matching("vanderm") == matching("wilhelmima") == [person.pk]
    assert matching("hankwell hold") == matching("hankvell") == [company.pk]
    (hit,) = hits(actor, "vandermeer", 5)
    assert (hit.field, hit.label, hit.value) == ("full_name", "First and last name", "Wilhelmina Vandermeer")
    (hit,) = hits(actor, "holdings", 5)
    assert (hit.field, hit.label, hit.value) == ("legal_name", "Legal name", "Hankwell Holdings GmbH")


def test_search_rows_follow_first_last_and_legal_name(in_scope: Business, system: Actor) -> None:
    person = make_customer(in_scope, first_name="Ada", last_name="Old", display_name="Countess")
    company = make_customer(in_scope, kind="company", display_name="Globex")
    update_customer(actor=system, customer=person, at=clock.now(), last_name="Newlywed")
    update_customer(actor=system, customer=company, at=clock.now(), legal_name="Hankwell Ltd")
    assert (matching("newlywed"), matching("hankwell")) == ([person.pk], [company.pk])
    assert matching("old") == []
    assert SEARCH_WORDS().broken == 0


def test_rows_of_before_are_brought_up_to_date_piece_by_piece(
    in_scope: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = import_module("customers.migrations.0008_finding_customers")
    monkeypatch.setattr(step, "BATCH", 2)
    plain = [make_customer(in_scope, first_name="Jo", last_name="Plain") for _ in range(3)]
    person = make_customer(in_scope, first_name="Wilhelmina", last_name="Vandermeer", display_name="Mina V.")
    company = make_customer(in_scope, kind="company", display_name="Globex", legal_name="Hankwell Holdings")
    with connection.cursor() as cursor:
        cursor.execute(
            "update customers_customersearch s set vector = crm_search_vector(c.display_name, c.email, c.phone, c.external_id) "
            "from customers_customer c where c.id = s.customer_id"
        )
    assert SEARCH_WORDS().broken == 2
    step.refresh_words(None, None)
    assert SEARCH_WORDS().broken == 0
    assert (matching("vandermeer"), matching("hankwell")) == ([person.pk], [company.pk])
    assert set(matching("plain")) == {row.pk for row in plain}
