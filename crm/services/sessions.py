"""Ending a person's sessions, of browsers and of the API's tokens: whatever belongs to them is refused at its next request."""

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction

from crm import activity
from crm.actor import Actor
from crm.errors import NotAllowed, NotFound
from crm.models import User


@transaction.atomic
def end_session(*, actor: Actor, user: User, session_id: int) -> int:
    """End one of one's own sessions; returns 1. Raises NotAllowed, NotFound."""
    _own(actor, user)
    row = UserSession.objects.filter(user=user, pk=session_id).first()
    if row is None:
        raise NotFound
    return _end(actor, user, [row.session_key])


@transaction.atomic
def end_other_sessions(*, actor: Actor, user: User, keep: str) -> int:
    """End all of one's own sessions but the one of the key `keep`; returns how many. Raises NotAllowed."""
    _own(actor, user)
    return _end(actor, user, keys_of(user, keep))


@transaction.atomic
def end_reused_session(*, actor: Actor, user: User, session_key: str) -> None:
    """End the session of a refresh token that came a second time: whoever brought it, somebody else may hold it too."""
    if Session.objects.filter(session_key=session_key).delete()[0]:
        activity.record_everywhere("crm.user.token_reused", actor=actor, subject=user, counts={"sessions": 1})


def keys_of(user: User, keep: str = "") -> list[str]:
    """The keys of all sessions of the user but `keep`."""
    return list(UserSession.objects.filter(user=user).exclude(session_key=keep).values_list("session_key", flat=True))


def forget(keys: list[str]) -> int:
    """Delete sessions; returns how many were alive."""
    UserSession.objects.filter(session_key__in=keys).delete()
    return Session.objects.filter(session_key__in=keys).delete()[0]


def _own(actor: Actor, user: User) -> None:
    if actor.kind != "user" or actor.id != str(user.pk):
        raise NotAllowed


def _end(actor: Actor, user: User, keys: list[str]) -> int:
    count = forget(keys)
    if count:
        activity.record_everywhere("crm.user.sessions_ended", actor=actor, subject=user, counts={"sessions": count})
    return count
