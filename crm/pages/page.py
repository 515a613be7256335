"""A page for signed-in people. It names the permission that it needs; without one it can't be declared."""

from typing import Any, ClassVar

from allauth.account.internal.flows.reauthentication import suspend_request
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ImproperlyConfigured
from django.db import DataError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.generic import View

from crm import sessions
from crm.errors import DomainError, InvalidInput, NotAllowed, NotFound
from crm.errors_pages import plain_error

SIGNED_IN = "signed in"
"""Permission of pages that every signed-in user may open, even without a business."""
MEMBER = "member"
"""Permission of pages that every member of the business may open."""


class Page(View):
    """A page for signed-in people. `permission` is a registered name, MEMBER or SIGNED_IN; `title` and `description` head it."""

    permission: ClassVar[str]
    title: Any = ""
    description: Any = ""
    template_name = "pages/detail.html"
    fragment = False
    """A part of a page that the page fetches; not a document of its own."""
    is_background = False
    """Asked for by a page by itself, again and again: it doesn't keep the session alive."""
    reauthenticate = False
    """A dangerous deed: the person must have proven lately who they are, else they do it once more and come back."""
    request: Any

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not getattr(cls, "permission", "") and not cls.__dict__.get("abstract"):
            raise ImproperlyConfigured(f"{cls.__name__} names no permission")

    @property
    def actor(self) -> Any:
        return self.request.actor

    @property
    def business(self) -> Any:
        return self.request.business

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        request.is_background = self.is_background  # type: ignore[attr-defined]
        if self.actor is None:
            return self.to_sign_in(request)
        if self.permission != SIGNED_IN:
            if self.business is None:
                return HttpResponseRedirect(reverse("crm:no_business"))
            if self.permission != MEMBER and not self.actor.may(self.permission, self.business):
                return plain_error(request, 403, str(NotAllowed.message))
        if self.reauthenticate and not sessions.is_fresh(sessions.proven_at(request)):
            request.session[sessions.ASKED_IN] = str(self.business.pk) if self.business else ""
            return suspend_request(request, reverse("account_reauthenticate"))
        try:
            return super().dispatch(request, *args, **kwargs)
        except DataError:
            return plain_error(request, 400)
        except NotFound as refusal:
            raise Http404(str(refusal.message)) from refusal
        except NotAllowed as refusal:
            return plain_error(request, 403, str(refusal.message))
        except InvalidInput as refusal:
            words = "; ".join(f"{name}: {' '.join(texts)}" for name, texts in refusal.errors.items())
            return plain_error(request, 400, words)
        except DomainError as refusal:
            if refusal.status == 400:
                return plain_error(request, 400, str(refusal.message))
            messages.error(request, str(refusal.message))
            return HttpResponseRedirect(reverse("crm:home"))

    def to_sign_in(self, request: Any) -> HttpResponse:
        """Ask to sign in; where only a part of a page was asked for, the page around it goes there."""
        if not request.htmx:
            return redirect_to_login(request.get_full_path())
        target = redirect_to_login(request.htmx.current_url_abs_path or request.get_full_path())
        return HttpResponse(status=204, headers={"HX-Redirect": target.url})

    def actions(self) -> list[dict[str, Any]]:
        """Buttons on the right of the title: {label, href, icon, kind}."""
        return []

    def breadcrumbs(self) -> list[dict[str, str]]:
        return []

    def context(self, **extra: Any) -> dict[str, Any]:
        page = {"title": self.get_title(), "description": self.description, "actions": self.actions()}
        return {"page": page, "breadcrumbs": self.breadcrumbs(), "business": self.business, **extra}

    def get_title(self) -> Any:
        return self.title

    def one(self, rows: QuerySet) -> Any:
        """The row of `rows` that the address names; NotFound when there is none that the actor may see."""
        found = rows.filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise NotFound
        return found

    def show(self, template: str = "", status: int = 200, **extra: Any) -> HttpResponse:
        return render(self.request, template or self.template_name, self.context(**extra), status=status)

    def action(
        self, permission: str, label: Any, url: str, *, icon: str = "", kind: str = "secondary"
    ) -> list[dict[str, Any]]:
        """A one-item list for `actions`, empty for those who may not."""
        return (
            [{"label": label, "href": url, "icon": icon, "kind": kind}]
            if self.actor.may(permission, self.business)
            else []
        )
