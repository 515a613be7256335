"""What pages that call a service have in common; what the database doesn't take becomes a refusal."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ImproperlyConfigured
from django.db import DataError, IntegrityError
from django.http import HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy

from crm.errors import DomainError, from_integrity_error
from crm.pages.page import Page


class ServicePage(Page):
    """A page that calls one service, says that it is done and leads on."""

    abstract = True
    permission = ""
    submit_label: Any = ""
    success_message: Any = ""

    def success_url(self, result: Any) -> str:
        raise ImproperlyConfigured(f"{type(self).__name__}.success_url")

    def cancel_href(self) -> str:
        return ""

    def lead_on(self, result: Any) -> HttpResponse:
        if self.success_message:
            messages.success(self.request, self.success_message)
        return HttpResponseRedirect(self.success_url(result))


def carry_out(deed: Callable[[], Any]) -> Any:
    """Call a service; what the database doesn't take becomes the refusal that explains it."""
    try:
        return deed()
    except IntegrityError as error:
        refusal = from_integrity_error(error)
        if refusal is None:
            raise
        raise refusal from error
    except DataError as error:
        raise Unstorable from error


class Unstorable(DomainError):
    status = 422
    code = "out_of_range"
    message = gettext_lazy("A value is longer or larger than what can be stored.")
