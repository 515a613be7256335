"""Endpoints of products and their categories: the lists, one of them, and the deeds on it."""

from typing import Any

from django.db.models import DecimalField, F, IntegerField, QuerySet, Sum, Value
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework.response import Response

from commerce import services
from commerce.api.product_fields import (
    CATEGORY,
    PRODUCT,
    TOTALS_SAMPLE,
    CategoryInput,
    ProductInput,
    ProductTotals,
)
from commerce.choices import ZERO
from commerce.filters.products import CategoryFilterSet, ProductFilterSet
from commerce.models import Product, ProductCategory
from commerce.queries.products import products_matching
from commerce.tables.products import BY_CODE, BY_NAME, BY_PRICE
from crm.api.lists import ListEndpoint, envelope, envelope_sample
from crm.api.representation import Representation, amount
from crm.api.views import Doc, RecordEndpoint, tag_of
from customers.api.inputs import NothingInput

_TAG = "Products"
_READ, _WRITE = "commerce.view_products", "commerce.manage_products"


def products(view: Any) -> QuerySet:
    """The products, with what all customers bought of them for who sees all customers."""
    money = DecimalField(max_digits=20, decimal_places=4)
    if not view.actor.sees_all(view.business):
        nothing = Value(None, output_field=IntegerField())
        return Product.objects.annotate(orders=nothing, buyers=nothing, revenue=Value(None, output_field=money))
    return Product.objects.annotate(
        orders=F("sales__order_count"), buyers=F("sales__buyer_count"), revenue=F("sales__revenue")
    )


def _made(representation: Representation, rows: QuerySet, record: Any, address: str, business: Any) -> Response:
    row = representation.one(rows, record.pk)
    data = representation.of(row, business)
    headers = {"Location": reverse(address, args=[record.pk]), "ETag": tag_of(row["updated_at"], data)}
    return Response(data, status=201, headers=headers)


class ProductList(ListEndpoint):
    """Products by their code."""

    tag = _TAG
    representation = PRODUCT
    filterset_class = ProductFilterSet
    searchable = True
    sorts = {"code": BY_CODE, "name": BY_NAME, "price": BY_PRICE}
    default_sort = "code"
    has_version = True
    permissions = {"GET": _READ, "POST": _WRITE}
    docs = {
        "GET": Doc(
            "list_products",
            _("List, filter and search products"),
            answer=envelope(PRODUCT, None, ProductTotals),
            answer_example={**envelope_sample(PRODUCT), "totals": TOTALS_SAMPLE},
        ),
        "POST": Doc(
            "create_product",
            _("Add a product"),
            answer=PRODUCT.serializer(),
            body=ProductInput,
            status=201,
            body_example={"code": "85123A", "name": "White hanging heart", "price": "2.55"},
            answer_example=PRODUCT.sample(),
            problems=(409,),
        ),
    }

    def rows(self) -> QuerySet:
        return products(self)

    def search(self, rows: QuerySet, words: str) -> QuerySet:
        return products_matching(rows, words)

    def totals(self, rows: QuerySet) -> dict[str, Any]:
        currency, revenue = self.business.currency, None
        if self.actor.sees_all(self.business):
            revenue = amount(rows.aggregate(sum=Sum("sales__revenue"))["sum"] or ZERO, currency)
        return {"revenue": revenue, "currency": currency}

    def post(self, request: Any) -> Response:
        self.refuse_parameters()
        product = services.create_product(actor=self.actor, business=self.business, **self.body(ProductInput))
        return _made(PRODUCT, products(self), product, "api:product_detail", self.business)


class ProductEndpoint(RecordEndpoint):
    """One product of the business."""

    abstract = True
    tag = _TAG
    representation = PRODUCT
    has_version = True

    def rows(self) -> QuerySet:
        return products(self)


def _docs(representation: Representation, name: str, words: dict[str, Any], body: Any, example: Any) -> dict[str, Doc]:
    """What is said of reading and changing one record."""
    answer, sample = representation.serializer(), representation.sample()
    text = _("Only the fields in the body change; PUT and PATCH do the same.")
    return {
        "GET": Doc(f"get_{name}", words["get"], answer=answer, answer_example=sample),
        **{
            method: Doc(
                f"{verb}_{name}", words[verb], answer=answer, body=body, text=text, body_example=example, answer_example=sample,
                problems=(409,),
            )
            for method, verb in (("PATCH", "change"), ("PUT", "put"))
        },
    }  # fmt: skip


