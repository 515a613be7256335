"""A page whose form goes to one service."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.utils.translation import gettext as _

from crm.access import saw
from crm.errors import DomainError, NotAllowed, NotFound, StaleVersion
from crm.forms import DeedForm
from crm.pages.deeds import ServicePage, carry_out


class FormPage(ServicePage):
    """A form whose cleaned data go to one service; a refusal comes back at the field that it names."""

    abstract = True
    permission = ""
    template_name = "pages/form.html"
    form_class: type[DeedForm]

    def initial(self) -> dict[str, Any]:
        return {}

    def form(self, data: Any = None, files: Any = None) -> DeedForm:
        return self.form_class(data, files, initial=self.initial(), actor=self.actor, business=self.business)

    def perform(self, **data: Any) -> Any:
        """Call the service with the cleaned data; returns the record that `success_url` is made of."""
        raise ImproperlyConfigured(f"{type(self).__name__}.perform")

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.show_form(self.form())

    def post(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        form = self.form(request.POST, request.FILES or None)
        if not form.is_valid():
            return self.show_form(form, 422)
        try:
            result = carry_out(lambda: self.perform(**form.cleaned_data))
        except (NotFound, NotAllowed):
            raise
        except DomainError as refusal:
            if isinstance(refusal, StaleVersion):
                form.face(self.stored())
            form.refuse(refusal)
            saw(self.request, refusal.details.get("shows", ()))
            return self.show_form(form, refusal.status)
        return self.lead_on(result)

    def stored(self) -> dict[str, Any]:
        """The form's values as they are stored now, read anew."""
        again = type(self)()
        again.setup(self.request, *self.args, **self.kwargs)
        return again.initial()

    def show_form(self, form: DeedForm, status: int = 200) -> HttpResponse:
        return self.show(
            status=status, form=form, submit_label=self.submit_label or _("Save"), cancel_href=self.cancel_href()
        )
