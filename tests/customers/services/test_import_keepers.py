"""Owner, team, tags and step in files: taken over by name, and refused by row, column and reason."""

from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm import work
from crm.actor import Actor
from crm.models import ApiKey, Business, Membership, Team
from customers import services
from customers.models import Customer, CustomerTag, ImportChange, ImportJob, LifecycleChange, Tag
from tests.commerce.test_resources import bring_in
from tests.factories import make_customer, make_membership, make_tag, make_user


def _faults(record: ImportJob) -> list[tuple[int, str, str]]:
    return [(fault.line, fault.column, fault.value) for fault in record.faults.all()]


def _as(actor: Actor, business: Business, content: str, by: Any = None) -> ImportJob:
    file = ContentFile(content.encode(), name="f.csv")
    record = services.start_import(actor=actor, business=business, file=file, requested_by=by)
    work.run(str(record.job_id))
    record.refresh_from_db()
    return record


def _tags(customer: Customer) -> list[str]:
    return sorted(CustomerTag.objects.filter(customer=customer).values_list("tag__name", flat=True))


@pytest.fixture
def dana(in_scope: Business) -> Membership:
    return make_membership(in_scope, "agent", make_user(email="dana@desk.example"))


def test_owner_and_team_are_found_by_address_and_name(in_scope: Business, dana: Membership) -> None:
    team = Team.objects.create(business=in_scope, name="North East")
    known = make_customer(in_scope, external_id="1")
    content = "external_id,owner,team\n1,DANA@desk.example,north east\n2,dana@desk.example,\n3,,North East\n"
    assert bring_in(in_scope, content).state == "done"
    found = {one.external_id: (one.owner_id, one.team_id) for one in Customer.objects.all()}
    assert found == {"1": (dana.user_id, team.pk), "2": (dana.user_id, None), "3": (None, team.pk)}
    line = ImportChange.objects.get(customer=known)
    assert (line.before, line.after) == ({}, {"owner": str(dana.user_id), "team": str(team.pk)})
    assert bring_in(in_scope, content).counts["customers_unchanged"] == 3
    bring_in(in_scope, "external_id,owner,team\n1,,\n")
    known.refresh_from_db()
    assert (known.owner_id, known.team_id) == (dana.user_id, team.pk)


def test_an_unknown_owner_or_team_makes_the_row_faulty(
    in_scope: Business, other_business: Business, dana: Membership
) -> None:
    make_membership(in_scope, "agent", make_user(email="gone@desk.example"), is_active=False)
    make_membership(other_business, "agent", make_user(email="theirs@desk.example"))
    Team.unscoped.create(business=other_business, name="Theirs")
    rows = [
        "nobody@desk.example,",
        "gone@desk.example,",
        "theirs@desk.example,",
        ",Theirs",
        ",South",
        "dana@desk.example,",
    ]
    done = bring_in(in_scope, "external_id,owner,team\n" + "".join(f"{n},{row}\n" for n, row in enumerate(rows)))
    assert _faults(done) == [
        (2, "owner", "nobody@desk.example"), (3, "owner", "gone@desk.example"), (4, "owner", "theirs@desk.example"),
        (5, "team", "Theirs"), (6, "team", "South"),
    ]  # fmt: skip
    assert [fault.reason for fault in done.faults.all()][2:4] == [
        "No member of this business has this e-mail address.", "There is no team of this name.",
    ]  # fmt: skip
    assert not Customer.objects.exists()


def test_who_has_left_keeps_the_customers_that_the_file_leaves_there(in_scope: Business, dana: Membership) -> None:
    make_customer(in_scope, external_id="1", owner=dana.user)
    Membership.objects.filter(pk=dana.pk).update(is_active=False)
    assert bring_in(in_scope, "external_id,owner\n1,dana@desk.example\n").counts["customers_unchanged"] == 1
    assert _faults(bring_in(in_scope, "external_id,owner\n1,dana@desk.example\n2,dana@desk.example\n")) == [
        (3, "owner", "dana@desk.example")
    ]


def test_tags_are_added_never_removed_and_made_once(in_scope: Business) -> None:
    vip = make_tag(in_scope, "VIP")
    known = make_customer(in_scope, external_id="1", tags=[vip, make_tag(in_scope, "Old")])
    content = 'external_id,tags\n1," vip ; Spring   fair|new"\n2,NEW;New;;|\n3,\n'
    done = bring_in(in_scope, content)
    assert _faults(done) == []
    assert (done.counts["tags_created"], done.counts["tags_added"]) == (2, 3)
    assert _tags(known) == ["Old", "Spring fair", "VIP", "new"]
    second = Customer.objects.get(external_id="2")
    assert _tags(second) == ["new"]
    assert len(set(Tag.objects.values_list("color", flat=True))) == 4
    line = ImportChange.objects.get(customer=known)
    assert (sorted(line.before["tags"]), sorted(line.after["tags"])) == (
        ["Old", "VIP"],
        ["Old", "Spring fair", "VIP", "new"],
    )
    assert ImportChange.objects.get(customer=second).after["tags"] == ["new"]
    assert "tags" not in ImportChange.objects.get(customer__external_id="3").after

    again = bring_in(in_scope, content)
    assert (again.counts["customers_unchanged"], again.counts["tags_created"], again.counts["tags_added"]) == (3, 0, 0)
    assert ImportChange.objects.count() == 3
    bring_in(in_scope, "external_id,tags\n1,\n")
    assert len(_tags(known)) == 4