def _deed(representation: Representation, name: str, summary: Any) -> dict[str, Doc]:
    return {
        "POST": Doc(
            name, summary, answer=representation.serializer(), body=NothingInput, body_example={},
            answer_example=representation.sample(), problems=(409,),
        )
    }  # fmt: skip


class ProductDetail(ProductEndpoint):
    permissions = {"GET": _READ, "PATCH": _WRITE, "PUT": _WRITE}
    docs = _docs(
        PRODUCT,
        "product",
        {"get": _("Get a product"), "change": _("Change a product"), "put": _("Change a product by PUT")},
        ProductInput,
        {"price": "2.95"},
    )

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        return self.show()

    def patch(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        record, version = self.record, self.asked_version()
        values = self.body(ProductInput, partial=True)
        services.update_product(actor=self.actor, product=record, version=version, **values)
        return self.show()

    put = patch


class ProductArchive(ProductEndpoint):
    permissions = {"POST": _WRITE}
    docs = _deed(PRODUCT, "archive_product", _("Archive a product: it is no longer offered"))

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        record, version = self.record, self.asked_version()
        services.archive_product(actor=self.actor, product=record, version=version, **self.body(NothingInput))
        return self.show()


class ProductRestore(ProductEndpoint):
    permissions = {"POST": _WRITE}
    docs = _deed(PRODUCT, "restore_product", _("Offer a product again"))

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        record, version = self.record, self.asked_version()
        services.restore_product(actor=self.actor, product=record, version=version, **self.body(NothingInput))
        return self.show()


class CategoryList(ListEndpoint):
    """Product categories by their name."""

    tag = _TAG
    representation = CATEGORY
    filterset_class = CategoryFilterSet
    sorts = {"name": BY_NAME}
    default_sort = "name"
    has_version = True
    permissions = {"GET": _READ, "POST": _WRITE}
    docs = {
        "GET": Doc(
            "list_product_categories",
            _("List and filter product categories"),
            answer=envelope(CATEGORY),
            answer_example=envelope_sample(CATEGORY),
        ),
        "POST": Doc(
            "create_product_category",
            _("Add a product category"),
            answer=CATEGORY.serializer(),
            body=CategoryInput,
            status=201,
            body_example={"name": "Lights"},
            answer_example=CATEGORY.sample(),
            problems=(409,),
        ),
    }

    def rows(self) -> QuerySet:
        return ProductCategory.objects.all()

    def post(self, request: Any) -> Response:
        self.refuse_parameters()
        category = services.create_category(actor=self.actor, business=self.business, **self.body(CategoryInput))
        return _made(CATEGORY, self.rows(), category, "api:category_detail", self.business)


class CategoryEndpoint(RecordEndpoint):
    """One product category of the business."""

    abstract = True
    tag = _TAG
    representation = CATEGORY
    has_version = True

    def rows(self) -> QuerySet:
        return ProductCategory.objects.all()


class CategoryDetail(CategoryEndpoint):
    permissions = {"GET": _READ, "PATCH": _WRITE, "PUT": _WRITE}
    docs = _docs(
        CATEGORY,
        "product_category",
        {
            "get": _("Get a product category"), "change": _("Change a product category"),
            "put": _("Change a product category by PUT"),
        },
        CategoryInput,
        {"name": "Lamps"},
    )  # fmt: skip

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        return self.show()

    def patch(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        record, version = self.record, self.asked_version()
        values = self.body(CategoryInput, partial=True)
        services.update_category(actor=self.actor, category=record, version=version, **values)
        return self.show()

    put = patch


class CategoryArchive(CategoryEndpoint):
    permissions = {"POST": _WRITE}
    docs = _deed(CATEGORY, "archive_product_category", _("Archive a product category: it is no longer offered"))

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        record, version = self.record, self.asked_version()
        services.archive_category(actor=self.actor, category=record, version=version, **self.body(NothingInput))
        return self.show()


class CategoryRestore(CategoryEndpoint):
    permissions = {"POST": _WRITE}
    docs = _deed(CATEGORY, "restore_product_category", _("Offer a product category again"))

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        record, version = self.record, self.asked_version()
        services.restore_category(actor=self.actor, category=record, version=version, **self.body(NothingInput))
        return self.show()
