"""Forms of notes and files."""

from typing import Any

from django import forms
from django.core.files.base import File
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.forms import DeedForm, VersionedForm, version_of
from customers.choices import NoteType
from customers.models import Contact, Customer, Note
from customers.queries.notes import notable_contacts
from customers.services.attachments import TYPES
from customers.services.notes import MOST_CHARACTERS


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Any number of files; what each holds is looked at by the service."""

    widget = FilesInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_empty_file=True, **kwargs)
        self.widget.attrs["accept"] = ",".join(f".{ending}" for ending in TYPES)

    def clean(self, data: Any, initial: Any = None) -> "list[File[bytes]]":
        """The files; raises ValidationError when there is none and one is needed."""
        given = [one for one in (data if isinstance(data, list | tuple) else [data]) if one]
        if not given:
            super().clean(None, initial)
        return [super(FilesField, self).clean(one, initial) for one in given]


_FILES_HELP = gettext_lazy("Documents, tables, pictures and texts, up to 25 MB each.")


class _NoteText(VersionedForm):
    content = forms.CharField(
        label=gettext_lazy("Note"), max_length=MOST_CHARACTERS, widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("@ and a colleague's name or address tells them. *Italic*, **bold**, - lists, > quotes and links work."),
    )  # fmt: skip
    note_type = forms.ChoiceField(label=gettext_lazy("Type"), choices=NoteType.choices, initial=NoteType.GENERAL)
    contact = forms.TypedChoiceField(label=gettext_lazy("About"), required=False, empty_value=None)

    def __init__(self, *args: Any, customer: Customer, mentions_href: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["content"].widget.attrs["data-mentions"] = mentions_href
        self.fields["content"].widget.attrs["dir"] = "auto"
        known = {str(contact.pk): contact for contact in self.contacts(customer)}
        if not known:
            del self.fields["contact"]
            return
        field: Any = self.fields["contact"]
        field.choices = [("", _("The company")), *((pk, contact.display_name) for pk, contact in known.items())]
        field.coerce = known.get

    def contacts(self, customer: Customer) -> list[Contact]:
        """The contacts about whom the note may be."""
        return notable_contacts(customer)


class NoteForm(_NoteText):
    """A new note."""

    is_pinned = forms.BooleanField(label=gettext_lazy("Pin to the top"), required=False)
    file = FilesField(label=gettext_lazy("Files"), required=False, help_text=_FILES_HELP)
    field_order = ("content", "note_type", "is_pinned", "contact", "file")

    def clean(self) -> dict[str, Any]:
        """The files under the name that the service knows them by."""
        data = super().clean() or self.cleaned_data
        data["files"] = data.pop("file", [])
        data.pop("version", None)
        return data


class NoteEditForm(_NoteText):
    """What may be changed of a note."""

    def __init__(self, *args: Any, note: Note, **kwargs: Any) -> None:
        self._note = note
        super().__init__(*args, customer=note.customer, **kwargs)

    def contacts(self, customer: Customer) -> list[Contact]:
        """Those of the company, and the one whom the note is about, who may have left it."""
        found, about = super().contacts(customer), self._note.contact
        return found if about is None or about in found else [*found, about]


def note_initial(note: Note) -> dict[str, Any]:
    return {
        "content": note.content,
        "note_type": note.note_type,
        "contact": str(note.contact_id or ""),
        "version": version_of(note),
    }


class FileForm(DeedForm):
    """Files for a customer."""

    file = FilesField(label=gettext_lazy("Files"), help_text=_FILES_HELP)
    description = forms.CharField(label=gettext_lazy("What it is"), max_length=300, required=False)
