"""Entering, changing and archiving products and their categories."""

from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commerce.models import Product, ProductCategory
from commerce.queries.products import category_ids_below
from crm import activity
from crm.actor import Actor
from crm.errors import DomainError, InvalidInput, NotFound
from crm.forms import check_version
from crm.models import Business
from crm.services.cleaning import clean, refuse_unknown

PRODUCT_FIELDS = ("code", "name", "category", "price")
CATEGORY_FIELDS = ("name", "parent")
_MOST = Decimal(10) ** 12 - 1


class ProductArchived(DomainError):
    """It is no longer sold already."""

    code = "already_archived"
    message = gettext_lazy("This is archived already.")


class ProductNotArchived(DomainError):
    """It is sold now already."""

    code = "not_archived"
    message = gettext_lazy("This is not archived.")


@transaction.atomic
def create_product(*, actor: Actor, business: Business, **data: Any) -> Product:
    """Add a product; the database refuses a code that is taken. Raises NotAllowed, InvalidInput."""
    actor.require("commerce.manage_products", business)
    refuse_unknown(data, PRODUCT_FIELDS)
    product = Product(business=business)
    _assign_product(product, data)
    product.save(force_insert=True)
    _record("commerce.product.created", actor, product, _entered(product, _PRODUCT_COLUMNS))
    return product


@transaction.atomic
def update_product(*, actor: Actor, product: Product, version: str | None = None, **data: Any) -> Product:
    """Change the given fields; nothing is written when all are as they were. Raises NotAllowed, StaleVersion, InvalidInput."""
    refuse_unknown(data, PRODUCT_FIELDS)
    locked: Product = _lock(actor, product, version)
    before = Product.objects.get(pk=locked.pk)
    _assign_product(locked, data)
    return _save(actor, "commerce.product.updated", before, locked, _PRODUCT_COLUMNS)  # type: ignore[return-value]


def archive_product(*, actor: Actor, product: Product, version: str | None = None) -> Product:
    """Take a product out of what is offered; its orders stay. Raises NotAllowed, StaleVersion, ProductArchived."""
    return _switch(actor, product, version, "commerce.product.archived", is_active=False)  # type: ignore[return-value]


def restore_product(*, actor: Actor, product: Product, version: str | None = None) -> Product:
    """Offer a product again. Raises NotAllowed, StaleVersion, ProductNotArchived."""
    return _switch(actor, product, version, "commerce.product.restored", is_active=True)  # type: ignore[return-value]


@transaction.atomic
def create_category(*, actor: Actor, business: Business, **data: Any) -> ProductCategory:
    """Add a category; the database refuses a name that is taken. Raises NotAllowed, InvalidInput."""
    actor.require("commerce.manage_products", business)
    refuse_unknown(data, CATEGORY_FIELDS)
    category = ProductCategory(business=business)
    _assign_category(category, data)
    category.save(force_insert=True)
    _record("commerce.category.created", actor, category, _entered(category, _CATEGORY_COLUMNS))
    return category


@transaction.atomic
def update_category(
    *, actor: Actor, category: ProductCategory, version: str | None = None, **data: Any
) -> ProductCategory:
    """Rename a category or put it below another. Raises NotAllowed, StaleVersion, InvalidInput."""
    refuse_unknown(data, CATEGORY_FIELDS)
    locked: ProductCategory = _lock(actor, category, version)
    before = ProductCategory.objects.get(pk=locked.pk)
    _assign_category(locked, data)
    return _save(actor, "commerce.category.updated", before, locked, _CATEGORY_COLUMNS)  # type: ignore[return-value]


def archive_category(*, actor: Actor, category: ProductCategory, version: str | None = None) -> ProductCategory:
    """Offer a category no longer; products keep it. Raises NotAllowed, StaleVersion, ProductArchived."""
    return _switch(actor, category, version, "commerce.category.archived", is_active=False)  # type: ignore[return-value]


def restore_category(*, actor: Actor, category: ProductCategory, version: str | None = None) -> ProductCategory:
    """Offer a category again. Raises NotAllowed, StaleVersion, ProductNotArchived."""
    return _switch(actor, category, version, "commerce.category.restored", is_active=True)  # type: ignore[return-value]


_PRODUCT_COLUMNS = ("code", "name", "category_id", "price")
_CATEGORY_COLUMNS = ("name", "parent_id")
_Record = Product | ProductCategory


def _lock(actor: Actor, record: _Record, version: str | None) -> Any:
    rows = type(record).objects.select_for_update(of=("self",)).select_related("business")
    locked = rows.filter(pk=record.pk).first()
    if locked is None:
        raise NotFound
    actor.require("commerce.manage_products", locked.business)
    check_version(locked, version)
    return locked


def _assign_product(product: Product, data: dict[str, Any]) -> None:
    for name, value in data.items():
        setattr(product, name, value.strip() if isinstance(value, str) else value)
    if product.price is not None and not 0 <= product.price < _MOST:
        raise InvalidInput({"price": [_("Give a price from 0 on that can be stored.")]})
    clean(product, exclude=["business", "category"])


def _assign_category(category: ProductCategory, data: dict[str, Any]) -> None:
    for name, value in data.items():
        setattr(category, name, value.strip() if isinstance(value, str) else value)
    clean(category, exclude=["business", "parent"])
    if category.parent_id and category.parent_id in category_ids_below(category.pk):
        raise InvalidInput({"parent": [_("A category can't be part of itself.")]})


def _save(actor: Actor, verb: str, before: _Record, after: _Record, columns: tuple[str, ...]) -> _Record:
    changes = activity.changes_between(before, after, columns)
    if changes:
        after.save()
        _record(verb, actor, after, changes)
    return after


@transaction.atomic
def _switch(actor: Actor, record: _Record, version: str | None, verb: str, *, is_active: bool) -> _Record:
    locked: _Record = _lock(actor, record, version)
    if locked.is_active == is_active:
        raise ProductNotArchived if is_active else ProductArchived
    locked.is_active = is_active
    locked.save(update_fields=["is_active", "updated_at"])
    _record(verb, actor, locked, {"is_active": (not is_active, is_active)})
    return locked


def _entered(record: _Record, columns: tuple[str, ...]) -> dict[str, tuple[Any, Any]]:
    return {name: (None, value) for name in columns if (value := getattr(record, name)) not in ("", None)}


def _record(verb: str, actor: Actor, record: _Record, changes: dict[str, tuple[Any, Any]]) -> None:
    activity.record(verb, actor=actor, business=record.business, subject=record, changes=changes)
