"""Making, renaming and dissolving teams."""

from django.db import transaction

from crm import activity
from crm.actor import Actor
from crm.errors import NotFound
from crm.forms import check_version
from crm.models import Audience, Business, SavedView, Team
from crm.services.cleaning import clean


@transaction.atomic
def create_team(*, actor: Actor, business: Business, name: str) -> Team:
    """Add a team; the database refuses a name that is taken. Raises NotAllowed, InvalidInput."""
    actor.require("crm.manage_teams", business)
    team = Team(business=business, name=name.strip())
    clean(team, exclude=["business"])
    team.save(force_insert=True)
    activity.record(
        "crm.team.created", actor=actor, business=business, subject=team, changes={"name": (None, team.name)}
    )
    return team


@transaction.atomic
def rename_team(*, actor: Actor, team: Team, name: str, version: str | None = None) -> Team:
    """Give the team another name. Raises NotAllowed, StaleVersion, InvalidInput."""
    locked = _lock(team)
    actor.require("crm.manage_teams", locked.business)
    check_version(locked, version)
    before, locked.name = locked.name, name.strip()
    if before == locked.name:
        return locked
    clean(locked, exclude=["business"])
    locked.save()
    activity.record(
        "crm.team.updated",
        actor=actor,
        business=locked.business,
        subject=locked,
        changes={"name": (before, locked.name)},
    )
    return locked


@transaction.atomic
def delete_team(*, actor: Actor, team: Team) -> None:
    """Dissolve the team; members and everything that it looked after stay, without a team. Views that were shared with it
    go back to their owners. Raises NotAllowed."""
    locked = _lock(team)
    actor.require("crm.manage_teams", locked.business)
    activity.record(
        "crm.team.deleted", actor=actor, business=locked.business, subject=locked, changes={"name": (locked.name, None)}
    )
    SavedView.objects.filter(team=locked).update(audience=Audience.OWN, team=None)
    locked.delete()


def _lock(team: Team) -> Team:
    locked: Team | None = (
        Team.objects.select_for_update(of=("self",)).select_related("business").filter(pk=team.pk).first()
    )
    if locked is None:
        raise NotFound
    return locked
