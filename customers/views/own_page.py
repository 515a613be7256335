"""The customer's own page, behind a signed link and without signing in: what it wants to be sent, and unsubscribing with one press."""

from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import View

from crm import attempts, clock
from crm.access import record_access
from crm.actor import Actor
from crm.errors import DomainError, NotFound
from crm.formats import region
from crm.models import Business
from crm.pages import carry_out
from crm.scope import scope
from customers import services
from customers.forms.preferences import OwnForm, preference_initial
from customers.models import Customer
from customers.queries.preferences import (
    FLAGS,
    communication_settings,
    consents_of,
    customer_of_link,
    is_effective,
    preference_of,
    read_token,
)

OPENINGS = (60, 1.0)
"""Openings of such pages from one address at once, and how many come back each second."""
ONE_CLICK = (600, 20.0)
"""The same of one-click unsubscribing: mail providers do it for many people from few addresses."""


class OwnPage(View):
    """Finds the customer by the link. Unknown, forged and replaced links, and those of customers who are gone, get the same answer."""

    what = "customers:own_preferences"
    limit = OPENINGS
    customer: Customer

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        attempts.count(request, "own-page", self.limit)
        named = read_token(kwargs["token"])
        business = Business.objects.filter(pk=named[0], is_active=True).first() if named else None
        if named is None or business is None:
            return self.gone()
        with scope(business), region(business.locale), timezone.override(ZoneInfo(business.time_zone)):
            customer = customer_of_link(named[1], named[2])
            if customer is None:
                return self.gone()
            self.customer = customer
            self.actor = Actor(
                "customer", str(customer.pk), _("The customer"), door="link", ip=request.META.get("REMOTE_ADDR"),
                request_id=request.id,
            )  # fmt: skip
            try:
                response = super().dispatch(request, *args, **kwargs)
            except NotFound:
                return self.gone()
            record_access(actor=self.actor, business=business, what=self.what, customer_ids=[customer.pk])
        response["X-Robots-Tag"] = "noindex, nofollow"
        return response

    def gone(self) -> HttpResponse:
        response = render(self.request, "customers/own_page_gone.html", status=404)
        response["X-Robots-Tag"] = "noindex, nofollow"
        return response

    def here(self) -> str:
        return reverse("customers:own_preferences", args=[self.kwargs["token"]])


class OwnPreferences(OwnPage):
    """The form with what is wanted and when, and the button that ends everything."""

    http_method_names = ["get", "head", "post"]

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        preference, consents = preference_of(self.customer), consents_of(self.customer)
        mode = communication_settings(self.customer.business)["consent_mode"]
        initial = preference_initial(preference)
        initial |= {flag.name: is_effective(flag, preference, consents, mode) for flag in FLAGS.values()}
        return self.show(OwnForm(initial=initial, preference=preference), done=request.GET.get("done", ""))

    def post(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if "unsubscribe" in request.POST:
            services.unsubscribe(actor=self.actor, customer=self.customer, at=clock.now())
            return HttpResponseRedirect(f"{self.here()}?done=unsubscribed")
        form = OwnForm(request.POST, preference=preference_of(self.customer))
        if not form.is_valid():
            return self.show(form, 422)
        try:
            carry_out(
                lambda: services.set_preferences(
                    actor=self.actor, customer=self.customer, at=clock.now(), **form.cleaned_data
                )
            )
        except NotFound:
            raise
        except DomainError as refusal:
            form.refuse(refusal)
            return self.show(form, refusal.status)
        return HttpResponseRedirect(f"{self.here()}?done=saved")

    def show(self, form: OwnForm, status: int = 200, done: str = "") -> HttpResponse:
        context = {"business": self.customer.business, "customer": self.customer, "form": form, "done": done}
        return render(self.request, "customers/own_preferences.html", context, status=status)


@method_decorator(csrf_exempt, name="dispatch")
class OneClickUnsubscribe(OwnPage):
    """What mail programs call behind their own “Unsubscribe” button (RFC 8058): a POST without cookies, which the link alone allows."""

    http_method_names = ["get", "head", "post"]
    what = "customers:one_click_unsubscribe"
    limit = ONE_CLICK

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """A mail program without one-click opens the address: nothing changes, the page is shown."""
        return HttpResponseRedirect(self.here())

    def post(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.POST.get("List-Unsubscribe") != "One-Click":
            return HttpResponse(_("Send List-Unsubscribe=One-Click."), status=400, content_type="text/plain")
        services.unsubscribe(actor=self.actor, customer=self.customer, at=clock.now())
        return HttpResponse(_("You are unsubscribed."), content_type="text/plain")
