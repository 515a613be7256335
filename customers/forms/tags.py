"""Forms of tags."""

from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from crm.forms import DeedForm, VersionedForm
from customers.choices import TAG_COLORS
from customers.models import Tag
from customers.tables import tag_chip

OWN = "own"


class TagForm(VersionedForm):
    """A tag's name, color and description."""

    fieldsets = [(_("What it is"), ["name", "description"]), (_("How it looks"), ["color", "own_color"])]

    name = forms.CharField(label=_("Name"), max_length=60)
    color = forms.ChoiceField(label=_("Color"), widget=forms.RadioSelect, required=False)
    own_color = forms.CharField(
        label=_("Own color"), max_length=7, required=False, help_text=_("As in #64748b. It counts when “Own color” is chosen."),
        validators=[RegexValidator(r"^#[0-9A-Fa-f]{6}$", _("Give a color as #64748b."))],
    )  # fmt: skip
    description = forms.CharField(
        label=_("Description"), max_length=300, required=False, help_text=_("What it means and who gets it.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        color: Any = self.fields["color"]
        color.choices = [*((key, _swatch(key, label)) for key, label in TAG_COLORS), (OWN, _("Own color"))]
        stored = self.initial.get("color")
        if stored and stored not in dict(TAG_COLORS):
            self.initial = {**self.initial, "color": OWN, "own_color": stored}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        own = data.pop("own_color", "")
        if data.get("color") == OWN:
            data["color"] = own
            if not own and "own_color" not in self.errors:
                self.add_error("own_color", _("Give a color as #64748b."))
        return data


class TagMergeForm(DeedForm):
    """Into which tag another one goes."""

    into = forms.ModelChoiceField(label=_("Into"), queryset=Tag.objects.none())

    def __init__(self, *args: Any, tag: Tag, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        into: Any = self.fields["into"]
        into.queryset = Tag.objects.exclude(pk=tag.pk)


class CustomerTagForm(DeedForm):
    """The name of a tag that is put on a customer."""

    name = forms.CharField(label=_("Tag"), max_length=60)


def _swatch(color: str, label: Any) -> str:
    return tag_chip(str(label), color)


def tag_initial(tag: Tag) -> dict[str, Any]:
    return {"name": tag.name, "color": tag.color, "description": tag.description}
