"""Every page is free of WCAG 2.2 AA violations that axe-core can find, in light and dark, and fits a phone."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe

from crm.models import Membership
from crm.operations import OPEN, operations
from tests import planted

pytestmark = pytest.mark.django_db(transaction=True)
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
ENTRANCE = ["/account/sign-in", "/account/password/reset", f"/customers/{uuid4()}"]
DOWNLOADS = {"customers:file_download"}
"""Files to be saved, which a browser doesn't show."""
ADMIN = ["/admin/", "/admin/crm/business/", "/admin/customers/customer/", "/admin/crm/activity/"]


def _pages(objects: dict[str, Any]) -> list[str]:
    reads = [
        o for o in operations() if o.door == "page" and o.method == "GET" and o.permission != OPEN and not o.fragment
    ]
    return [planted.address(o, objects) for o in reads if o.name not in DOWNLOADS]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_no_page_violates_a_rule(visit: Callable[..., Any], owner: Membership, dark: bool) -> None:
    owner.user.is_staff = owner.user.is_superuser = True
    owner.user.save()
    paths = _pages(planted.objects_of(owner.business))
    it = visit(dark=dark)
    found: dict[str, list[str]] = {}

    def check(path: str) -> None:
        it.open(path)
        violations = Axe().run(it.tab, options=RULES).response["violations"]
        broken = [m for m in it.complaints if "404" not in m]
        it.complaints.clear()
        if violations or broken:
            found[path] = [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in violations] + broken

    for path in ENTRANCE[:2]:
        check(path)
    it.sign_in(owner)
    for path in [*paths, ENTRANCE[2], *ADMIN]:
        check(path)
    assert found == {}


def test_every_page_fits_a_phone(visit: Callable[..., Any], owner: Membership) -> None:
    paths = _pages(planted.objects_of(owner.business))
    it = visit(width=390, height=844)
    it.sign_in(owner)
    wide = []
    for path in paths:
        it.open(path)
        width = it.tab.evaluate("document.documentElement.scrollWidth")
        if width > 390:
            wide.append((path, width))
    assert wide == []
