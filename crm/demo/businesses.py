"""The demo businesses and the people who work there."""

import json
import os
import secrets
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from allauth.account.models import EmailAddress

from crm.models import Business, Membership, Team, User

SIGN_INS = "demo-sign-ins.json"
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class Person:
    """Somebody who works in a demo business; those with `signs_in` get a password."""

    name: str
    email: str
    role: str
    team: str = ""
    signs_in: bool = False


@dataclass(frozen=True)
class DemoBusiness:
    """A business to be made: what it is, and its people in order."""

    slug: str
    name: str
    profile: str
    prefix: str
    currency: str
    time_zone: str
    locale: str
    teams: tuple[str, ...]
    people: tuple[Person, ...]


_OWNER = Person("Riley Carter (owner)", "riley.carter@example.com", "owner", signs_in=True)

BUSINESSES = (
    DemoBusiness(
        "demo", "Harbour & Finch", "shop", "HF", "GBP", "Europe/London", "en-GB",
        ("Online shop", "Stores", "Trade customers"),
        (
            _OWNER,
            Person("Jordan Blake (manager)", "jordan.blake@example.com", "manager", "Online shop", True),
            Person("Sam Okafor (agent)", "sam.okafor@example.com", "agent", "Stores", True),
            Person("Priya Nair (marketing)", "priya.nair@example.com", "marketing", "Online shop", True),
            Person("Ingrid Holm (compliance)", "ingrid.holm@example.com", "compliance", "", True),
            Person("Mateo Rossi (analyst)", "mateo.rossi@example.com", "analyst", "", True),
            Person("Alice Wu", "alice.wu@example.com", "agent", "Online shop"),
            Person("Tomasz Zieliński", "tomasz.zielinski@example.com", "agent", "Stores"),
            Person("Grace Adeyemi", "grace.adeyemi@example.com", "agent", "Trade customers"),
            Person("Callum Fraser", "callum.fraser@example.com", "manager", "Trade customers"),
        ),
    ),
    DemoBusiness(
        "northbeam-software", "Northbeam Software", "software", "NB", "USD", "America/New_York", "en-US",
        ("Enterprise", "Growth"),
        (
            _OWNER,
            Person("Dana Whitfield", "dana.whitfield@example.org", "manager", "Enterprise"),
            Person("Luis Herrera", "luis.herrera@example.org", "agent", "Enterprise"),
            Person("Mei Tanaka", "mei.tanaka@example.org", "agent", "Growth"),
            Person("Noah Feldman", "noah.feldman@example.org", "agent", "Growth"),
        ),
    ),
)  # fmt: skip


def make_business(plan: DemoBusiness, *, since: date) -> Business:
    """The business with its teams; `since` is when it began to keep its customers here."""
    business = Business.objects.create(
        slug=plan.slug,
        name=plan.name,
        currency=plan.currency,
        time_zone=plan.time_zone,
        locale=plan.locale,
        is_demo=True,
    )
    at = datetime.combine(since - timedelta(days=30), time(9), ZoneInfo(plan.time_zone))
    Business.objects.filter(pk=business.pk).update(created_at=at)
    Team.unscoped.bulk_create(Team(business=business, name=name) for name in plan.teams)
    return business


def make_people(business: Business, plan: DemoBusiness, users: dict[str, User]) -> None:
    """Memberships of the business's people; `users` holds those who exist already and takes up the new ones."""
    teams = {team.name: team for team in Team.unscoped.filter(business=business)}
    for person in plan.people:
        user = users.get(person.email) or User.objects.filter(email=person.email).first()
        if user is None:
            user = User.objects.create_user(person.email, name=person.name)
            EmailAddress.objects.create(user=user, email=person.email, verified=True, primary=True)
        users[person.email] = user
        Membership.unscoped.create(business=business, user=user, role=person.role, team=teams.get(person.team))


def give_passwords(users: dict[str, User]) -> list[dict[str, str]]:
    """New random passwords for those who sign in; returns what they need, one entry per person."""
    entries: dict[str, dict[str, str]] = {}
    for business in BUSINESSES:
        for person in business.people:
            if not person.signs_in or person.email in entries:
                continue
            password = "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))
            users[person.email].set_password(password)
            users[person.email].save(update_fields=["password"])
            entries[person.email] = {
                "role": person.role, "name": person.name, "email": person.email, "password": password, "business": business.name,
            }  # fmt: skip
    return list(entries.values())


def keep_sign_ins(folder: Path, entries: list[dict[str, str]]) -> Path:
    """Write the sign-ins where only the operator can read them."""
    path = folder / SIGN_INS
    folder.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(entries, file, indent=1, ensure_ascii=False)
    partial.replace(path)
    return path
