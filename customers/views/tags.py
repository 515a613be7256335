"""Tags: the settings page, and putting them on a customer."""

from collections.abc import Sequence
from typing import Any, cast

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm import formats
from crm.errors import NotFound
from crm.forms import DeedForm, version_of
from crm.pages import DeedPage, FormPage
from crm.tables import Column, build_table
from crm.templatetags import ui
from crm.views.settings import SettingsPart
from customers import services
from customers.forms import CustomerTagForm, TagForm, TagMergeForm, tag_initial
from customers.models import CustomerTag, Tag
from customers.queries import customers_by_tag, tags_of
from customers.tables import tag_chip
from customers.views.profile import OneCustomer


class TagList(SettingsPart):
    permission = "customers.manage_tags"
    title = gettext_lazy("Tags")
    description = gettext_lazy("Words that customers are marked with, and filtered by.")
    template_name = "crm/table.html"

    def actions(self) -> list[dict[str, Any]]:
        return self.action(
            "customers.manage_tags", _("Add tag"), reverse("customers:tag_create"), icon="plus", kind="primary"
        )

    def columns(self) -> Sequence[Column]:
        counts = customers_by_tag(self.actor)
        shown = reverse("customers:customer_list")
        return [
            Column("name", _("Name"), lambda row: tag_chip(row.name, row.color)),
            Column("description", _("Description"), lambda row: ui.user_text(row.description) if row.description else ""),
            Column(
                "customers", _("Customers"), align="end",
                cell=lambda row: format_html('<a href="{}?tag={}">{}</a>', shown, row.pk, ui.number(counts.get(row.pk, 0))),
                hint=_("Live customers that you may see."),
            ),
            Column("created_at", _("Added"), lambda row: ui.when(row.created_at, "day")),
        ]  # fmt: skip

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        href = lambda row: reverse("customers:tag_update", args=[row.pk])  # noqa: E731 - one line, used once
        table = build_table(
            self.columns(), Tag.objects.all(), query=request.GET, sort="", caption=self.title, href=href
        )
        text = _("A tag is a word for customers that belong together for a while: VIP, trade fair, waiting list.")
        return self.show(table=table, empty={"icon": "tag", "title": _("No tags yet"), "text": text})


class TagPart(SettingsPart):
    """A page below Tags."""

    abstract = True
    permission = ""

    @cached_property
    def record(self) -> Tag:
        return cast(Tag, self.one(Tag.objects.all()))

    def breadcrumbs(self) -> list[dict[str, str]]:
        return [*super().breadcrumbs(), {"label": _("Tags"), "href": reverse("customers:tag_list")}]

    def cancel_href(self) -> str:
        return reverse("customers:tag_list")

    def success_url(self, result: Any) -> str:
        return reverse("customers:tag_list")

    def customers_in_words(self) -> str:
        """On how many customers the tag is, whoever sees them."""
        count = CustomerTag.objects.filter(tag=self.record).count()
        return ngettext("%(count)s customer", "%(count)s customers", count) % {"count": formats.number(count)}


class TagCreate(TagPart, FormPage):
    permission = "customers.manage_tags"
    title = gettext_lazy("Add tag")
    form_class = TagForm
    submit_label = gettext_lazy("Add tag")
    success_message = gettext_lazy("The tag was added.")

    def perform(self, *, version: str = "", **data: Any) -> Tag:
        return services.create_tag(actor=self.actor, business=self.business, **data)


class TagUpdate(TagPart, FormPage):
    permission = "customers.manage_tags"
    form_class = TagForm
    success_message = gettext_lazy("Saved.")

    def get_title(self) -> Any:
        return self.record.name

    def actions(self) -> list[dict[str, Any]]:
        pk = self.record.pk
        return [
            *self.action("customers.manage_tags", _("Merge"), reverse("customers:tag_merge", args=[pk]), icon="merge"),
            *self.action(
                "customers.manage_tags", _("Delete"), reverse("customers:tag_delete", args=[pk]), icon="trash-2"
            ),
        ]

    def initial(self) -> dict[str, Any]:
        return {**tag_initial(self.record), "version": version_of(self.record)}

    def perform(self, **data: Any) -> Tag:
        return services.update_tag(actor=self.actor, tag=self.record, **data)


