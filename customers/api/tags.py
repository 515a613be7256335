"""Endpoints of tags: their definitions, and those on one customer."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.response import Response

from crm.access import saw
from crm.api.fields import Id, Input, Text
from crm.api.lists import ListEndpoint, envelope, envelope_sample
from crm.api.representation import Representation, Shown
from crm.api.views import Doc, RecordEndpoint, tag_of
from crm.errors import NotFound
from crm.paging import Sort
from customers import services
from customers.api.ground import ShowsCustomers
from customers.models import Customer, Tag
from customers.queries import tags_of
from customers.services.tags import MOST_TAGS

TAG = Representation(
    "Tag",
    [
        Shown("id", "id", "id"),
        Shown("name", "name", "text", _("Name"), example="VIP"),
        Shown("color", "color", "text", _("Color"), example="#2563eb"),
        Shown("description", "description", "text", _("What it means and who gets it")),
        Shown("created_by", "created_by", "user", _("The member who made it"), nullable=True),
        Shown("created_at", "created_at", "datetime", _("Added")),
        Shown("updated_at", "updated_at", "datetime", _("Changed")),
    ],
)
_ANSWER, _SAMPLE = TAG.serializer(), TAG.sample()
_BODY = {"name": "VIP", "color": "#2563eb"}


class TagId(Id):
    """The id of a tag of the business; becomes the tag."""

    default_error_messages = {"unknown_id": _("There is no such tag in this business.")}

    def to_internal_value(self, data: Any) -> Any:
        pk = super().to_internal_value(data)
        return Tag.objects.filter(pk=pk).first() or self.fail("unknown_id")


class TagInput(Input):
    """What may be entered of a tag."""

    computed = frozenset(TAG.shown) - {"name", "color", "description"}

    name = Text(max_length=60)
    color = serializers.RegexField(
        r"^#[0-9A-Fa-f]{6}$", required=False, help_text=_("As #64748b; the next of a palette when left out.")
    )
    description = Text(max_length=300, allow_blank=True, required=False)


class MergeTagInput(Input):
    into = TagId(help_text=_("The tag that stays."))


class CustomerTagInput(Input):
    """A tag, by its id or by its name."""

    tag = TagId(required=False)
    name = Text(max_length=60, required=False, help_text=_("Made when there is none, by those who may manage tags."))

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1:
            raise ValidationError({"tag": [ErrorDetail(str(_("Give either a tag or a name.")), code="required")]})
        return attrs


class CustomerTagsInput(Input):
    tags = serializers.ListField(child=TagId(), max_length=MOST_TAGS, help_text=_("Ids of all tags of the customer."))


class TagList(ListEndpoint):
    """Tags by their names, and adding one."""

    tag = "Tags"
    representation = TAG
    sorts = {"name": Sort("name", "name"), "created_at": Sort("created_at", "created_at", descending_first=True)}
    default_sort = "name"
    has_version = True
    permissions = {"GET": "customers.view", "POST": "customers.manage_tags"}
    docs = {
        "GET": Doc("list_tags", _("List tags"), answer=envelope(TAG), answer_example=envelope_sample(TAG)),
        "POST": Doc(
            "create_tag", _("Add a tag"), answer=_ANSWER, body=TagInput, status=201, body_example=_BODY, answer_example=_SAMPLE
        ),
    }  # fmt: skip

    def rows(self) -> QuerySet:
        return Tag.objects.all()

    def post(self, request: Any) -> Response:
        self.refuse_parameters()
        tag = services.create_tag(actor=self.actor, business=self.business, **self.body(TagInput))
        row = TAG.one(Tag.objects.all(), tag.pk)
        data = TAG.of(row, self.business)
        headers = {"Location": reverse("api:tag_detail", args=[tag.pk]), "ETag": tag_of(row["updated_at"], data)}
        return Response(data, status=201, headers=headers)


class TagEndpoint(RecordEndpoint):
    """One tag."""

    abstract = True
    tag = "Tags"
    representation = TAG
    has_version = True

    def rows(self) -> QuerySet:
        return Tag.objects.select_related("business")


class TagDetail(TagEndpoint):
    permissions = {"GET": "customers.view", "PATCH": "customers.manage_tags", "DELETE": "customers.manage_tags"}
    docs = {
        "GET": Doc("get_tag", _("Get a tag"), answer=_ANSWER, answer_example=_SAMPLE),
        "PATCH": Doc(
            "change_tag", _("Change a tag"), answer=_ANSWER, body=TagInput, body_example={"color": "#15803d"}, answer_example=_SAMPLE
        ),
        "DELETE": Doc("delete_tag", _("Delete a tag and take it from all customers"), status=204),
    }  # fmt: skip

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        return self.show()

    def patch(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        tag, version = self.record, self.asked_version()
        services.update_tag(actor=self.actor, tag=tag, version=version, **self.body(TagInput, partial=True))
        return self.show()

    def delete(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        services.delete_tag(actor=self.actor, tag=self.record, version=self.asked_version())
        return Response(status=204)


class TagMerge(TagEndpoint):
    permissions = {"POST": "customers.manage_tags"}
    docs = {
        "POST": Doc(
            "merge_tag",
            _("Merge a tag into another"),
            answer=_ANSWER,
            body=MergeTagInput,
            body_example={"into": _SAMPLE["id"]},
            answer_example=_SAMPLE,
            text=_("Its customers get the other tag, which is the answer; the tag itself is deleted."),
        )
    }

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        kept = services.merge_tags(actor=self.actor, tag=self.record, **self.body(MergeTagInput))
        self.kwargs["id"] = kept.pk
        return self.show()


def _listed(tags: Iterable[Tag]) -> dict[str, Any]:
    return {"data": [{"id": tag.pk, "name": tag.name, "color": tag.color} for tag in tags]}


class PutOn(serializers.Serializer):
    """A tag on a customer."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    color = serializers.CharField()


