"""Saved views: what is kept of an address, who sees and changes it, and with which a list begins."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.http import QueryDict

from crm import saved_views, services
from crm.actor import Actor, Grant
from crm.errors import InvalidInput, NotAllowed, NotFound, StaleVersion
from crm.models import Activity, Business, DefaultView, Membership, SavedView, SavedViewPin, Team
from crm.scope import scope
from crm.services.saved_views import LIMIT, TooManyViews
from tests.factories import make_membership

CUSTOMERS = "customers:customer_list"
ORDERS = "commerce:order_list"


def _actor(member: Membership) -> Actor:
    return Actor.for_user(member.user)


def _save(member: Membership, name: str = "Companies", query: str = "kind=company", **more: Any) -> SavedView:
    data = {"list_name": CUSTOMERS, "name": name, "query": query, **more}
    return services.save_view(actor=_actor(member), business=member.business, **data)


def _names(member: Membership) -> list[str]:
    return sorted(saved_views.seen_by(_actor(member), member.business).values_list("name", flat=True))


def test_what_is_kept_of_an_address_is_clean_and_in_a_fixed_order(in_scope: Business, owner: Membership) -> None:
    query = "?total_spent__gte=5&kind=company&cursor=xx&page=3&view=none&limit=5&owner=&sort=name&search=%20acme%20"
    view = _save(owner, query=query)
    assert view.query == "kind=company&search=acme&total_spent__gte=5"
    assert (view.owner, view.audience, view.team_id) == (owner.user, "own", None)
    row = Activity.objects.latest("id")
    assert (row.verb, row.subject_id, row.actor_id) == ("crm.saved_view.created", str(view.pk), str(owner.user.pk))
    assert row.detail.payload == {"list": CUSTOMERS}
    assert row.detail.changes["query"] == [None, view.query]


def test_another_order_than_the_usual_one_is_kept(in_scope: Business, owner: Membership) -> None:
    assert _save(owner, query="sort=-total_spent").query == "sort=-total_spent"


@pytest.mark.parametrize(
    "query",
    [
        "colour=red", "kind=robot", "kind=person&kind=company", "sort=password", "sort=name&sort=-name", "search=%00",
        "search=a%ED%A0%80%00", "created_at__gte=0000-01-01", "owner=01980a3e-5c1b-7e0a-9d3f-2b6f1c4d8e90", "search=" + "x" * 2000,
    ],
)  # fmt: skip
def test_what_the_list_would_refuse_is_not_kept(in_scope: Business, owner: Membership, query: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        _save(owner, query=query)
    assert set(refusal.value.errors) == {"query"}
    assert SavedView.objects.count() == 0


def test_a_query_is_at_most_two_thousand_characters_long(in_scope: Business, owner: Membership) -> None:
    words = "country__in=" + "%2C".join(["x" * 190] * 10)
    fitting = words + "%2C" + "x" * (saved_views.MAX_QUERY - len(words) - 3)
    with pytest.raises(InvalidInput):
        _save(owner, query=fitting + "x")
    assert _save(owner, query=fitting).query == fitting


def test_a_query_that_grows_too_long_when_it_is_written_down_is_refused(in_scope: Business, owner: Membership) -> None:
    with pytest.raises(InvalidInput) as refusal:
        _save(owner, query="country__in=" + "é" * 1980)
    assert set(refusal.value.errors) == {"query"}


@pytest.mark.parametrize("page", ["customers:import_list", "crm:home", "nothing", "", "crm:rates"])
def test_only_lists_with_filters_have_views(in_scope: Business, owner: Membership, page: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        _save(owner, list_name=page, query="")
    assert set(refusal.value.errors) == {"list_name"}


def test_who_may_not_open_a_list_keeps_no_view_of_it_and_sees_none(in_scope: Business, owner: Membership) -> None:
    agent = make_membership(in_scope, "agent")
    _save(owner, name="Yesterday", list_name="crm:activity", query="door=page", audience="everyone")
    assert _names(agent) == []
    with pytest.raises(InvalidInput):
        _save(agent, list_name="crm:activity", query="door=page")


@pytest.mark.parametrize("name", ["", "  ", "x" * 81])
def test_a_view_has_a_name_of_at_most_eighty_characters(in_scope: Business, owner: Membership, name: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        _save(owner, name=name)
    assert set(refusal.value.errors) == {"name"}
    _save(owner, name="x" * 80)


def test_a_name_is_given_once_for_a_list_whatever_its_case(in_scope: Business, owner: Membership) -> None:
    _save(owner, name="Companies")
    with pytest.raises(IntegrityError, match="crm_savedview_name_unique"), transaction.atomic():
        _save(owner, name="companies")
    _save(owner, name="Companies", list_name=ORDERS, query="status=completed")
    _save(make_membership(in_scope, "agent"), name="Companies")


def test_fifty_views_of_a_list_are_enough(in_scope: Business, owner: Membership) -> None:
    SavedView.objects.bulk_create(
        SavedView(business=in_scope, page=CUSTOMERS, owner=owner.user, name=f"View {n}") for n in range(LIMIT - 1)
    )
    _save(owner)
    with pytest.raises(TooManyViews):
        _save(owner, name="One more")
    _save(owner, list_name=ORDERS, query="")


def test_a_program_keeps_no_views(in_scope: Business, owner: Membership) -> None:
    with pytest.raises(NotAllowed):
        services.save_view(
            actor=Actor.system("test", kind="api_key"), business=in_scope, list_name=CUSTOMERS, name="x", query=""
        )


def test_a_view_is_seen_by_whom_it_is_shared_with_at_the_moment(in_scope: Business, owner: Membership) -> None:
    here, there = (Team.objects.create(business=in_scope, name=name) for name in ("Here", "There"))
    maker, mate, other = (make_membership(in_scope, "agent", team=team) for team in (here, here, there))
    view = _save(maker)
    assert [_names(m) for m in (maker, mate, other)] == [["Companies"], [], []]
    services.update_view(actor=_actor(maker), view=view, audience="team")
    assert [_names(m) for m in (maker, mate, other)] == [["Companies"], ["Companies"], []]
    mate.team, other.team = there, here
    mate.save()
    other.save()
    assert [_names(m) for m in (maker, mate, other)] == [["Companies"], [], ["Companies"]]
    services.update_view(actor=_actor(maker), view=view, audience="own")
    assert [_names(m) for m in (maker, mate, other)] == [["Companies"], [], []]
    view = _save(owner, name="Everyone's", audience="everyone")
    assert [_names(m) for m in (maker, mate, other)] == [["Companies", "Everyone's"], ["Everyone's"], ["Everyone's"]]
    assert view.team_id is None


def test_a_view_of_another_business_is_never_seen(
    business: Business, other_business: Business, owner: Membership, other_owner: Membership
) -> None:
    with scope(other_business):
        foreign = _save(other_owner, audience="everyone")
    with scope(business):
        assert _names(owner) == []
        with pytest.raises(NotFound):
            services.delete_view(actor=_actor(owner), view=foreign)
    with scope(other_business):
        assert SavedView.objects.count() == 1


@pytest.mark.parametrize("role", ["owner", "manager", "marketing", "agent", "compliance", "analyst"])
def test_sharing_with_everyone_needs_the_permission(in_scope: Business, role: str) -> None:
    member = make_membership(in_scope, role)
    if role in ("owner", "manager", "marketing"):
        assert _save(member, audience="everyone").audience == "everyone"
        return
    with pytest.raises(NotAllowed):
        _save(member, audience="everyone")
    view = _save(member)
    with pytest.raises(NotAllowed):
        services.update_view(actor=_actor(member), view=view, audience="everyone")


def test_who_is_in_no_team_shares_with_none(in_scope: Business, owner: Membership) -> None:
    with pytest.raises(InvalidInput) as refusal:
        _save(owner, audience="team")
    assert set(refusal.value.errors) == {"audience"}
    with pytest.raises(InvalidInput):
        _save(owner, audience="friends")


def test_only_its_owner_and_who_shares_with_everyone_change_a_view(in_scope: Business, owner: Membership) -> None:
    agent, manager = make_membership(in_scope, "agent"), make_membership(in_scope, "manager")
    shared, own = _save(owner, audience="everyone"), _save(agent, name="Mine")
    with pytest.raises(NotAllowed):
        services.update_view(actor=_actor(agent), view=shared, name="Taken")
    with pytest.raises(NotAllowed):
        services.delete_view(actor=_actor(agent), view=shared)
    with pytest.raises(NotFound):
        services.update_view(actor=_actor(manager), view=own, name="Taken")
    assert services.update_view(actor=_actor(manager), view=shared, name="Firms").name == "Firms"
    assert services.update_view(actor=_actor(agent), view=own, name="Still mine").name == "Still mine"


def test_who_may_no_longer_share_changes_nothing_that_everyone_sees(in_scope: Business) -> None:
    manager = make_membership(in_scope, "manager")
    shared, own = _save(manager, audience="everyone"), _save(manager, name="Mine")
    Membership.objects.filter(pk=manager.pk).update(role="agent")
    for change in ({"query": "kind=company"}, {"name": "Taken"}, {"audience": "own"}):
        with pytest.raises(NotAllowed):
            services.update_view(actor=_actor(manager), view=shared, **change)
    with pytest.raises(NotAllowed):
        services.delete_view(actor=_actor(manager), view=shared)
    assert services.update_view(actor=_actor(manager), view=own, name="Still mine").name == "Still mine"


def test_a_view_is_renamed_and_holds_another_query(in_scope: Business, owner: Membership) -> None:
    view = _save(owner)
    first = view.updated_at.isoformat()
    changed = services.update_view(
        actor=_actor(owner), view=view, name=" Firms ", query="kind=company&country=UK", version=first
    )
    assert (changed.name, changed.query) == ("Firms", "country=UK&kind=company")
    row = Activity.objects.latest("id")
    assert (row.verb, set(row.detail.changes)) == ("crm.saved_view.updated", {"name", "query"})
    with pytest.raises(StaleVersion):
        services.update_view(actor=_actor(owner), view=view, name="Late", version=first)
    with pytest.raises(InvalidInput):
        services.update_view(actor=_actor(owner), view=view, query="colour=red")
    with pytest.raises(InvalidInput):
        services.update_view(actor=_actor(owner), view=view, owner=owner.user)
    count = Activity.objects.count()
    services.update_view(actor=_actor(owner), view=view, name="Firms")
    assert Activity.objects.count() == count


def test_deleting_a_view_leaves_a_line_and_nothing_that_begins_with_it(in_scope: Business, owner: Membership) -> None:
    view = _save(owner)
    services.choose_default_view(actor=_actor(owner), business=in_scope, view=view)
    services.delete_view(actor=_actor(owner), view=view)
    assert (SavedView.objects.count(), DefaultView.objects.count()) == (0, 0)
    assert Activity.objects.latest("id").verb == "crm.saved_view.deleted"
    with pytest.raises(NotFound):
        services.delete_view(actor=_actor(owner), view=view)


def _opened(member: Membership, query: str = "") -> saved_views.Opened:
    return saved_views.open_list(CUSTOMERS, QueryDict(query), _actor(member), member.business)


def test_a_list_begins_with_the_view_that_its_user_has_chosen(in_scope: Business, owner: Membership) -> None:
    agent = make_membership(in_scope, "agent")
    first, second = _save(owner, audience="everyone"), _save(owner, name="Second", query="kind=person")
    place: dict[str, Any] = {"actor": _actor(owner), "business": in_scope}
    services.choose_default_view(view=first, **place)
    services.choose_default_view(view=second, **place)
    services.choose_default_view(view=second, **place)
    assert DefaultView.objects.get().view == second
    assert Activity.objects.filter(verb="crm.saved_view.updated").count() == 2
    assert _opened(owner).view == second
    assert (_opened(owner, "view=none").view, _opened(owner, "kind=company").view) == (None, None)
    assert _opened(agent).view is None
    services.clear_default_view(view=second, **place)
    services.clear_default_view(view=second, **place)
    assert _opened(owner).view is None
    assert Activity.objects.filter(verb="crm.saved_view.updated").count() == 3


def test_a_view_that_is_no_longer_shared_is_begun_with_no_more(in_scope: Business, owner: Membership) -> None:
    agent, view = make_membership(in_scope, "agent"), _save(owner, audience="everyone")
    services.choose_default_view(actor=_actor(agent), business=in_scope, view=view)
    services.update_view(actor=_actor(owner), view=view, audience="own")
    assert _opened(agent).view is None
    with pytest.raises(NotFound):
        _opened(agent, f"view={view.pk}")
    with pytest.raises(NotFound):
        services.choose_default_view(actor=_actor(agent), business=in_scope, view=view)


def _pin(member: Membership, view: SavedView, pinned: bool = True) -> None:
    services.pin_view(actor=_actor(member), business=member.business, view=view, pinned=pinned)


def _pinned(member: Membership) -> list[str]:
    return [view.name for view in saved_views.pinned(_actor(member), member.business)]


def test_a_view_is_pinned_once_and_for_oneself_alone(in_scope: Business, owner: Membership) -> None:
    agent = make_membership(in_scope, "agent")
    view, other = _save(owner, audience="everyone"), _save(owner, name="Another", query="kind=person")
    _pin(owner, view)
    _pin(owner, view)
    _pin(owner, other)
    assert (_pinned(owner), _pinned(agent)) == (["Another", "Companies"], [])
    _pin(agent, view)
    assert SavedViewPin.objects.filter(view=view).count() == 2
    rows = Activity.objects.filter(verb="crm.saved_view.updated", subject_id=str(view.pk)).order_by("id")
    assert [(row.actor_id, row.detail.changes) for row in rows] == [
        (str(member.user_id), {"pinned": [False, True]}) for member in (owner, agent)
    ]
    assert [row.name for row in _opened(owner).views] == [
        "Companies",
        "Another",
    ]  # both pinned: everyone's before one's own
    _pin(owner, view, pinned=False)
    _pin(owner, view, pinned=False)
    assert (_pinned(owner), _pinned(agent)) == (["Another"], ["Companies"])
    assert [row.name for row in _opened(owner).views] == ["Another", "Companies"]
    assert Activity.objects.latest("id").detail.changes == {"pinned": [True, False]}
    assert rows.all().count() == 3


def test_a_view_that_is_out_of_sight_can_not_be_pinned_and_stays_pinned_for_nobody(
    in_scope: Business, owner: Membership
) -> None:
    agent, view = make_membership(in_scope, "agent"), _save(owner, audience="everyone")
    _pin(agent, view)
    services.update_view(actor=_actor(owner), view=view, audience="own")
    assert _pinned(agent) == []
    for pinned in (True, False):
        with pytest.raises(NotFound):
            _pin(agent, view, pinned)
    services.update_view(actor=_actor(owner), view=view, audience="everyone")
    assert _pinned(agent) == ["Companies"]
    services.delete_view(actor=_actor(owner), view=view)
    assert SavedViewPin.objects.count() == 0


def test_a_view_of_another_business_is_not_pinned(
    business: Business, other_business: Business, owner: Membership, other_owner: Membership
) -> None:
    with scope(other_business):
        foreign = _save(other_owner, audience="everyone")
    make_membership(other_business, "agent", user=owner.user)  # who works in both pins it there
    with scope(business), pytest.raises(NotFound):
        _pin(owner, foreign)
    assert SavedViewPin.unscoped.count() == 0


def test_a_program_pins_nothing(in_scope: Business, owner: Membership) -> None:
    view = _save(owner, audience="everyone")
    program = Actor("api_key", "1", "Web shop", (Grant(in_scope.pk, "owner"),))
    with pytest.raises(NotAllowed):
        services.pin_view(actor=program, business=in_scope, view=view)
    assert saved_views.pinned(program, in_scope) == []


def test_the_sidebar_has_room_for_twelve_pinned_views(in_scope: Business, owner: Membership) -> None:
    for number in range(saved_views.MOST_PINNED + 2):
        _pin(owner, _save(owner, name=f"View {number:02}", query=f"search={number}"))
    assert _pinned(owner) == [f"View {number:02}" for number in range(saved_views.MOST_PINNED)]


def test_parameters_of_the_address_replace_those_of_the_view(in_scope: Business, owner: Membership) -> None:
    view = _save(owner, query="kind=company&country=UK&sort=-total_spent")
    opened = _opened(owner, f"view={view.pk}&country=France&kind=&search=acme")
    assert saved_views.canonical(opened.query) == "country=France&search=acme&sort=-total_spent"
    assert opened.kept == {"kind", "country", "sort"}
    assert "kind" not in opened.query


@pytest.mark.parametrize("name", ["x", "01980a3e-5c1b-7e0a-9d3f-2b6f1c4d8e90", ""])
def test_a_view_that_is_not_there_is_not_found(in_scope: Business, owner: Membership, name: str) -> None:
    with pytest.raises(NotFound):
        _opened(owner, f"view={name}")


def test_a_view_opens_its_own_list_only(in_scope: Business, owner: Membership) -> None:
    orders = _save(owner, list_name=ORDERS, query="status=completed")
    with pytest.raises(NotFound):
        _opened(owner, f"view={orders.pk}")


def test_a_view_of_a_team_that_is_dissolved_goes_back_to_its_owner(in_scope: Business, owner: Membership) -> None:
    team = services.create_team(actor=_actor(owner), business=in_scope, name="East")
    owner.team = team
    owner.save()
    view = _save(owner, audience="team")
    services.delete_team(actor=_actor(owner), team=team)
    view.refresh_from_db()
    assert (view.audience, view.team_id) == ("own", None)
