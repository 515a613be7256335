"""Naming, sharing and deleting saved views, and choosing the one that a list begins with."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import saved_views, services
from crm.errors import NotAllowed, NotFound
from crm.forms import version_of
from crm.models import SavedView
from crm.models.saved_view import Audience
from crm.pages import MEMBER, DeedPage, FormPage, Page, carry_out
from crm.view_strip import NewViewForm, SavedViewForm


class SavedViewCreate(FormPage):
    """`?list_name=` is the name of the list's address, `?query=` what it is narrowed by."""

    permission = MEMBER
    title = gettext_lazy("Save view")
    description = gettext_lazy("The filters, the search and the order of the list under a name.")
    form_class = NewViewForm
    submit_label = gettext_lazy("Save view")
    success_message = gettext_lazy("The view was saved.")

    @cached_property
    def list_name(self) -> str:
        """The list that was asked for; NotFound when the actor may not open it."""
        name: str = (self.request.POST or self.request.GET).get("list_name", "")
        if name not in saved_views.lists_of(self.actor, self.business):
            raise NotFound
        return name

    def breadcrumbs(self) -> list[dict[str, str]]:
        return [{"label": saved_views.title_of(self.list_name), "href": reverse(self.list_name)}]

    def initial(self) -> dict[str, Any]:
        return {"list_name": self.list_name, "query": self.request.GET.get("query", ""), "audience": Audience.OWN}

    def perform(self, *, version: str = "", **data: Any) -> SavedView:
        return services.save_view(actor=self.actor, business=self.business, **data)

    def success_url(self, result: SavedView) -> str:
        return saved_views.href_of(result)

    def cancel_href(self) -> str:
        return reverse(self.list_name)


class OneView(Page):
    """A page about a view that the actor sees; 404 for any other."""

    abstract = True
    permission = ""

    @cached_property
    def view(self) -> SavedView:
        rows = saved_views.seen_by(self.actor, self.business).select_related("business", "owner")
        return cast(SavedView, self.one(rows))

    @cached_property
    def changed_view(self) -> SavedView:
        """The view, if the actor may change it. Raises NotFound, NotAllowed."""
        if not saved_views.may_change(self.actor, self.business, self.view):
            raise NotAllowed
        return self.view

    def breadcrumbs(self) -> list[dict[str, str]]:
        return [
            {"label": saved_views.title_of(self.view.page), "href": reverse(self.view.page)},
            {"label": self.view.name, "href": saved_views.href_of(self.view)},
        ]

    def cancel_href(self) -> str:
        return saved_views.href_of(self.view)

    def success_url(self, result: Any) -> str:
        return saved_views.href_of(self.view)


class SavedViewUpdate(OneView, FormPage):
    permission = MEMBER
    form_class = SavedViewForm
    success_message = gettext_lazy("Saved.")

    def get_title(self) -> Any:
        return _("View “%(name)s”") % {"name": self.changed_view.name}

    def actions(self) -> list[dict[str, Any]]:
        href = reverse("crm:saved_view_delete", args=[self.view.pk])
        return [{"label": _("Delete view"), "href": href, "icon": "trash-2", "kind": "secondary"}]

    def initial(self) -> dict[str, Any]:
        return {
            "name": self.view.name,
            "audience": self.view.audience,
            "version": version_of(self.view),
        }

    def perform(self, **data: Any) -> SavedView:
        return services.update_view(actor=self.actor, view=self.view, **data)


class SavedViewQuery(OneView):
    """Let the view hold what its list is narrowed by now."""

    permission = MEMBER
    title = gettext_lazy("Update view")

    def post(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        query = request.POST.get("query", "")
        carry_out(lambda: services.update_view(actor=self.actor, view=self.view, query=query))
        messages.success(request, _("The view was updated."))
        return HttpResponseRedirect(self.success_url(None))


class SavedViewDefault(OneView):
    """Begin the list with the view, or (`begin=no`) no longer."""

    permission = MEMBER
    title = gettext_lazy("Begin with this view")

    def post(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        view, place = self.view, {"actor": self.actor, "business": self.business}
        if request.POST.get("begin") == "no":
            carry_out(lambda: services.clear_default_view(view=view, **place))
            messages.success(request, _("The list begins with all rows again."))
        else:
            carry_out(lambda: services.choose_default_view(view=view, **place))
            messages.success(request, _("The list begins with this view from now on."))
        return HttpResponseRedirect(self.success_url(None))


class SavedViewPinned(OneView):
    """Pin the view, or (`pin=no`) no longer."""

    permission = MEMBER
    title = gettext_lazy("Pin this view")

    def post(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        is_pinned = request.POST.get("pin") != "no"
        carry_out(lambda: services.pin_view(actor=self.actor, business=self.business, view=self.view, pinned=is_pinned))
        words = (
            _("The view is pinned: you find it in the sidebar.") if is_pinned else _("The view isn't pinned any more.")
        )
        messages.success(request, words)
        return HttpResponseRedirect(self.success_url(None))


class SavedViewDelete(OneView, DeedPage):
    permission = MEMBER
    submit_label = gettext_lazy("Delete view")
    success_message = gettext_lazy("The view was deleted.")
    danger = True

    def get_title(self) -> Any:
        return _("Delete the view “%(name)s”?") % {"name": self.changed_view.name}

    def text(self) -> Any:
        return _("Only the view goes; the rows of the list stay as they are.")

    def consequences(self) -> list[Any]:
        if self.view.audience == Audience.OWN:
            return []
        return [_("It's shared: others lose it too.")]

    def perform(self) -> None:
        services.delete_view(actor=self.actor, view=self.view)

    def success_url(self, result: Any) -> str:
        return reverse(self.view.page)
