"""/api/crm/customers: customers as a shop's administration calls them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from rest_framework.response import Response

from crm import clock
from crm.access import saw
from crm.api.representation import etag_of
from crm.api.views import Doc, tag_of, version_of_tag
from crm.errors import InvalidInput, NotFound
from crm.filters import bad_parameters
from customers import services
from customers.api.compat import (
    CompatList,
    CompatRecord,
    asked_word,
    list_parameters,
    plain_envelope,
    plain_envelope_sample,
    renamed,
    word_parameter,
)
from customers.api.consents import take_proof
from customers.api.crm_shapes import (
    ITEM,
    MOST_LETTERS,
    NOTE,
    SAMPLE,
    VOCABULARIES,
    CrmCustomer,
    CrmCustomerInput,
    CrmNote,
    CrmNoteInput,
    CrmProfile,
    CrmTagInput,
    item_of,
    note_of,
    tags_by_customer,
)
from customers.models import Customer, Tag
from customers.queries.notes import notes_of
from customers.queries.preferences import preference_of, preferences_of
from customers.queries.projections import CUSTOMER_STATUS, RELATIONSHIP, called

MOST_NOTES = 100
"""How many notes a profile holds."""


class CrmCustomerList(CompatList):
    """Customers of a shop."""

    permissions = {"GET": "customers.view"}
    docs = {
        "GET": Doc(
            "list_crm_customers",
            _("List customers of a shop"),
            answer=plain_envelope("CrmCustomerPage", CrmCustomer),
            answer_example=plain_envelope_sample(ITEM),
            parameters=list_parameters(
                customer_status=(_("Customers of this status."), word_parameter(CUSTOMER_STATUS)),
                lifecycle_stage=(_("Customers in this stage of the relationship."), word_parameter(RELATIONSHIP)),
                tag=(
                    _("Customers with the tag of this name."),
                    {"type": "string", "minLength": 1, "maxLength": MOST_LETTERS},
                ),
            ),
        )
    }

    def rows(self) -> QuerySet:
        return super().rows().select_related("business")

    def narrowed(self, rows: QuerySet, asked: dict[str, str]) -> QuerySet:
        for name, vocabulary in VOCABULARIES.items():
            if word := asked_word(asked, name, vocabulary):
                rows = called(rows, vocabulary, word, self.bounds)
        if "tag" in asked:
            if len(asked["tag"]) > MOST_LETTERS:
                raise bad_parameters({"tag": [_t("Give at most %(number)d characters.") % {"number": MOST_LETTERS}]})
            rows = rows.filter(tag_links__tag__name__iexact=asked["tag"].strip())
        return rows

    def items(self, rows: Iterable[Customer]) -> list[dict[str, Any]]:
        shown = list(rows)
        tags = tags_by_customer(row.pk for row in shown)
        chosen = preferences_of(shown)
        return [item_of(row, self.bounds, tags.get(row.pk, []), chosen[row.pk]) for row in shown]


class CrmCustomerEndpoint(CompatRecord):
    """One customer of a shop."""

    abstract = True

    def rows(self) -> QuerySet:
        return super().rows().filter(is_unidentified=False)

    def detail(self, customer: Customer) -> dict[str, Any]:
        preference = preference_of(customer)
        self._changed_at = max(customer.updated_at, preference.updated_at)
        return {
            **item_of(customer, self.bounds, tags_by_customer([customer.pk]).get(customer.pk, []), preference),
            "segments": [],
            "notes": [
                note_of(note)
                for note in notes_of(customer).prefetch_related(None).order_by("-created_at", "-pk")[:MOST_NOTES]
            ],
            "interactions": [],
        }

    def changed_at_of(self, customer: Customer) -> datetime:
        """Of the customer or its preferences, whichever changed last."""
        return self._changed_at

    def changed_at(self) -> datetime:
        return max(self.record.updated_at, preference_of(self.record).updated_at)


class CrmCustomerDetail(CrmCustomerEndpoint):
    permissions = {"GET": "customers.view", "PUT": "customers.change"}
    docs = {
        "GET": Doc("get_crm_customer", _("Get a customer of a shop"), answer=CrmProfile, answer_example=SAMPLE),
        "PUT": Doc(
            "put_crm_customer",
            _("Change a customer of a shop"),
            answer=CrmProfile,
            body=CrmCustomerInput,
            body_example={"customer_status": "churned", "phone": "+44 20 7946 0018"},
            answer_example=SAMPLE,
            text=_(
                "Only the fields in the body change; what is turned on of the preferences needs consent: a valid record, or evidence in "
                "this body, which is recorded. A status or stage that is there already changes nothing; lead, loyal and inactive "
                "follow from orders and the archive, and can't be set."
            ),
        ),
    }

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        return self.show()

    def put(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        customer, versions = self.record, self.asked_versions()
        values = self.body(CrmCustomerInput, partial=True)
        proof = take_proof(values)
        wishes = dict(values.pop("communication_preferences", {}))
        if "preferred_contact_method" in values:
            wishes["preferred_channel"] = values.pop("preferred_contact_method")
        reason = values.pop("status_reason", "")
        field = "customer_status" if "customer_status" in values else "lifecycle_stage"
        stage = self.stage_for(customer, values, VOCABULARIES)
        names = {"name": "display_name", "acquisition_date": "acquired_on"}
        data = {names.get(name, name): value for name, value in values.items()}
        if data.get("acquisition_source", "") is None:
            data["acquisition_source"] = ""
        inward = {own: given for given, own in names.items()}
        with renamed({**inward, "stage": field, "reason": "status_reason"}):
            services.update_enter_and_wish(
                actor=self.actor, customer=customer, at=clock.now(), versions=versions, stage=stage, reason=reason,
                wishes=wishes, proof=proof, **data,
            )  # fmt: skip
        return self.show(Customer.objects.select_related("facts", "business"))

    def asked_versions(self) -> tuple[str | None, str | None]:
        """The versions of the customer and of its preferences that `If-Match` names."""
        asked, customer = self.asked_version(), self.record
        chosen_at = preference_of(customer).updated_at
        if asked is None or asked != version_of_tag(etag_of(max(customer.updated_at, chosen_at))):
            return asked, None
        return version_of_tag(etag_of(customer.updated_at)), version_of_tag(etag_of(chosen_at))


class CrmCustomerTags(CrmCustomerEndpoint):
    permissions = {"POST": "customers.change"}
    docs = {
        "POST": Doc(
            "tag_crm_customer",
            _("Put tags on a customer of a shop"),
            answer=CrmProfile,
            body=CrmTagInput,
            body_example={"tags": ["VIP"]},
            answer_example=SAMPLE,
        )
    }

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        customer = self.record
        values = self.body(CrmTagInput)
        if not values:
            raise InvalidInput({"tags": [str(_("Name at least one tag."))]})
        ids = values.get("tag_ids", [])
        known = list(Tag.objects.filter(pk__in=ids))
        if len(known) < len(set(ids)):
            raise InvalidInput({"tag_ids": [str(_("There is no such tag in this business."))]})
        services.tag_with_all(actor=self.actor, customer=customer, tags=[*known, *values.get("tags", [])])
        return self.show()


class CrmCustomerNotes(CrmCustomerEndpoint):
    permissions = {"POST": "customers.change"}
    docs = {
        "POST": Doc(
            "create_crm_note",
            _("Write a note on a customer of a shop"),
            answer=CrmNote,
            body=CrmNoteInput,
            status=201,
            body_example={"content": "Asked for the yearly plan.", "note_type": "sales"},
            answer_example=NOTE,
        )
    }

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        customer = self.record
        note = services.add_note(actor=self.actor, customer=customer, at=clock.now(), **self.body(CrmNoteInput))
        saw(request, [customer.pk])
        data = note_of(note)
        headers = {"Location": reverse("api:note_detail", args=[note.pk]), "ETag": tag_of(note.updated_at, data)}
        return Response(data, status=201, headers=headers)


class CrmCustomerTag(CrmCustomerEndpoint):
    permissions = {"DELETE": "customers.change"}
    docs = {
        "DELETE": Doc(
            "untag_crm_customer",
            _("Take a tag from a customer of a shop"),
            status=204,
            text=_("Taking away a tag that the customer doesn't have changes nothing."),
        )
    }

    def delete(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        customer = self.record
        tag = Tag.objects.filter(pk=self.kwargs["tag"]).first()
        if tag is None:
            raise NotFound
        services.untag_customer(actor=self.actor, customer=customer, tag=tag)
        saw(request, [customer.pk])
        return Response(status=204)
