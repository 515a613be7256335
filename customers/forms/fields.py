"""Form fields that customers share."""

from contextlib import suppress
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from crm.actor import Actor
from crm.folding import fold
from customers.models import Customer

_BETWEEN = " · "
MOST = 300


def reference_to(customer: Customer) -> str:
    """How a customer is named where it is typed: the name, and what tells it from others of that name."""
    return f"{customer.display_name}{_BETWEEN}{customer.external_id or customer.email or customer.pk}"


class CustomerPicker(forms.TextInput):
    """A text field that names customers while people type."""

    options_href = ""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        list_id = f"{(attrs or {}).get('id', name)}_options"
        asks = {
            "list": list_id, "autocomplete": "off", "hx-get": self.options_href, "hx-trigger": "input changed delay:250ms, focus once",
            "hx-target": f"#{list_id}", "hx-swap": "innerHTML", "hx-sync": "this:replace",
        }  # fmt: skip
        html = super().render(name, value, {**(attrs or {}), **asks}, renderer)
        return format_html('{}<datalist id="{}"></datalist>', html, list_id)


class CustomerField(forms.CharField):
    """Another customer, by what is typed: its name, e-mail address, external id or id.

    `actor` is set by the form: only customers that it sees are found. Who is chosen already stays, even out of sight.
    """

    widget = CustomerPicker
    actor: Actor | None = None
    chosen: Customer | None = None

    def __init__(self, *, kind: str = "", **kwargs: Any) -> None:
        self.kind = kind
        super().__init__(max_length=MOST, **kwargs)

    def offer(self, name: str) -> None:
        """Name customers below the field of this name while people type."""
        self.widget.options_href = (
            f"{reverse('customers:customer_options')}?{urlencode({'of': name, 'kind': self.kind})}"
        )

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, Customer):
            return value
        if self.actor is None or not Customer.objects.visible_to(self.actor).filter(pk=value.pk).exists():
            return _("A customer that you may not see")
        return reference_to(value)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return (self.prepare_value(initial) or "") != (data or "").strip()

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        if self.chosen is not None and text == self.prepare_value(self.chosen):
            return self.chosen
        return self._found(text)

    def _found(self, text: str) -> Customer:
        seen = Customer.objects.live().visible_to(self.actor)
        if self.kind:
            seen = seen.filter(kind=self.kind)
        for part in (text.rpartition(_BETWEEN)[2], text):
            found = list(self._known_as(seen, part)[:2])
            if len(found) == 1:
                return found[0]
        same_name = list(seen.filter(sort_name=fold(text)[:400])[:2])
        if not same_name:
            raise ValidationError(_("There is no such customer. Choose one of those that are offered while you type."))
        if len(same_name) > 1:
            raise ValidationError(
                _("Several customers have this name. Choose one while typing, or give its e-mail address.")
            )
        return same_name[0]

    def _known_as(self, seen: QuerySet, text: str) -> QuerySet:
        known = Q(external_id=text[:100]) | Q(email_key=fold(text)[:400])
        with suppress(ValueError):
            known |= Q(pk=UUID(text))
        return seen.filter(known)

    def validate(self, value: Any) -> None:
        if self.required and value is None:
            raise ValidationError(self.error_messages["required"], code="required")

    def run_validators(self, value: Any) -> None:
        """What was typed has been looked up already."""
