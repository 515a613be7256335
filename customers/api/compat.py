"""What the endpoints of other systems have in common: their envelope, their parameters, statuses in their own words.

They stand on the same services, permissions and limits as those below /api/v1; money is written as JSON numbers.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.response import Response

from crm import clock, paging
from crm.access import saw
from crm.api import patterns
from crm.api.lists import (
    DEEPEST_ROW,
    LIMIT,
    MAX_LIMIT,
    MAX_SEARCH,
    MAX_WORDS,
    refuse_long_search,
    refuse_unclear,
    whole,
)
from crm.api.views import Endpoint, RecordEndpoint
from crm.errors import DomainError, InvalidInput, NotFound
from crm.filters import bad_parameters, narrows
from crm.paging import Sort
from customers.api.ground import ShowsCustomers
from customers.models import Customer
from customers.queries import matches_for, matching
from customers.queries.projections import Bounds, standing_of, words_of, write

TAG = "compat"
_BY_NAME = Sort("name", "sort_name")
Parameters = Mapping[str, tuple[Any, dict[str, Any]]]


def list_parameters(**more: tuple[Any, dict[str, Any]]) -> dict[str, tuple[Any, dict[str, Any]]]:
    """The query parameters of a list, for its documentation: page, limit, search and `more`."""
    words = {"type": "string", "minLength": 1, "maxLength": MAX_SEARCH, "pattern": patterns.words(MAX_WORDS)}
    return {
        "page": (_("Number of the page, for the first 10,000 rows."), _number(1, DEEPEST_ROW, 1)),
        "limit": (_("Rows of a page, at most 200."), _number(1, MAX_LIMIT, LIMIT)),
        "search": (_("Words or beginnings of words of the name."), words),
        **more,
    }


def word_parameter(vocabulary: str) -> dict[str, Any]:
    """The schema of a parameter that takes a word of a vocabulary."""
    return {"type": "string", "enum": words_of(vocabulary)}


def _number(lowest: int, highest: int, default: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": lowest, "maximum": highest, "default": default}


def plain_envelope(name: str, item: type[serializers.Serializer]) -> type[serializers.Serializer]:
    """The shape of a list in the schema: {data, total, page, limit, hasMore}."""
    fields = {
        "data": item(many=True),
        "total": serializers.IntegerField(help_text=_("Exact up to 10,000.")),
        "page": serializers.IntegerField(),
        "limit": serializers.IntegerField(),
        "hasMore": serializers.BooleanField(),
    }
    return type(name, (serializers.Serializer,), fields)


def plain_envelope_sample(item: dict[str, Any]) -> dict[str, Any]:
    return {"data": [item], "total": 1, "page": 1, "limit": LIMIT, "hasMore": False}


def as_number(amount: Decimal | None) -> float | None:
    """Money as the other systems write it."""
    return None if amount is None else float(amount)


def as_moment(at: datetime | None) -> datetime | None:
    return at.astimezone(UTC) if at else None


class Projecting(ShowsCustomers):
    """An endpoint whose words for where a customer stands follow from the stage and the facts."""

    business: Any

    @cached_property
    def bounds(self) -> Bounds:
        """What the business calls dormant and loyal now."""
        return Bounds.of(self.business, clock.now())

    def stage_for(self, customer: Customer, given: dict[str, Any], vocabularies: Mapping[str, str]) -> str:
        """The stage to enter so that each of the fields (name -> its vocabulary) that is given reads so; "" for none.

        Takes the fields out of what is given. Raises InvalidInput.
        """
        standing, stages = standing_of(customer), {}
        for field, vocabulary in vocabularies.items():
            if field in given:
                stage = write(vocabulary, given.pop(field), standing, self.bounds, field)
                if stage:
                    stages[field] = stage
        if len(set(stages.values())) > 1:
            raise InvalidInput({name: [str(_("These fields contradict each other."))] for name in stages})
        return next(iter(stages.values()), "")


class CompatList(Projecting, Endpoint):
    """A list of customers by name, page by page, with parameters that are all optional and given once."""

    abstract = True
    tag = TAG

    def rows(self) -> QuerySet:
        return Customer.objects.live().visible_to(self.actor).select_related("facts")

    def narrowed(self, rows: QuerySet, asked: dict[str, str]) -> QuerySet:
        """The rows that the parameters leave. Raises InvalidInput."""
        return rows

    def items(self, rows: Iterable[Customer]) -> list[dict[str, Any]]:
        """The rows as they are shown."""
        raise ImproperlyConfigured(f"{type(self).__name__}.items")

    def limit_for(self, request: Any) -> str:
        return "search" if request.method == "GET" and "search" in request.query_params else super().limit_for(request)

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        asked = self._asked()
        page, limit = (
            whole(request.query_params, "page", 1, DEEPEST_ROW),
            whole(request.query_params, "limit", LIMIT, MAX_LIMIT),
        )
        if page * limit > DEEPEST_ROW:
            raise bad_parameters({"page": [str(_("Pages end at row %(row)d.")) % {"row": DEEPEST_ROW}]})
        with paging.within(paging.LIMIT_MS if narrows(request.query_params) else 0):
            rows = self.narrowed(self.rows(), asked)
            if words := asked.get("search", ""):
                refuse_long_search(words)
                rows = rows.filter(pk__in=matching(words.strip(), matches_for(self.actor)))
            slice_ = paging.page(rows, _BY_NAME, descending=False, cursor="", limit=limit, offset=(page - 1) * limit)
            total, _is_estimate = paging.count(rows)
        saw(request, [row.pk for row in slice_.rows])
        data = self.items(slice_.rows)
        return Response({"data": data, "total": total, "page": page, "limit": limit, "hasMore": bool(slice_.next)})

    def _asked(self) -> dict[str, str]:
        query = self.request.query_params
        self.refuse_parameters(frozenset(self.docs["GET"].parameters))
        refuse_unclear(query)
        return dict(query.items())


class CompatRecord(Projecting, RecordEndpoint):
    """One customer that the caller may see, archived ones included."""

    abstract = True
    tag = TAG
    has_version = True

    def rows(self) -> QuerySet:
        return Customer.objects.visible_to(self.actor).select_related("facts", "business")

    def detail(self, customer: Customer) -> dict[str, Any]:
        """The customer as it is shown."""
        raise ImproperlyConfigured(f"{type(self).__name__}.detail")

    def show(self, rows: QuerySet | None = None) -> Response:
        customer: Customer | None = (self.rows() if rows is None else rows).filter(pk=self.kwargs["id"]).first()
        if customer is None:
            raise NotFound
        saw(self.request, [customer.pk])
        data = self.detail(customer)
        return self.tagged(data, self.changed_at_of(customer))

    def changed_at_of(self, customer: Customer) -> datetime:
        """When what `detail` has shown of the customer was last changed."""
        return customer.updated_at


def asked_word(asked: dict[str, str], name: str, vocabulary: str) -> str:
    """The word of the vocabulary that a parameter gives, or "". Raises InvalidInput."""
    word = asked.get(name, "")
    if word and word not in words_of(vocabulary):
        raise bad_parameters({name: [str(_("Give one of: %(words)s.")) % {"words": ", ".join(words_of(vocabulary))}]})
    return word


@contextmanager
def renamed(names: Mapping[str, str]) -> Iterator[None]:
    """Refusals of the services name the fields as the caller knows them."""
    try:
        yield
    except InvalidInput as refusal:
        refusal.errors = {names.get(name, name): words for name, words in refusal.errors.items()}
        raise
    except DomainError as refusal:
        refusal.field = names.get(refusal.field, refusal.field)
        raise
