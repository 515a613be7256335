"""The ideal customer: the settings pages of its criteria."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, cast

from django.http import HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import formats
from crm.errors import InvalidInput
from crm.forms import DeedForm, version_of
from crm.models import Business
from crm.pages import DeedPage, FormPage
from crm.tables import Column, build_table
from crm.templatetags import ui
from crm.views.settings import SettingsPart
from customers import services
from customers.choices import CriterionOperator
from customers.forms.icp import CriterionForm, criterion_initial
from customers.models import IcpCriterion
from customers.queries.custom_fields import custom_fields_of
from customers.queries.icp import Fact, Ideal, facts_of, ideal_of


def criterion_words(criterion: IcpCriterion, fact: Fact | None, business: Business) -> str:
    """What the fact should be: "is one of Software, Retail"."""
    operator = CriterionOperator(criterion.operator)
    if operator == CriterionOperator.IN:
        labels = dict(fact.choices) if fact else {}
        return f"{operator.label} {', '.join(str(labels.get(value, value)) for value in criterion.value)}"
    shown = [_bound_words(value, fact, business) for value in criterion.value]
    if operator == CriterionOperator.BETWEEN:
        return _("is between %(low)s and %(high)s") % {"low": shown[0], "high": shown[1]}
    return " ".join([str(operator.label), *shown])


def _bound_words(value: str, fact: Fact | None, business: Business) -> str:
    if fact is None or fact.type == "date":
        return value
    return formats.money(Decimal(value), business.currency) if fact.type == "money" else formats.number(Decimal(value))


class CriterionList(SettingsPart):
    permission = "customers.manage_icp"
    title = gettext_lazy("Ideal customer")
    description = gettext_lazy(
        "What makes a company fit, and how much it counts. Each company's score is the weight of what it matches, of the weight of all."
    )
    template_name = "crm/table.html"

    def actions(self) -> list[dict[str, Any]]:
        href = reverse("customers:icp_criterion_create")
        return self.action("customers.manage_icp", _("Add criterion"), href, icon="plus", kind="primary")

    def columns(self, ideal: Ideal) -> Sequence[Column]:
        def fact(row: IcpCriterion) -> Fact | None:
            return ideal.facts.get(row.field)

        def about(row: IcpCriterion) -> Any:
            found = fact(row)
            return ui.user_text(found.label) if found else ui.badge(_("Field archived"), "warn", "archive")

        return [
            Column("name", _("Name"), lambda row: ui.user_text(row.name)),
            Column("field", _("Fact"), about),
            Column("value", _("Should be"), lambda row: ui.user_text(criterion_words(row, fact(row), self.business))),
            Column("weight", _("Weight"), lambda row: ui.number(row.weight), align="end"),
            Column("share", _("Share of the whole"), lambda row: ui.percent(ideal.share(row), 0), align="end"),
            Column("order", _("Order"), lambda row: ui.number(row.order), align="end"),
        ]

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        ideal = ideal_of(self.business)
        href = lambda row: reverse("customers:icp_criterion_update", args=[row.pk])  # noqa: E731 - one line, used once
        table = build_table(
            self.columns(ideal), ideal.criteria, query=request.GET, sort="", caption=self.title, href=href
        )
        text = _(
            "Say what your best customers have in common: an industry, a size, a country, a technology. Companies are scored by it."
        )
        return self.show(table=table, empty={"icon": "target", "title": _("No criteria yet"), "text": text})


class CriterionPart(SettingsPart):
    """A page below Ideal customer."""

    abstract = True
    permission = ""

    @cached_property
    def record(self) -> IcpCriterion:
        return cast(IcpCriterion, self.one(IcpCriterion.objects.all()))

    @cached_property
    def facts(self) -> dict[str, Fact]:
        return facts_of(custom_fields_of(self.business))

    def breadcrumbs(self) -> list[dict[str, str]]:
        return [*super().breadcrumbs(), {"label": _("Ideal customer"), "href": self.cancel_href()}]

    def cancel_href(self) -> str:
        return reverse("customers:icp_criterion_list")

    def success_url(self, result: Any) -> str:
        return reverse("customers:icp_criterion_list")


class CriterionCreate(CriterionPart, FormPage):
    """The fact is chosen first (`?field=industry`), as what is asked follows from it."""

    permission = "customers.manage_icp"
    title = gettext_lazy("Add a criterion")
    submit_label = gettext_lazy("Add criterion")
    success_message = gettext_lazy("The criterion was added. Companies are being scored anew.")

    @cached_property
    def fact(self) -> Fact | None:
        key = self.request.GET.get("field", "")
        if key and key not in self.facts:
            raise InvalidInput({"field": [_("There is no such fact.")]})
        return self.facts.get(key)

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().get(request) if self.fact else self.choose()

    def post(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().post(request) if self.fact else self.choose(422)

    def choose(self, status: int = 200) -> HttpResponse:
        here = reverse("customers:icp_criterion_create")
        offered = [(fact.label, f"{here}?field={fact.key}") for fact in self.facts.values()]
        return self.show("customers/icp_facts.html", status, offered=offered)

    def form(self, data: Any = None, files: Any = None) -> DeedForm:
        fact = cast(Fact, self.fact)
        last = IcpCriterion.objects.order_by("-order").first()
        order = min(last.order + 10, 9999) if last else 10
        return CriterionForm(
            data, fact=fact, initial={"weight": 10, "order": order}, actor=self.actor, business=self.business
        )

    def perform(self, **data: Any) -> IcpCriterion:
        values = {name: data[name] for name in ("name", "operator", "value", "weight", "order") if name in data}
        field = cast(Fact, self.fact).key
        return services.create_criterion(actor=self.actor, business=self.business, field=field, **values)


class CriterionUpdate(CriterionPart, FormPage):
    permission = "customers.manage_icp"
    success_message = gettext_lazy("Saved. Companies are being scored anew.")

    def get_title(self) -> Any:
        return self.record.name

    def actions(self) -> list[dict[str, Any]]:
        href = reverse("customers:icp_criterion_delete", args=[self.record.pk])
        return self.action("customers.manage_icp", _("Delete"), href, icon="trash-2")

    def initial(self) -> dict[str, Any]:
        initial = criterion_initial(self.record)
        if self.fact.type == "text":
            initial["value"] = "\n".join(initial["value"])
        return {**initial, "version": version_of(self.record)}

    @property
    def fact(self) -> Fact:
        found = self.facts.get(self.record.field)
        return found or Fact(self.record.field, _("An archived field"), "flag")

    def form(self, data: Any = None, files: Any = None) -> DeedForm:
        return CriterionForm(data, fact=self.fact, initial=self.initial(), actor=self.actor, business=self.business)

    def perform(self, **data: Any) -> IcpCriterion:
        values = {name: value for name, value in data.items() if name not in ("lowest", "highest")}
        return services.update_criterion(actor=self.actor, criterion=self.record, **values)


class CriterionDelete(CriterionPart, DeedPage):
    permission = "customers.manage_icp"
    submit_label = gettext_lazy("Delete")
    success_message = gettext_lazy("The criterion was deleted. Companies are being scored anew.")
    danger = True

    def get_title(self) -> Any:
        return _("Delete the criterion “%(name)s”?") % {"name": self.record.name}

    def consequences(self) -> list[Any]:
        return [_("It no longer counts: the scores of all companies change.")]

    def perform(self) -> None:
        services.delete_criterion(actor=self.actor, criterion=self.record)
