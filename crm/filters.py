"""Filters that a list page and its endpoint share. Unknown parameters are refused by name; what is filtered is said in words (chips)."""

import copy
import re
from collections.abc import Collection, Container, Iterable
from datetime import datetime, time, timedelta
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext as _

from crm.errors import InvalidInput

# Parameters that every list takes besides its filters.
LIST_PARAMETERS = frozenset(
    {"sort", "cursor", "page", "limit", "fields", "include", "search", "view", "columns", "filters"}
)


def narrows(query: QueryDict) -> bool:
    """Does the query narrow a list, by filters or a search? Then finding its rows takes a limit; all rows are read off an index."""
    return any(name == "search" or name not in LIST_PARAMETERS for name in query)


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class MomentField(forms.DateTimeField):
    """A moment, or a whole day in the active zone: its first moment, with `last_moment` its last."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")

    def __init__(self, *args: Any, last_moment: bool = False, **kwargs: Any) -> None:
        self.last_moment = last_moment
        super().__init__(*args, **kwargs)

    def to_python(self, value: Any) -> datetime | None:
        if isinstance(value, str) and _DAY.fullmatch(value.strip()):
            try:
                day = datetime.fromisoformat(value.strip())
                if self.last_moment:
                    day += timedelta(days=1)
            except (ValueError, OverflowError):
                raise ValidationError(_("There is no such day.")) from None
            moment: Any = datetime.combine(day, time(), tzinfo=get_current_timezone())
            moment -= timedelta(microseconds=1) if self.last_moment else timedelta()
        else:
            moment = super().to_python(value)
        if moment is not None and not 1900 <= moment.year < 2200:
            raise ValidationError(_("Give a date between 1900 and 2199."))
        return moment


class MomentFilter(django_filters.Filter):
    """From or up to a moment or a whole day (`lookup_expr` gte or lte)."""

    field_class = MomentField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, last_moment=kwargs.get("lookup_expr") == "lte", **kwargs)


class StrictFilterSet(django_filters.FilterSet):
    """A FilterSet that refuses what it doesn't know instead of ignoring it: a mistyped filter must not show everything.

    `only`: make just the filters that `data` names and these; a list of many filters is then as quick as one of few.
    """

    def __init__(self, data: Any = None, *args: Any, only: Iterable[str] | None = None, **kwargs: Any) -> None:
        if only is not None:
            made = type(self).base_filters
            named = {name: made[name] for name in dict.fromkeys([*only, *(data or ())]) if name in made}
            self.__dict__["base_filters"] = named
        super().__init__(data, *args, **kwargs)

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
            elif len(self.data.getlist(name)) > 1 and not self._takes_several(name):
                errors[name] = [_("Give this parameter once.")]
        return errors

    def _takes_several(self, name: str) -> bool:
        field = self.form.fields.get(name)
        return field is not None and getattr(field.widget, "allow_multiple_selected", False)

    def narrowed(self) -> Any:
        """The filtered queryset; raises InvalidInput naming each faulty parameter."""
        if LIST_PARAMETERS.issuperset(self.data or ()):
            return self.queryset
        problems = self.problems()
        if problems:
            raise bad_parameters(problems)
        try:
            return self.qs
        except (ValidationError, ValueError, OverflowError) as fault:
            raise bad_parameters({"filter": getattr(fault, "messages", [str(fault)])}) from fault

    # Filters that the page offers as fields; None: all. The others can be given in the address and show as chips.
    page_fields: Collection[str] | None = None

    def page_form(self, also: Container[str] = (), *, hide: bool = False) -> forms.Form:
        """The form as the page shows it: the offered fields and those of `also`, and hidden what the address holds besides; with
        `hide`, all of it hidden."""
        form = copy.copy(self.form)
        form.fields = dict(self.form.fields)
        for name, field in self.form.fields.items():
            if not hide and (self.page_fields is None or name in self.page_fields or name in also):
                continue
            if any(self.data.getlist(name)):
                hidden = copy.copy(field)
                hidden.widget = (
                    forms.MultipleHiddenInput()
                    if hasattr(field.widget, "allow_multiple_selected")
                    else forms.HiddenInput()
                )
                form.fields[name] = hidden
            else:
                del form.fields[name]
        form._bound_fields_cache = {}
        return form

    def chips(
        self, query: QueryDict, *, address: QueryDict | None = None, kept: Container[str] = ()
    ) -> list[dict[str, str]]:
        """What is filtered, in words, each with the address without it: `address` (default: the query), in which what a
        saved view gives (`kept`) is emptied."""
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
            rest = (query if address is None else address).copy()
            rest.pop(name, None)
            rest.pop("cursor", None)
            if name in kept:
                rest[name] = ""
            words = ", ".join(choices.get(value, value) for value in values)
            chips.append({"name": name, "label": f"{form_field.label}: {words}", "remove_href": f"?{rest.urlencode()}"})
        return chips


def bad_parameters(faults: dict[str, list[str]]) -> InvalidInput:
    """The refusal of parameters of an address, by name: answered 400, as the request itself is wrong."""
    error = InvalidInput(faults, _("Some parameters can't be read."))
    error.status = 400
    return error
