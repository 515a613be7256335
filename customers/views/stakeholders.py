"""The contacts tab of a company: the list, how well the people are covered, and the map of influence and sentiment."""

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm import charts, clock
from crm.errors import NotFound
from crm.tables import build_table
from crm.templatetags import ui
from customers.choices import ContactRole, Influence, Kind, Sentiment
from customers.models import Contact
from customers.queries.contacts import (
    Coverage,
    stakeholder_coverage,
)
from customers.tables import FEELINGS, contact_columns, contact_href
from customers.views.profile import ProfilePage

MOST_LISTED = 100
"""How many contacts the tab of a company lists; the list of contacts has all."""
# What stands on the map for each role.
LETTERS = {
    ContactRole.DECISION_MAKER: gettext_lazy("D"),
    ContactRole.INFLUENCER: gettext_lazy("I"),
    ContactRole.CHAMPION: gettext_lazy("C"),
    ContactRole.USER: gettext_lazy("U"),
    ContactRole.BLOCKER: gettext_lazy("B"),
    ContactRole.EXECUTIVE_SPONSOR: gettext_lazy("S"),
}


class CustomerContacts(ProfilePage):
    """The people at a company: the list, how well they are covered, and the map of influence and sentiment."""

    permission = "customers.view"
    title = gettext_lazy("Contacts of a company")
    template_name = "customers/customer_contacts.html"
    tab = "contacts"

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        company = self.customer
        if company.kind != Kind.COMPANY:
            raise NotFound
        at = clock.now()
        coverage = stakeholder_coverage(company, at)
        by_name = sorted(coverage.contacts, key=lambda c: (c.sort_name, str(c.pk)))
        left = Contact.objects.filter(customer=company, archived_at__isnull=False).order_by("-archived_at", "pk")[:20]
        may = self.actor.may("customers.change", self.business)
        table = build_table(
            contact_columns(company=False, sorted_by=False), by_name[:MOST_LISTED], query=request.GET, sort="",
            caption=_("Contacts of %(company)s") % {"company": company}, href=contact_href,
        )  # fmt: skip
        return self.show(
            table=table, figures=coverage_figures(coverage, company), chart=stakeholder_map(coverage) if by_name else None,
            legend=[(LETTERS[role], role.label) for role in ContactRole], untouched=coverage.untouched, left=list(left),
            all_href=f"{reverse('customers:contact_list')}?customer={company.pk}" if len(by_name) > MOST_LISTED else "",
            add_href=reverse("customers:contact_create", args=[company.pk]) if may and not company.is_archived else "",
        )  # fmt: skip


def stakeholder_map(coverage: Coverage) -> charts.Chart:
    """The live contacts by sentiment and influence, with lines to whom each reports; the table says the same."""
    contacts = coverage.contacts
    places = [
        charts.Place(
            str(c.pk), None if c.sentiment is None else c.sentiment + 2, None if c.influence is None else c.influence - 1,
            ui.initials(c.display_name), _in_words(c), contact_href(c), str(LETTERS[ContactRole(c.role)]) if c.role else "",
            FEELINGS[Sentiment(c.sentiment or 0)][0],
            str(c.reports_to_id or ""),
        )
        for c in contacts
    ]  # fmt: skip
    rows = tuple(
        (
            c.display_name, c.get_role_display() or "–", str(c.influence or "–"), str(c.get_sentiment_display() or "–"),
            str(c.reports_to or "–"),
        )
        for c in contacts
    )  # fmt: skip
    count = len(contacts)
    summary = ngettext("%(count)s contact", "%(count)s contacts", count) % {"count": count}
    return charts.place_map(
        _("Stakeholder map"), places, [str(s.label) for s in Sentiment], [str(i.label) for i in Influence],
        columns=(_("Name"), _("Role"), _("Influence"), _("Sentiment"), _("Reports to")), rows=rows, summary=summary,
        axis=(_("Sentiment →"), _("↑ Influence")),
    )  # fmt: skip


def _in_words(contact: Contact) -> str:
    parts = [
        contact.display_name,
        contact.get_role_display(),
        _("influence %(influence)s") % {"influence": contact.influence} if contact.influence else "",
        contact.get_sentiment_display() if contact.sentiment is not None else "",
        _("reports to %(name)s") % {"name": contact.reports_to} if contact.reports_to else "",
    ]
    return ", ".join(str(part) for part in parts if part)


def coverage_figures(coverage: Coverage, company: Any) -> list[dict[str, Any]]:
    """The coverage as figures, each with how it came about."""
    count, missing, days = len(coverage.contacts), coverage.missing_roles, coverage.after_days
    list_href = f"{reverse('customers:contact_list')}?customer={company.pk}"
    return [
        {
            "label": _("Roles missing"), "value": ui.number(len(missing)) if missing else _("None"),
            "hint": ", ".join(str(role.label) for role in missing), "kind": "warn" if missing and count else "", "href": "",
            "how": _("Of decision maker, champion, executive sponsor and user: those that no contact here has."),
        },
        {
            "label": _("Untouched for %(days)s days") % {"days": days}, "value": ui.number(len(coverage.untouched)),
            "hint": _("of %(count)s contacts") % {"count": ui.number(count)}, "kind": "warn" if coverage.untouched else "",
            "href": f"{list_href}&untouched=true" if coverage.untouched else "",
            "how": _("Contacts whom nobody has spoken to for %(days)s days or more, by the business's calendar, or never. The number of"
                     " days is a setting of the business.") % {"days": days},
        },
        {
            "label": _("Threads"), "value": ui.number(len(coverage.engaged)),
            "hint": _("Single-threaded") if coverage.single_threaded else "", "kind": "bad" if coverage.single_threaded else "", "href": "",
            "how": _("Contacts who were spoken to in the last %(days)s days and don't feel badly about us; unknown sentiment counts as"
                     " neutral. With fewer than two, the relationship hangs on one person: it is single-threaded.") % {"days": days},
        },
        {
            "label": _("Champion strength"), "value": "—" if coverage.champion_strength is None else ui.number(coverage.champion_strength),
            "hint": str(coverage.champion or _("No champion")), "kind": "",
            "href": contact_href(coverage.champion) if coverage.champion else "",
            "how": _("0 to 100, of the strongest champion: 100 × influence ÷ 5 × (sentiment + 2) ÷ 4, halved when untouched for %(days)s"
                     " days. Unknown influence counts as 3, unknown sentiment as neutral (0).") % {"days": days},
        },
    ]  # fmt: skip
