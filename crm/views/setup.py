"""The way in: signing in, and the first run of an installation that holds nobody yet."""

from typing import Any

from allauth.account.utils import perform_login
from allauth.account.views import LoginView
from django.conf import settings
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import View

from crm import services
from crm.actor import Actor
from crm.errors import DomainError
from crm.models import Business
from crm.pages import carry_out
from crm.second_factors import FIRST_STEP
from crm.services.first_run import AlreadySetUp
from crm.settings_forms import WelcomeForm


class SignIn(LoginView):
    """Signing in; where nobody can, the first-run page. A development installation says where its demo sign-ins are."""

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if not services.is_set_up():
            return HttpResponseRedirect(reverse("crm:welcome"))
        return super().get(request, *args, **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        """What the second step, if there is one, needs to know: with which password the first was made."""
        response: HttpResponse = super().form_valid(form)
        if not self.request.user.is_authenticated:
            self.request.session[FIRST_STEP] = form.user.get_session_auth_hash()
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        has_demo = settings.ENVIRONMENT == "development" and Business.objects.filter(is_demo=True).exists()
        return super().get_context_data(has_demo=has_demo, **kwargs)


@method_decorator(sensitive_post_parameters("password"), name="dispatch")
class Welcome(View):
    """Sets the installation up: one form, one transaction, then home. 404 once there is a user."""

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        if services.is_set_up():
            raise Http404
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.show(WelcomeForm())

    def post(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        form = WelcomeForm(request.POST)
        if not form.is_valid():
            return self.show(form, 422)
        actor = Actor.system("First run", door="page")
        try:
            _business, owner = carry_out(lambda: services.set_up(actor=actor, **form.cleaned_data))
        except AlreadySetUp as refusal:
            raise Http404 from refusal
        except DomainError as refusal:
            form.refuse(refusal)
            return self.show(form, refusal.status)
        return perform_login(request, owner, redirect_url=reverse("crm:home"))

    def show(self, form: WelcomeForm, status: int = 200) -> HttpResponse:
        return render(self.request, "crm/welcome.html", {"form": form}, status=status)