class PutOnList(serializers.Serializer):
    """The tags of a customer, by their names."""

    data = PutOn(many=True)  # type: ignore[assignment]  # a field of the answer


_PUT_ON = {"data": [{key: _SAMPLE[key] for key in ("id", "name", "color")}]}


class CustomerTagsEndpoint(ShowsCustomers, RecordEndpoint):
    """The tags of one customer that the caller may see."""

    abstract = True
    tag = "Tags"

    def rows(self) -> QuerySet:
        return Customer.objects.visible_to(self.actor).select_related("business")

    def tags(self, status: int = 200) -> Response:
        saw(self.request, [self.record.pk])
        return Response(_listed(tags_of(self.record)), status=status)


class CustomerTags(CustomerTagsEndpoint):
    permissions = {"GET": "customers.view", "POST": "customers.change", "PUT": "customers.change"}
    docs = {
        "GET": Doc("list_customer_tags", _("List the tags of a customer"), answer=PutOnList, answer_example=_PUT_ON),
        "POST": Doc(
            "tag_customer",
            _("Put a tag on a customer"),
            answer=PutOnList,
            body=CustomerTagInput,
            body_example={"name": "VIP"},
            answer_example=_PUT_ON,
            text=_(
                "Answers all tags of the customer. One that is there already stays; new names need customers.manage_tags."
            ),
        ),
        "PUT": Doc(
            "set_customer_tags",
            _("Give a customer these tags and no others"),
            answer=PutOnList,
            body=CustomerTagsInput,
            body_example={"tags": [_SAMPLE["id"]]},
            answer_example=_PUT_ON,
        ),
    }

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        return self.tags()

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        customer, values = self.record, self.body(CustomerTagInput)
        services.tag_customer(actor=self.actor, customer=customer, **values)
        return self.tags()

    def put(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        customer = self.record
        services.set_tags(actor=self.actor, customer=customer, **self.body(CustomerTagsInput))
        return self.tags()


class CustomerTagDetail(CustomerTagsEndpoint):
    permissions = {"DELETE": "customers.change"}
    docs = {"DELETE": Doc("untag_customer", _("Take a tag from a customer"), status=204)}

    def delete(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        self.refuse_parameters()
        tag = Tag.objects.filter(pk=self.kwargs["tag"]).first()
        customer = self.record
        if tag is None or not services.untag_customer(actor=self.actor, customer=customer, tag=tag):
            raise NotFound
        return Response(status=204)
