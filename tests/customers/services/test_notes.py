"""Notes: writing, editing, pinning, removing, and telling who is named."""

from typing import Any

import pytest
from django.core.files.base import ContentFile

from crm import clock
from crm.actor import Actor
from crm.errors import InvalidInput, StaleVersion
from crm.forms import version_of
from crm.models import Activity, Business, Membership, Notification
from customers import services
from customers.models import Customer, Note, NoteMention
from customers.queries.notes import mention_words, untold
from customers.services.attachments import FileRefused
from customers.services.notes import NoteNotRemoved, NoteRemoved, NotTheAuthor
from tests.factories import make_contact, make_customer, make_membership, make_note, make_user


@pytest.fixture
def customer(in_scope: Business) -> Customer:
    return make_customer(in_scope)


def write(actor: Actor, customer: Customer, content: str = "Prefers a call.", **data: Any) -> Note:
    return services.add_note(actor=actor, customer=customer, at=clock.now(), content=content, **data)


def told(membership: Membership) -> list[str]:
    return list(Notification.unscoped.filter(user=membership.user).order_by("id").values_list("title", flat=True))


def member(business: Business, email: str, name: str, role: str = "agent", **more: Any) -> Membership:
    return make_membership(business, role, make_user(email=email, name=name), **more)


def test_a_note_has_an_author_a_type_and_a_line_in_the_trail(
    customer: Customer, owner: Membership, actor: Actor
) -> None:
    note = write(actor, customer, "  Prefers a **call**. ", note_type="sales", is_pinned=True)
    assert (note.content, note.note_type, note.is_pinned, note.created_by, note.edited_at) == (
        "Prefers a **call**.", "sales", True, owner.user, None,
    )  # fmt: skip
    line = Activity.objects.get(verb="customers.note.created")
    assert (line.about, line.subject_id) == (customer.pk, str(note.pk))


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"content": ""}, "content"), ({"content": " \n "}, "content"), ({"content": "x" * 20_001}, "content"),
        ({"content": "x", "note_type": "gossip"}, "note_type"), ({"content": "x", "color": "red"}, "color"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_by_name(
    customer: Customer, system: Actor, data: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        write(system, customer, **data)
    assert list(refusal.value.errors) == [field]
    assert not Note.objects.exists()


def test_a_note_of_the_longest_length_is_kept(customer: Customer, system: Actor) -> None:
    assert len(write(system, customer, "x" * 20_000).content) == 20_000


def test_the_contact_of_a_note_is_one_of_the_company(in_scope: Business, system: Actor) -> None:
    company, other = make_customer(in_scope, kind="company"), make_customer(in_scope, kind="company")
    contact = make_contact(company)
    assert write(system, company, contact=contact).contact == contact
    with pytest.raises(InvalidInput):
        write(system, other, contact=contact)


def test_the_author_and_managers_edit_others_pin(customer: Customer, in_scope: Business) -> None:
    author, manager, other = (make_membership(in_scope, role) for role in ("agent", "manager", "agent"))
    note = write(Actor.for_user(author.user), customer)
    for who, text in ((author, "Mine"), (manager, "Managed")):
        note = services.edit_note(actor=Actor.for_user(who.user), note=note, at=clock.now(), content=text)
        assert (note.content, note.edited_at is not None) == (text, True)
    outsider = Actor.for_user(other.user)
    with pytest.raises(NotTheAuthor):
        services.edit_note(actor=outsider, note=note, at=clock.now(), content="Theirs")
    with pytest.raises(NotTheAuthor):
        services.edit_note(actor=outsider, note=note, at=clock.now(), is_pinned=True, note_type="billing")
    assert services.edit_note(actor=outsider, note=note, at=clock.now(), is_pinned=True).is_pinned
    with pytest.raises(NotTheAuthor):
        services.remove_note(actor=outsider, note=note, at=clock.now())


def test_what_is_as_it_was_leaves_nothing(customer: Customer, actor: Actor) -> None:
    note = write(actor, customer)
    assert services.edit_note(actor=actor, note=note, at=clock.now(), content=note.content).edited_at is None
    assert not Activity.objects.filter(verb="customers.note.updated").exists()


def test_a_note_that_somebody_has_changed_meanwhile_is_not_overwritten(customer: Customer, actor: Actor) -> None:
    note = write(actor, customer)
    seen = version_of(note)
    services.edit_note(actor=actor, note=note, at=clock.now(), version=seen, content="First")
    with pytest.raises(StaleVersion):
        services.edit_note(actor=actor, note=note, at=clock.now(), version=seen, content="Second")
    with pytest.raises(StaleVersion):
        services.remove_note(actor=actor, note=note, at=clock.now(), version=seen)
    assert Note.objects.get().content == "First"


def test_a_removed_note_comes_back(customer: Customer, actor: Actor) -> None:
    note = write(actor, customer)
    with pytest.raises(NoteNotRemoved):
        services.restore_note(actor=actor, note=note)
    services.remove_note(actor=actor, note=note, at=clock.now())
    with pytest.raises(NoteRemoved):
        services.edit_note(actor=actor, note=note, at=clock.now(), content="x")
    with pytest.raises(NoteRemoved):
        services.remove_note(actor=actor, note=note, at=clock.now())
    assert services.restore_note(actor=actor, note=note).removed_at is None
    verbs = Activity.objects.filter(subject_id=str(note.pk)).order_by("id").values_list("verb", flat=True)
    assert list(verbs) == [f"customers.note.{deed}" for deed in ("created", "removed", "restored")]


@pytest.mark.parametrize(
    "text",
    [
        "@dana.reyes",
        "Ask @DANA.REYES, please",
        "(@danareyes)",
        "**@DanaReyes**",
        "@dana.reyes@acme.example.",
        "line\n@dana.reyes!",
    ],
)
def test_who_is_named_is_told(customer: Customer, in_scope: Business, actor: Actor, text: str) -> None:
    dana = member(in_scope, "dana.reyes@acme.example", "Dana Reyes")
    note = write(actor, customer, text)
    assert list(note.mentions.values_list("user", flat=True)) == [dana.user_id]
    assert len(told(dana)) == 1
    message = Notification.unscoped.get(user=dana.user)
    assert (message.kind, message.about) == ("customers.mentioned", customer.pk)
    assert message.href == f"/customers/{customer.pk}/notes#note-{note.pk}"


@pytest.mark.parametrize("text", ["dana.reyes@acme.example", "x@dana.reyes", "@dana", "@nobody", "@", "@@dana.reyes"])
def test_who_is_not_named_is_not_told(customer: Customer, in_scope: Business, actor: Actor, text: str) -> None:
    dana = member(in_scope, "dana.reyes@acme.example", "Dana Reyes")
    write(actor, customer, text)
    assert told(dana) == []


def test_a_word_that_could_mean_two_names_nobody(customer: Customer, in_scope: Business, actor: Actor) -> None:
    one = member(in_scope, "dana@acme.example", "Dana One")
    two = member(in_scope, "dana@globex.example", "Dana Two")
    write(actor, customer, "@dana")
    assert told(one) + told(two) == []
    write(actor, customer, "@dana@globex.example")
    assert (len(told(one)), len(told(two))) == (0, 1)


def test_only_who_is_newly_named_is_told_and_nobody_tells_oneself(
    customer: Customer, in_scope: Business, owner: Membership, actor: Actor
) -> None:
    dana, alex = member(in_scope, "dana@acme.example", "Dana"), member(in_scope, "alex@acme.example", "Alex")
    own = mention_words(owner)[-1]
    note = write(actor, customer, f"@dana @{own}")
    assert (len(told(dana)), told(owner)) == (1, [])
    services.edit_note(actor=actor, note=note, at=clock.now(), content="@dana and @alex")
    assert (len(told(dana)), len(told(alex))) == (1, 1)
    services.edit_note(actor=actor, note=note, at=clock.now(), content="nobody")
    assert not NoteMention.objects.exists()
    services.edit_note(actor=actor, note=note, at=clock.now(), note_type="sales")
    assert (len(told(dana)), len(told(alex))) == (1, 1)


def test_who_may_not_see_the_customer_is_not_told_and_the_author_learns_it(
    customer: Customer, in_scope: Business, actor: Actor
) -> None:
    blind = member(in_scope, "blind@acme.example", "Blind Agent", visibility="own")
    gone = member(in_scope, "gone@acme.example", "Gone", is_active=False)
    note = write(actor, customer, "@blind @gone")
    assert told(blind) + told(gone) == []
    assert not note.mentions.exists()
    assert untold(note) == ["Blind Agent"]


def test_members_of_another_business_are_never_told(
    customer: Customer, other_business: Business, other_owner: Membership, actor: Actor
) -> None:
    note = write(actor, customer, f"@{other_owner.user.email}")
    assert told(other_owner) == []
    assert untold(note) == []


def test_a_refused_file_leaves_no_note(customer: Customer, actor: Actor) -> None:
    good, bad = ContentFile(b"ok", name="a.txt"), ContentFile(b"<svg onload=x>", name="b.svg")
    with pytest.raises(FileRefused, match=r"b\.svg"):
        write(actor, customer, files=[good, bad])
    assert not Note.objects.exists()
    note = write(actor, customer, files=[good])
    assert [file.file_name for file in note.attachments.all()] == ["a.txt"]


def test_a_note_keeps_odd_strings_as_they_are(customer: Customer) -> None:
    for text in ("\u202eabc", "Ŧ́̂ éxtra", "😀", "' or 1=1 --", "שלום"):
        assert make_note(customer, text).content == text
