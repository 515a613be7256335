"""The tab Preferences & consent of the profile, and what is changed from there."""

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import clock, formats
from crm.pages import DeedPage, FormPage
from crm.templatetags import ui
from customers import services
from customers.choices import Channel, MessageCategory
from customers.forms.preferences import WEEKDAYS, ConsentForm, PreferenceForm, preference_initial
from customers.models import CommunicationPreference, ConsentRecord, SendDecision
from customers.queries.preferences import (
    FLAGS,
    communication_settings,
    consents_of,
    flag_label,
    is_effective,
    link_token,
    preference_of,
)
from customers.queries.sending import Standing, reason_words
from customers.views.profile import OneCustomer, ProfilePage

SHOWN_CONSENTS, SHOWN_DECISIONS = 50, 20
_OUTCOMES = {
    "allow": ("good", gettext_lazy("Yes")), "delay": ("warn", gettext_lazy("Later")), "digest": ("accent", gettext_lazy("In a digest")),
    "suppress": ("bad", gettext_lazy("No")),
}  # fmt: skip


def own_page_address(request: Any, preference: CommunicationPreference) -> str:
    """The whole address of the customer's own page."""
    here = request.build_absolute_uri("/")
    root = (settings.PUBLIC_URL if settings.PUBLIC_URL.startswith("https://") else here).rstrip("/")
    return root + reverse("customers:own_preferences", args=[link_token(preference)])


class PreferencesTab(ProfilePage):
    """What the customer wants, what it has consented to, and what was decided about messages."""

    permission = "customers.view"
    title = gettext_lazy("Preferences and consent of a customer")
    template_name = "customers/customer_preferences.html"
    tab = "preferences"

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        customer, at = self.customer, clock.now()
        preference, consents = preference_of(customer), consents_of(customer)
        mode = communication_settings(customer.business)["consent_mode"]
        standing = Standing(customer, preference, consents, mode)
        records = ConsentRecord.objects.filter(customer=customer).order_by("-id")
        decisions = SendDecision.objects.filter(customer=customer).order_by("-id")
        may_change = self.actor.may("customers.change", self.business)
        pk = customer.pk
        return self.show(
            flags=[
                {
                    "label": capfirst(flag_label(flag.name)),
                    "is_on": getattr(preference, flag.name),
                    "is_effective": is_effective(flag, preference, consents, mode),
                }
                for flag in FLAGS.values()
            ],
            schedule=_schedule(preference, at), is_stored=not preference._state.adding,
            gate=self.gate(standing, at), channels=Channel.choices,
            consents=[_consent(record) for record in records[:SHOWN_CONSENTS]],
            decisions=[_decision(row) for row in decisions[:SHOWN_DECISIONS]],
            edit_href=reverse("customers:preference_update", args=[pk]) if may_change else "",
            consent_href=reverse("customers:consent_create", args=[pk]) if may_change else "",
            own_page=own_page_address(request, preference) if may_change else "",
            renew_href=reverse("customers:preference_link_renew", args=[pk]),
            erase_href=reverse("customers:customer_erase", args=[pk])
            if self.actor.may("customers.request_erasure", self.business) else "",
        )  # fmt: skip

    def gate(self, standing: Standing, at: Any) -> list[dict[str, Any]]:
        """What the gate would say now, by category and channel."""
        return [
            {
                "label": category.label,
                "cells": [(channel.label, _cell(standing, channel, category, at)) for channel in Channel],
            }
            for category in MessageCategory
        ]


def _cell(standing: Standing, channel: str, category: str, at: Any) -> dict[str, Any]:
    verdict = standing.verdict(channel, category, at)
    kind, answer = _OUTCOMES[verdict.outcome]
    words = reason_words(verdict.stored_reason)
    if verdict.until:
        words = _("%(reason)s Not before %(moment)s.") % {"reason": words, "moment": formats.moment(verdict.until)}
    return {"badge": ui.badge(answer, kind), "words": words}


