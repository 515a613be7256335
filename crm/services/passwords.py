"""Passwords: a new one ends what was signed in with the old one; a forgotten one is replaced through a link."""

from django.db import transaction

from crm import activity, jobs
from crm.actor import Actor
from crm.models import User
from crm.services.sessions import forget, keys_of


@transaction.atomic
def set_password(*, actor: Actor, user: User, password: str, keep: str = "") -> int:
    """Give the user a new password; all sessions but that of the key `keep` and all tokens end. Returns how many ended."""
    locked = User.objects.select_for_update().get(pk=user.pk)
    locked.set_password(password)
    locked.token_version += 1
    locked.save(update_fields=["password", "token_version"])
    count = forget(keys_of(locked, keep))
    activity.record_everywhere("crm.user.password_changed", actor=actor, subject=locked, counts={"sessions": count})
    user.password, user.token_version = locked.password, locked.token_version
    return count


@transaction.atomic
def ask_for_reset(*, actor: Actor, email: str) -> None:
    """Have a link to a new password sent; does the same work when nobody has the address."""
    user = User.objects.filter(email=email.strip().lower(), is_active=True).first()
    user_id = str(user.pk) if user else ""
    jobs.enqueue("crm.tasks.send_reset_link", actor=actor, business=None, user_id=user_id)
