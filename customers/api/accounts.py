"""/api/accounts: companies as a customer success system calls them."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.response import Response

from crm import clock
from crm.access import saw
from crm.api.fields import Amount, Choice, Input, Text
from crm.api.lists import whole
from crm.api.views import Doc, tag_of
from crm.money import round_money
from customers import services
from customers.api.compat import (
    CompatList,
    CompatRecord,
    as_moment,
    as_number,
    asked_word,
    list_parameters,
    plain_envelope,
    plain_envelope_sample,
    renamed,
    word_parameter,
)
from customers.choices import Kind, Size
from customers.models import Customer
from customers.queries.projections import ACCOUNT_STATUS, called, read, stage_of, standing_of, words_of

HEALTH, CHURN_RISK, NO_CONFIDENCE = 50, 0, "none"
"""What is shown of an account whose health nobody knows."""
_HIGHEST = 100
_SCORE = {"type": "integer", "minimum": 0, "maximum": _HIGHEST}
_STATUSES = [(word, word) for word in words_of(ACCOUNT_STATUS)]
_SIZES = Size.choices


class AccountItem(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    status = serializers.ChoiceField(choices=_STATUSES)
    health_score = serializers.IntegerField(help_text=_("From 0 to 100; 50 while nothing is known."))
    churn_risk_score = serializers.IntegerField(help_text=_("From 0 to 100; 0 while nothing is known."))
    health_confidence = serializers.CharField(help_text=_("“none” while nothing is known of the health."))
    arr = serializers.FloatField(
        allow_null=True,
        help_text=_("Annual recurring revenue: of subscriptions and recurring invoices, without any what was entered by hand."),
    )  # fmt: skip
    last_engagement = serializers.DateTimeField(allow_null=True)


class Account(AccountItem):
    organization_id = serializers.UUIDField(help_text=_("Id of the business."))
    industry = serializers.CharField(allow_null=True)
    size = serializers.ChoiceField(choices=_SIZES, allow_null=True)
    arr_source = serializers.CharField(
        allow_null=True, help_text=_("“subscriptions”, or “manual” where the revenue was entered by hand.")
    )
    owner_id = serializers.UUIDField(allow_null=True)
    contract_start = serializers.DateField(allow_null=True)
    contract_end = serializers.DateField(allow_null=True)
    archived_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


_ITEM: dict[str, Any] = {
    "id": "01980a3e-5c1b-7e0a-9d3f-2b6f1c4d8e90", "name": "Acme Corp", "status": "active", "health_score": 50,
    "churn_risk_score": 0, "health_confidence": "none", "arr": 50000.0, "last_engagement": None,
}  # fmt: skip
_SAMPLE = {
    **_ITEM, "organization_id": "01980a3e-5c1b-7e0a-9d3f-2b6f1c4d8e92", "industry": "Technology", "size": "medium", "arr_source": "manual",
    "owner_id": None, "contract_start": None, "contract_end": None, "archived_at": None, "created_at": "2026-01-31T14:05:00Z",
    "updated_at": "2026-01-31T14:05:00Z",
}  # fmt: skip


class AccountInput(Input):
    """What may be entered of an account."""

    computed = frozenset(_SAMPLE) - {"name", "industry", "size", "arr", "status"}

    name = Text(max_length=200)
    industry = Text(max_length=100, allow_blank=True, allow_null=True, required=False)
    size = Choice(choices=_SIZES, allow_null=True, required=False)
    arr = Amount(
        max_digits=16, decimal_places=2, min_value=0, allow_null=True, required=False,
        help_text=_(
            "Entered by hand; shown while no subscription or recurring invoice says it. A JSON number, or a string such as “50000.00”."
        ),
    )  # fmt: skip
    status = Choice(choices=_STATUSES, required=False, help_text=_("Default: active."))
    status_reason = Text(
        max_length=500,
        allow_blank=True,
        required=False,
        help_text=_("Needed when an account that had churned is back."),
    )


def _item(customer: Customer, bounds: Any, currency: str) -> dict[str, Any]:
    arr = customer.facts.arr
    return {
        "id": customer.pk,
        "name": customer.display_name,
        "status": read(ACCOUNT_STATUS, standing_of(customer), bounds),
        "health_score": HEALTH,
        "churn_risk_score": CHURN_RISK,
        "health_confidence": NO_CONFIDENCE,
        "arr": None if arr is None else as_number(round_money(arr, currency)),
        "last_engagement": None,
    }


def _account(customer: Customer, bounds: Any, currency: str) -> dict[str, Any]:
    return {
        **_item(customer, bounds, currency),
        "organization_id": customer.business_id,
        "industry": customer.industry or None,
        "size": customer.size or None,
        "arr_source": customer.facts.arr_source or None,
        "owner_id": customer.owner_id,
        "contract_start": customer.contract_start_on,
        "contract_end": customer.contract_end_on,
        "archived_at": as_moment(customer.archived_at),
        "created_at": as_moment(customer.created_at),
        "updated_at": as_moment(customer.updated_at),
    }


def _fields(values: dict[str, Any]) -> dict[str, Any]:
    """The body's values under the names of a customer's fields."""
    names = {"name": "display_name", "arr": "arr_manual"}
    return {names.get(name, name): "" if value is None and name != "arr" else value for name, value in values.items()}


class AccountList(CompatList):
    """Accounts, and adding one."""

    permissions = {"GET": "customers.view", "POST": "customers.add"}
    docs = {
        "GET": Doc(
            "list_accounts",
            _("List accounts"),
            answer=plain_envelope("AccountPage", AccountItem),
            answer_example=plain_envelope_sample(_ITEM),
            parameters=list_parameters(
                status=(_("Accounts of this status."), word_parameter(ACCOUNT_STATUS)),
                health_min=(_("Lowest health score."), _SCORE),
                health_max=(_("Highest health score."), _SCORE),
            ),
        ),
        "POST": Doc(
            "create_account",
            _("Add an account"),
            answer=Account,
            body=AccountInput,
            status=201,
            body_example={
                "name": "Acme Corp",
                "industry": "Technology",
                "size": "medium",
                "arr": 50000,
                "status": "onboarding",
            },
            answer_example=_SAMPLE,
        ),
    }

    def rows(self) -> QuerySet:
        return super().rows().filter(kind=Kind.COMPANY)

    def narrowed(self, rows: QuerySet, asked: dict[str, str]) -> QuerySet:
        if status := asked_word(asked, "status", ACCOUNT_STATUS):
            rows = called(rows, ACCOUNT_STATUS, status, self.bounds)
        lowest, highest = (_score(self.request.query_params, name) for name in ("health_min", "health_max"))
        fits = (lowest is None or lowest <= HEALTH) and (highest is None or highest >= HEALTH)
        return rows if fits else rows.none()

    def items(self, rows: Iterable[Customer]) -> list[dict[str, Any]]:
        return [_item(row, self.bounds, self.business.currency) for row in rows]

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        values = self.body(AccountInput)
        values.pop("status_reason", None)
        stage = stage_of(ACCOUNT_STATUS, values.pop("status", "active"))
        made = services.create_customer(
            actor=self.actor,
            business=self.business,
            at=clock.now(),
            kind=Kind.COMPANY,
            lifecycle_stage=stage,
            **_fields(values),
        )
        saw(request, [made.pk])
        customer = Customer.objects.select_related("facts").get(pk=made.pk)
        data = _account(customer, self.bounds, self.business.currency)
        headers = {
            "Location": reverse("compat:account_detail", args=[made.pk]),
            "ETag": tag_of(customer.updated_at, data),
        }
        return Response(data, status=201, headers=headers)


def _score(query: Any, name: str) -> int | None:
    """A health score that a parameter gives. Raises InvalidInput."""
    given = query.get(name)
    if given is None:
        return None
    return 0 if given == "0" else whole(query, name, 0, _HIGHEST)


class AccountDetail(CompatRecord):
    """One account."""

    permissions = {"GET": "customers.view", "PUT": "customers.change", "DELETE": "customers.archive"}
    docs = {
        "GET": Doc("get_account", _("Get an account"), answer=Account, answer_example=_SAMPLE),
        "PUT": Doc(
            "put_account",
            _("Change an account"),
            answer=Account,
            body=AccountInput,
            body_example={"arr": 60000, "status": "at_risk"},
            answer_example=_SAMPLE,
            text=_("Only the fields in the body change. A status that is there already changes nothing."),
        ),
        "DELETE": Doc(
            "archive_account",
            _("Archive an account"),
            status=204,
            text=_("The account leaves lists and searches; nothing is deleted."),
            problems=(409,),
        ),
    }

    def rows(self) -> QuerySet:
        return super().rows().filter(kind=Kind.COMPANY, is_unidentified=False)

    def detail(self, customer: Customer) -> dict[str, Any]:
        return _account(customer, self.bounds, self.business.currency)

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        return self.show()

    def put(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        account, version = self.record, self.asked_version()
        values = self.body(AccountInput, partial=True)
        reason = values.pop("status_reason", "")
        stage = self.stage_for(account, values, {"status": ACCOUNT_STATUS})
        with renamed({"stage": "status", "reason": "status_reason", "display_name": "name", "arr_manual": "arr"}):
            services.update_and_enter(
                actor=self.actor,
                customer=account,
                at=clock.now(),
                version=version,
                stage=stage,
                reason=reason,
                **_fields(values),
            )
        return self.show(Customer.objects.select_related("facts"))

    def delete(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        account, version = self.record, self.asked_version()
        services.archive_customer(actor=self.actor, customer=account, at=clock.now(), version=version)
        return Response(status=204)
