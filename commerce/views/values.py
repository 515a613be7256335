"""The report of predicted value, and asking for it to be reckoned."""

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commerce import services
from commerce.models import ValueModel
from commerce.queries.values import expected_of_all, latest_model, method_words, most_expected_of, words_for
from crm import charts, formats
from crm.access import saw
from crm.pages import DeedPage, Page
from crm.templatetags import ui


class ValueReport(Page):
    """What customers are expected to bring, by which model, and how well that would have foretold what came."""

    permission = "commerce.view_values"
    title = gettext_lazy("Predicted value")
    description = gettext_lazy(
        "What customers are expected to bring, and how well the reckoning would have foretold what came."
    )
    template_name = "commerce/value_report.html"

    def actions(self) -> list[dict[str, Any]]:
        return self.action(
            "commerce.predict_values", _("Reckon now"), reverse("commerce:predict_values"), icon="refresh-cw"
        )

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        model = latest_model()
        if model is None:
            return self.show(model=None)
        rows = most_expected_of(self.actor)
        saw(request, [row.pk for row in rows])
        return self.show(
            model=model, method=method_words(model), figures=self.figures(model), parameters=parameters_of(model),
            reasons=[words_for(reason) for reason in model.fit.get("reasons", [])], test=self.test(model), rows=[
                {
                    "customer": row.customer, "href": reverse("customers:customer_detail", args=[row.pk]),
                    "predicted": ui.money(row.predicted, self.business.currency), "orders": formats.number(round(row.orders, 1)),
                    "bounds": f"{formats.money(row.low, self.business.currency)} – {formats.money(row.high, self.business.currency)}",
                }
                for row in rows
            ],
        )  # fmt: skip

    def figures(self, model: ValueModel) -> list[dict[str, Any]]:
        found, currency = expected_of_all(self.actor), self.business.currency
        months = {"months": formats.number(model.horizon_months)}
        list_href = f"{reverse('customers:customer_list')}?predicted_value__gte=0.01&columns=name,predicted_value"
        return [
            {
                "label": _("Expected"), "value": ui.money(found.predicted, currency), "href": list_href,
                "hint": _("in the next %(months)s months") % months,
                "how": _("The predicted values of the live customers that you may see, added up, in the reporting currency."),
            },
            {
                "label": _("Expected orders"), "value": ui.number(round(found.orders)), "href": list_href, "hint": "",
                "how": _("The orders that are expected of them in that time."),
            },
            {
                "label": _("Customers"), "value": ui.number(found.customers), "href": list_href, "hint": "",
                "how": _("Live customers with an order up to the day before the reckoning."),
            },
        ]  # fmt: skip

    def test(self, model: ValueModel) -> dict[str, Any] | None:
        """What the model would have said of the days that were held out, beside what came."""
        found: dict[str, Any] = model.backtest
        if not found:
            return None
        currency = self.business.currency
        buckets = [
            {
                "label": _bucket(bucket["lowest"], bucket["highest"]), "customers": formats.number(bucket["customers"]),
                "predicted": formats.number(round(bucket["predicted_orders"], 2)),
                "actual": formats.number(round(bucket["actual_orders"], 2)),
                "baseline": formats.number(round(bucket["baseline_orders"], 2)),
            }
            for bucket in found["buckets"]
        ]  # fmt: skip
        series = [
            charts.Series(_("Predicted"), [bucket["predicted_orders"] for bucket in found["buckets"]]),
            charts.Series(_("Came"), [bucket["actual_orders"] for bucket in found["buckets"]]),
        ]
        labels = [bucket["label"] for bucket in buckets]
        return {
            "days": formats.number(found["days"]), "buckets": buckets, "beats": found["beats_baseline"],
            "customers": formats.number(found["customers"]),
            "covered": "" if found["covered"] is None else formats.percent(100 * found["covered"]),
            "chart": charts.line(_("Orders per customer, by how often they had ordered again"), labels, series),
            "rows": [
                (_("Orders"), *_compared(found["orders"], found["baseline_orders"], formats.number)),
                (_("Money"), *_compared(found["money"], found["baseline_money"], lambda value: formats.money(value, currency))),
            ],
        }  # fmt: skip


def parameters_of(model: ValueModel) -> list[tuple[str, Any]]:
    """The parameters of both models by their names, to four digits; empty where there is no fit."""
    pairs = []
    for part, title in (("orders", "BG/NBD"), ("value", "Gamma-Gamma")):
        values = (model.parameters.get(part) or {}).get("parameters") or {}
        shown = ", ".join(f"{name} {value:.4g}" for name, value in values.items())
        pairs.append((title, shown or _("no fit")))
    return pairs


def _compared(model: dict[str, Any], baseline: dict[str, Any], shown: Any) -> tuple[Any, ...]:
    """(predicted, came, how far off, the same of the baseline)."""
    return (
        shown(round(model["predicted"])),
        shown(round(model["actual"])),
        _off(model),
        shown(round(baseline["predicted"])),
        _off(baseline),
    )


def _off(found: dict[str, Any]) -> str:
    return "" if found["relative_error"] is None else formats.percent(100 * found["relative_error"])


def _bucket(lowest: int, highest: int | None) -> str:
    if highest is None:
        return _("%(count)s or more") % {"count": formats.number(lowest)}
    return formats.number(lowest) if lowest == highest else f"{formats.number(lowest)}–{formats.number(highest)}"


class PredictValues(DeedPage):
    """Asks for a new reckoning, which a job does."""

    permission = "commerce.predict_values"
    title = gettext_lazy("Reckon predicted values now?")
    submit_label = gettext_lazy("Reckon now")
    success_message = gettext_lazy("The reckoning waits for its turn in the queue.")

    def text(self) -> Any:
        return _("The model is fitted to all orders up to yesterday. Until it is done, the estimates stay as they are.")

    def perform(self) -> Any:
        return services.ask_for_prediction(actor=self.actor, business=self.business)

    def success_url(self, result: Any) -> str:
        return reverse("crm:job", args=[result.pk]) if result else reverse("commerce:value_report")

    def cancel_href(self) -> str:
        return reverse("commerce:value_report")
