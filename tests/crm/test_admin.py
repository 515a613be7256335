"""The operators' admin: who comes in, what it shows, and that it goes through the services."""

from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from crm import clock
from crm.admin_site import ReadOnlyAdmin
from crm.models import AccessRecord, Activity, Business, ExchangeRate, Membership, Schedule, User
from tests import planted
from tests.factories import make_business, make_customer, make_membership, make_user

OURS = [model for model in apps.get_models() if model._meta.app_label in ("crm", "customers", "commerce")]


@pytest.fixture
def operator(db: None) -> User:
    return make_user(email="operator@example.com", is_staff=True, is_superuser=True)


@pytest.fixture
def desk(operator: User) -> Client:
    """The operator's browser."""
    client = Client()
    client.force_login(operator, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def _path(model: Any, page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def test_the_admin_is_entered_by_the_products_own_sign_in(client: Client, browser: Client) -> None:
    response = client.get("/admin/", follow=True)
    assert response.redirect_chain[-1][0].startswith("/account/sign-in")
    assert browser.get("/admin/", follow=True).status_code == 403


def test_every_table_is_registered() -> None:
    assert [model.__name__ for model in OURS if not admin.site.is_registered(model)] == []
    assert {model._meta.app_label for model in admin.site._registry} == {"auth", "crm", "customers", "commerce"}


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_every_table_is_listed_searched_and_shown(desk: Client, business: Business, model: Any) -> None:
    planted.objects_of(business)
    for query in (
        "",
        "?q=canary",
        "?business__id__exact=" + str(business.pk) if any(f.name == "business" for f in model._meta.fields) else "",
    ):
        response = desk.get(_path(model, "changelist") + query)
        assert response.status_code == 200, query
        body = response.content.decode()
        assert not [word for word in (" style=", "<style", " onclick=", "<script>") if word in body], query
    first = model._base_manager.first()
    if first is not None:
        response = desk.get(_path(model, "change", first.pk))
        assert response.status_code == 200
        assert "digest" not in response.content.decode()


@pytest.mark.parametrize(
    "model", [m for m in OURS if isinstance(admin.site._registry.get(m), ReadOnlyAdmin)], ids=lambda m: m.__name__
)
def test_read_only_tables_take_no_change(desk: Client, business: Business, model: Any) -> None:
    planted.objects_of(business)
    before = planted.fingerprint(business)
    assert desk.post(_path(model, "add"), {}).status_code == 403
    first = model._base_manager.first()
    if first is not None:
        assert desk.post(_path(model, "change", first.pk), {"name": "x"}).status_code == 403
        assert desk.post(_path(model, "delete", first.pk), {"post": "yes"}).status_code == 403
    assert planted.fingerprint(business) == before


def test_the_chooser_opens_businesses_and_the_rest_stays_closed(
    desk: Client, business: Business, other_business: Business
) -> None:
    here, there = make_customer(business, last_name="Here"), make_customer(other_business, last_name="There")
    customers = reverse("admin:customers_customer_changelist")
    body = desk.get(customers).content.decode()
    assert "Here" in body
    assert "There" in body
    assert desk.get("/admin/businesses/").status_code == 200
    assert desk.post("/admin/businesses/", {"businesses": [str(other_business.pk)]})["Location"] == "/admin/"
    assert "Globex" in desk.get("/admin/").content.decode()
    body = desk.get(customers).content.decode()
    assert "Here" not in body
    assert "There" in body
    assert desk.get(reverse("admin:customers_customer_change", args=[here.pk])).status_code == 302
    assert desk.get(reverse("admin:customers_customer_change", args=[there.pk])).status_code == 200
    desk.post("/admin/businesses/", {})
    assert "There" not in desk.get(customers).content.decode()


def test_schedules_of_the_service_are_shown_beside_those_of_open_businesses(desk: Client, business: Business) -> None:
    values = {"task": "crm.tasks.clean_up", "cron": "10 3 * * *", "next_due_at": clock.now()}
    closed = make_business(name="Closed", slug="closed")
    for key, of in (("nightly", None), ("weekly", business), ("monthly", closed)):
        Schedule.unscoped.create(key=key, business=of, **values)
    desk.post("/admin/businesses/", {"businesses": [str(business.pk)]})
    body = desk.get(_path(Schedule, "changelist")).content.decode()
    assert [key for key in ("nightly", "weekly", "monthly") if key in body] == ["nightly", "weekly"]


def test_customers_that_the_admin_shows_are_recorded_per_business(
    desk: Client, operator: User, business: Business, other_business: Business
) -> None:
    mine, theirs = make_customer(business), make_customer(other_business)
    desk.get(reverse("admin:customers_customer_changelist"))
    records = AccessRecord.unscoped.all()
    assert {(r.business_id, tuple(r.customer_ids), r.door, r.actor_id) for r in records} == {
        (business.pk, (mine.pk,), "admin", str(operator.pk)),
        (other_business.pk, (theirs.pk,), "admin", str(operator.pk)),
    }
    page = desk.get(reverse("admin:customers_customer_change", args=[mine.pk])).content.decode()
    assert reverse("customers:customer_detail", args=[mine.pk]) in page
    assert AccessRecord.unscoped.filter(business=business).count() == 2


def test_staff_without_permissions_see_nothing(business: Business) -> None:
    make_customer(business)
    client = Client()
    client.force_login(make_user(is_staff=True), backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.get("/admin/").status_code == 200
    assert client.get(reverse("admin:customers_customer_changelist")).status_code == 403
    assert not AccessRecord.unscoped.exists()


def test_an_operator_adds_and_changes_a_business_through_the_services(desk: Client, operator: User) -> None:
    data = {"name": "New", "slug": "new", "currency": "EUR", "time_zone": "UTC", "locale": "en-GB"}
    assert desk.post(reverse("admin:crm_business_add"), data).status_code == 200
    assert not Business.objects.exists()
    assert desk.post(reverse("admin:crm_business_add"), {**data, "owner": str(operator.pk)}).status_code == 302
    business = Business.objects.get()
    assert Membership.unscoped.get().user == operator
    path = reverse("admin:crm_business_change", args=[business.pk])
    assert desk.get(path).status_code == 200
    assert desk.post(path, {**data, "name": "Newer", "currency": "USD", "is_active": "on"}).status_code == 302
    assert desk.post(path, {**data, "time_zone": "Mars/Olympus", "is_active": "on"})["Location"] == path
    business.refresh_from_db()
    assert (business.name, business.currency, business.time_zone) == ("Newer", "EUR", "UTC")
    assert Activity.unscoped.filter(verb="crm.business.updated", door="admin").count() == 1


def test_the_last_owner_stays_owner_in_the_admin_too(desk: Client, owner: Membership) -> None:
    path = reverse("admin:crm_membership_change", args=[owner.pk])
    assert desk.post(path, {"role": "agent", "visibility": "all"}, follow=True).status_code == 200
    owner.refresh_from_db()
    assert owner.role == "owner"
    make_membership(owner.business, "owner")
    assert desk.post(path, {"role": "agent", "visibility": "all"}).status_code == 302
    owner.refresh_from_db()
    assert owner.role == "agent"


def test_operators_are_made_by_operators_and_one_stays(desk: Client, operator: User, owner: Membership) -> None:
    path = reverse("admin:crm_user_change", args=[operator.pk])
    desk.post(path, {"is_active": "on"})
    operator.refresh_from_db()
    assert operator.is_superuser
    desk.post(
        reverse("admin:crm_user_change", args=[owner.user.pk]),
        {"is_active": "on", "is_staff": "on", "is_superuser": "on"},
    )
    assert User.objects.get(pk=owner.user.pk).is_superuser
    desk.post(path, {})
    assert not User.objects.get(pk=operator.pk).is_active


def test_rates_are_added_changed_and_deleted_through_the_services(desk: Client, business: Business) -> None:
    data = {"business": str(business.pk), "currency": "EUR", "valid_on": "2026-01-01", "rate": "0.85"}
    path = reverse("admin:crm_exchangerate_add")
    assert desk.post(path, data).status_code == 302
    assert desk.post(path, {**data, "currency": "GBP"})["Location"] == path
    rate = ExchangeRate.unscoped.get()
    change = reverse("admin:crm_exchangerate_change", args=[rate.pk])
    assert desk.post(change, {**data, "rate": "0.9"}).status_code == 302
    assert desk.post(reverse("admin:crm_exchangerate_delete", args=[rate.pk]), {"post": "yes"}).status_code == 302
    verbs = list(Activity.unscoped.order_by("id").values_list("verb", flat=True))
    assert verbs == [f"crm.exchange_rate.{word}" for word in ("created", "updated", "deleted")]


def _import(desk: Client, text: str) -> Any:
    file = SimpleUploadedFile("rates.csv", text.encode(), "text/csv")
    return desk.post(reverse("admin:crm_exchangerate_import"), {"import_file": file, "format": "0", "resource": "0"})


def test_rates_come_in_from_a_file_and_go_out(desk: Client, business: Business) -> None:
    head = "business,currency,valid_on,rate\n"
    asked = _import(desk, head + "acme,EUR,2026-01-01,0.85\nacme,USD,2026-01-01,0.78\n")
    assert asked.status_code == 200
    assert not ExchangeRate.unscoped.exists()
    confirmed = {name: value for name, value in asked.context["confirm_form"].initial.items() if value is not None}
    assert desk.post(reverse("admin:crm_exchangerate_process_import"), confirmed).status_code == 302
    assert ExchangeRate.unscoped.count() == 2
    assert Activity.unscoped.filter(verb="crm.exchange_rate.created", door="admin").count() == 2
    out = desk.post(
        reverse("admin:crm_exchangerate_export"),
        {
            "format": "0",
            "resource": "",
            "exchangerateresource_business": "on",
            "exchangerateresource_rate": "on",
            "rateresource_business": "on",
            "rateresource_currency": "on",
            "rateresource_valid_on": "on",
            "rateresource_rate": "on",
        },
    )
    assert "acme,EUR,2026-01-01,0.85" in out.content.decode()


@pytest.mark.parametrize(
    "line",
    [
        "acme,GBP,2026-01-01,0.85",
        "acme,EUR,2026-01-01,-1",
        "nobody,EUR,2026-01-01,1",
        "acme,EUR,soon,1",
        "acme,EUR,2026-01-01,",
    ],
)
def test_a_faulty_file_of_rates_changes_nothing(desk: Client, business: Business, line: str) -> None:
    asked = _import(desk, f"business,currency,valid_on,rate\nacme,USD,2026-01-01,0.78\n{line}\n")
    assert asked.status_code == 200
    assert asked.context["result"].has_errors() or asked.context["result"].has_validation_errors()
    assert "confirm_form" not in asked.context
    assert not ExchangeRate.unscoped.exists()


def test_a_closed_business_takes_no_rates(desk: Client, business: Business) -> None:
    desk.post("/admin/businesses/", {})
    asked = _import(desk, "business,currency,valid_on,rate\nacme,EUR,2026-01-01,0.85\n")
    assert asked.context["result"].has_validation_errors() or asked.context["result"].has_errors()