def test_a_tag_of_another_business_is_no_tag_here(in_scope: Business, other_business: Business) -> None:
    make_tag(other_business, "VIP")
    assert bring_in(in_scope, "external_id,tags\n1,VIP\n").counts["tags_created"] == 1
    assert Tag.objects.get().business_id == in_scope.pk


def test_only_who_may_manage_tags_makes_new_ones(in_scope: Business, owner: Membership) -> None:
    make_tag(in_scope, "VIP")
    content = "external_id,tags\n1,vip\n2,vip;Fair\n3,Fair\n"
    key = ApiKey.objects.create(business=in_scope, name="Shop", prefix="shop", digest=b"x" * 32, role="integration")
    refused = _as(Actor.for_api_key(key), in_scope, content)
    assert _faults(refused) == [(3, "tags", "Fair"), (4, "tags", "Fair")]
    assert "your role" in refused.faults.all()[0].reason
    assert not Customer.objects.exists()
    assert _as(Actor.for_api_key(key), in_scope, "external_id,tags\n1,vip\n").counts["tags_added"] == 1
    done = _as(Actor.for_user(owner.user), in_scope, content, owner.user)
    assert done.counts["tags_created"] == 1
    assert Tag.objects.get(name="Fair").created_by == owner.user


def test_a_key_without_the_right_brings_no_private_values_in(in_scope: Business) -> None:
    key = ApiKey.objects.create(
        business=in_scope,
        name="narrow",
        prefix="narrow",
        digest=b"x" * 32,
        role="integration",
        scopes=["customers.import"],
    )
    record = _as(Actor.for_api_key(key), in_scope, "external_id,dob\n1,1984-02-29\n")
    assert (record.state, Customer.objects.count()) == ("failed", 0)


def test_too_long_and_too_many_tags_are_faulty(in_scope: Business) -> None:
    make_customer(in_scope, external_id="2", tags=[make_tag(in_scope, f"t{n}") for n in range(49)])
    fits, more = "t1;t2;T3;new", "x1;x2"
    done = bring_in(in_scope, f"external_id,tags\n1,{'x' * 61}\n2,{more}\n3,{fits}\n")
    assert _faults(done) == [(2, "tags", "x" * 61), (3, "tags", more)]
    assert bring_in(in_scope, f"external_id,tags\n2,{fits}\n").counts["tags_added"] == 1


def test_the_statements_for_tags_do_not_grow_with_the_rows(in_scope: Business, dana: Membership) -> None:
    def statements(count: int, word: str) -> int:
        rows = "".join(f"{word}{n},dana@desk.example,{word} {n};{word}\n" for n in range(count))
        with CaptureQueriesContext(connection) as captured:
            assert bring_in(in_scope, "external_id,owner,tags\n" + rows).state == "done"
        return len(captured)

    statements(2, "a")
    assert statements(3, "b") == statements(60, "c")


def test_new_customers_begin_at_the_step_of_the_file(in_scope: Business) -> None:
    known = make_customer(in_scope, external_id="1", lifecycle_stage="prospect", lifecycle_substep="research")
    content = "external_id,lifecycle_stage,lifecycle_substep\n1,opportunity,closing\n2,Opportunity,Closing\n3,,adoption\n4,churned,\n"
    assert bring_in(in_scope, content).state == "done"
    places = {one.external_id: (one.lifecycle_stage, one.lifecycle_substep) for one in Customer.objects.all()}
    assert places == {
        "1": ("prospect", "research"), "2": ("opportunity", "closing"), "3": ("active", "adoption"), "4": ("churned", ""),
    }  # fmt: skip
    assert LifecycleChange.objects.get(customer__external_id="2").substep == "closing"
    assert not ImportChange.objects.filter(customer=known).exists()
    assert bring_in(in_scope, content).counts["customers_unchanged"] == 4


def test_a_step_that_is_none_of_the_stage_makes_the_row_faulty(in_scope: Business) -> None:
    head = "external_id,lifecycle_stage,lifecycle_substep\n"
    done = bring_in(in_scope, head + "1,active,closing\n2,,research\n3,churned,win_back\n4,opportunity,closing\n")
    assert _faults(done) == [
        (2, "lifecycle_substep", "closing"), (3, "lifecycle_substep", "research"), (4, "lifecycle_substep", "win_back"),
    ]  # fmt: skip
    assert _faults(bring_in(in_scope, head + "1,active,nonsense\n")) == [(2, "lifecycle_substep", "nonsense")]
