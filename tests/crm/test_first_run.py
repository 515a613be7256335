"""The first run of an installation, signing in, and taking up invitations."""

import threading
from typing import Any, cast

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse

from crm import clock
from crm.actor import Actor
from crm.models import Activity, Business, Invitation, Job, Membership, User
from crm.scope import scope
from crm.services import invite, set_up
from crm.tasks import send_reset_link
from tests.factories import make_membership, make_user
from tests.factories.crm import PASSWORD

WELCOME = {
    "name": "Harbor Books", "currency": "EUR", "time_zone": "Europe/Berlin", "locale": "de-DE",
    "owner_name": "Riley", "email": "Riley@Example.com", "password": "lantern-orbit-velvet-93",
}  # fmt: skip


def test_every_page_of_an_empty_installation_leads_to_the_welcome_page(client: Client, db: None) -> None:
    for path in ("/", "/customers", "/settings/people"):
        assert client.get(path, follow=True).redirect_chain[-1][0] == "/welcome"


def test_welcome_sets_up_the_business_and_signs_in(client: Client, db: None) -> None:
    page = client.get("/welcome")
    assert page.status_code == 200
    assert "Europe/Berlin" in page.content.decode()
    response = client.post("/welcome", WELCOME, follow=True)
    assert response.redirect_chain == [("/", 302)]
    assert "Riley" in response.content.decode()
    user = User.objects.get()
    business = Business.objects.get()
    assert (user.email, user.is_staff, user.check_password(WELCOME["password"])) == ("riley@example.com", True, True)
    assert (business.name, business.slug, business.currency, business.locale) == (
        "Harbor Books",
        "harbor-books",
        "EUR",
        "de-DE",
    )
    assert Membership.unscoped.get().role == "owner"
    assert set(Activity.unscoped.values_list("actor_id", flat=True)) == {str(user.pk)}
    assert Client().get("/welcome").status_code == 404
    assert Client().post("/welcome", {**WELCOME, "email": "eve@example.com"}).status_code == 404
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("currency", "ABC"),
        ("time_zone", "Mars/Olympus"),
        ("locale", "tlh"),
        ("email", "no"),
        ("password", "short"),
        ("password", "riley@example.com"),
        ("owner_name", ""),
    ],
)
def test_welcome_names_the_faulty_field_and_keeps_the_rest(client: Client, db: None, field: str, value: str) -> None:
    response = client.post("/welcome", {**WELCOME, field: value})
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert not User.objects.exists()
    assert not Business.objects.exists()
    assert WELCOME["password"] not in response.content.decode()


