"""The form of a criterion of the ideal customer; what it asks for follows from the fact that the criterion is about."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from crm.errors import DomainError, InvalidInput
from crm.forms import VersionedForm
from customers.choices import CriterionOperator
from customers.models import IcpCriterion
from customers.queries.icp import Fact

_BOUNDS = {
    CriterionOperator.AT_LEAST: ("lowest",), CriterionOperator.AT_MOST: ("highest",), CriterionOperator.BETWEEN: ("lowest", "highest"),
}  # fmt: skip


class CriterionForm(VersionedForm):
    """A criterion about the `fact`: lists of words one a line, choices to tick, ranges by their bounds."""

    name = forms.CharField(
        label=_("Name"), max_length=80, required=False, help_text=_("May stay empty: then it is called as the fact.")
    )
    operator = forms.ChoiceField(label=_("Should"))
    weight = forms.IntegerField(
        label=_("Weight"), min_value=1, max_value=100, initial=10,
        help_text=_("How much it counts, 1 to 100. Its share of the whole is its weight of the sum of all."),
    )  # fmt: skip
    order = forms.IntegerField(
        label=_("Order"), min_value=0, max_value=9999, help_text=_("Criteria stand in the order of this number.")
    )

    def __init__(self, *args: Any, fact: Fact, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fact = fact
        operator: Any = self.fields["operator"]
        operator.choices = [(one.value, one.label) for one in fact.operators]
        self.asked = self._ask()
        self.fieldsets = [(fact.label, ["operator", *self.asked]), (_("How it counts"), ["weight", "name", "order"])]

    def _ask(self) -> list[str]:
        """Add the fields of the value; returns their names."""
        fact = self.fact
        if fact.type in ("number", "money", "date"):
            for name, label in (("lowest", _("Lowest")), ("highest", _("Highest"))):
                self.fields[name] = _bound(fact, label)
            return ["lowest", "highest"]
        if fact.type == "choice":
            self.fields["value"] = forms.MultipleChoiceField(
                label=_("Any of"), choices=list(fact.choices), required=False, widget=forms.CheckboxSelectMultiple
            )
        elif fact.type == "text":
            self.fields["value"] = forms.CharField(
                label=_("Any of"), required=False, max_length=40_000, widget=forms.Textarea(attrs={"rows": 5}),
                help_text=_("One a line; compared without case and accents."),
            )  # fmt: skip
        return ["value"] if "value" in self.fields else []

    def clean_value(self) -> list[str]:
        given = self.cleaned_data["value"]
        return given if isinstance(given, list) else [line.strip() for line in given.splitlines() if line.strip()]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        operator = data.get("operator")
        bounds = _BOUNDS.get(operator, ())  # type: ignore[arg-type]  # a word of the choices
        for name in bounds:
            if data.get(name) is None and name not in self.errors:
                self.add_error(name, _t("A value is needed."))
        if bounds:
            data["value"] = [data.get(name) for name in bounds]
        elif operator == CriterionOperator.FILLED:
            data["value"] = []
        return data

    def refuse(self, refusal: DomainError) -> None:
        """A refused value is shown where it was typed."""
        if isinstance(refusal, InvalidInput) and "value" not in self.fields and "lowest" in self.fields:
            errors = {("lowest" if name == "value" else name): words for name, words in refusal.errors.items()}
            refusal = InvalidInput(errors)
        super().refuse(refusal)


def _bound(fact: Fact, label: Any) -> forms.Field:
    if fact.type == "date":
        return forms.DateField(
            label=label, required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        )
    return forms.DecimalField(label=label, required=False, max_digits=21, decimal_places=6)


def criterion_initial(criterion: IcpCriterion) -> dict[str, Any]:
    """What the form shows of an existing criterion."""
    value = criterion.value
    bounds = dict(zip(_BOUNDS.get(CriterionOperator(criterion.operator), ()), value, strict=False))
    words = value if criterion.operator == CriterionOperator.IN else []
    return {
        "name": criterion.name, "operator": criterion.operator, "weight": criterion.weight, "order": criterion.order,
        "value": words, **bounds,
    }  # fmt: skip
