"""The fields of a form that a business has defined itself, and the tags that are chosen with them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.forms import VersionedForm
from crm.models import Membership
from customers.choices import FieldType
from customers.models import Customer, CustomField, Tag
from customers.queries.custom_fields import custom_fields_of
from customers.services.custom_fields import LONGEST, PREFIX
from customers.tables import tag_chip

Choices = list[tuple[str, Any]]


class CustomValuesForm(VersionedForm):
    """A form of customers with the business's own fields, named `custom_values.<key>`, behind the others."""

    custom_fields: Sequence[CustomField] = ()
    has_every_field = False
    """Whether fields that aren't asked for on the form are there too."""

    def add_custom_fields(self) -> None:
        """To be called when all other fields are there."""
        fields = custom_fields_of(self.business)
        self.custom_fields = [field for field in fields if field.in_form or self.has_every_field]
        made = custom_form_fields(self.custom_fields, self.initial)
        self.fields.update(made)
        if made:
            self.fieldsets = [*self.fieldsets, (_("More about them"), list(made))]

    def add_tags(self) -> None:
        """Tags to choose from, if there are any."""
        tags = TagsField()
        tags.queryset = Tag.objects.all()
        if tags.queryset.exists():
            self.fields["tags"] = tags
            self.fieldsets = [*self.fieldsets, (_("Tags"), ["tags"])]

    def clean(self) -> dict[str, Any]:
        """What was typed for the other kind of customers is left out."""
        data = super().clean() or {}
        for field in self.custom_fields:
            if field.kind and field.kind != data.get("kind", field.kind):
                data[PREFIX + field.key] = None
                self.errors.pop(PREFIX + field.key, None)
        return data


class TagsField(forms.ModelMultipleChoiceField):
    """Tags to choose from, each with its color."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(queryset=Tag.objects.none(), required=False, label=gettext_lazy("Tags"), **kwargs)

    def label_from_instance(self, obj: Any) -> str:
        return tag_chip(obj.name, obj.color)


def custom_initial(customer: Customer) -> dict[str, Any]:
    """What a form shows of the customer's custom values."""
    return {
        PREFIX + key: str(value) if isinstance(value, bool) else value for key, value in customer.custom_values.items()
    }


def custom_form_fields(fields: Iterable[CustomField], initial: Mapping[str, Any]) -> dict[str, forms.Field]:
    """Form fields by their names `custom_values.<key>`; `initial` says what is stored. One query if people may be chosen."""
    fields = list(fields)
    people = _members() if any(field.type == FieldType.USER for field in fields) else []
    made = {}
    for field in fields:
        name = PREFIX + field.key
        made[name] = _MAKERS[FieldType(field.type)](field, people, initial.get(name))
        made[name].label, made[name].help_text = field.label, field.help_text
        # those of one kind of customers are asked for by the service, which knows the kind
        made[name].required = field.is_required and not field.kind
        made[name].widget.is_required = made[name].required
        if field.kind:
            made[name].widget.attrs["data-when"] = f"kind={field.kind}"
    return made


def _members() -> Choices:
    rows = Membership.objects.filter(is_active=True).select_related("user").order_by("user__name", "user__email")
    return [(str(row.user_id), str(row.user)) for row in rows]


def _text(field: CustomField, people: Choices, stored: Any) -> forms.Field:
    return forms.CharField(max_length=LONGEST)


def _number(field: CustomField, people: Choices, stored: Any) -> forms.Field:
    return forms.DecimalField(max_digits=18, decimal_places=6, widget=forms.NumberInput(attrs={"step": "any"}))


def _money(field: CustomField, people: Choices, stored: Any) -> forms.Field:
    return forms.DecimalField(max_digits=14, decimal_places=2, widget=forms.NumberInput(attrs={"step": "0.01"}))


def _date(field: CustomField, people: Choices, stored: Any) -> forms.Field:
    return forms.DateField(widget=forms.DateInput(attrs={"type": "date"}))


def _choice(field: CustomField, people: Choices, stored: Any) -> forms.Field:
    return forms.ChoiceField(choices=[("", "–"), *((choice, choice) for choice in field.choices)])


def _several(field: CustomField, people: Choices, stored: Any) -> forms.Field:
    choices = [(choice, choice) for choice in field.choices]
    return forms.MultipleChoiceField(choices=choices, widget=forms.CheckboxSelectMultiple)


def _boolean(field: CustomField, people: Choices, stored: Any) -> forms.Field:
    return forms.TypedChoiceField(
        choices=[("", "–"), ("True", _("Yes")), ("False", _("No"))],
        coerce=lambda text: text == "True",
        empty_value=None,
    )


def _url(field: CustomField, people: Choices, stored: Any) -> forms.Field:
    return forms.URLField(max_length=LONGEST, assume_scheme="https")


def _email(field: CustomField, people: Choices, stored: Any) -> forms.Field:
    return forms.EmailField(max_length=254)


def _user(field: CustomField, people: Choices, stored: Any) -> forms.Field:
    gone = [(stored, _("no longer here"))] if stored and stored not in dict(people) else []
    return forms.ChoiceField(choices=[("", _("Nobody")), *people, *gone])


_MAKERS: dict[FieldType, Callable[[CustomField, Choices, Any], forms.Field]] = {
    FieldType.TEXT: _text, FieldType.NUMBER: _number, FieldType.MONEY: _money, FieldType.DATE: _date,
    FieldType.CHOICE: _choice, FieldType.CHOICES: _several, FieldType.BOOLEAN: _boolean, FieldType.URL: _url,
    FieldType.EMAIL: _email, FieldType.USER: _user,
}  # fmt: skip
