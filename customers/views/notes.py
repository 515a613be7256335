"""The tab Notes of the profile, and what is done to one note."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_htmx.http import reselect, reswap, retarget

from crm import clock, paging
from crm.access import saw
from crm.forms import DeedForm
from crm.markdown import plain, rendered
from crm.pages import DeedPage, FormPage, Page
from crm.paging import Sort
from customers import queries, services
from customers.choices import NoteType
from customers.forms.notes import NoteEditForm, NoteForm, note_initial
from customers.models import Note
from customers.queries.notes import active_members, mention_words, untold
from customers.services.notes import may_edit
from customers.views.profile import OneCustomer, ProfilePage, address_with, one_of

NEWEST_FIRST = Sort("created_at", "created_at", descending_first=True)
REMOVED = "removed"
_PAGE = 20
_MOST_NAMES = 200


class CustomerNotes(ProfilePage):
    """The notes on the customer: pinned ones first, then the newest; with `?type=removed` those that were taken away."""

    permission = "customers.view"
    title = gettext_lazy("Notes on a customer")
    template_name = "customers/customer_notes.html"
    tab = "notes"

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        customer, asked = self.customer, request.GET
        types = {str(value): label for value, label in NoteType.choices} | {REMOVED: _("Removed")}
        type = one_of(asked, "type", types)
        rows = queries.notes_of(customer, removed=type == REMOVED)
        if type and type != REMOVED:
            rows = rows.filter(note_type=type)
        cursor = asked.get("cursor", "")
        pinned = list(rows.filter(is_pinned=True).order_by("-created_at", "-pk")) if not cursor else []
        slice_ = paging.page(rows.filter(is_pinned=False), NEWEST_FIRST, descending=True, cursor=cursor, limit=_PAGE)
        choices = [
            {"label": label, "href": address_with(asked, type=key, cursor=""), "current": key == type}
            for key, label in [("", _("All")), *types.items()]
        ]
        return self.show(
            notes=[self.shown(note) for note in [*pinned, *slice_.rows]], choices=choices, is_narrowed=bool(type or cursor),
            form=note_form(self) if self.may_change() and type != REMOVED else None,
            create_href=reverse("customers:note_create", args=[customer.pk]),
            older_href=address_with(asked, cursor=slice_.next) if slice_.next else "",
            first_href=address_with(asked, cursor="") if cursor else "",
        )  # fmt: skip

    def shown(self, note: Note) -> dict[str, Any]:
        """A note as the template shows it, with what this person may do to it."""
        may = self.may_change()
        is_own = may and may_edit(self.actor, note)
        return {
            "note": note, "html": rendered(note.content), "files": list(note.attachments.all()),
            "may_pin": may and note.removed_at is None, "may_edit": is_own and note.removed_at is None,
            "may_restore": is_own and note.removed_at is not None,
        }  # fmt: skip


def note_form(page: Page, data: Any = None, files: Any = None, initial: Any = None) -> NoteForm:
    """The form of a new note on the page's customer."""
    people = reverse("customers:note_people", args=[page.kwargs["pk"]])
    customer = page.customer  # type: ignore[attr-defined]  # a page of one customer
    return NoteForm(
        data, files, initial=initial, actor=page.actor, business=page.business, customer=customer, mentions_href=people
    )


class _TellsWhoWasNotTold(FormPage):
    """Says, after a note was written, whom it names in vain."""

    abstract = True
    permission = ""

    def success_url(self, result: Note) -> str:
        names = untold(result)
        if names:
            messages.warning(
                self.request,
                _("Not told, as they may not see this customer: %(names)s.") % {"names": ", ".join(names)},
            )
        return f"{reverse('customers:customer_notes', args=[result.customer_id])}#note-{result.pk}"


class NoteCreate(OneCustomer, _TellsWhoWasNotTold):
    permission = "customers.change"
    title = gettext_lazy("Add a note")
    submit_label = gettext_lazy("Add note")
    success_message = gettext_lazy("The note was added.")

    def get_title(self) -> Any:
        return _("Add a note on %(customer)s") % {"customer": self.customer}

    def form(self, data: Any = None, files: Any = None) -> DeedForm:
        """The form; with `?contact=` of the address, about that contact."""
        return note_form(self, data, files, {"contact": self.request.GET.get("contact", "")})

    def perform(self, **data: Any) -> Note:
        return services.add_note(actor=self.actor, customer=self.customer, at=clock.now(), **data)

    def profile_href(self) -> str:
        return reverse("customers:customer_notes", args=[self.kwargs["pk"]])

    def success_url(self, result: Note) -> str:
        return _TellsWhoWasNotTold.success_url(self, result)


