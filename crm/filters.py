"""Filters that a list page and its endpoint share. Unknown parameters are refused by name; what is filtered is said in words (chips)."""

from typing import Any

import django_filters
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _

from crm.errors import InvalidInput

# Parameters that every list takes besides its filters.
LIST_PARAMETERS = frozenset({"sort", "cursor", "page", "limit", "fields", "include", "search", "view"})


class StrictFilterSet(django_filters.FilterSet):
    """A FilterSet that refuses what it doesn't know instead of ignoring it: a mistyped filter must not show everything."""

    def problems(self) -> dict[str, list[str]]:
        """Parameter -> what is wrong with it."""
        errors = (
            {name: [str(message) for message in messages] for name, messages in self.form.errors.items()}
            if self.is_bound
            else {}
        )
        names = set(self.form.fields) | LIST_PARAMETERS
        for filter_name, item in self.filters.items():
            names |= {f"{filter_name}_{suffix}" for suffix in getattr(item.field.widget, "suffixes", []) if suffix}
        for name in self.data or ():
            if name not in names:
                errors[name] = [_("There is no such parameter.")]
        return errors

    def narrowed(self) -> Any:
        """The filtered queryset; raises InvalidInput naming each faulty parameter."""
        problems = self.problems()
        if problems:
            raise bad_parameters(problems)
        try:
            return self.qs
        except (ValidationError, ValueError, OverflowError) as fault:
            raise bad_parameters({"filter": getattr(fault, "messages", [str(fault)])}) from fault

    def chips(self, query: QueryDict) -> list[dict[str, str]]:
        """What is filtered, in words, each with the address without it."""
        chips = []
        for name, form_field in self.form.fields.items():
            values = [value for value in query.getlist(name) if value != ""]
            if not values:
                continue
            choices = (
                {str(key): str(text) for key, text in getattr(form_field, "choices", [])}
                if hasattr(form_field, "choices")
                else {}
            )
            rest = query.copy()
            rest.pop(name)
            rest.pop("cursor", None)
            words = ", ".join(choices.get(value, value) for value in values)
            chips.append({"label": f"{form_field.label}: {words}", "remove_href": f"?{rest.urlencode()}"})
        return chips


def bad_parameters(faults: dict[str, list[str]]) -> InvalidInput:
    """The refusal of parameters of an address, by name: answered 400, as the request itself is wrong."""
    error = InvalidInput(faults, _("Some parameters can't be read."))
    error.status = 400
    return error
