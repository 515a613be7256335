"""The tab Qualification of the profile, and what is entered from there: BANT, technologies, signals, competitors."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.db.models import Model, QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import clock
from crm.access import saw
from crm.forms import DeedForm, VersionedForm, version_of
from crm.pages import DeedPage, FormPage, Page
from crm.templatetags import ui
from customers import services
from customers.choices import CompetitorStanding, Kind, SignalKind
from customers.forms.findings import (
    BantForm,
    CompetitorForm,
    SignalCloseForm,
    SignalForm,
    SignalUpdateForm,
    TechnologyForm,
    bant_initial,
    initial_of,
)
from customers.models import CompetitorMention, Customer, Qualification, Signal, Technology
from customers.queries.icp import CUSTOM, MATCHED, STATES, TECHNOLOGY, UNKNOWN, Ideal, fit_of, ideal_of
from customers.queries.qualification import (
    PARTS,
    VERDICT_RULE,
    VERDICTS,
    competitors_of,
    qualification_of,
    signals_of,
    technologies_of,
    verdict_of,
)
from customers.registry import fields
from customers.services.findings import NOT_YET
from customers.tables import custom_text, in_words
from customers.views.icp import criterion_words
from customers.views.profile import OneCustomer, ProfilePage

MOST_SHOWN = 100
_VERDICT_KINDS = {"unknown": "neutral", "early": "warn", "promising": "accent", "qualified": "good"}
_STATE_BADGES = {MATCHED: ("good", "check"), "missed": ("bad", "x"), UNKNOWN: ("neutral", "minus")}
_SIGNAL_KINDS = {
    SignalKind.BUYING: ("good", "shopping-cart"), SignalKind.COMPETITIVE: ("warn", "swords"), SignalKind.RISK: ("bad", "triangle-alert"),
    SignalKind.EXPANSION: ("accent", "trending-up"),
}  # fmt: skip
_STANDING_KINDS = {
    CompetitorStanding.EVALUATED: "warn", CompetitorStanding.INCUMBENT: "bad", CompetitorStanding.LOST_TO: "bad",
    CompetitorStanding.REPLACED: "good",
}  # fmt: skip


class CustomerQualification(ProfilePage):
    """How well a company fits, how ready the customer is, and what was found out about it."""

    permission = "customers.view"
    title = gettext_lazy("Qualification of a customer")
    template_name = "customers/customer_qualification.html"
    tab = "qualification"

    def rows(self) -> QuerySet[Any]:
        return super().rows().select_related("qualification__assessed_by")

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        customer, may = self.customer, self.may_change()
        technologies = list(technologies_of(customer)[:MOST_SHOWN])
        pk = customer.pk
        return self.show(
            icp=self.icp(technologies) if customer.kind == Kind.COMPANY else None, bant=self.bant(), technologies=technologies,
            signals=[_signal(row) for row in signals_of(customer)[:MOST_SHOWN]],
            competitors=[
                (row, ui.badge(row.get_standing_display(), _STANDING_KINDS.get(CompetitorStanding(row.standing), "neutral")))
                for row in competitors_of(customer)[:MOST_SHOWN]
            ],
            may=may, bant_href=reverse("customers:customer_assess", args=[pk]) if may else "",
            technology_href=reverse("customers:technology_create", args=[pk]) if may else "",
            signal_href=reverse("customers:signal_create", args=[pk]) if may else "",
            competitor_href=reverse("customers:competitor_create", args=[pk]) if may else "",
        )  # fmt: skip

    def icp(self, technologies: Sequence[Technology]) -> dict[str, Any]:
        """The score with the explanation of each point."""
        ideal = ideal_of(self.business)
        fit = fit_of(self.customer, ideal)
        words = dict(STATES)
        may_manage = self.actor.may("customers.manage_icp", self.business)
        return {
            "score": fit.score, "points": fit.points, "total": fit.total, "known": fit.known,
            "kind": "neutral" if fit.score is None else "good" if fit.score >= 70 else "warn" if fit.score >= 40 else "bad",
            "manage_href": reverse("customers:icp_criterion_list") if may_manage else "",
            "rows": [
                {
                    "name": verdict.criterion.name,
                    "wanted": criterion_words(verdict.criterion, ideal.facts.get(verdict.criterion.field), self.business),
                    "found": found_words(verdict.criterion.field, self.customer, ideal, technologies) if verdict.state != UNKNOWN else "",
                    "state": ui.badge(words[verdict.state], *_STATE_BADGES[verdict.state]),
                    "points": verdict.points, "weight": verdict.criterion.weight,
                }
                for verdict in fit.verdicts
            ],
        }  # fmt: skip

    def bant(self) -> dict[str, Any]:
        found: Qualification = getattr(self.customer, "qualification", None) or Qualification(customer=self.customer)
        verdict = verdict_of(found)
        return {
            "score": found.bant_score, "rule": VERDICT_RULE, "verdict": ui.badge(dict(VERDICTS)[verdict], _VERDICT_KINDS[verdict]),
            "by": found.assessed_by, "at": found.assessed_at,
            "parts": [
                {
                    "label": label, "level": getattr(found, part),
                    "words": getattr(found, f"get_{part}_display")(), "evidence": getattr(found, f"{part}_evidence"),
                }
                for part, label in PARTS.items()
            ],
        }  # fmt: skip


def found_words(key: str, customer: Customer, ideal: Ideal, technologies: Sequence[Technology]) -> Any:
    """What the fact is at the customer, for people."""
    if key == TECHNOLOGY:
        return ", ".join(technology.name for technology in technologies)
    if key.startswith(CUSTOM):
        own = next((field for field in ideal.custom_fields if CUSTOM + field.key == key), None)
        return custom_text(own, customer.custom_values.get(own.key), customer.business, {}) if own else ""
    return in_words(fields[key], getattr(customer, key), customer.business)


def _signal(row: Signal) -> dict[str, Any]:
    kind, icon = _SIGNAL_KINDS[SignalKind(row.kind)]
    strength = _("Strength %(number)s of 5") % {"number": row.strength}
    return {"row": row, "badge": ui.badge(row.get_kind_display(), kind, icon), "strength": strength}


class _FromTab(OneCustomer):
    """Something that is entered from the tab, and leads back to it."""

    abstract = True
    permission = ""

    def tab_href(self) -> str:
        return reverse("customers:customer_qualification", args=[self.kwargs["pk"]])

    def cancel_href(self) -> str:
        return self.tab_href()

    def success_url(self, result: Any) -> str:
        return self.tab_href()


class CustomerAssess(_FromTab, FormPage):
    permission = "customers.change"
    title = gettext_lazy("Assess a customer")
    form_class = BantForm
    success_message = gettext_lazy("Saved.")

    def get_title(self) -> Any:
        return _("How ready is %(name)s?") % {"name": self.customer}

    @cached_property
    def qualification(self) -> Qualification:
        return qualification_of(self.customer)

    def initial(self) -> dict[str, Any]:
        found = self.qualification
        version = NOT_YET if found._state.adding else version_of(found)
        return {**bant_initial(found), "version": version}

    def perform(self, **data: Any) -> Qualification:
        return services.assess_customer(actor=self.actor, customer=self.customer, at=clock.now(), **data)


class TechnologyCreate(_FromTab, FormPage):
    permission = "customers.change"
    title = gettext_lazy("Note a technology")
    form_class = TechnologyForm
    submit_label = gettext_lazy("Note technology")
    success_message = gettext_lazy("The technology was noted.")

    def perform(self, version: str = "", **data: Any) -> Technology:
        return services.add_technology(actor=self.actor, customer=self.customer, at=clock.now(), **data)


class SignalCreate(_FromTab, FormPage):
    permission = "customers.change"
    title = gettext_lazy("Note a signal")
    form_class = SignalForm
    submit_label = gettext_lazy("Note signal")
    success_message = gettext_lazy("The signal was noted.")

    def perform(self, version: str = "", **data: Any) -> Signal:
        return services.add_signal(actor=self.actor, customer=self.customer, at=clock.now(), **data)


class CompetitorCreate(_FromTab, FormPage):
    permission = "customers.change"
    title = gettext_lazy("Note a competitor")
    form_class = CompetitorForm
    submit_label = gettext_lazy("Note competitor")
    success_message = gettext_lazy("The competitor was noted.")

    def perform(self, version: str = "", **data: Any) -> CompetitorMention:
        return services.add_competitor(actor=self.actor, customer=self.customer, at=clock.now(), **data)


class OneFinding(Page):
    """A page about one finding of a customer that the actor may see; 404 for any other."""

    abstract = True
    permission = ""
    model: ClassVar[Any] = Model

    @cached_property
    def record(self) -> Any:
        found = self.one(self.model.objects.visible_to(self.actor).select_related("customer", "business"))
        saw(self.request, [found.customer_id])
        return found

    def get_title(self) -> Any:
        return str(self.record)

    def tab_href(self) -> str:
        return reverse("customers:customer_qualification", args=[self.record.customer_id])

    def breadcrumbs(self) -> list[dict[str, str]]:
        return [
            {"label": _("Customers"), "href": reverse("customers:customer_list")},
            {"label": str(self.record.customer), "href": self.tab_href()},
        ]

    def cancel_href(self) -> str:
        return self.tab_href()

    def success_url(self, result: Any) -> str:
        return self.tab_href()


class FindingUpdate(OneFinding, FormPage):
    """The form of a finding."""

    abstract = True
    permission = ""
    form_class: type[VersionedForm]
    success_message = gettext_lazy("Saved.")
    remove_url: ClassVar[str] = ""

    def actions(self) -> list[dict[str, Any]]:
        href = reverse(self.remove_url, args=[self.record.pk])
        return self.action("customers.change", _("Remove"), href, icon="trash-2")

    def initial(self) -> dict[str, Any]:
        return {**initial_of(self.form_class, self.record), "version": version_of(self.record)}

    def form(self, data: Any = None, files: Any = None) -> DeedForm:
        return self.form_class(data, initial=self.initial(), actor=self.actor, business=self.business)


class FindingRemove(OneFinding, DeedPage):
    """Taking away what was entered wrongly."""

    abstract = True
    permission = ""
    submit_label = gettext_lazy("Remove")
    success_message = gettext_lazy("Removed.")
    danger = True

    def get_title(self) -> Any:
        return _("Remove “%(name)s”?") % {"name": self.record}

    def consequences(self) -> list[Any]:
        return [_("For what was entered wrongly. The history of the customer keeps that it was there.")]


class TechnologyUpdate(FindingUpdate):
    permission = "customers.change"
    model = Technology
    form_class = TechnologyForm
    remove_url = "customers:technology_remove"

    def perform(self, **data: Any) -> Technology:
        given = {name: value for name, value in data.items() if value is not None}
        return services.update_technology(actor=self.actor, technology=self.record, at=clock.now(), **given)


class TechnologyRemove(FindingRemove):
    permission = "customers.change"
    model = Technology

    def perform(self) -> None:
        services.remove_technology(actor=self.actor, technology=self.record)


class SignalUpdate(FindingUpdate):
    permission = "customers.change"
    model = Signal
    form_class = SignalUpdateForm
    remove_url = "customers:signal_remove"

    def perform(self, **data: Any) -> Signal:
        given = {name: value for name, value in data.items() if value is not None or name == "closed_on"}
        return services.update_signal(actor=self.actor, signal=self.record, at=clock.now(), **given)


class SignalClose(OneFinding, FormPage):
    permission = "customers.change"
    model = Signal
    form_class = SignalCloseForm
    submit_label = gettext_lazy("Close signal")
    success_message = gettext_lazy("The signal is closed.")

    def get_title(self) -> Any:
        return _("Is “%(text)s” no longer true?") % {"text": self.record}

    def initial(self) -> dict[str, Any]:
        return {"version": version_of(self.record)}

    def perform(self, **data: Any) -> Signal:
        return services.close_signal(actor=self.actor, signal=self.record, at=clock.now(), **data)


class SignalRemove(FindingRemove):
    permission = "customers.change"
    model = Signal

    def perform(self) -> None:
        services.remove_signal(actor=self.actor, signal=self.record)


class CompetitorUpdate(FindingUpdate):
    permission = "customers.change"
    model = CompetitorMention
    form_class = CompetitorForm
    remove_url = "customers:competitor_remove"

    def perform(self, **data: Any) -> CompetitorMention:
        given = {name: value for name, value in data.items() if value is not None}
        return services.update_competitor(actor=self.actor, competitor=self.record, at=clock.now(), **given)


class CompetitorRemove(FindingRemove):
    permission = "customers.change"
    model = CompetitorMention

    def perform(self) -> None:
        services.remove_competitor(actor=self.actor, competitor=self.record)
