"""The customer's own page: what a link opens, what it changes, and what it doesn't tell."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from crm.actor import Actor
from crm.models import AccessRecord, Activity, Business, Membership
from crm.scope import scope
from customers import services
from customers.models import ConsentRecord, Customer
from customers.queries.preferences import FLAGS, link_token, preference_of
from customers.services.preferences import Proof
from tests.factories import make_customer

SYSTEM = Actor.system("test")
FORM = {
    "frequency": "immediate", "preferred_channel": "email", "digest_at": "09:00", "digest_weekday": "1", "time_zone": "Europe/London",
    "transaction_receipts": "on",
}  # fmt: skip


@pytest.fixture
def customer(business: Business) -> Customer:
    return make_customer(
        business, first_name="Émile", last_name="Őry", email="emile@example.com", phone="+44 20 7946 0018", city="Hull"
    )


def _address(customer: Customer, name: str = "own_preferences") -> str:
    with scope(customer.business):
        return reverse(f"customers:{name}", args=[link_token(preference_of(customer))])


def _wishes(customer: Customer) -> Any:
    with scope(customer.business):
        return preference_of(customer)


def test_the_page_opens_without_signing_in_and_tells_only_the_name(customer: Customer) -> None:
    answer = Client().get(_address(customer))
    assert answer.status_code == 200
    page = answer.content.decode()
    assert "Messages from Acme Retail" in page
    assert "Émile Őry" in page
    for other in ("emile@example.com", "7946", "Hull", str(customer.pk), "Customer desk", 'href="/'):
        assert other not in page.replace('href="/static', ""), other
    assert "noindex" in answer["X-Robots-Tag"]
    assert answer["Referrer-Policy"] == "same-origin"
    assert "no-store" in answer["Cache-Control"]


def test_opening_is_recorded_as_seen_by_the_customer(customer: Customer) -> None:
    Client().get(_address(customer))
    record = AccessRecord.unscoped.latest("id")
    assert (record.actor_kind, record.actor_id, record.door) == ("customer", str(customer.pk), "link")
    assert (record.what, record.customer_ids) == ("customers:own_preferences", [customer.pk])


def test_what_is_ticked_and_not_ticked_holds_at_once_with_its_consents(customer: Customer) -> None:
    browser = Client()
    answer = browser.post(_address(customer), {**FORM, "newsletter_subscription": "on", "version": ""}, follow=True)
    assert "Saved. It holds from now on." in answer.content.decode()
    wishes = _wishes(customer)
    assert [name for name in FLAGS if getattr(wishes, name)] == ["newsletter_subscription", "transaction_receipts"]
    with scope(customer.business):
        record = ConsentRecord.objects.get()
        deed = Activity.objects.latest("id")
    assert (record.purpose, record.state, record.source, record.actor_label) == (
        "newsletter",
        "given",
        "link",
        "The customer",
    )
    assert (deed.actor_kind, deed.door) == ("customer", "link")
    browser.post(_address(customer), FORM)
    assert not _wishes(customer).newsletter_subscription


def test_a_form_that_was_open_elsewhere_is_refused(customer: Customer) -> None:
    with scope(customer.business):
        services.set_preferences(actor=SYSTEM, customer=customer, at=customer.created_at, frequency="daily_digest")
    answer = Client().post(_address(customer), {**FORM, "version": "2020-01-01T00:00:00+00:00"})
    assert answer.status_code == 412


@pytest.mark.parametrize(
    "wrong",
    [{"quiet_hours_start": "22:00"}, {"time_zone": "Mars/Phobos"}, {"frequency": "x"}, {"paused_until": "2020-01-01"}],
)
def test_what_can_not_be_comes_back_at_its_field(customer: Customer, wrong: dict[str, str]) -> None:
    answer = Client().post(_address(customer), {**FORM, **wrong})
    assert answer.status_code == 422
    assert b"field-faulty" in answer.content


def _consenting(customer: Customer) -> None:
    with scope(customer.business):
        services.set_preferences(
            actor=SYSTEM,
            customer=customer,
            at=customer.created_at,
            proof=Proof(evidence="Form"),
            email_marketing=True,
            loyalty_updates=True,
        )


def test_one_press_unsubscribes_from_everything_but_receipts(customer: Customer) -> None:
    _consenting(customer)
    answer = Client().post(_address(customer), {"unsubscribe": "everything"}, follow=True)
    assert "You are unsubscribed." in answer.content.decode()
    wishes = _wishes(customer)
    assert [name for name in FLAGS if getattr(wishes, name)] == ["transaction_receipts"]


def test_mail_programs_unsubscribe_with_one_post_and_no_cookie(customer: Customer) -> None:
    _consenting(customer)
    address = _address(customer, "one_click_unsubscribe")
    program = Client(enforce_csrf_checks=True)
    assert program.post(address, {}).status_code == 400
    opened = program.get(address)
    assert (opened.status_code, opened["Location"]) == (302, _address(customer))
    assert _wishes(customer).email_marketing
    answer = program.post(address, {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert not answer.cookies
    assert not _wishes(customer).email_marketing
    assert program.post(address, {"List-Unsubscribe": "One-Click"}).status_code == 200


def test_the_form_itself_needs_its_csrf_token(customer: Customer) -> None:
    assert Client(enforce_csrf_checks=True).post(_address(customer), FORM).status_code == 403


def test_every_link_that_does_not_work_gets_the_same_answer(customer: Customer, business: Business) -> None:
    good = _address(customer)
    archived = make_customer(business)
    hidden = make_customer(business)
    with scope(business):
        services.archive_customer(actor=SYSTEM, customer=archived, at=archived.created_at)
        services.request_erasure(actor=SYSTEM, customer=hidden, at=hidden.created_at)
        services.renew_link(actor=SYSTEM, customer=customer)
    other = link_token(_wishes(archived))
    bad = [
        good,
        _address(hidden),
        "/preferences/x",
        f"/preferences/{other[:-2]}",
        f"/preferences/{other}0",
        "/preferences/" + "a" * 5000,
    ]
    answers = {Client().get(path).content for path in bad}
    assert {Client().get(path).status_code for path in bad} == {404}
    assert len(answers) == 1
    assert Client().get(_address(archived)).status_code == 200
    assert Client().get(_address(customer)).status_code == 200
    business.is_active = False
    business.save()
    assert Client().get(_address(customer)).content in answers


def test_a_link_of_another_business_changes_nothing_here(customer: Customer, other_business: Business) -> None:
    stranger = make_customer(other_business, last_name="Elsewhere")
    assert "Elsewhere" in Client().get(_address(stranger)).content.decode()
    Client().post(_address(stranger), {"unsubscribe": "everything"})
    with scope(customer.business):
        assert not Activity.objects.filter(actor_kind="customer").exists()


def test_somebody_who_is_signed_in_is_still_the_customer_there(
    customer: Customer, owner: Membership, sign_in: Any
) -> None:
    sign_in(owner).post(_address(customer), {**FORM, "loyalty_updates": "on"})
    with scope(customer.business):
        assert Activity.objects.latest("id").actor_kind == "customer"
    assert AccessRecord.unscoped.latest("id").actor_kind == "customer"


def test_guessing_links_is_slowed_down(db: None) -> None:
    browser = Client()
    answers = {browser.get("/preferences/x", REMOTE_ADDR="192.0.2.9").status_code for _ in range(80)}
    assert answers == {404, 429}
