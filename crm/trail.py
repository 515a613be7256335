"""Words, filters and questions of the trail: what its pages and its endpoints share."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import django_filters
from django.apps import apps
from django.db import connection
from django.db.models import Count, Max, Min, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.urls import NoReverseMatch, reverse
from django.utils.choices import CallableChoiceIterator
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.actor import Actor
from crm.filters import MomentFilter, StrictFilterSet
from crm.models import AccessRecord, Activity, ApiKey, Business, Membership, User
from crm.models.base import Timestamped
from crm.operations import operations
from crm.paging import Sort
from crm.registry import data_subjects, record_pages, verbs
from crm.scope import open_businesses

DOORS = [
    ("page", gettext_lazy("Pages")), ("api", gettext_lazy("API")), ("admin", gettext_lazy("Admin")),
    ("job", gettext_lazy("Background job")), ("command", gettext_lazy("Command")),
    ("link", gettext_lazy("The customer's own link")),
]  # fmt: skip
# `narrow` is given, though it narrows nothing, so that few rows are found by their filter before they are put in order.
RECENT = Sort("recent", "id", "id", descending_first=True, narrow=lambda rows: rows)
TEXT_ROWS, TEXT_FOUND = 10_000, 1_000
"""In how many deeds, the latest of those that the filters leave, words are looked for, and how many are shown."""
MOST_PEOPLE = 500
_DOOR_NAMES = dict(DOORS)


def verb_label(name: str) -> Any:
    verb = verbs.get(name)
    return verb.label if verb else name


def door_label(name: str) -> Any:
    return _DOOR_NAMES.get(name, name)


def record_label(type: str) -> Any:
    """The kind of a record, as activities name it, in words."""
    try:
        return capfirst(apps.get_model(type)._meta.verbose_name)
    except (LookupError, ValueError):
        return type


def record_href(actor: Actor, business: Business, type: str, id: str) -> str:
    """The address of a record's page; "" where there is none that the actor may open."""
    page = record_pages.get(type)
    if page is None or not actor.may(page.permission, business):
        return ""
    try:
        return reverse(page.url_name, args=[id])
    except NoReverseMatch:
        return ""


def place_label(what: str) -> Any:
    """The page or endpoint of an access record in words."""
    return _places().get(what) or what


@cache
def _places() -> dict[str, Any]:
    places: dict[str, Any] = {}
    for operation in operations():
        places.setdefault(operation.name, operation.title)
    return places


def members() -> list[tuple[str, str]]:
    """Everybody who works or has worked in the business, as choices."""
    rows = Membership.objects.select_related("user").order_by("-is_active", "user__name", "user__email")
    return [
        (str(row.user_id), str(row.user) if row.is_active else _("%(name)s (left)") % {"name": row.user})
        for row in rows
    ]


def verb_choices() -> list[tuple[str, Any]]:
    return [(verb.name, verb.label) for verb in verbs]


def record_choices() -> list[tuple[str, Any]]:
    """The kinds of records that deeds are done to, as choices."""
    nouns = {tuple(verb.name.replace("_", "").split(".")[:2]) for verb in verbs}
    kinds = [
        model._meta
        for model in apps.get_models()
        if issubclass(model, Timestamped | User)
        and any(model._meta.app_label == app and (model._meta.model_name or "").startswith(noun) for app, noun in nouns)
    ]
    return sorted(((kind.label_lower, capfirst(kind.verbose_name)) for kind in kinds), key=lambda pair: str(pair[1]))


