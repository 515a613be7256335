"""The report of what is bought together, of products and of categories, and asking for it anew."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commerce import services
from commerce.filters.cross_sell import CategoryPairFilterSet, ProductPairFilterSet
from commerce.models import CategoryPair, CrossSellRun, ProductPair
from commerce.queries.products import latest_run
from commerce.tables.cross_sell import BY_SCORE, not_yet_href, pair_columns
from crm.pages import DeedPage, ListPage
from crm.paging import Sort
from crm.tables import Column


class PairList(ListPage):
    """Pairs of what the same customers bought; each row leads to those who bought the first and not the second."""

    abstract = True
    permission = ""
    template_name = "commerce/cross_sell_report.html"
    default_sort = "-score"
    kind = ""
    empty = {
        "icon": "shopping-basket", "title": gettext_lazy("Nothing to show yet"),
        "text": gettext_lazy("Pairs are reckoned every night from the orders of the last year, once enough customers have bought both."),
    }  # fmt: skip

    @cached_property
    def run(self) -> CrossSellRun | None:
        return latest_run()

    def columns(self) -> Sequence[Column]:
        return pair_columns(self.kind)

    def sorts(self) -> dict[str, Sort]:
        return {BY_SCORE.key: BY_SCORE, **super().sorts()}

    def row_href(self, row: Any) -> str:
        return not_yet_href(row, self.kind, self.run)

    def compute(self) -> list[dict[str, Any]]:
        return self.action(
            "commerce.compute_cross_sell", _("Compute now"), reverse("commerce:compute_cross_sell"), icon="refresh-cw"
        )

    def extra(self) -> dict[str, Any]:
        return {"run": self.run}


class CrossSellReport(PairList):
    permission = "commerce.view_cross_sell"
    title = gettext_lazy("Bought together")
    description = gettext_lazy("Products that the same customers bought, the strongest pairs first.")
    filterset_class = ProductPairFilterSet
    kind = "product"

    def rows(self) -> QuerySet:
        return ProductPair.objects.select_related("product", "partner")

    def actions(self) -> list[dict[str, Any]]:
        href = reverse("commerce:category_pair_list")
        return [*self.compute(), {"label": _("Categories"), "href": href, "icon": "folder-tree", "kind": "secondary"}]


class CategoryPairList(PairList):
    permission = "commerce.view_cross_sell"
    title = gettext_lazy("Categories bought together")
    description = gettext_lazy("Categories of which the same customers bought, the strongest pairs first.")
    filterset_class = CategoryPairFilterSet
    kind = "category"

    def rows(self) -> QuerySet:
        return CategoryPair.objects.select_related("category", "partner")

    def actions(self) -> list[dict[str, Any]]:
        href = reverse("commerce:cross_sell_report")
        return [*self.compute(), {"label": _("Products"), "href": href, "icon": "package", "kind": "secondary"}]


class ComputeCrossSell(DeedPage):
    """Asks for a new reckoning, which a job does."""

    permission = "commerce.compute_cross_sell"
    title = gettext_lazy("Compute what is bought together now?")
    submit_label = gettext_lazy("Compute now")
    success_message = gettext_lazy("The reckoning waits for its turn in the queue.")

    def text(self) -> Any:
        return _("Sales and pairs are made from the orders up to yesterday. Until it is done, they stay as they are.")

    def perform(self) -> Any:
        return services.ask_for_cross_sell(actor=self.actor, business=self.business)

    def success_url(self, result: Any) -> str:
        return reverse("crm:job", args=[result.pk]) if result else reverse("commerce:cross_sell_report")

    def cancel_href(self) -> str:
        return reverse("commerce:cross_sell_report")
