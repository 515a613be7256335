"""The strip of views above a list, and the pages on which views are saved, shared and deleted."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.models import Business, DefaultView, Membership, SavedView, SavedViewPin, Team
from crm.saved_views import lists
from tests.factories import make_customer, make_membership

CUSTOMERS = "customers:customer_list"
SignIn = Callable[[Membership], Client]


def _view(member: Membership, name: str = "Companies", query: str = "kind=company", **more: Any) -> SavedView:
    return SavedView.objects.create(
        **{"business": member.business, "owner": member.user, "page": CUSTOMERS, "name": name, "query": query, **more}
    )


def _text(browser: Client, address: str = "/customers", **query: Any) -> str:
    answer = browser.get(address, query)
    assert answer.status_code == 200, answer.content[:500]
    return answer.content.decode()


def _current(text: str) -> str:
    """The name of the view that is marked as the open one."""
    found = re.search(
        r'<a href="[^"]*" aria-current="page"[^>]*>(?:(?!</a>).)*<bdi>(.*?)</bdi>', text.split('class="views"')[1]
    )
    assert found
    return found[1]


def _rows(text: str) -> list[str]:
    return re.findall(r'<a class="row-link"[^>]*>.*?<bdi>(.*?)</bdi>', text)


@pytest.fixture
def two(in_scope: Business) -> None:
    """A person and a company."""
    make_customer(in_scope, last_name="Person")
    make_customer(in_scope, kind="company", display_name="Firm")


def test_lists_with_filters_have_views() -> None:
    assert {CUSTOMERS, "commerce:order_list", "crm:activity", "crm:access"} <= set(lists())
    assert not {"customers:import_list", "customers:customer_archive_list", "crm:rates"} & set(lists())


@pytest.mark.usefixtures("two")
def test_a_view_opens_the_list_as_it_was_saved(owner: Membership, browser: Client) -> None:
    view = _view(owner)
    assert _rows(_text(browser)) == ["Firm", "Jordan Person"]
    text = _text(browser, view=view.pk)
    assert _rows(text) == ["Firm"]
    assert _current(text) == "Companies"
    assert "Save view" not in text
    assert "Update view" not in text
    assert f'name="view" value="{view.pk}"' in text


@pytest.mark.usefixtures("two")
def test_parameters_of_the_address_take_the_place_of_the_views(owner: Membership, browser: Client) -> None:
    view = _view(owner)
    text = _text(browser, view=view.pk, kind="person")
    assert _rows(text) == ["Jordan Person"]
    assert "Update view" in text
    assert "Save view" in text
    assert 'class="views-changed"' in text
    assert _rows(_text(browser, view=view.pk, kind="")) == ["Firm", "Jordan Person"]
    assert f"?view={view.pk}&amp;kind=" in _text(browser, view=view.pk)


def test_what_is_narrowed_can_be_saved_unless_it_is_a_view_already(
    owner: Membership, browser: Client, in_scope: Business
) -> None:
    assert "Save view" not in _text(browser)
    text = _text(browser, kind="company", cursor="", sort="name")
    assert "Save view" in text
    assert '<input type="hidden" name="query" value="kind=company"' in text
    _view(owner)
    text = _text(browser, kind="company")
    assert "Save view" not in text
    assert _current(text) == "Companies"


def test_links_of_a_view_stay_in_it(owner: Membership, browser: Client, in_scope: Business) -> None:
    for number in range(30):
        make_customer(in_scope, kind="company", display_name=f"Firm {number:02}")
    view = _view(owner)
    text = _text(browser, view=view.pk)
    following = re.search(r'rel="next" href="([^"]+)"', text)
    assert following
    assert f"view={view.pk}&amp;cursor=" in following[1]
    assert len(_rows(_text(browser, "/customers" + following[1].replace("&amp;", "&")))) == 5
    assert f'href="?view={view.pk}&amp;sort=-total_spent"' in text


def test_the_chosen_view_opens_a_bare_list_and_all_is_the_way_round(
    owner: Membership, browser: Client, two: None
) -> None:
    view = _view(owner)
    address = reverse("crm:saved_view_default", args=[view.pk])
    assert browser.post(address)["Location"] == f"/customers?view={view.pk}"
    text = _text(browser)
    assert (_rows(text), _current(text)) == (["Firm"], "Companies")
    assert 'href="/customers?view=none"' in text
    text = _text(browser, view="none")
    assert (_rows(text), _current(text)) == (["Firm", "Jordan Person"], "All")
    text = _text(browser, kind="person")
    assert _rows(text) == ["Jordan Person"]
    assert 'href="?view=none"' in text
    browser.post(address, {"begin": "no"})
    assert DefaultView.objects.count() == 0
    assert len(_rows(_text(browser))) == 2


def test_a_view_is_pinned_to_the_sidebar_and_no_longer(
    owner: Membership, browser: Client, in_scope: Business, sign_in: SignIn
) -> None:
    view = _view(owner, "My firms")
    address, link = f"/views/{view.pk}/pin", f'href="/customers?view={view.pk}"'
    assert link not in _text(browser, "/settings")
    for _time in range(2):
        assert browser.post(address)["Location"] == f"/customers?view={view.pk}"
    assert SavedViewPin.objects.count() == 1
    assert link in _text(browser, "/settings")
    agent = sign_in(make_membership(in_scope, "agent"))
    assert agent.post(address).status_code == 404
    view.audience = "everyone"
    view.save()
    assert link not in _text(agent, "/notifications")
    assert agent.post(address).status_code == 302
    assert link in _text(agent, "/notifications")
    for _time in range(2):
        assert browser.post(address, {"pin": "no"}).status_code == 302
    assert link not in _text(browser, "/settings")
    assert link in _text(agent, "/notifications")
    assert browser.get(address).status_code == 405


@pytest.mark.parametrize("name", ["x", "01980a3e-5c1b-7e0a-9d3f-2b6f1c4d8e90", "NONE", ""])
def test_a_view_that_is_not_there_is_not_found(browser: Client, name: str) -> None:
    assert browser.get("/customers", {"view": name}).status_code == 404


def test_views_of_others_are_seen_only_when_they_are_shared(
    owner: Membership, in_scope: Business, sign_in: SignIn
) -> None:
    team = Team.objects.create(business=in_scope, name="North")
    agent = make_membership(in_scope, "agent", team=team)
    mate = make_membership(in_scope, "agent", team=team)
    hidden = _view(owner, "Hidden")
    _view(owner, "Shared", "kind=person", audience="everyone")
    _view(mate, "Ours", "country=UK", audience="team", team=team)
    _view(agent, "Mine", "country=France")
    text = _text(sign_in(agent))
    assert re.findall(r"<bdi>(All|Hidden|Shared|Ours|Mine)</bdi>", text) == ["All", "Shared", "Ours", "Mine"]
    for address in (f"/customers?view={hidden.pk}", f"/views/{hidden.pk}", f"/views/{hidden.pk}/delete"):
        assert sign_in(agent).get(address).status_code == 404
    assert sign_in(agent).post(f"/views/{hidden.pk}/default").status_code == 404


def test_a_view_with_a_filter_that_one_may_not_use_opens_without_it_and_says_so(
    owner: Membership, in_scope: Business, browser: Client, sign_in: SignIn
) -> None:
    born = make_customer(in_scope, first_name="Born", last_name="Early", date_of_birth=date(1990, 4, 12))
    make_customer(in_scope, first_name="Born", last_name="Late", date_of_birth=date(1990, 12, 4))
    make_customer(in_scope, kind="company", display_name="Firm")
    view = _view(owner, "Cakes", "birthday=0412&kind=person&sort=-created_at", audience="everyone")
    assert _rows(_text(browser, view=view.pk)) == [str(born)]
    member = make_membership(in_scope, "marketing")
    other, address = sign_in(member), f"/customers?view={view.pk}"
    answer = other.get(address)
    assert (answer.status_code, answer["Location"]) == (302, f"{address}&birthday=")
    text = other.get(address, follow=True).content.decode()
    assert _rows(text) == ["Born Late", "Born Early"]  # the rest of the view holds
    assert "The view “Cakes” narrows or orders the list by something that you can&#x27;t use here: birthday." in text
    assert "0412" not in text
    assert other.get(f"{address}&birthday=0412").status_code == 400
    assert other.get("/customers?birthday=0412").status_code == 400
    other.post(f"/views/{view.pk}/default")
    answer = other.get("/customers")
    assert (answer.status_code, answer["Location"]) == (302, f"{address}&birthday=")
    assert other.get("/customers", follow=True).status_code == 200
    assert other.get("/customers?view=none").status_code == 200


@pytest.mark.parametrize("query", ["planet=mars", "sort=shoe_size", "custom_values.gone=1", "columns=nothing"])
def test_a_view_of_what_is_no_longer_there_opens_without_it(
    owner: Membership, browser: Client, two: None, query: str
) -> None:
    view = _view(owner, query=f"kind=company&{query}")
    answer = browser.get("/customers", {"view": str(view.pk)}, follow=True)
    assert answer.status_code == 200
    assert len(answer.redirect_chain) == 1
    assert _rows(answer.content.decode()) == ["Firm"]
    assert f"can&#x27;t use here: {query.partition('=')[0]}." in answer.content.decode()


def test_a_shared_view_is_changed_by_its_owner_and_who_may_share(
    owner: Membership, in_scope: Business, sign_in: SignIn
) -> None:
    view = _view(owner, audience="everyone")
    agent, manager = (make_membership(in_scope, role) for role in ("agent", "manager"))
    text = _text(sign_in(agent), view=view.pk)
    assert "Begin with this view" in text
    assert "Rename or share" not in text
    assert "Update view" not in _text(sign_in(agent), view=view.pk, kind="person")
    for method, address in (("get", ""), ("post", ""), ("get", "/delete"), ("post", "/delete"), ("post", "/query")):
        data = {"name": "Taken", "audience": "own", "query": "kind=person"}
        assert getattr(sign_in(agent), method)(f"/views/{view.pk}{address}", data).status_code == 403, address
    assert "Rename or share" in _text(sign_in(manager), view=view.pk)
    sign_in(manager).post(f"/views/{view.pk}/query", {"query": "kind=person&cursor=x"})
    view.refresh_from_db()
    assert (view.name, view.query) == ("Companies", "kind=person")


def test_a_view_is_saved_by_the_form_of_the_strip(owner: Membership, browser: Client, in_scope: Business) -> None:
    data = {"list_name": CUSTOMERS, "query": "kind=company&page=2", "name": "Firms", "audience": "everyone"}
    answer = browser.post("/views/new", data)
    view = SavedView.objects.get()
    assert answer["Location"] == f"/customers?view={view.pk}"
    assert (view.query, view.audience, view.owner) == ("kind=company", "everyone", owner.user)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": ""}, "This field is required."),
        ({"name": "Companies"}, "You have a view of this name already."),
        ({"audience": "team"}, "Select a valid choice."),
        ({"query": "colour=red"}, "There is no such parameter."),
    ],
)
def test_a_faulty_view_comes_back_with_what_was_typed(
    owner: Membership, browser: Client, in_scope: Business, change: dict[str, str], words: str
) -> None:
    _view(owner)
    data = {"list_name": CUSTOMERS, "query": "kind=person", "name": "People", "audience": "own"}
    answer = browser.post("/views/new", {**data, **change})
    assert answer.status_code in (409, 422)
    assert words in answer.content.decode()
    assert SavedView.objects.count() == 1


def test_a_view_of_a_list_that_one_may_not_open_is_not_saved(in_scope: Business, sign_in: SignIn) -> None:
    agent = sign_in(make_membership(in_scope, "agent"))
    for name in ("crm:activity", "nothing", "customers:import_list"):
        assert agent.get("/views/new", {"list_name": name}).status_code == 404
        assert agent.post("/views/new", {"list_name": name, "name": "x", "audience": "own"}).status_code == 404
    assert agent.get("/views/new", {"list_name": CUSTOMERS, "query": "kind=person"}).status_code == 200


def test_a_view_is_renamed_shared_and_deleted(owner: Membership, browser: Client, in_scope: Business) -> None:
    view = _view(owner)
    text = _text(browser, f"/views/{view.pk}")
    version = re.search(r'name="version" value="([^"]+)"', text)
    assert version
    data = {"name": "Firms", "audience": "everyone", "version": version[1]}
    assert browser.post(f"/views/{view.pk}", data)["Location"] == f"/customers?view={view.pk}"
    assert browser.post(f"/views/{view.pk}", data).status_code == 412
    assert "others lose it too" in _text(browser, f"/views/{view.pk}/delete")
    assert browser.post(f"/views/{view.pk}/delete")["Location"] == "/customers"
    assert SavedView.objects.count() == 0


def test_views_cost_one_query_and_pins_another(owner: Membership, browser: Client, in_scope: Business) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            _text(browser, kind="company")
        return len(captured)

    queries()
    none = queries()
    for number in range(5):
        _view(owner, f"View {number}", f"country=C{number}", audience="everyone")
    assert queries() == none
    with CaptureQueriesContext(connection) as captured:
        _text(browser, kind="company")
    assert len([query for query in captured if "crm_savedview" in query["sql"]]) == 2


def test_another_businesss_view_is_not_there(owner: Membership, browser: Client, other_business: Business) -> None:
    foreign = make_membership(other_business, "owner")
    view = SavedView.unscoped.create(
        business=other_business, owner=foreign.user, page=CUSTOMERS, name="Foreign", audience="everyone"
    )
    assert browser.get("/customers", {"view": view.pk}).status_code == 404
    assert browser.post(f"/views/{view.pk}/pin").status_code == 404
    assert SavedViewPin.unscoped.count() == 0
    assert "Foreign" not in _text(browser)
