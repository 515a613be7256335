"""The strip of saved views above a list, and the forms in which a view is named and shared."""

from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.actor import Actor
from crm.forms import VersionedForm
from crm.models import Business, SavedView
from crm.models.saved_view import Audience
from crm.saved_views import NO_VIEW, Opened, audiences_for, canonical, may_change

_SEEN_BY = {
    Audience.EVERYONE: gettext_lazy("Shared with everyone by %(owner)s"),
    Audience.TEAM: gettext_lazy("Shared with your team by %(owner)s"),
    Audience.OWN: gettext_lazy("Only you see this view"),
}


class SavedViewForm(VersionedForm):
    """The name of a view and who sees it."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    audience = forms.ChoiceField(label=gettext_lazy("Who sees it"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["audience"]
        field.choices = audiences_for(self.actor, self.business)
        now = (self.initial or {}).get("audience")
        if now and now not in dict(field.choices):
            field.choices = [*field.choices, (now, Audience(now).label)]


class NewViewForm(SavedViewForm):
    """The same, with the list and the query that are kept."""

    list_name = forms.CharField(widget=forms.HiddenInput, max_length=80)
    query = forms.CharField(widget=forms.HiddenInput, required=False)


def strip(name: str, opened: Opened, actor: Actor, business: Business, default_sort: str) -> dict[str, Any] | None:
    """The views of the list `name` for pages/_views.html: links, what may be saved, and what can be done with the open one;
    None while there is neither a view nor anything to save."""
    now = canonical(opened.query, default_sort)
    same = [view for view in opened.views if view.query == now]
    is_changed = opened.view is not None and opened.view not in same
    current = opened.view or (same[0] if now and same else None)
    path = reverse(name)
    begins = any(getattr(view, "is_default", False) for view in opened.views)
    items = [{"label": _("All"), "href": f"{path}?view={NO_VIEW}" if begins else path, "current": current is None}]
    items += [
        {
            "label": view.name,
            "href": f"{path}?view={view.pk}",
            "current": view == current,
            "is_changed": view == current and is_changed,
            "is_default": getattr(view, "is_default", False),
            "is_pinned": getattr(view, "is_pinned", False),
            "is_shared": view.audience != Audience.OWN,
            "hint": _SEEN_BY[Audience(view.audience)] % {"owner": view.owner},
        }
        for view in opened.views
    ]
    is_person = actor.kind == "user"
    save = _save_form(name, now, actor, business) if is_person and now and not same else None
    if not opened.views and save is None:
        return None
    return {
        "items": items,
        "save": save,
        "save_href": reverse("crm:saved_view_create"),
        "update": {"href": reverse("crm:saved_view_query", args=[current.pk]), "query": now}
        if current and is_changed and now and may_change(actor, business, current)
        else None,
        "menu": _menu(current, actor, business) if is_person and current else None,
    }


def _save_form(name: str, query: str, actor: Actor, business: Business) -> NewViewForm:
    initial = {"list_name": name, "query": query, "audience": Audience.OWN}
    return NewViewForm(initial=initial, actor=actor, business=business, auto_id="view_%s")


def _menu(view: SavedView, actor: Actor, business: Business) -> dict[str, Any]:
    changes = may_change(actor, business, view)
    return {
        "name": view.name,
        "edit_href": reverse("crm:saved_view_update", args=[view.pk]) if changes else "",
        "delete_href": reverse("crm:saved_view_delete", args=[view.pk]) if changes else "",
        "default_href": reverse("crm:saved_view_default", args=[view.pk]),
        "is_default": getattr(view, "is_default", False),
        "pin_href": reverse("crm:saved_view_pin", args=[view.pk]),
        "is_pinned": getattr(view, "is_pinned", False),
    }