class TrailFilterSet(StrictFilterSet):
    """By whom, through what, when, in which request."""

    member = django_filters.ChoiceFilter(
        label=gettext_lazy("Who"), choices=members, method="by_member", empty_label=gettext_lazy("Anybody")
    )
    actor_label = django_filters.CharFilter(label=gettext_lazy("Name of who"), method="by_name", max_length=120)
    door = django_filters.ChoiceFilter(label=gettext_lazy("Through"), choices=DOORS, empty_label=gettext_lazy("Any"))
    since = MomentFilter(label=gettext_lazy("From day"), field_name="at", lookup_expr="gte")
    until = MomentFilter(label=gettext_lazy("To day"), field_name="at", lookup_expr="lte")
    request_id = django_filters.CharFilter(label=gettext_lazy("Request"), max_length=36)

    def by_member(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        return rows.filter(actor_kind="user", actor_id=value)

    def by_name(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        """By the name or address that people and keys have now; what has no id is found by what was written down."""
        people = User.objects.filter(Q(name__icontains=value) | Q(email__icontains=value)).values_list("pk", flat=True)
        keys = ApiKey.objects.filter(name__icontains=value).values_list("pk", flat=True)
        ids = [str(pk) for pk in (*people[:MOST_PEOPLE], *keys[:MOST_PEOPLE])]
        return rows.filter(Q(actor_id__in=ids) | Q(actor_id="", actor_label__icontains=value))


class ActivityFilterSet(TrailFilterSet):
    verb = django_filters.ChoiceFilter(
        label=gettext_lazy("Deed"), choices=CallableChoiceIterator(verb_choices), empty_label=gettext_lazy("Any")
    )
    subject_type = django_filters.ChoiceFilter(
        label=gettext_lazy("Record"), choices=CallableChoiceIterator(record_choices), empty_label=gettext_lazy("Any")
    )
    subject_id = django_filters.CharFilter(label=gettext_lazy("Record's id"), max_length=40)
    customer = django_filters.UUIDFilter(label=gettext_lazy("Customer"), field_name="about")

    page_fields = frozenset({"member", "actor_label", "door", "since", "until", "request_id", "verb", "subject_type"})


class AccessFilterSet(TrailFilterSet):
    customer = django_filters.UUIDFilter(
        label=gettext_lazy("Customer"), field_name="customer_ids", method="of_customer"
    )

    page_fields = frozenset({"member", "actor_label", "door", "since", "until", "request_id"})

    def of_customer(self, rows: QuerySet, name: str, value: Any) -> QuerySet:
        return rows.filter(customer_ids__contains=[value])


def with_text(rows: QuerySet, words: str, actor: Actor, business: Business) -> QuerySet:
    """Of the latest 10,000 rows the first thousand that hold the words: in the name of who, the ids of record and request and,
    for those who see all customers, in the values before and after that aren't kept from them."""
    latest = rows.order_by("-id").values("pk")[:TEXT_ROWS]
    held = Q(actor_label__icontains=words) | Q(subject_id=words) | Q(request_id=words)
    if actor.sees_all(business):
        values = Q(detail__changes__icontains=words) | Q(detail__payload__icontains=words)
        held |= values & ~_withheld(actor, business)
    found = Activity.objects.filter(pk__in=latest).filter(held).order_by("-id").values_list("pk", flat=True)
    return Activity.objects.filter(pk__in=list(found[:TEXT_FOUND]))


def _withheld(actor: Actor, business: Business) -> Q:
    """Deeds on data subjects whose values are kept from the actor."""
    found = Q(pk__in=[])
    for plug in data_subjects:
        found |= Q(about__in=plug.withheld(actor, business))
    return found


def why_withheld(actor: Actor, business: Business, row: Activity) -> Any:
    """Why the values of the deed are kept from the actor, in words; "" when they aren't."""
    if row.about is None:
        return ""
    same = Activity.objects.filter(pk=row.pk)
    found = (plug for plug in data_subjects if same.filter(about__in=plug.withheld(actor, business)).exists())
    return next((plug.withheld_text for plug in found), "")


def names_of(actor: Actor, ids: Iterable[UUID]) -> dict[UUID, str]:
    """The names of the data subjects that the actor may see, by id."""
    wanted = set(ids)
    return {pk: name for plug in data_subjects for pk, name in plug.named(actor, wanted).items()} if wanted else {}


def find_subjects(actor: Actor, words: str, limit: int) -> list[tuple[UUID, str, str]]:
    """(id, name, hint) of the data subjects that the actor may see and the words fit, best first."""
    return [found for plug in data_subjects for found in plug.find(actor, words, limit)][:limit]


def subject_href(id: UUID) -> str:
    """The address of a data subject's page."""
    plug = next(iter(data_subjects), None)
    return reverse(plug.url_name, args=[id]) if plug else ""


def seers_of(customer: UUID) -> QuerySet:
    """Who was shown the customer's data in the open business: kind, id, label, times, first, latest; the latest first."""
    return (
        AccessRecord.objects.filter(customer_ids__contains=[customer])
        .order_by()
        .values("actor_kind", "actor_id")
        .annotate(label=Max("actor_label"), times=Count("id"), first=Min("at"), latest=Max("at"))
        .order_by("-latest", "actor_id")
    )


def seen_since(since: datetime) -> QuerySet:
    """Who was shown personal data since then: kind, id, label, answers, customers shown in them, latest; who saw most first."""
    return (
        AccessRecord.objects.filter(at__gte=since)
        .order_by()
        .values("actor_kind", "actor_id")
        .annotate(
            label=Max("actor_label"), times=Count("id"), latest=Max("at"), shown=Coalesce(Sum("customer_ids__len"), 0)
        )
        .order_by("-shown", "actor_id")
    )


@dataclass(frozen=True)
class Seen:
    """A customer whose data somebody was shown."""

    id: UUID
    times: int
    latest: datetime


def seen_by_user(user: UUID, since: datetime, limit: int) -> tuple[list[Seen], int]:
    """The customers whose data the user was shown since then, the latest `limit` of them first, and how many there are in all."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select customer, count(*), max(at), count(*) over () from crm_accessrecord, unnest(customer_ids) customer "
            "where business_id = any(%(businesses)s) and actor_kind = 'user' and actor_id = %(user)s and at >= %(since)s "
            "group by customer order by max(at) desc, customer limit %(limit)s",
            {"businesses": list(open_businesses()), "user": str(user), "since": since, "limit": limit},
        )
        rows = cursor.fetchall()
    return [Seen(*row[:3]) for row in rows], rows[0][3] if rows else 0
