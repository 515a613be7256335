"""The answers of the search palette."""

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext_lazy

from crm import palette
from crm.access import saw
from crm.pages import MEMBER, Page


class Search(Page):
    """What fits the words (`?words=`), by source; a part of the palette, which fetches it while somebody types."""

    permission = MEMBER
    title = gettext_lazy("Search palette")
    template_name = "crm/_palette.html"
    fragment = True

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        words = " ".join(request.GET.get("words", "").split())[:200]
        groups = palette.answer(self.actor, self.business, words)
        entries = [entry for group in groups for entry in group["entries"]]
        for number, entry in enumerate(entries):
            entry["id"] = f"palette-{number}"
        saw(request, (entry["shows"] for entry in entries if entry.get("shows")))
        return self.show(groups=groups, count=len(entries), words=words)