class TagMerge(TagPart, FormPage):
    permission = "customers.manage_tags"
    submit_label = gettext_lazy("Merge")
    success_message = gettext_lazy("The tags are one now.")

    def get_title(self) -> Any:
        return _("Merge “%(name)s” into another tag") % {"name": self.record.name}

    def context(self, **extra: Any) -> dict[str, Any]:
        words = _("It is replaced at %(count)s, and then deleted. This can't be undone.")
        self.description = words % {"count": self.customers_in_words()}
        return super().context(**extra)

    def form(self, data: Any = None, files: Any = None) -> DeedForm:
        return TagMergeForm(data, files, tag=self.record, actor=self.actor, business=self.business)

    def perform(self, **data: Any) -> Tag:
        return services.merge_tags(actor=self.actor, tag=self.record, **data)


class TagDelete(TagPart, DeedPage):
    permission = "customers.manage_tags"
    submit_label = gettext_lazy("Delete")
    success_message = gettext_lazy("The tag was deleted.")
    danger = True

    def get_title(self) -> Any:
        return _("Delete the tag “%(name)s”?") % {"name": self.record.name}

    def consequences(self) -> list[Any]:
        return [
            _("It is taken from %(count)s.") % {"count": self.customers_in_words()},
            _("Saved views that filter by it find nobody."),
        ]

    def perform(self) -> int:
        return services.delete_tag(actor=self.actor, tag=self.record)


class TagsPart(OneCustomer):
    """The tags of a customer; asked for by the profile, its line of tags alone."""

    abstract = True
    permission = ""

    def get_title(self) -> Any:
        return _("Tags of %(name)s") % {"name": self.customer}

    def context(self, **extra: Any) -> dict[str, Any]:
        return super().context(tags=tags_of(self.customer), may_tag=True, **extra)

    def done(self, status: int = 200, error: str = "") -> HttpResponse:
        """The line of tags as it is now, or the profile."""
        if self.request.htmx:
            return self.show("customers/_tags.html", status, tag_error=error)
        return HttpResponseRedirect(self.profile_href())


class CustomerTags(TagsPart, FormPage):
    permission = "customers.change"
    title = gettext_lazy("Tags of a customer")
    form_class = CustomerTagForm
    template_name = "customers/customer_tags.html"
    submit_label = gettext_lazy("Add tag")

    def perform(self, **data: Any) -> bool:
        return services.tag_customer(actor=self.actor, customer=self.customer, **data)

    def post(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        answer = super().post(request, *args, **kwargs)
        return self.done() if answer.status_code == 302 else answer

    def show_form(self, form: DeedForm, status: int = 200) -> HttpResponse:
        if self.request.htmx and status != 200:
            faults = " ".join(str(fault) for faults in form.errors.values() for fault in faults)
            return self.done(status, faults)
        return super().show_form(form, status)


class CustomerTagRemove(TagsPart, DeedPage):
    permission = "customers.change"
    title = gettext_lazy("Take a tag from a customer")
    submit_label = gettext_lazy("Take it away")

    @cached_property
    def record(self) -> Tag:
        found: Tag | None = Tag.objects.filter(pk=self.kwargs["tag"]).first()
        if found is None:
            raise NotFound
        return found

    def get_title(self) -> Any:
        return _("Take “%(tag)s” from %(name)s?") % {"tag": self.record.name, "name": self.customer}

    def perform(self) -> bool:
        return services.untag_customer(actor=self.actor, customer=self.customer, tag=self.record)

    def post(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        answer = super().post(request, *args, **kwargs)
        return self.done() if answer.status_code == 302 else answer


class CustomerTagOptions(TagsPart):
    """The names that are offered while somebody types a tag."""

    permission = "customers.change"
    title = gettext_lazy("Names of tags")
    fragment = True

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        put_on = {tag.pk for tag in tags_of(self.customer)}
        names = [name for pk, name in Tag.objects.values_list("pk", "name")[:500] if pk not in put_on]
        return self.show("customers/_options.html", options=names)
