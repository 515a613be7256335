"""The filters of notes, of the API."""

import django_filters
from django.utils.translation import gettext_lazy as _

from crm.filters import MomentFilter, StrictFilterSet
from customers.choices import NoteType
from customers.models import Note


class NoteFilterSet(StrictFilterSet):
    """The filters of notes."""

    customer = django_filters.UUIDFilter(label=_("Customer"), field_name="customer_id")
    note_type = django_filters.ChoiceFilter(label=_("Type"), choices=NoteType.choices, empty_label=_("Any"))
    author = django_filters.UUIDFilter(label=_("Written by"), field_name="created_by_id")
    created_at__gte = MomentFilter(label=_("Written from"), field_name="created_at", lookup_expr="gte")
    created_at__lte = MomentFilter(label=_("Written up to"), field_name="created_at", lookup_expr="lte")

    class Meta:
        model = Note
        fields: list[str] = []
