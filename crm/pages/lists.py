"""Rows of a model on a page: filtered, searched, sorted, paged."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, cast

from django.contrib import messages
from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.utils.functional import cached_property
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from crm import list_tools, paging, saved_views
from crm.errors import InvalidInput
from crm.filters import StrictFilterSet, bad_parameters, narrows
from crm.pages.page import Page
from crm.paging import Sort
from crm.tables import Column, build_table
from crm.view_strip import strip


class ListPage(Page):
    """Rows of a model: filtered, searched, sorted, paged by keyset; all of it in the address, or in a saved view that it names."""

    abstract = True
    permission = ""
    template_name = "pages/list.html"
    filterset_class: type[StrictFilterSet] | None = None
    default_sort = ""
    searchable = False
    page_size = 25
    empty: dict[str, Any] = {}
    has_views: ClassVar[bool] = True
    """Whether people may keep the list under names; only a list with filters is kept."""

    def rows(self) -> QuerySet:
        """All rows that the actor may see."""
        raise ImproperlyConfigured(f"{type(self).__name__}.rows")

    def columns(self) -> Sequence[Column]:
        """The columns that are shown unless others are chosen."""
        raise ImproperlyConfigured(f"{type(self).__name__}.columns")

    # Whether people choose the columns, which then stand in the address (`columns=name,email`).
    has_columns: ClassVar[bool] = False
    # Whether the filters are shown only when asked for (`filters=open`, and by name those that aren't offered at once).
    opens_filters: ClassVar[bool] = False

    def every_column(self) -> Sequence[Column]:
        """All columns that may be chosen; the first stands in every table."""
        return self.columns()

    def bulk(self, total: int, query: QueryDict) -> dict[str, Any] | None:
        """What may be done with the rows that are picked, {href, query, total, actions [{key, label, icon}]}; None: rows aren't picked."""
        return None

    def row_tools(self) -> Callable[[Any], SafeString] | None:
        """What makes the links at the end of a row."""
        return None

    def sorts(self) -> dict[str, Sort]:
        return {column.sort.key: column.sort for column in self.columns() if column.sort}

    def row_href(self, row: Any) -> str:
        return ""

    # Whether the search had more matches than it looks through: then the list holds the best of them.
    is_cut = False

    def search(self, rows: QuerySet, words: str) -> QuerySet:
        return rows

    def shown(self, rows: list[Any]) -> None:
        """Called with the rows of the page, before they are rendered: attach what the cells need, note whose data is shown."""

    def rows_by_keys(self) -> paging.Reader | None:
        """What reads the rows of a page whose keys were found first, in orders of another table; None: all is read at once."""
        return None

    def count(self, rows: QuerySet) -> tuple[int, bool]:
        return paging.count(rows)

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.has_columns and (settled := list_tools.settled(request)) is not None:
            return settled
        try:
            return self.listed(request)
        except InvalidInput as refusal:
            address = self.without_refused(refusal)
            if not address:
                raise
            return HttpResponseRedirect(address)

    def without_refused(self, refusal: InvalidInput) -> str:
        """The address without what the open view gives and the list refuses this person, who is told; "" when it isn't the view's fault."""
        opened: saved_views.Opened | None = self.__dict__.get("opened")
        asked = self.request.GET
        names = sorted(name for name in refusal.errors if opened and name in opened.kept and name not in asked)
        if opened is None or opened.view is None or not names:
            return ""
        address = opened.address.copy()
        for name in names:
            address[name] = ""
        words = _(
            "The view “%(name)s” narrows or orders the list by something that you can't use here: %(names)s."
            " It is shown without that."
        )
        messages.warning(self.request, words % {"name": opened.view.name, "names": ", ".join(names)})
        return f"{self.request.path}?{address.urlencode()}"

    def listed(self, request: Any) -> HttpResponse:
        """The list as the address opens it. Raises InvalidInput naming each faulty parameter."""
        opened = self.opened
        query = opened.query
        asked, sort = self.order(query)
        columns = self.chosen_columns(query)
        words = query.get("search", "").strip()[:200] if self.searchable else ""
        is_too_wide = False
        rows, filters = self.narrowed(query)
        try:
            with paging.within(paging.LIMIT_MS if narrows(query) else 0):
                if words:
                    rows = self.search(rows, words)
                total, is_estimate = self.count(rows)
                slice_ = paging.page(
                    rows, sort, descending=asked.startswith("-"), cursor=query.get("cursor", ""), limit=self.page_size,
                    read=self.rows_by_keys() if sort.narrow else None, is_few=not is_estimate and total <= paging.FEW,
                )  # fmt: skip
        except paging.TooWide:
            is_too_wide, slice_ = True, paging.Slice([], "", "")
            total, is_estimate = 0, False
        self.shown(slice_.rows)
        bulk = self.bulk(total, query) if slice_.rows else None
        table = build_table(
            columns, slice_.rows, query=opened.address, sort=asked, caption=self.get_title(), href=self.row_href,
            picks="bulk" if bulk else "", tools=self.row_tools(), is_compact=list_tools.is_compact(request),
        )  # fmt: skip
        paging_links = {
            "next_href": self._at(slice_.next, opened.address) if slice_.next else "",
            "previous_href": self._at(slice_.previous, opened.address) if slice_.previous else "",
            "first_href": self._at("", opened.address) if query.get("cursor") else "",
            "shown": len(slice_.rows), "total": total, "is_estimate": is_estimate, "is_cut": self.is_cut,
        }  # fmt: skip
        chips = self.chips(filters) if filters else []
        if opened.address.get("view"):
            self.clear_href = f"{request.path}?view={saved_views.NO_VIEW}"
        empty = list_tools.too_wide(self.clear_href) if is_too_wide else self.empty_state(bool(chips or words))
        return self.show(
            status=paging.TooWide.status if is_too_wide else 200,
            table=table, paging=paging_links, search=words, searchable=self.searchable, sort=asked, opened=opened, bulk=bulk,
            filters=self.filter_fields(filters, chips, opened), views=self.view_strip(opened), empty=empty,
            tools=list_tools.of(self, columns, opened.address) if self.has_columns else None, **self.extra(),
        )  # fmt: skip

    def chosen_columns(self, query: QueryDict) -> list[Column]:
        """The columns that the address names, else the usual ones. Raises InvalidInput."""
        asked = [key for key in query.get("columns", "").split(",") if key]
        if not self.has_columns:
            if "columns" in query:
                raise bad_parameters({"columns": [_("There is no such parameter.")]})
            return list(self.columns())
        if not asked:
            return list(self.columns())
        known = {column.key: column for column in self.every_column()}
        unknown = [key[:40] for key in asked if key not in known]
        if unknown:
            raise bad_parameters(
                {"columns": [_("There are no such columns: %(keys)s.") % {"keys": ", ".join(unknown[:10])}]}
            )
        first = next(iter(known))
        return [known[key] for key in dict.fromkeys([first, *asked])]

    def filter_fields(
        self, filters: StrictFilterSet | None, chips: list[dict[str, str]], opened: saved_views.Opened
    ) -> dict[str, Any] | None:
        """What the template shows of the filters."""
        if filters is None:
            return None
        shown = {"chips": chips, "clear_href": self.clear_href}
        if not self.opens_filters:
            return {**shown, "form": filters.page_form()}
        is_open = "filters" in opened.address
        extra = [name for name in opened.address.get("filters", "").split(",") if name not in ("", "open")]
        more = list_tools.more_filters(filters, extra, opened.address) if is_open else []
        return {
            **shown, "form": filters.page_form(extra, hide=not is_open), "is_lazy": True, "is_open": is_open, "more": more,
            "extra": opened.address.get("filters", ""), "toggle_href": list_tools.filters_href(opened.address, is_open),
        }  # fmt: skip

    @cached_property
    def opened(self) -> saved_views.Opened:
        """The list as the address opens it. Raises InvalidInput, NotFound."""
        asked = self.request.GET
        _need_once(asked)
        if not self.keeps_views():
            return saved_views.Opened(asked, asked)
        return saved_views.open_list(self.request.resolver_match.view_name, asked, self.actor, self.business)

    def chips(self, filters: StrictFilterSet) -> list[dict[str, str]]:
        """What is filtered, in words."""
        return filters.chips(self.opened.query, address=self.opened.address, kept=self.opened.kept)

    def check(self, query: QueryDict) -> None:
        """Raise InvalidInput naming each parameter that the list would refuse."""
        _need_once(query)
        self.chosen_columns(query)
        self.narrowed(query)
        self.order(query)

    @cached_property
    def clear_href(self) -> str:
        """The address of the list with nothing narrowed."""
        return cast(str, self.request.path)

    def keeps_views(self) -> bool:
        return self.has_views and self.filterset_class is not None

    def view_strip(self, opened: saved_views.Opened) -> dict[str, Any] | None:
        """The views above the list, and what can be done with the one that is open."""
        if not self.keeps_views():
            return None
        return strip(self.request.resolver_match.view_name, opened, self.actor, self.business, self.default_sort)

    def narrowed(self, query: QueryDict) -> tuple[QuerySet, StrictFilterSet | None]:
        """The rows that the filters leave, and the filters. Raises InvalidInput naming each faulty parameter."""
        rows = self.rows()
        if not self.filterset_class:
            return rows, None
        filters = self.filterset_class(query, queryset=rows, request=self.request, only=self._made_filters(query))
        return filters.narrowed(), filters

    def _made_filters(self, query: QueryDict) -> list[str] | None:
        """The filters that the page shows beside those in use; None: all of them."""
        if not self.opens_filters or self.filterset_class is None:
            return None
        extra = query.get("filters", "")
        return [*(self.filterset_class.page_fields or ()), *extra.split(",")] if extra else []

    def order(self, query: QueryDict) -> tuple[str, Sort]:
        """The order that is asked for, as the address names it and as it is read. Raises InvalidInput."""
        asked = query.get("sort") or self.default_sort
        sort = self.sorts().get(asked.removeprefix("-"))
        if sort is None:
            raise InvalidInput({"sort": [_("This list can't be sorted by “%(key)s”.") % {"key": asked}]})
        return asked, sort

    def extra(self) -> dict[str, Any]:
        return {}

    def empty_state(self, narrowed: bool) -> dict[str, Any]:
        if narrowed:
            return {
                "icon": "search-x", "title": _("Nothing matches"), "text": _("No row fits these filters. Take one away or clear them all."),
                "action": {"label": _("Clear filters"), "href": self.clear_href},
            }  # fmt: skip
        return self.empty

    def _at(self, cursor: str, address: QueryDict) -> str:
        """The address of this list at `cursor`; "" as the cursor leads to the first page."""
        query = address.copy()
        query.pop("cursor", None)
        if cursor:
            query["cursor"] = cursor
        return f"?{query.urlencode()}" if query else self.request.path


def _need_once(query: QueryDict) -> None:
    for name in ("sort", "cursor", "search", "view", "columns", "filters"):
        if len(query.getlist(name)) > 1:
            raise InvalidInput({name: [_("Give this parameter once.")]})
