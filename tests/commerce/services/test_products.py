"""Products and categories: entered, changed, archived and brought back, by those who may."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from commerce import services
from commerce.models import Product, ProductCategory
from crm.actor import Actor
from crm.errors import InvalidInput, NotAllowed, StaleVersion
from crm.forms import version_of
from crm.models import Activity, Business
from tests.factories import make_membership

SYSTEM = Actor.system("test")


def _product(business: Business, **more: Any) -> Product:
    return services.create_product(actor=SYSTEM, business=business, **{"code": "A1", **more})


def _verbs() -> list[str]:
    return list(Activity.objects.order_by("id").values_list("verb", flat=True))


def test_a_product_is_added_changed_archived_and_restored(in_scope: Business) -> None:
    lights = services.create_category(actor=SYSTEM, business=in_scope, name=" Lights ")
    product = _product(in_scope, name="Lamp", category=lights, price=Decimal("2.5"))
    assert (str(product.category), product.is_active) == ("Lights", True)
    seen = version_of(product)
    changed = services.update_product(actor=SYSTEM, product=product, price=Decimal(3), version=seen)
    assert changed.price == 3
    with pytest.raises(StaleVersion):
        services.update_product(actor=SYSTEM, product=product, name="Lantern", version=seen)
    services.update_product(actor=SYSTEM, product=product, price=Decimal(3))
    services.archive_product(actor=SYSTEM, product=product)
    with pytest.raises(services.ProductArchived):
        services.archive_product(actor=SYSTEM, product=product)
    assert services.restore_product(actor=SYSTEM, product=product).is_active
    with pytest.raises(services.ProductNotArchived):
        services.restore_product(actor=SYSTEM, product=product)
    assert _verbs() == [
        "commerce.category.created", "commerce.product.created", "commerce.product.updated", "commerce.product.archived",
        "commerce.product.restored",
    ]  # fmt: skip
    detail = Activity.objects.get(verb="commerce.product.updated").detail
    assert detail.changes == {"price": ["2.5000", "3"]} or "price" in detail.changes


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"code": " "}, "code"), ({"code": "x" * 61}, "code"), ({"price": Decimal(-1)}, "price"),
        ({"price": Decimal(10) ** 12}, "price"), ({"colour": "red"}, "colour"),
    ],
)  # fmt: skip
def test_what_no_product_can_be_is_refused_at_its_field(in_scope: Business, values: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        _product(in_scope, **values)
    assert set(refused.value.errors) == {field}


def test_a_code_and_a_name_stand_once(in_scope: Business) -> None:
    _product(in_scope)
    with pytest.raises(IntegrityError), transaction.atomic():
        _product(in_scope)
    services.create_category(actor=SYSTEM, business=in_scope, name="Lights")
    with pytest.raises(IntegrityError), transaction.atomic():
        services.create_category(actor=SYSTEM, business=in_scope, name="Lights")


def test_a_category_is_never_part_of_itself(in_scope: Business) -> None:
    top, middle, low = (
        services.create_category(actor=SYSTEM, business=in_scope, name=name) for name in ("Top", "Middle", "Low")
    )
    services.update_category(actor=SYSTEM, category=middle, parent=top)
    services.update_category(actor=SYSTEM, category=low, parent=middle)
    for parent in (top, middle, low):
        with pytest.raises(InvalidInput) as refused:
            services.update_category(actor=SYSTEM, category=top, parent=parent)
        assert set(refused.value.errors) == {"parent"}
    services.archive_category(actor=SYSTEM, category=low)
    assert not ProductCategory.objects.get(pk=low.pk).is_active
    services.restore_category(actor=SYSTEM, category=low)
    renamed = services.update_category(actor=SYSTEM, category=low, name="Lowest", parent=None)
    assert (renamed.name, renamed.parent) == ("Lowest", None)


@pytest.mark.parametrize("role", ["agent", "marketing", "analyst"])
def test_who_may_not_manage_products_is_refused(in_scope: Business, role: str) -> None:
    product = _product(in_scope)
    actor = Actor.for_user(make_membership(in_scope, role).user)
    for deed, values in (
        (services.create_product, {"business": in_scope, "code": "B"}), (services.update_product, {"product": product, "name": "x"}),
        (services.archive_product, {"product": product}), (services.create_category, {"business": in_scope, "name": "x"}),
    ):  # fmt: skip
        with pytest.raises(NotAllowed):
            deed(actor=actor, **values)
