"""Customers who have asked for erasure: no page, answer, search or bell that is about others names them or shows what was theirs."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.test import Client

from crm import clock
from crm.actor import Actor
from crm.live import pulse
from crm.models import AccessRecord, Activity, Business, Membership, Notification
from customers import services
from customers.models import Contact, Customer, PrivacyRequest
from tests.crm.api.calling import Caller, make_key
from tests.factories import make_contact, make_customer, make_file, make_membership, make_note

SYSTEM = Actor.system("test")
SignIn = Callable[[Membership], Client]


@dataclass(frozen=True)
class Cast:
    """Who will be hidden, and whom they stand beside."""

    child: Customer
    friend: Customer
    gone_parent: Customer
    gone_child: Customer
    gone_person: Customer
    contact: Contact
    owner_name: str

    @property
    def gone(self) -> tuple[Customer, ...]:
        return self.gone_parent, self.gone_child, self.gone_person


@pytest.fixture
def cast(in_scope: Business, owner: Membership) -> Cast:
    """A company between a parent and a subsidiary, and a person: all but the company in between are called Vanishing."""
    gone_parent = make_customer(
        in_scope, kind="company", display_name="Vanishing Holding", email="holding@vanishing.example"
    )
    child = make_customer(in_scope, kind="company", display_name="Staying Works", parent=gone_parent)
    gone_child = make_customer(in_scope, kind="company", display_name="Vanishing Plant", parent=child)
    gone_person = make_customer(in_scope, first_name="Vanishing", last_name="Person", email="gone@vanishing.example")
    friend = make_customer(in_scope, first_name="Staying", last_name="Friend", referred_by=gone_person)
    contact = make_contact(child, first_name="Dana", last_name="Reyes")
    services.convert_contact(actor=SYSTEM, contact=contact, at=clock.now(), person=gone_person)
    name = owner.user.email.partition("@")[0]
    make_note(gone_person, f"@{name} Vanishing wants a call.")
    services.update_customer(actor=SYSTEM, customer=gone_person, at=clock.now(), city="Vanishing City")
    return Cast(child, friend, gone_parent, gone_child, gone_person, contact, name)


def _hide(cast: Cast) -> list[PrivacyRequest]:
    return [services.request_erasure(actor=SYSTEM, customer=one, at=clock.now()) for one in cast.gone]


def _pages(cast: Cast) -> tuple[str, ...]:
    child, friend = f"/customers/{cast.child.pk}", f"/customers/{cast.friend.pk}"
    return (
        child, f"{child}?family=1", f"{child}/edit", f"{child}/history", f"{child}/timeline", f"{child}/timeline?family=1",
        f"{child}/fields/parent", f"{child}/contacts", friend, f"{friend}/edit", f"{friend}/history", f"{friend}/fields/referred_by",
        f"/contacts/{cast.contact.pk}", f"/contacts/{cast.contact.pk}/edit", "/customers", f"/customers?parent={cast.gone_parent.pk}",
        "/accounts", "/contacts", "/search", "/search?q=vanishing", "/notifications", "/notifications/latest", "/activity",
    )  # fmt: skip


def _answers(cast: Cast) -> tuple[str, ...]:
    return (
        f"/customers/{cast.child.pk}?include=owner,team", f"/customers/{cast.friend.pk}", "/customers", "/contacts?include=customer",
        f"/contacts/{cast.contact.pk}?include=customer", f"/customers/{cast.child.pk}/timeline?family=1",
        f"/customers/{cast.child.pk}/contacts", f"/customers/{cast.child.pk}/family", f"/customers/{cast.child.pk}/history",
        f"/customers/{cast.friend.pk}/history", "/accounts", "/api/crm/customers",
        "/search?search=vanishing", "/notifications", "/activity",
    )  # fmt: skip


def test_others_pages_and_answers_do_not_name_them(cast: Cast, owner: Membership, sign_in: SignIn) -> None:
    browser, caller = sign_in(owner), Caller(make_key(owner.business))
    before = {path: b"Vanishing" in browser.get(path).content for path in _pages(cast)}
    shown = ("", "?family=1", "/edit", "/timeline?family=1", "/fields/parent")
    assert {f"/customers/{cast.child.pk}{part}" for part in shown} <= {path for path in before if before[path]}
    assert before[f"/customers/{cast.friend.pk}"]
    assert before["/notifications"]
    _hide(cast)
    pages = {path: browser.get(path) for path in _pages(cast)}
    answers = {path: caller.get(path) for path in _answers(cast)}
    assert {path: one.status_code for path, one in (pages | answers).items() if one.status_code != 200} == {}
    assert [path for path, one in (pages | answers).items() if b"Vanishing" in one.content] == []


def test_what_the_bell_told_about_them_is_gone_and_not_counted(cast: Cast, actor: Actor, in_scope: Business) -> None:
    assert pulse(actor=actor, business=in_scope).unread == 1
    other = make_note(cast.friend, f"@{cast.owner_name} Staying wants a call too.")
    _hide(cast)
    assert pulse(actor=actor, business=in_scope).unread == 1
    assert list(Notification.unscoped.values_list("about", flat=True)) == [other.customer_id]


@pytest.mark.parametrize("role", ["owner", "compliance", "manager"])
def test_values_of_their_deeds_are_shown_to_those_who_decide_alone(
    cast: Cast, in_scope: Business, sign_in: SignIn, role: str
) -> None:
    deed = Activity.objects.filter(about=cast.gone_person.pk, verb="customers.customer.updated").latest("id")
    browser = sign_in(make_membership(in_scope, role))
    assert b"Vanishing City" in browser.get(f"/activity/{deed.pk}").content
    requests = _hide(cast)
    before = AccessRecord.unscoped.count()
    text = browser.get(f"/activity/{deed.pk}").content.decode()
    may_decide = role != "manager"
    assert ("Vanishing City" in text) == may_decide
    assert ("asked for erasure" in text) != may_decide
    assert "city" in text.lower()  # what was changed is no secret, what it was is
    assert AccessRecord.unscoped.count() == before + may_decide
    for request in requests:
        services.decline_request(actor=SYSTEM, privacy_request=request, reason="Invoices are kept.", at=clock.now())
    assert "Vanishing City" in browser.get(f"/activity/{deed.pk}").content.decode()


@pytest.mark.parametrize(("role", "finds"), [("compliance", True), ("manager", False)])
def test_words_of_their_deeds_find_nothing_for_others(
    cast: Cast, in_scope: Business, sign_in: SignIn, role: str, finds: bool
) -> None:
    browser = sign_in(make_membership(in_scope, role))
    caller = Caller(make_key(in_scope, role=role))
    deed = Activity.objects.filter(about=cast.gone_person.pk, verb="customers.customer.updated").latest("id")
    address, row = "/activity?search=vanishing+city", f"/activity/{deed.pk}"
    assert row in browser.get(address).content.decode()
    _hide(cast)
    assert (row in browser.get(address).content.decode()) == finds
    assert bool(caller.get(address).json()["data"]) == finds
    assert row in browser.get(f"/activity?search={cast.gone_person.pk}").content.decode()


def test_what_hangs_on_them_is_not_found_either(cast: Cast, in_scope: Business, browser: Client) -> None:
    """Their contacts, notes, files and signals: neither in lists and searches nor at their own addresses."""
    caller = Caller(make_key(in_scope))
    company = cast.gone_parent
    contact = make_contact(company, first_name="Vanishing", last_name="Contact")
    note, file = make_note(company, "Vanishing remark."), make_file(company, "vanishing.txt")
    signal = services.add_signal(
        actor=SYSTEM, customer=company, at=clock.now(), kind="risk", text="Vanishing sign", source="Call"
    )
    pages = (f"/contacts/{contact.pk}", f"/notes/{note.pk}/edit", f"/files/{file.pk}", f"/signals/{signal.pk}")
    ends = (
        f"/contacts/{contact.pk}",
        f"/notes/{note.pk}",
        f"/files/{file.pk}",
        f"/files/{file.pk}/content",
        f"/signals/{signal.pk}",
    )
    lists = ("/contacts", "/contacts?search=vanishing", "/search?search=vanishing", "/notes")
    assert [browser.get(path).status_code for path in pages] == [200] * len(pages)
    assert [caller.get(path).status_code for path in ends] == [200] * len(ends)
    assert "Vanishing Contact" in caller.get("/contacts").content.decode()
    _hide(cast)
    assert [browser.get(path).status_code for path in pages] == [404] * len(pages)
    assert [caller.get(path).status_code for path in ends] == [404] * len(ends)
    for path in lists:
        answer = caller.get(path)
        assert (answer.status_code, "Vanishing" in answer.content.decode()) == (200, False), path
    for path in ("/contacts", "/contacts?search=vanishing", "/search?q=vanishing"):
        assert "Vanishing" not in browser.get(path).content.decode(), path
