"""Lists: filtered and sorted like their page, one envelope, by page number near the start and by cursor to the end."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

import django_filters
from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.response import Response

from crm import paging
from crm.api.includes import asked_includes, load_includes, with_includes
from crm.api.parsers import printable
from crm.api.representation import Representation, RowsByKeys
from crm.api.views import Endpoint, tag_of
from crm.filters import StrictFilterSet, bad_parameters, narrows
from crm.paging import Sort

LIMIT, MAX_LIMIT = 25, 200
MAX_VALUES = 100
DEEPEST_ROW = 10_000
MAX_SEARCH, MAX_WORDS = 100, 8


class ListEndpoint(Endpoint):
    """The rows of a resource as columns, not as objects: the cost of a page doesn't grow with its rows' relations."""

    abstract = True
    representation: Representation
    filterset_class: ClassVar[type[StrictFilterSet] | None] = None
    sorts: ClassVar[Mapping[str, Sort]] = {}
    default_sort: ClassVar[str] = ""
    searchable: ClassVar[bool] = False
    by_keys: ClassVar[RowsByKeys | None] = None
    """Reads the rows of a page after their keys were found: for wide rows of long lists."""

    def rows(self) -> QuerySet:
        """All rows that the actor may see."""
        raise ImproperlyConfigured(f"{type(self).__name__}.rows")

    # Whether the search had more matches than it looks through: then the list holds the best of them.
    is_cut = False

    def search(self, rows: QuerySet, words: str) -> QuerySet:
        return rows

    def totals(self, rows: QuerySet) -> dict[str, Any] | None:
        """What all rows that the filters leave come to, beside the page of them; None: nothing is summed."""
        return None

    def shown(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Called with the columns of the rows: note whose data is shown."""

    def answer_added(
        self, rows: QuerySet, pk: Any, address: str, *, is_new: bool = True, details: Mapping[str, Any] | None = None
    ) -> Response:
        """The record that was sent, with its address and version: 201, or 200 where it stood there already. `details` are shown
        beside the representation."""
        row = self.representation.one(rows, pk)
        self.shown([row])
        data = {**self.representation.of(row, self.business), **(details or {})}
        headers = {"Location": reverse(address, args=[pk]), "ETag": tag_of(row["updated_at"], data)}
        return Response(data, status=201 if is_new else 200, headers=headers)

    def filterset(self, query: QueryDict) -> type[StrictFilterSet] | None:
        """The filters that count for this request: those of the class, and where there are more of them, of its business."""
        return self.filterset_class

    def needs(self) -> set[str]:
        """Columns that `shown` reads."""
        return {"pk"}

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        query = self._query()
        limit = whole(query, "limit", LIMIT, MAX_LIMIT)
        number = whole(query, "page", 1, DEEPEST_ROW)
        cursor = query.get("cursor", "")
        if cursor and "page" in query:
            raise bad_parameters({"page": [_("Give either a page or a cursor.")]})
        if number * limit > DEEPEST_ROW:
            deep = _("Pages end at row %(row)d. Follow the cursor in “next” to read further.") % {"row": DEEPEST_ROW}
            raise bad_parameters({"page": [deep]})
        keys = self._keys(query)
        asked = query.get("sort") or self.default_sort
        sort = self.sorts.get(asked.removeprefix("-"))
        if sort is None:
            allowed = ", ".join(self.sorts)
            raise bad_parameters(
                {"sort": [_("Sort by one of: %(keys)s; with - before it downwards.") % {"keys": allowed}]}
            )
        includes = asked_includes(self)
        more = self.needs() | {sort.column, sort.tie} | {included.path for included in includes}
        with paging.within(paging.LIMIT_MS if narrows(query) else 0):
            rows = self._narrowed(query)
            total, is_estimate = paging.count(rows)
            totals = self.totals(rows)
            slice_ = paging.page(
                rows if self.by_keys else self.representation.read(rows, keys, more),
                sort,
                descending=asked.startswith("-"),
                cursor=cursor,
                limit=limit,
                offset=(number - 1) * limit,
                read=partial(self.by_keys, keys, more) if self.by_keys else None,
                is_few=not is_estimate and total <= paging.FEW,
            )
        self.shown(slice_.rows)
        data = [self.representation.of(row, self.business, keys) for row in slice_.rows]
        if includes:
            for shown, related in zip(data, load_includes(self, includes, slice_.rows), strict=True):
                shown["included"] = related
        return Response(
            {
                "data": data,
                "total": total,
                "total_is_estimate": is_estimate or self.is_cut,
                "page": None if cursor else number,
                "limit": limit,
                "hasMore": bool(slice_.next),
                "next": slice_.next or None,
                **({} if totals is None else {"totals": totals}),
            }
        )

    @classmethod
    def parameters(cls) -> frozenset[str]:
        """The names of all query parameters."""
        filters = cls.filterset_class.base_filters if cls.filterset_class else {}
        own = {"page", "limit", "cursor", "sort", "fields"}
        own |= ({"search"} if cls.searchable else set()) | ({"include"} if cls.includes else set())
        return frozenset(filters) | own

    def limit_for(self, request: Any) -> str:
        return "search" if request.method == "GET" and "search" in request.query_params else super().limit_for(request)

    def _query(self) -> QueryDict:
        """The parameters, each known, filled and given once; `a,b` of a multiple choice taken apart."""
        query = self.request.query_params.copy()
        self._filters = self.filterset(query)
        filters = self._filters.base_filters if self._filters else {}
        self.refuse_parameters(self.parameters() | frozenset(filters))
        for name in list(query):
            values = query.getlist(name)
            if isinstance(filters.get(name), django_filters.MultipleChoiceFilter):
                values = [part for value in values for part in value.split(",")]
                query.setlist(name, values)
            elif len(values) > 1:
                raise bad_parameters({name: [_("Give this parameter once.")]})
            if not all(value.strip() for value in values):
                raise bad_parameters({name: [_("This parameter is empty; leave it out.")]})
            if sum(value.count(",") + 1 for value in values) > MAX_VALUES and name != "search":
                raise bad_parameters({name: [_("Give at most %(number)d values.") % {"number": MAX_VALUES}]})
        return query

    def _narrowed(self, query: QueryDict) -> QuerySet:
        rows = self.rows()
        if self._filters:
            rows = self._filters(query, queryset=rows, request=self.request, only=()).narrowed()
        words = query.get("search", "")
        refuse_long_search(words)
        return self.search(rows, words.strip()) if words else rows

    def _keys(self, query: QueryDict) -> list[str] | None:
        if "fields" not in query:
            return None
        asked = [name.strip() for name in query.get("fields", "").split(",")]
        unknown = [name for name in asked if name not in self.representation.shown]
        if unknown:
            names = ", ".join(printable(name, 40) for name in unknown)
            raise bad_parameters({"fields": [_("There are no such fields: %(names)s.") % {"names": names[:300]}]})
        always = [name for name in ("id",) if name in self.representation.shown]
        return list(dict.fromkeys([*always, *asked]))


