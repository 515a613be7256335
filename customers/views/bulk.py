"""Changing many customers at once: what to do, the preview, and the order to do it."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import clock
from crm.access import saw
from crm.errors import InvalidInput, NotAllowed, NotFound
from crm.pages import Page, carry_out
from customers import services
from customers.filters import customers_matching
from customers.models import Customer
from customers.queries.bulk import Preview, preview, rows_for
from customers.registry import BulkAction, bulk_actions
from customers.services.bulk import MOST_IDS

SEVERE = 1_000
"""A severe deed on more customers than this needs a typed confirmation."""
_LISTS = {
    "customers:customer_list": "",
    "customers:account_list": "kind=company",
    "customers:customer_archive_list": "",
}


class BulkCreate(Page):
    """Three steps on one address: the values, the preview, the order to do it. What was chosen goes along in the form."""

    permission = "customers.change_many"
    title = gettext_lazy("Change many customers")
    template_name = "customers/bulk_create.html"

    @cached_property
    def action_asked(self) -> BulkAction:
        """The deed that was asked for. Raises NotFound, NotAllowed."""
        found = bulk_actions.get(self.request.POST.get("action", ""))
        if found is None:
            raise NotFound
        if not self.actor.may(found.permission, self.business):
            raise NotAllowed
        return found

    def get_title(self) -> Any:
        return self.action_asked.label if self.request.method == "POST" else self.title

    def list_name(self) -> str:
        name = self.request.POST.get("list_name", "")
        return name if name in _LISTS else "customers:customer_list"

    def breadcrumbs(self) -> list[dict[str, str]]:
        return [{"label": _("Customers"), "href": reverse(self.list_name())}]

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        return HttpResponseRedirect(reverse("customers:customer_list"))

    def post(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.POST.get("action"):
            return HttpResponseRedirect(reverse("customers:customer_list"))
        action, step = self.action_asked, request.POST.get("step", "")
        rows = self.chosen()
        count = rows[: SEVERE + 1].count()
        if not count:
            return self.show(status=422, nothing=True, back=reverse(self.list_name()))
        if not step:
            form = action.form(actor=self.actor, business=self.business)
            return self.show_step("values", form, rows)
        form = action.form(request.POST, actor=self.actor, business=self.business)
        if not form.is_valid():
            return self.show_step("values", form, rows, status=422)
        try:
            values = action.deed.clean(self.business, form.values())
            if step == "preview":
                return self.show_preview(form, rows, values)
            return self.start(form, rows, values)
        except InvalidInput as refusal:
            form.refuse(refusal)
            return self.show_step("values", form, rows, status=422)

    def start(self, form: Any, rows: QuerySet[Customer], values: dict[str, Any]) -> HttpResponse:
        shown = self.looked_at(rows, values)
        word = self.confirm_word(shown)
        if word and self.request.POST.get("confirm", "").strip() != word:
            error = _("Type “%(word)s” to confirm.") % {"word": word}
            return self.show_preview(form, rows, values, error=error, status=422)
        run = carry_out(
            lambda: services.start_bulk_run(
                actor=self.actor, business=self.business, action=self.action_asked.key, values=form.values(),
                query=self.query, customer_ids=self.ids, requested_by=self.request.user,
            )
        )  # fmt: skip
        return HttpResponseRedirect(reverse("customers:bulk_detail", args=[run.pk]))

    @cached_property
    def query(self) -> str:
        """The query of the list, when all that match are meant."""
        if self.request.POST.get("all") != "yes" or self.action_asked.on_archived:
            return ""
        parts = [self.request.POST.get("query", "")[:4000], _LISTS[self.list_name()]]
        return "&".join(part for part in parts if part)

    @cached_property
    def ids(self) -> list[UUID]:
        """The picked customers; none when all that match are meant. Raises InvalidInput."""
        if self.request.POST.get("all") == "yes":
            return []
        given = self.request.POST.getlist("ids")
        try:
            ids = [UUID(text) for text in given[: MOST_IDS + 1]]
        except ValueError:
            raise InvalidInput({"ids": [_("An id is expected.")]}) from None
        if len(ids) > MOST_IDS:
            raise InvalidInput({"ids": [_("Name at most %(number)d customers.") % {"number": MOST_IDS}]})
        return ids

    def chosen(self) -> QuerySet[Customer]:
        """The customers that are meant and that the person sees."""
        rows = rows_for(self.action_asked, self.actor)
        if self.request.POST.get("all") == "yes":
            return customers_matching(rows, self.actor, self.business, self.query)
        return rows.filter(pk__in=self.ids)

    def looked_at(self, rows: QuerySet[Customer], values: dict[str, Any]) -> Preview:
        return preview(self.action_asked, self.business, rows, values, clock.now())

    def confirm_word(self, shown: Preview) -> str:
        """What must be typed: the number of customers that a severe deed changes."""
        return str(shown.total) if self.action_asked.is_severe and shown.total > SEVERE else ""

    def show_preview(
        self, form: Any, rows: QuerySet[Customer], values: dict[str, Any], *, error: str = "", status: int = 200
    ) -> HttpResponse:
        shown = self.looked_at(rows, values)
        saw(self.request, [pk for pk, _name, _before, _after in shown.samples])
        summary = self.action_asked.deed.summary(self.business, values)
        return self.show_step(
            "preview",
            form,
            rows,
            status,
            preview=shown,
            summary=summary,
            confirm_word=self.confirm_word(shown),
            error=error,
        )

    def show_step(
        self, step: str, form: Any, rows: QuerySet[Customer], status: int = 200, **extra: Any
    ) -> HttpResponse:
        post = self.request.POST
        kept = [("action", self.action_asked.key), ("list_name", self.list_name())]
        if post.get("all") == "yes":
            kept += [("all", "yes"), ("query", post.get("query", ""))]
        kept += [("ids", str(pk)) for pk in self.ids]
        if step == "preview":
            kept += [(name, value) for name in form.fields for value in post.getlist(name)]
        return self.show(
            status=status, step=step, form=form, kept=kept, count=len(self.ids), action=self.action_asked,
            back=reverse(self.list_name()), **extra,
        )  # fmt: skip
