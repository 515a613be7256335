"""Forms of deals."""

from contextlib import suppress
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Q
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from commerce.choices import OPEN_STAGES, DealKind, DealStage
from commerce.models import Opportunity, Product
from crm.forms import DeedForm, VersionedForm
from crm.models import Membership, User
from crm.money import CURRENCIES
from customers.forms import CustomerField
from customers.models import Contact, Customer

MOST_OFFERED = 500
"""How many products or contacts a form offers."""


def _day(label: Any, help_text: Any = "", *, required: bool = False) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=required, widget=widget, help_text=help_text)


def _amount(label: Any, help_text: Any = "") -> forms.DecimalField:
    return forms.DecimalField(
        label=label, required=False, min_value=Decimal(0), max_digits=16, decimal_places=4, help_text=help_text
    )


class DealForm(VersionedForm):
    """What may be entered of a deal; the stage only of a new one, afterwards it is moved."""

    fieldsets = [
        ("", ["name", "customer", "contact", "kind", "stage", "owner"]),
        (_("Value"), ["amount", "currency", "probability", "product"]),
        (_("When"), ["opened_on", "expected_close_on", "next_step", "next_step_on"]),
        (_("More"), ["competitor", "lost_reason", "source", "external_id"]),
    ]
    name = forms.CharField(label=_("Name"), max_length=200)
    customer = CustomerField(label=_("Customer"), required=False, help_text=_("Empty while nobody knows who it is."))
    contact: Any = forms.ModelChoiceField(
        label=_("Contact"), queryset=Contact.objects.none(), required=False, empty_label=_("Nobody, or unknown"),
        help_text=_("Somebody who works at the customer."),
    )  # fmt: skip
    kind = forms.ChoiceField(label=_("Kind"), choices=DealKind.choices)
    stage = forms.ChoiceField(
        label=_("Stage"), required=False, choices=[(stage.value, stage.label) for stage in OPEN_STAGES]
    )
    owner: Any = forms.ModelChoiceField(
        label=_("Owner"), queryset=User.objects.none(), required=False, empty_label=_("Nobody")
    )
    amount = _amount(_("Amount"), _("Empty while it is unknown."))
    currency = forms.ChoiceField(label=_("Currency"), choices=[(code, code) for code in CURRENCIES])
    probability = forms.IntegerField(
        label=_("Probability in percent"), min_value=0, max_value=100, required=False, help_text=_("Empty: that of the stage.")
    )  # fmt: skip
    product: Any = forms.ModelChoiceField(
        label=_("Product"), queryset=Product.objects.none(), required=False, empty_label=_("None")
    )
    opened_on = _day(_("Opened on"), required=True)
    expected_close_on = _day(_("Expected close"))
    next_step = forms.CharField(label=_("Next step"), max_length=200, required=False)
    next_step_on = _day(_("Next step on"))
    competitor = forms.CharField(label=_("Competitor"), max_length=120, required=False)
    lost_reason = forms.CharField(label=_("Why it was lost"), max_length=200, required=False)
    source = forms.CharField(label=_("Source"), max_length=40, required=False)
    external_id = forms.CharField(
        label=_("External id"), max_length=100, required=False, help_text=_("The id that this deal has in the system it came from.")
    )  # fmt: skip

    def __init__(
        self, *args: Any, deal: Opportunity | None = None, customer: Customer | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["customer"].actor = self.actor
        fields["customer"].chosen = (deal and deal.customer) or customer
        fields["customer"].offer("customer")
        fields["owner"].queryset = _members(self.business, deal)
        fields["product"].queryset = _products(deal)
        fields["contact"].queryset = self._contacts(deal, customer)
        if deal is not None:
            del fields["stage"]
        if deal is None or deal.stage != DealStage.LOST:
            del fields["lost_reason"]
        if deal is not None and deal.stage not in OPEN_STAGES:
            del fields["probability"]

    def _contacts(self, deal: Opportunity | None, customer: Customer | None) -> Any:
        """Those of the customer that the form was opened with, who is chosen now, and who was chosen in the form."""
        rows = Contact.objects.visible_to(self.actor)
        at = deal.customer_id if deal else customer.pk if customer else None
        first = rows.live().filter(customer=at).order_by("sort_name", "pk").values_list("pk", flat=True)[:MOST_OFFERED]
        chosen = [pk for pk in (deal and deal.contact_id, _id(self.data.get(self.add_prefix("contact")))) if pk]
        return rows.filter(pk__in=[*(first if at else ()), *chosen]).order_by("sort_name", "pk")


def _id(text: Any) -> UUID | None:
    with suppress(ValueError):
        return UUID(str(text))
    return None


def _members(business: Any, deal: Opportunity | None) -> Any:
    members = Membership.objects.filter(business=business)
    active = Q(pk__in=members.filter(is_active=True).values("user"))
    # who has left the business may keep the deal that the form is about
    current = Q(pk=deal and deal.owner_id, pk__in=members.values("user"))
    return User.objects.filter(active | current).order_by("name", "email")


def _products(deal: Opportunity | None) -> Any:
    first = Product.objects.order_by("code").values("pk")[:MOST_OFFERED]
    rows = Product.objects.filter(pk__in=list(first.values_list("pk", flat=True)))
    if deal is not None and deal.product_id:
        rows = rows | Product.objects.filter(pk=deal.product_id)
    return rows.order_by("code")


def deal_initial(deal: Opportunity) -> dict[str, Any]:
    """What the form shows of a deal that is there."""
    names = [name for name in DealForm.base_fields if name not in ("version", "stage")]
    initial = {name: getattr(deal, name) for name in names if name not in ("owner", "contact", "product")}
    return {**initial, "owner": deal.owner_id, "contact": deal.contact_id, "product": deal.product_id}


class MoveForm(VersionedForm):
    """Where a deal goes from here: a stage, won or lost; or back into a stage, when it was over."""

    stage = forms.ChoiceField(label=_("Stage"), choices=DealStage.choices)
    reason = forms.CharField(
        label=_("Reason"), max_length=200, required=False, help_text=_("Needed when the deal is lost.")
    )
    amount = _amount(_("Amount"), _("For how much it was won; empty: as it is."))
    probability = forms.IntegerField(
        label=_("Probability in percent"), min_value=0, max_value=100, required=False, help_text=_("Empty: that of the stage.")
    )  # fmt: skip


class CardForm(DeedForm):
    """What a card of the board sends: the stage, and the version that the person saw."""

    stage = forms.ChoiceField(choices=DealStage.choices)
    version = forms.CharField(widget=forms.HiddenInput, required=False)


def stale_field() -> forms.IntegerField:
    """The setting of a business: from how many days in one stage on a deal is stale."""
    return forms.IntegerField(
        label=_t("Stale after days in one stage"), min_value=1, max_value=3650,
        help_text=_t("An open deal that has stood in its stage for so long is marked on the board and in the report."),
    )  # fmt: skip


def probability_field(stage: DealStage) -> forms.IntegerField:
    """The setting of a business: how likely a deal of the stage is won."""
    return forms.IntegerField(
        label=_t("Probability in “%(stage)s”") % {"stage": stage.label}, min_value=0, max_value=100,
        help_text=_t("Percent; a deal that enters the stage gets it unless another is given."),
    )  # fmt: skip


class ReportForm(forms.Form):
    """The first day from which closed deals count in the report; all of them when it is left out."""

    since = _day(_("Closed since"))
