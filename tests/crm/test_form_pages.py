"""Forms over a record that somebody else has saved meanwhile: both versions are shown, and saving again is a decision."""

from datetime import date
from typing import Any

import pytest
from django import forms
from django.test import Client
from django.urls import reverse

from crm.forms import in_words, version_of
from crm.models import Business, Membership, Team
from tests.factories import make_membership


def test_a_team_that_was_renamed_meanwhile(in_scope: Business, browser: Client, sign_in: Any) -> None:
    team = Team.objects.create(business=in_scope, name="North")
    address = reverse("crm:team_update", args=[team.pk])
    seen = version_of(team)
    other = sign_in(make_membership(in_scope, "owner"))
    assert other.post(address, {"name": "West", "version": seen}).status_code == 302
    refused = browser.post(address, {"name": "East", "version": seen})
    assert refused.status_code == 412
    shown = refused.content.decode()
    assert [(one.yours, one.theirs, one.taken) for one in refused.context["form"].conflicts] == [
        ("East", "West", "West")
    ]
    assert 'data-take="name" data-value="West"' in shown
    assert 'value="East"' in shown
    team.refresh_from_db()
    assert team.name == "West"
    again = {"name": "East", "version": refused.context["form"]["version"].value()}
    assert browser.post(address, again).status_code == 302
    team.refresh_from_db()
    assert team.name == "East"


def test_a_third_save_meanwhile_is_refused_again(in_scope: Business, browser: Client) -> None:
    team = Team.objects.create(business=in_scope, name="North")
    address = reverse("crm:team_update", args=[team.pk])
    seen = version_of(team)
    for name in ("West", "South"):
        team.name = name
        team.save()
        refused = browser.post(address, {"name": "East", "version": seen})
        assert (refused.status_code, refused.context["form"].conflicts[0].theirs) == (412, name)
        seen = refused.context["form"]["version"].value()


def test_the_same_words_are_no_conflict(in_scope: Business, browser: Client) -> None:
    team = Team.objects.create(business=in_scope, name="North")
    seen = version_of(team)
    team.save()
    refused = browser.post(reverse("crm:team_update", args=[team.pk]), {"name": "North", "version": seen})
    assert (refused.status_code, refused.context["form"].conflicts) == (412, ())


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        (forms.CharField(), None, ""),
        (forms.CharField(), "x", "x"),
        (forms.BooleanField(), False, "No"),
        (forms.ChoiceField(choices=[("a", "First")]), "a", "First"),
        (forms.MultipleChoiceField(choices=[("a", "First"), ("b", "Second")]), ["a", "b"], "First, Second"),
        (forms.DateField(), date(2026, 1, 31), "Jan 31, 2026"),
        (forms.IntegerField(), 0, "0"),
    ],
)
def test_values_are_told_in_words(field: forms.Field, value: Any, words: str) -> None:
    assert in_words(field, value) == words


def test_a_person_is_told_by_name(owner: Membership) -> None:
    field = forms.ModelChoiceField(queryset=type(owner.user).objects.all())
    assert in_words(field, owner.user_id) == in_words(field, owner.user) == str(owner.user)
