"""Every page is free of WCAG 2.2 AA violations that axe-core can find, in light and dark, and fits a phone."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from axe_playwright_python.base import AXE_SCRIPT

from crm.models import Membership
from crm.operations import OPEN, operations
from tests import planted
from tests.journeys.conftest import Visit

pytestmark = pytest.mark.django_db(transaction=True)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OF_COLORS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
"""Those of the rules that look at colors, axe's category cat.color."""
ENTRANCE = ["/account/sign-in", "/account/password/reset"]
DOWNLOADS = {"customers:file_download"}
"""Files to be saved, which a browser doesn't show."""
ADMIN = ["/admin/", "/admin/crm/business/", "/admin/customers/customer/", "/admin/crm/activity/"]
PAGES = [
    o
    for o in operations()
    if o.door == "page" and o.method == "GET" and o.permission != OPEN and not o.fragment and o.name not in DOWNLOADS
]
PARTS = 4
"""The pages are dealt out to so many tests, which run side by side."""
LOAD_AXE = f"() => {{ {AXE_SCRIPT} }}"
RUN_AXE = 'runOnly => axe.run({ runOnly, resultTypes: ["violations"] }).then(found => found.violations)'
STAND_STILL = """
async () => {
    for (let moving; (moving = document.getAnimations()).length; ) await Promise.allSettled(moving.map(each => each.finished));
}
"""
"""Waits for colors that pass from one theme to the other: what inherits one begins when its parent has come to an end."""
GROUND = "() => getComputedStyle(document.body).backgroundColor"


def _violations(it: Visit, theme: str, rules: Any) -> list[str]:
    return [f"{theme}: {v['id']}: {v['nodes'][0]['html'][:200]}" for v in it.tab.evaluate(RUN_AXE, rules)]


def _faults(it: Visit, path: str, phone: bool) -> list[str]:
    """What is wrong with the page: in light, in dark, on a phone, and what it complains about itself.

    The theme follows the browser while the page stands. In dark only colors can differ as long as the page is the same.
    """
    it.open(path)
    it.tab.evaluate(LOAD_AXE)
    faults = _violations(it, "light", RULES)
    light, ground = it.tab.content(), it.tab.evaluate(GROUND)
    it.tab.emulate_media(color_scheme="dark")
    it.tab.evaluate(STAND_STILL)
    assert it.tab.evaluate(GROUND) != ground, f"{path} has no dark theme"
    faults += _violations(it, "dark", OF_COLORS if it.tab.content() == light else RULES)
    if phone:
        it.tab.set_viewport_size({"width": 390, "height": 844})
        width = it.tab.evaluate("document.documentElement.scrollWidth")
        if width > 390:
            faults.append(f"{width} pixels wide on a phone")
        it.tab.set_viewport_size({"width": 1440, "height": 900})
    it.tab.emulate_media(color_scheme="light")
    faults += [m for m in it.complaints if "404" not in m]
    it.complaints.clear()
    return faults


@pytest.fixture
def staff(owner: Membership) -> Membership:
    """The owner, who is an operator too."""
    owner.user.is_staff = owner.user.is_superuser = True
    owner.user.save()
    return owner


@pytest.mark.parametrize("part", range(PARTS))
def test_no_page_violates_a_rule_or_is_too_wide(visit: Callable[..., Visit], staff: Membership, part: int) -> None:
    objects = planted.objects_of(staff.business)
    it = visit()
    it.sign_in(staff)
    paths = [planted.address(page, objects) for page in PAGES[part::PARTS]]
    assert {path: faults for path in paths if (faults := _faults(it, path, phone=True))} == {}


def test_no_page_outside_the_frame_violates_a_rule(visit: Callable[..., Visit], staff: Membership) -> None:
    it = visit()
    found = {path: _faults(it, path, phone=False) for path in ENTRANCE}
    it.sign_in(staff)
    found |= {path: _faults(it, path, phone=False) for path in [f"/customers/{uuid4()}", *ADMIN]}
    assert {path: faults for path, faults in found.items() if faults} == {}