@pytest.mark.django_db(transaction=True)
def test_two_who_set_up_at_once_make_one_installation() -> None:
    gate, ends = threading.Barrier(3), []

    def run(number: int) -> None:
        gate.wait()
        try:
            set_up(actor=Actor.system("First run"), **{**WELCOME, "email": f"riley{number}@example.com"})
            ends.append("done")
        except Exception as refusal:
            ends.append(type(refusal).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(ends) == ["AlreadySetUp", "AlreadySetUp", "done"]
    assert (User.objects.count(), Business.objects.count()) == (1, 1)


def test_sign_in_and_out(client: Client, owner: Membership) -> None:
    assert client.get("/account/sign-in").status_code == 200
    wrong = client.post("/account/sign-in", {"login": owner.user.email, "password": "wrong"})
    assert wrong.status_code == 200
    assert wrong.context["form"].errors
    response = client.post(
        "/account/sign-in?next=/settings",
        {"login": owner.user.email.upper(), "password": PASSWORD, "next": "/settings"},
    )
    assert (response.status_code, response["Location"]) == (302, "/settings")
    assert client.get("/settings").status_code == 200
    assert client.get("/account/sign-out").status_code == 200
    assert client.post("/account/sign-out")["Location"] == "/account/sign-in"
    assert client.get("/settings").status_code == 302


def test_a_switched_off_account_stays_out(client: Client, owner: Membership) -> None:
    User.objects.update(is_active=False)
    assert (
        client.post("/account/sign-in", {"login": owner.user.email, "password": PASSWORD}).headers.get("Location")
        != "/"
    )
    assert client.get("/").status_code == 302


def test_the_sign_in_page_speaks_of_demo_sign_ins_only_in_development(
    client: Client, business: Business, owner: Membership, settings: Any
) -> None:
    hint = "demo sign-ins"
    settings.ENVIRONMENT = "development"
    assert hint not in client.get("/account/sign-in").content.decode()
    Business.objects.update(is_demo=True)
    assert hint in client.get("/account/sign-in").content.decode()
    settings.ENVIRONMENT = "production"
    assert hint not in client.get("/account/sign-in").content.decode()


def test_a_forgotten_password_is_chosen_anew_by_mail(client: Client, owner: Membership) -> None:
    for email in (owner.user.email, "nobody@example.com"):
        response = client.post("/account/password/reset", {"email": email})
        assert response["Location"] == "/account/password/reset/done"
    assert client.get("/account/password/reset/done").status_code == 200
    for job in Job.unscoped.filter(task="crm.tasks.send_reset_link"):
        send_reset_link(cast(Any, None), **job.params)
    message = mail.outbox[0]
    assert [m.to for m in mail.outbox] == [[owner.user.email]]
    link = next(word for word in str(message.body).split() if "/password/reset/key/" in word)
    page = client.get(link, follow=True)
    assert page.status_code == 200
    done = client.post(
        page.redirect_chain[-1][0], {"password1": "new-lantern-velvet-7", "password2": "new-lantern-velvet-7"}
    )
    assert done["Location"] == "/account/password/reset/key/done"
    assert client.get(done["Location"]).status_code == 200
    owner.user.refresh_from_db()
    assert owner.user.check_password("new-lantern-velvet-7")
    assert "not valid any more" in Client().get(link, follow=True).content.decode()


@pytest.mark.parametrize(
    "name",
    [
        "account_change_password",
        "account_reauthenticate",
        "account_logout",
        "account_inactive",
        "account_email_verification_sent",
    ],
)
def test_account_pages_show_without_inline_code(browser: Client, name: str) -> None:
    response = browser.get(reverse(name))
    body = response.content.decode()
    assert response.status_code == 200
    assert "entrance" in body
    assert not [word for word in (" style=", "<style", " onclick=", "<script>", "javascript:") if word in body]


def test_nobody_signs_up(client: Client, business: Business) -> None:
    response = client.post(
        "/account/sign-up", {"email": "eve@example.com", "password1": PASSWORD, "password2": PASSWORD}
    )
    assert "by invitation" in response.content.decode()
    assert not User.objects.exists()


def _token(owner: Membership, email: str = "sam@example.com") -> str:
    with scope(owner.business):
        actor = Actor.for_user(owner.user)
        return invite(actor=actor, business=owner.business, email=email, role="agent", at=clock.now()).token


def test_an_invitation_makes_an_account_and_leads_in(client: Client, owner: Membership) -> None:
    path = reverse("crm:invitation", args=[_token(owner)])
    assert "sam@example.com" in client.get(path).content.decode()
    assert client.post(path, {"name": "Sam", "password": "short"}).status_code == 422
    response = client.post(path, {"name": "Sam", "password": "lantern-orbit-velvet-93"}, follow=True)
    assert response.redirect_chain[-1][0] == "/"
    assert "Welcome to Acme Retail." in response.content.decode()
    assert client.get("/customers").status_code == 200
    assert client.get(path).status_code == 410


def test_an_invitation_for_an_existing_account_needs_its_sign_in(
    owner: Membership, other_owner: Membership, sign_in: Any
) -> None:
    path = reverse("crm:invitation", args=[_token(owner, other_owner.user.email)])
    stranger = Client()
    assert f"/account/sign-in?next={path}".replace("/", "%2F")[-20:] in stranger.get(path).content.decode().replace(
        "/", "%2F"
    )
    assert stranger.post(path, {"name": "Eve", "password": "lantern-orbit-velvet-93"}).status_code == 409
    somebody = sign_in(make_membership(owner.business, "agent"))
    assert "Sign out" in somebody.get(path).content.decode()
    assert somebody.post(path).status_code == 409
    browser = sign_in(other_owner)
    assert browser.get(path).status_code == 200
    assert browser.post(path, follow=True).status_code == 200
    assert browser.get("/").context["business"] == owner.business
    assert Membership.unscoped.get(user=other_owner.user, business=owner.business).role == "agent"


def test_a_useless_link_says_so(client: Client, owner: Membership) -> None:
    token = _token(owner)
    for change in ({"withdrawn_at": clock.now()}, {"withdrawn_at": None, "expires_at": clock.now()}):
        Invitation.unscoped.update(**change)
        response = client.post(reverse("crm:invitation", args=[token]), {"name": "Sam", "password": PASSWORD})
        assert response.status_code == 410
    assert client.get("/invitation/nonsense").status_code == 410


def test_people_without_a_business_are_told_so(db: None, client: Client) -> None:
    client.force_login(make_user(), backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.get("/", follow=True).redirect_chain[-1][0] == "/no-business"
    assert client.get("/account").status_code == 200
