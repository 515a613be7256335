"""Keeping lists under names, sharing them, and choosing the one that a list begins with."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import activity, saved_views
from crm.actor import Actor
from crm.errors import DomainError, InvalidInput, NotAllowed, NotFound
from crm.forms import check_version
from crm.models import Business, DefaultView, SavedView, SavedViewPin
from crm.models.saved_view import Audience
from crm.services.cleaning import clean, refuse_unknown

FIELDS = ("name", "query", "audience", "team")
LIMIT = 50


class TooManyViews(DomainError):
    code = "too_many_views"
    message = gettext_lazy("You have 50 views of this list already; delete one that you no longer need.")


@transaction.atomic
def save_view(
    *, actor: Actor, business: Business, list_name: str, name: str, query: str = "", audience: str = Audience.OWN
) -> SavedView:
    """Keep a list as `query` narrows it under a name. `list_name` is that of the list's address. Raises NotAllowed, InvalidInput,
    TooManyViews; the database refuses a name that the owner has given already."""
    _need_person(actor)
    kept = saved_views.clean_query(actor=actor, business=business, list_name=list_name, query=query)
    view = SavedView(business=business, page=list_name, owner_id=actor.id, name=name.strip(), query=kept)
    _share(view, actor, business, audience)
    if SavedView.objects.filter(page=list_name, owner=actor.id).count() >= LIMIT:
        raise TooManyViews
    clean(view, exclude=["business"])
    view.save(force_insert=True)
    activity.record(
        "crm.saved_view.created",
        actor=actor,
        business=business,
        subject=view,
        changes={field: (None, getattr(view, field)) for field in FIELDS if getattr(view, field)},
        payload={"list": list_name},
    )
    return view


@transaction.atomic
def update_view(*, actor: Actor, view: SavedView, version: str | None = None, **data: Any) -> SavedView:
    """Rename a view (`name`), share it (`audience`) or let it hold another `query`; nothing is written when all is as it was.
    Raises NotFound, NotAllowed, StaleVersion, InvalidInput."""
    locked = _lock(actor, view)
    check_version(locked, version)
    refuse_unknown(data, ("name", "query", "audience"))
    before = SavedView.objects.get(pk=locked.pk)
    if "name" in data:
        locked.name = data["name"].strip()
    if "query" in data:
        locked.query = saved_views.clean_query(
            actor=actor, business=locked.business, list_name=locked.page, query=data["query"]
        )
    if "audience" in data and data["audience"] != locked.audience:
        _share(locked, actor, locked.business, data["audience"])
    changes = activity.changes_between(before, locked, FIELDS)
    if not changes:
        return locked
    clean(locked, exclude=["business"])
    locked.save()
    activity.record("crm.saved_view.updated", actor=actor, business=locked.business, subject=locked, changes=changes)
    return locked


@transaction.atomic
def delete_view(*, actor: Actor, view: SavedView, version: str | None = None) -> None:
    """Delete a view; lists that began with it begin unnarrowed again. Raises NotFound, NotAllowed, StaleVersion."""
    locked = _lock(actor, view)
    check_version(locked, version)
    activity.record(
        "crm.saved_view.deleted",
        actor=actor,
        business=locked.business,
        subject=locked,
        changes={field: (getattr(locked, field), None) for field in FIELDS if getattr(locked, field)},
        payload={"list": locked.page},
    )
    locked.delete()


@transaction.atomic
def choose_default_view(*, actor: Actor, business: Business, view: SavedView) -> None:
    """Let the view's list begin with it for the actor alone. Raises NotFound, NotAllowed."""
    _need_person(actor)
    chosen = _seen(actor, business, view)
    before = DefaultView.objects.select_for_update(of=("self",)).filter(user=actor.id, page=chosen.page).first()
    if before is not None and before.view_id == chosen.pk:
        return
    DefaultView.objects.update_or_create(
        user_id=actor.id, page=chosen.page, business=business, defaults={"view": chosen}
    )
    activity.record(
        "crm.saved_view.updated",
        actor=actor,
        business=business,
        subject=chosen,
        changes={"default": (False, True)},
    )


@transaction.atomic
def clear_default_view(*, actor: Actor, business: Business, view: SavedView) -> None:
    """Let the view's list begin unnarrowed again, if the actor begins it with this view. Raises NotFound, NotAllowed."""
    _need_person(actor)
    chosen = _seen(actor, business, view)
    if DefaultView.objects.filter(user=actor.id, view=chosen).delete()[0]:
        activity.record(
            "crm.saved_view.updated",
            actor=actor,
            business=business,
            subject=chosen,
            changes={"default": (True, False)},
        )


@transaction.atomic
def pin_view(*, actor: Actor, business: Business, view: SavedView, pinned: bool = True) -> None:
    """Let the view stand first above its list and in the sidebar, for the actor alone; or (`pinned=False`) no longer. Raises
    NotFound, NotAllowed."""
    _need_person(actor)
    chosen = _seen(actor, business, view)
    if pinned:
        changed = SavedViewPin.objects.get_or_create(user_id=actor.id, view=chosen, business=business)[1]
    else:
        changed = bool(SavedViewPin.objects.filter(user=actor.id, view=chosen).delete()[0])
    if changed:
        activity.record(
            "crm.saved_view.updated",
            actor=actor,
            business=business,
            subject=chosen,
            changes={"pinned": (not pinned, pinned)},
        )


def _need_person(actor: Actor) -> None:
    if actor.kind != "user":
        raise NotAllowed(_("Views belong to people; programs read those that are shared with everyone."))


def _seen(actor: Actor, business: Business, view: SavedView) -> SavedView:
    found: SavedView | None = saved_views.seen_by(actor, business).filter(pk=view.pk).first()
    if found is None:
        raise NotFound
    return found


def _lock(actor: Actor, view: SavedView) -> SavedView:
    """The view as it stands now, locked, if the actor sees it and may change it."""
    locked: SavedView | None = (
        saved_views.seen_by(actor, view.business)
        .select_for_update(of=("self",))
        .select_related("business")
        .filter(pk=view.pk)
        .first()
    )
    if locked is None:
        raise NotFound
    if not saved_views.may_change(actor, locked.business, locked):
        raise NotAllowed(_("Only who has made a view, or may share views with everyone, changes it."))
    return locked


def _share(view: SavedView, actor: Actor, business: Business, audience: str) -> None:
    """Show the view to nobody else, to the actor's own team, or to everyone."""
    grant = actor.grant_in(business)
    if audience == Audience.EVERYONE:
        actor.require("crm.share_views", business)
    if audience == Audience.TEAM and (grant is None or grant.team_id is None):
        raise InvalidInput({"audience": [_("You're in no team.")]})
    view.audience = audience
    view.team_id = grant.team_id if audience == Audience.TEAM and grant is not None else None
