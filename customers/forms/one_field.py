"""The form of one field of a customer, for editing in place."""

from typing import Any

from customers.forms.customers import CustomerForm

ELSEWHERE = frozenset({"version", "kind", "lifecycle_stage", "lifecycle_substep", "tags"})
"""What is changed by a deed of its own, or would change which fields there are."""


class OneFieldForm(CustomerForm):
    """One field of the customer's form and the version; `key` is the field's name."""

    has_every_field = True

    def __init__(self, *args: Any, key: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fieldsets = []
        for name in [name for name in self.fields if name not in (key, "version")]:
            del self.fields[name]
        for field in self.fields.values():
            field.widget.attrs.pop("data-when", None)  # the customer is of the kind that the field is asked of

    def clean(self) -> dict[str, Any]:
        """Rules about several fields are the service's: the others aren't here."""
        return self.cleaned_data


def fields_in_place() -> frozenset[str]:
    """The names of the fields that can be edited one at a time."""
    return frozenset(CustomerForm.base_fields) - ELSEWHERE
