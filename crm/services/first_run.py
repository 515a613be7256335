"""The first business and its owner, on an installation that holds nobody yet."""

from django.db import connection, transaction
from django.utils.translation import gettext_lazy

from crm.actor import Actor
from crm.errors import DomainError, InvalidInput
from crm.models import Business, User
from crm.services.businesses import create_business
from crm.services.cleaning import clean
from crm.services.people import clean_password


class AlreadySetUp(DomainError):
    code = "already_set_up"
    message = gettext_lazy("This installation is in use already. Sign in.")


def is_set_up() -> bool:
    """Is there anybody who could sign in?"""
    return User.objects.exists()


@transaction.atomic
def set_up(
    *, actor: Actor, name: str, currency: str, time_zone: str, locale: str, owner_name: str, email: str, password: str
) -> tuple[Business, User]:
    """Make the first user, who also operates the installation, and their business. Raises AlreadySetUp, InvalidInput.

    Two at once: the second waits and is refused.
    """
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended('first run', 0))")
    if is_set_up():
        raise AlreadySetUp
    owner = User(email=email.strip().lower(), name=owner_name.strip(), is_staff=True, is_superuser=True)
    try:
        clean(owner, exclude=["password"])
        clean_password(password, owner, names=[name])
    except InvalidInput as refusal:
        refusal.errors = {"owner_name" if field == "name" else field: texts for field, texts in refusal.errors.items()}
        raise
    owner.set_password(password)
    owner.save(force_insert=True)
    author = Actor(
        "user", str(owner.pk), owner.name or owner.email, door=actor.door, ip=actor.ip, request_id=actor.request_id
    )
    business = create_business(
        actor=author, owner=owner, name=name, currency=currency, time_zone=time_zone, locale=locale
    )
    return business, owner