class NotePeople(OneCustomer):
    """The members who can be named with @, as the field of a note offers them."""

    permission = "customers.change"
    title = gettext_lazy("Who can be named in a note")
    template_name = "customers/_note_people.html"
    fragment = True

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        members = active_members(self.customer.business_id)[:_MOST_NAMES]
        taken: dict[str, int] = {}
        for member in members:
            for word in mention_words(member):
                taken[word] = taken.get(word, 0) + 1
        people = [
            {"name": str(member.user), "email": member.user.email, "word": word}
            for member in members
            if (word := next((word for word in mention_words(member) if taken[word] == 1), ""))
        ]
        return self.show(people=people)


class OneNote(Page):
    """A page about one note on a customer that the actor may see; 404 for any other."""

    abstract = True
    permission = ""

    @cached_property
    def note(self) -> Note:
        found: Note = self.one(self.rows())
        saw(self.request, [found.customer_id])
        return found

    def rows(self) -> QuerySet[Any]:
        return (
            Note.objects.visible_to(self.actor).select_related("customer", "business").filter(removed_at__isnull=True)
        )

    def tab_href(self) -> str:
        return reverse("customers:customer_notes", args=[self.note.customer_id])

    def breadcrumbs(self) -> list[dict[str, str]]:
        customer = self.note.customer
        return [
            {"label": _("Customers"), "href": reverse("customers:customer_list")},
            {"label": str(customer), "href": reverse("customers:customer_detail", args=[customer.pk])},
            {"label": _("Notes"), "href": self.tab_href()},
        ]

    def text(self) -> Any:
        return f"“{plain(self.note.content)}”"

    def cancel_href(self) -> str:
        return self.tab_href()

    def success_url(self, result: Note) -> str:
        return f"{self.tab_href()}#note-{self.note.pk}"


class NoteUpdate(OneNote, _TellsWhoWasNotTold):
    """A page with the note; asked for by the tab, the form alone, which it shows in the place of the note."""

    permission = "customers.change"
    title = gettext_lazy("Edit a note")

    def initial(self) -> dict[str, Any]:
        return note_initial(self.note)

    def form(self, data: Any = None, files: Any = None) -> DeedForm:
        return NoteEditForm(
            data, files, initial=self.initial(), actor=self.actor, business=self.business, note=self.note,
            mentions_href=reverse("customers:note_people", args=[self.note.customer_id]),
            auto_id="in-place-%s" if self.request.htmx else "id_%s",
        )  # fmt: skip

    def perform(self, **data: Any) -> Note:
        return services.edit_note(actor=self.actor, note=self.note, at=clock.now(), **data)

    def success_url(self, result: Note) -> str:
        return _TellsWhoWasNotTold.success_url(self, result)

    def show_form(self, form: DeedForm, status: int = 200) -> HttpResponse:
        if not self.request.htmx:
            return super().show_form(form, status)
        answer = self.show(
            "customers/_note_form.html", status, form=form, note=self.note, cancel_href=self.cancel_href()
        )
        if self.request.method == "POST":  # a saved note brings the whole tab, a refused one this form again
            answer = reselect(reswap(retarget(answer, "#in-place"), "outerHTML"), "#in-place")
        return answer


class NotePin(OneNote, DeedPage):
    permission = "customers.change"
    title = gettext_lazy("Pin a note")
    submit_label = gettext_lazy("Pin to the top")
    is_pinned = True

    def perform(self) -> Note:
        return services.edit_note(actor=self.actor, note=self.note, at=clock.now(), is_pinned=self.is_pinned)


class NoteUnpin(NotePin):
    permission = "customers.change"
    title = gettext_lazy("Unpin a note")
    submit_label = gettext_lazy("Unpin")
    is_pinned = False


class NoteRemove(OneNote, DeedPage):
    permission = "customers.change"
    title = gettext_lazy("Remove a note")
    submit_label = gettext_lazy("Remove")
    danger = True

    def consequences(self) -> list[Any]:
        return [_("It goes from the tab and the timeline. You can bring it back.")]

    def perform(self) -> Note:
        return services.remove_note(actor=self.actor, note=self.note, at=clock.now())

    def success_url(self, result: Note) -> str:
        href = reverse("customers:note_restore", args=[result.pk])
        words = format_html('{} <a href="{}">{}</a>', _("The note was removed."), href, _("Bring it back"))
        messages.success(self.request, words)
        return self.tab_href()


class NoteRestore(OneNote, DeedPage):
    permission = "customers.change"
    title = gettext_lazy("Bring a note back")
    submit_label = gettext_lazy("Bring back")
    success_message = gettext_lazy("The note is back.")

    def rows(self) -> QuerySet[Any]:
        return Note.objects.visible_to(self.actor).select_related("customer", "business")

    def perform(self) -> Note:
        return services.restore_note(actor=self.actor, note=self.note)