def _schedule(preference: CommunicationPreference, at: Any) -> list[tuple[Any, Any]]:
    start, end = preference.quiet_hours_start, preference.quiet_hours_end
    is_weekly = preference.frequency == "weekly_digest"
    pause = preference.paused_until if preference.paused_until and preference.paused_until > at else None
    often = str(preference.get_frequency_display())
    if preference.frequency != "immediate":
        day = dict(WEEKDAYS)[preference.digest_weekday] if is_weekly else ""
        often = " ".join(part for part in (often, str(day), f"{preference.digest_at:%H:%M}") if part)
    return [
        (_("How often"), often),
        (_("Preferred channel"), preference.get_preferred_channel_display()),
        (_("Quiet hours"), f"{start:%H:%M}–{end:%H:%M}" if start and end else _("None")),
        (_("Time zone"), preference.time_zone.replace("_", " ")),
        (_("Paused until"), formats.moment(pause) if pause else _("Not paused")),
    ]


def _consent(record: ConsentRecord) -> dict[str, Any]:
    return {
        "purpose": record.get_purpose_display(),
        "channel": record.get_channel_display() if record.channel else _("all channels"),
        "state": ui.badge(record.get_state_display(), "good" if record.state == "given" else "bad"),
        "basis": record.get_basis_display(), "at": record.given_at, "source": record.get_source_display(), "by": record.actor_label,
        "evidence": record.evidence, "version": record.text_version,
    }  # fmt: skip


def _decision(row: SendDecision) -> dict[str, Any]:
    kind, _answer = _OUTCOMES[row.outcome]
    return {
        "category": row.get_category_display(), "channel": row.get_channel_display(), "at": row.asked_at, "until": row.until,
        "outcome": ui.badge(row.get_outcome_display(), kind), "reason": reason_words(row.reason), "by": row.actor_label,
    }  # fmt: skip


class _FromTab(OneCustomer):
    """Something that is changed from the tab, and leads back to it."""

    abstract = True
    permission = ""

    def tab_href(self) -> str:
        return reverse("customers:customer_preferences", args=[self.kwargs["pk"]])

    def cancel_href(self) -> str:
        return self.tab_href()

    def success_url(self, result: Any) -> str:
        return self.tab_href()


class PreferenceUpdate(_FromTab, FormPage):
    permission = "customers.change"
    title = gettext_lazy("Change preferences")
    description = gettext_lazy("They hold from the next message on. What you turn off counts as withdrawn consent.")
    form_class = PreferenceForm
    success_message = gettext_lazy("Saved.")

    @cached_property
    def preference(self) -> CommunicationPreference:
        return preference_of(self.customer)

    def initial(self) -> dict[str, Any]:
        return preference_initial(self.preference)

    def form(self, data: Any = None, files: Any = None) -> PreferenceForm:
        return PreferenceForm(
            data, initial=self.initial(), actor=self.actor, business=self.business, preference=self.preference
        )

    def perform(self, **data: Any) -> CommunicationPreference:
        return services.set_preferences(actor=self.actor, customer=self.customer, at=clock.now(), **data)


class ConsentCreate(_FromTab, FormPage):
    permission = "customers.change"
    title = gettext_lazy("Record consent")
    description = gettext_lazy("Records are never changed or deleted. The preferences follow the latest one.")
    form_class = ConsentForm
    submit_label = gettext_lazy("Record")
    success_message = gettext_lazy("Recorded.")

    def initial(self) -> dict[str, Any]:
        return {"state": "given", "basis": "consent"}

    def perform(self, **data: Any) -> ConsentRecord:
        return services.record_consent(actor=self.actor, customer=self.customer, at=clock.now(), **data)


class PreferenceLinkRenew(_FromTab, DeedPage):
    permission = "customers.change"
    title = gettext_lazy("Replace the link to the customer's own page")
    submit_label = gettext_lazy("Replace the link")
    success_message = gettext_lazy("There is a new link; those before no longer work.")

    def text(self) -> Any:
        return _("Links that %(name)s was sent so far stop working, those in old messages too.") % {
            "name": self.customer
        }

    def perform(self) -> CommunicationPreference:
        return services.renew_link(actor=self.actor, customer=self.customer)