def refuse_long_search(words: str) -> None:
    if len(words) > MAX_SEARCH or len(words.split()) > MAX_WORDS:
        limits = {"characters": MAX_SEARCH, "words": MAX_WORDS}
        raise bad_parameters(
            {"search": [_("Search for at most %(words)d words of %(characters)d characters.") % limits]}
        )


def refuse_unclear(query: QueryDict) -> None:
    """Refuse parameters that are empty or given more than once. Raises InvalidInput."""
    for name, values in query.lists():
        if len(values) > 1:
            raise bad_parameters({name: [_("Give this parameter once.")]})
        if not values[0].strip():
            raise bad_parameters({name: [_("This parameter is empty; leave it out.")]})


def whole(query: QueryDict, name: str, default: int, highest: int) -> int:
    """The parameter as a whole number from 1 to `highest`. Raises InvalidInput."""
    value = query.get(name)
    if value is None:
        return default
    if not (value.isascii() and value.isdigit() and len(value) < 10) or not 1 <= int(value) <= highest:
        raise bad_parameters({name: [_("Give a whole number from 1 to %(highest)d.") % {"highest": highest}]})
    return int(value)


_envelopes: dict[tuple[str, tuple[str, ...]], type[serializers.Serializer]] = {}


def envelope(
    representation: Representation,
    includes: Mapping[str, Any] | None = None,
    totals: type[serializers.Serializer] | None = None,
) -> type[serializers.Serializer]:
    """The shape of a list in the schema, with the `includes` that it offers and the `totals` that stand in it; one of each, however
    many endpoints give it."""
    key = (representation.name, tuple(includes or ()))
    if key not in _envelopes:
        _envelopes[key] = _envelope(representation, includes, totals)
    return _envelopes[key]


def _envelope(
    representation: Representation, includes: Mapping[str, Any] | None, totals: type[serializers.Serializer] | None
) -> type[serializers.Serializer]:
    item = representation.serializer()
    if includes:
        item = with_includes(item, includes.values())
    fields = {
        "data": item(many=True),
        "total": serializers.IntegerField(help_text="Exact up to 10,000."),
        "total_is_estimate": serializers.BooleanField(),
        "page": serializers.IntegerField(allow_null=True, help_text="Null when a cursor was given."),
        "limit": serializers.IntegerField(),
        "hasMore": serializers.BooleanField(),
        "next": serializers.CharField(allow_null=True, help_text="The cursor of the next page."),
    }
    if totals is not None:
        fields["totals"] = totals(help_text="Of all rows that the filters leave.")
    return type(f"{representation.name}List", (serializers.Serializer,), fields)


def envelope_sample(representation: Representation) -> dict[str, Any]:
    return {
        "data": [representation.sample()],
        "total": 1,
        "total_is_estimate": False,
        "page": 1,
        "limit": LIMIT,
        "hasMore": False,
        "next": None,
    }
