"""A page that asks before a deed is done."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.utils.translation import gettext as _

from crm.access import saw
from crm.errors import DomainError, NotAllowed, NotFound
from crm.pages.deeds import ServicePage, carry_out


class DeedPage(ServicePage):
    """A deed on one record: GET asks (what will happen, in numbers), POST does it."""

    abstract = True
    permission = ""
    template_name = "pages/confirm.html"
    danger = False

    def text(self) -> Any:
        return ""

    def consequences(self) -> list[Any]:
        return []

    def confirm_word(self) -> str:
        return ""

    def perform(self) -> Any:
        raise ImproperlyConfigured(f"{type(self).__name__}.perform")

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.ask()

    def ask(self, error: str = "", status: int = 200) -> HttpResponse:
        return self.show(
            status=status, text=self.text(), consequences=self.consequences(), confirm_word=self.confirm_word(), error=error,
            submit_label=self.submit_label or _("Go ahead"), danger=self.danger, cancel_href=self.cancel_href(),
        )  # fmt: skip

    def post(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        word = self.confirm_word()
        if word and request.POST.get("confirm", "").strip() != word:
            return self.ask(_("Type “%(word)s” to confirm.") % {"word": word}, 422)
        try:
            result = carry_out(self.perform)
        except (NotFound, NotAllowed):
            raise
        except DomainError as refusal:
            saw(request, refusal.details.get("shows", ()))
            return self.ask(str(refusal.message), refusal.status)
        return self.lead_on(result)
