"""The tab Files of the profile: what is kept with a customer, downloads, and what is done to one file."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import clock, paging
from crm.access import saw
from crm.downloads import download
from crm.pages import DeedPage, FormPage, Page
from crm.paging import Sort
from customers import queries, services
from customers.forms.notes import FileForm
from customers.models import Attachment
from customers.views.profile import OneCustomer, ProfilePage, address_with, one_of

NEWEST_FIRST = Sort("created_at", "created_at", descending_first=True)
REMOVED = "removed"
_PAGE = 25
_ICONS = {
    "image": "image", "text/csv": "file-spreadsheet", "spreadsheet": "file-spreadsheet", "message": "mail", "presentation": "presentation",
}  # fmt: skip


def file_icon(content_type: str) -> str:
    """The drawing for files of the type."""
    return next((icon for part, icon in _ICONS.items() if part in content_type), "file-text")


class CustomerFiles(ProfilePage):
    """The files kept with the customer, newest first; with `?show=removed` those that can be brought back."""

    permission = "customers.view"
    title = gettext_lazy("Files of a customer")
    template_name = "customers/customer_files.html"
    tab = "files"

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        customer, asked = self.customer, request.GET
        is_removed = one_of(asked, "show", {REMOVED: ""}) == REMOVED
        cursor = asked.get("cursor", "")
        rows = queries.files_of(customer, removed=is_removed)
        slice_ = paging.page(rows, NEWEST_FIRST, descending=True, cursor=cursor, limit=_PAGE)
        choices = [
            {
                "label": label,
                "href": address_with(asked, show=key, cursor=""),
                "current": (key == REMOVED) == is_removed,
            }
            for key, label in (("", _("Kept")), (REMOVED, _("Removed")))
        ]
        return self.show(
            files=[{"file": row, "icon": file_icon(row.content_type)} for row in slice_.rows], choices=choices,
            may_change=self.may_change(), is_removed=is_removed, is_narrowed=bool(is_removed or cursor),
            form=FileForm(actor=self.actor, business=self.business) if self.may_change() and not is_removed else None,
            create_href=reverse("customers:file_create", args=[customer.pk]),
            older_href=address_with(asked, cursor=slice_.next) if slice_.next else "",
            first_href=address_with(asked, cursor="") if cursor else "",
        )  # fmt: skip


class FileCreate(OneCustomer, FormPage):
    permission = "customers.change"
    title = gettext_lazy("Add files")
    submit_label = gettext_lazy("Add files")
    success_message = gettext_lazy("The files were added.")
    form_class = FileForm

    def get_title(self) -> Any:
        return _("Add files for %(customer)s") % {"customer": self.customer}

    def perform(self, *, file: Any = (), description: str = "", **data: Any) -> Any:
        return services.attach_files(
            actor=self.actor, customer=self.customer, files=file, at=clock.now(), description=description
        )

    def profile_href(self) -> str:
        return reverse("customers:customer_files", args=[self.kwargs["pk"]])


class OneFile(Page):
    """A page about one file of a customer that the actor may see; 404 for any other."""

    abstract = True
    permission = ""

    @cached_property
    def file(self) -> Attachment:
        found: Attachment = self.one(self.rows())
        saw(self.request, [found.customer_id])
        return found

    def rows(self) -> QuerySet[Any]:
        rows = Attachment.objects.visible_to(self.actor).select_related("customer", "business")
        return rows.filter(removed_at__isnull=True)

    def tab_href(self) -> str:
        return reverse("customers:customer_files", args=[self.file.customer_id])

    def breadcrumbs(self) -> list[dict[str, str]]:
        customer = self.file.customer
        return [
            {"label": _("Customers"), "href": reverse("customers:customer_list")},
            {"label": str(customer), "href": reverse("customers:customer_detail", args=[customer.pk])},
            {"label": _("Files"), "href": self.tab_href()},
        ]

    def text(self) -> Any:
        return self.file.file_name

    def cancel_href(self) -> str:
        return self.tab_href()

    def success_url(self, result: Attachment) -> str:
        return self.tab_href()


class FileDownload(OneFile):
    permission = "customers.view"
    title = gettext_lazy("Download a file of a customer")

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        file = self.file
        return download(file.file, name=file.file_name, content_type=file.content_type)


class FileRemove(OneFile, DeedPage):
    permission = "customers.change"
    title = gettext_lazy("Remove a file")
    submit_label = gettext_lazy("Remove")
    danger = True

    def consequences(self) -> list[Any]:
        return [_("For 30 days it can be brought back; then it is deleted for good.")]

    def perform(self) -> Attachment:
        return services.remove_file(actor=self.actor, attachment=self.file, at=clock.now())

    def success_url(self, result: Attachment) -> str:
        href = reverse("customers:file_restore", args=[result.pk])
        words = format_html('{} <a href="{}">{}</a>', _("The file was removed."), href, _("Bring it back"))
        messages.success(self.request, words)
        return self.tab_href()


class FileRestore(OneFile, DeedPage):
    permission = "customers.change"
    title = gettext_lazy("Bring a file back")
    submit_label = gettext_lazy("Bring back")
    success_message = gettext_lazy("The file is back.")

    def rows(self) -> QuerySet[Any]:
        return Attachment.objects.visible_to(self.actor).select_related("customer", "business")

    def perform(self) -> Attachment:
        return services.restore_file(actor=self.actor, attachment=self.file)
