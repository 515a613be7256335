"""The filter of customers by their status, in the words of other systems: of an account for companies, of a customer for people."""

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from crm import clock
from crm.models import Business
from crm.scope import open_businesses
from customers.queries.projections import Bounds, with_status

STATUSES = [
    ("prospect", _("Prospect")), ("onboarding", _("Onboarding")), ("active", _("Active")), ("at_risk", _("At risk")),
    ("inactive", _("Inactive")), ("churned", _("Churned")),
]  # fmt: skip


def status_filter() -> django_filters.Filter:
    return django_filters.ChoiceFilter(label=_("Status"), choices=STATUSES, empty_label=_("Any"), method=_of_status)


def _of_status(rows: QuerySet, name: str, value: str) -> QuerySet:
    business = Business.objects.get(pk__in=open_businesses())
    return with_status(rows, value, Bounds.of(business, clock.now()))
