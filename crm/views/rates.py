"""Exchange rates of the business."""

from collections.abc import Sequence
from typing import Any, cast

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import clock, services
from crm.forms import version_of
from crm.models import ExchangeRate
from crm.pages import DeedPage, FormPage, ListPage
from crm.paging import Sort
from crm.settings_forms import RateForm, rate_initial
from crm.tables import Column
from crm.templatetags import ui
from crm.views.settings import SettingsPart

_NEWEST = Sort("valid_on", "valid_on", descending_first=True)


def _rate(row: ExchangeRate) -> str:
    """With all its decimals, at least four."""
    exponent = row.rate.normalize().as_tuple().exponent
    return ui.number(row.rate, max(4, -int(exponent)))


class Rates(SettingsPart, ListPage):
    permission = "crm.view_rates"
    title = gettext_lazy("Exchange rates")
    default_sort = "-valid_on"
    template_name = "pages/list.html"

    def context(self, **extra: Any) -> dict[str, Any]:
        self.description = _("What one unit of another currency is worth in %(currency)s, from a day on.") % {
            "currency": self.business.currency
        }
        return super().context(**extra)

    def rows(self) -> QuerySet:
        return ExchangeRate.objects.all()

    def columns(self) -> Sequence[Column]:
        today = clock.today(self.business.time_zone)
        return [
            Column("currency", _("Currency"), lambda row: row.currency, sort=Sort("currency", "currency")),
            Column("valid_on", _("Valid from"), lambda row: ui.when(row.valid_on, "day"), sort=_NEWEST),
            Column("rate", _("Rate"), _rate, align="end"),
            Column("state", _("State"), lambda row: ui.badge(_("Planned"), "accent") if row.valid_on > today else ""),
        ]  # fmt: skip

    def row_href(self, row: Any) -> str:
        return reverse("crm:rate_update", args=[row.pk]) if self.actor.may("crm.manage_rates", self.business) else ""

    def actions(self) -> list[dict[str, Any]]:
        return self.action("crm.manage_rates", _("Add rate"), reverse("crm:rate_create"), icon="plus", kind="primary")

    def empty_state(self, narrowed: bool) -> dict[str, Any]:
        text = _("Orders in another currency than the reporting currency need a rate of their day.")
        return {"icon": "coins", "title": _("No rates yet"), "text": text}


class RatePart(SettingsPart):
    """A page below Exchange rates."""

    abstract = True
    permission = ""

    @cached_property
    def record(self) -> ExchangeRate:
        return cast(ExchangeRate, self.one(ExchangeRate.objects.all()))

    def breadcrumbs(self) -> list[dict[str, str]]:
        return [*super().breadcrumbs(), {"label": _("Exchange rates"), "href": reverse("crm:rates")}]

    def cancel_href(self) -> str:
        return reverse("crm:rates")

    def success_url(self, result: Any) -> str:
        return reverse("crm:rates")


class RateCreate(RatePart, FormPage):
    permission = "crm.manage_rates"
    title = gettext_lazy("Add rate")
    form_class = RateForm
    submit_label = gettext_lazy("Add rate")

    def initial(self) -> dict[str, Any]:
        return {"valid_on": clock.today(self.business.time_zone)}

    def perform(self, *, version: str = "", **data: Any) -> ExchangeRate:
        return services.add_rate(actor=self.actor, business=self.business, **data)


class RateUpdate(RatePart, FormPage):
    permission = "crm.manage_rates"
    form_class = RateForm
    success_message = gettext_lazy("Saved.")

    def get_title(self) -> Any:
        return _("Rate of %(currency)s") % {"currency": self.record.currency}

    def actions(self) -> list[dict[str, Any]]:
        return self.action(
            "crm.manage_rates", _("Delete"), reverse("crm:rate_delete", args=[self.record.pk]), icon="trash-2"
        )

    def initial(self) -> dict[str, Any]:
        return {**rate_initial(self.record), "version": version_of(self.record)}

    def perform(self, **data: Any) -> ExchangeRate:
        return services.update_rate(actor=self.actor, record=self.record, **data)


class RateDelete(RatePart, DeedPage):
    permission = "crm.manage_rates"
    submit_label = gettext_lazy("Delete")
    success_message = gettext_lazy("The rate was deleted.")
    danger = True

    def get_title(self) -> Any:
        return _("Delete the rate of %(currency)s from %(day)s?") % {
            "currency": self.record.currency,
            "day": self.record.valid_on.isoformat(),
        }

    def text(self) -> Any:
        return _("From its day on the rate before it holds. Amounts that were converted already stay as they are.")

    def perform(self) -> None:
        services.delete_rate(actor=self.actor, record=self.record)
