"""The board of deals: a column for each stage, and cards that are moved from one to another."""

import json
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commerce import services
from commerce.choices import OPEN_STAGES, DealStage
from commerce.filters import BoardFilterSet
from commerce.forms import CardForm
from commerce.models import Opportunity
from commerce.queries.deals import CLOSED_SHOWN_DAYS, BoardColumn, board, since_day
from commerce.tables.deals import amount_of, days_in_stage, deal_href, signs
from commerce.views.deals import OneDeal
from crm import clock
from crm.access import saw
from crm.errors import DomainError, NotAllowed, NotFound
from crm.filters import bad_parameters
from crm.forms import version_of
from crm.pages import Page
from crm.pages.deeds import carry_out
from crm.templatetags import ui

_TONES = {DealStage.WON: "good", DealStage.LOST: "bad"}


class DealBoard(Page):
    """Open deals by stage, and what was won and lost lately."""

    permission = "commerce.view_deals"
    title = gettext_lazy("Deals")
    description = gettext_lazy("Drag a card to another stage, or move it by its menu.")
    template_name = "commerce/deal_board.html"

    def actions(self) -> list[dict[str, Any]]:
        return [
            {"label": _("List"), "href": f"{reverse('commerce:deal_list')}?state=open", "icon": "list", "kind": "secondary"},
            *self.action("commerce.add_deals", _("Add deal"), reverse("commerce:deal_create"), icon="plus", kind="primary"),
        ]  # fmt: skip

    @cached_property
    def query(self) -> QueryDict:
        """What the board is narrowed by; raises InvalidInput for anything that is no filter."""
        query = self.request.GET.copy()
        unknown = [name for name in query if name not in BoardFilterSet.base_filters]
        if unknown:
            raise bad_parameters({name: [_("There is no such parameter.")] for name in unknown})
        for name in [name for name in query if not query[name].strip()]:
            del query[name]
        return query

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        at, rows = clock.now(), Opportunity.objects.visible_to(self.actor)
        filters = BoardFilterSet(self.query, queryset=rows, request=request)
        columns = board(filters.narrowed(), self.business, at)
        deals = [deal for column in columns for deal in column.deals]
        saw(request, [deal.customer_id for deal in deals if deal.customer_id])
        return self.show(
            columns=[self.column(column, at) for column in columns],
            filters={"form": filters.page_form(), "chips": filters.chips(self.query), "clear_href": request.path},
            may_move=self.actor.may("commerce.change_deals", self.business), stages=[(stage.value, stage.label) for stage in DealStage],
            has_deals=bool(deals), address=request.get_full_path(), days=CLOSED_SHOWN_DAYS,
        )  # fmt: skip

    def column(self, column: BoardColumn, at: Any) -> dict[str, Any]:
        stage, sums, currency = column.stage, column.sums, self.business.currency
        more = {"stage": stage.value}
        if stage not in OPEN_STAGES:
            more["closed_at__gte"] = f"{since_day(self.business, at, CLOSED_SHOWN_DAYS):%Y-%m-%d}"
        else:
            more["sort"] = "expected_close_on"
        narrowed = [(name, value) for name, values in self.query.lists() for value in values]
        return {
            "stage": stage.value, "label": stage.label, "tone": _TONES.get(stage, ""), "count": sums.count,
            "amount": ui.money(sums.amount, currency), "weighted": ui.money(sums.weighted, currency) if stage in OPEN_STAGES else "",
            "cards": [self.card(deal, at) for deal in column.deals], "rest": sums.count - len(column.deals),
            "href": f"{reverse('commerce:deal_list')}?{urlencode([*more.items(), *narrowed])}",
        }  # fmt: skip

    def card(self, deal: Opportunity, at: Any) -> dict[str, Any]:
        is_open = deal.stage in OPEN_STAGES
        return {
            "deal": deal, "href": deal_href(deal), "amount": amount_of(deal), "signs": signs(deal, self.business, at),
            "age": days_in_stage(deal, at) if is_open else "", "day": deal.expected_close_on if is_open else deal.closed_at,
            "version": version_of(deal), "move_href": reverse("commerce:deal_card", args=[deal.pk]),
            "form_href": reverse("commerce:deal_move", args=[deal.pk]),
        }  # fmt: skip


class DealCard(OneDeal):
    """What a card of the board sends when it is moved. What the card can't know, as why a deal was lost, is asked by the form."""

    permission = "commerce.change_deals"
    title = gettext_lazy("Move a deal")

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        return HttpResponseRedirect(reverse("commerce:deal_move", args=[self.deal.pk]))

    def post(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        deal, form = self.deal, CardForm(request.POST, actor=self.actor, business=self.business)
        asked = request.POST.get("stage", "")
        form_href = f"{reverse('commerce:deal_move', args=[deal.pk])}?{urlencode({'stage': asked})}"
        if not form.is_valid():
            return self._lead(form_href)
        try:
            moved = carry_out(
                lambda: services.move_deal(actor=self.actor, deal=deal, at=clock.now(), **form.cleaned_data)
            )
        except (NotFound, NotAllowed):
            raise
        except DomainError:
            return self._lead(form_href)
        words = _("%(name)s: %(stage)s") % {"name": moved.name, "stage": moved.get_stage_display()}
        if request.htmx:
            told = {"deal-moved": {"deal": str(moved.pk)}, "toast": {"text": words, "kind": "good"}}
            return HttpResponse(status=204, headers={"HX-Trigger": json.dumps(told)})
        return HttpResponseRedirect(self._back())

    def _lead(self, href: str) -> HttpResponse:
        if self.request.htmx:
            return HttpResponse(status=204, headers={"HX-Redirect": href})
        return HttpResponseRedirect(href)

    def _back(self) -> str:
        """The board as it was narrowed."""
        query = QueryDict(self.request.POST.get("query", "")[:1000])
        known = [(n, v) for n, values in query.lists() for v in values if n in BoardFilterSet.base_filters]
        return f"{reverse('commerce:deal_board')}{'?' if known else ''}{urlencode(known)}"
