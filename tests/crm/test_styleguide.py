"""The style guide shows every component; tests/journeys/test_accessibility.py looks at it in a browser."""

from django.test import Client

from crm.models import Membership


def test_styleguide_shows_every_component(client: Client, owner: Membership) -> None:
    client.force_login(owner.user)
    client.cookies["theme"] = "dark"
    response = client.get("/styleguide")
    text = response.content.decode()
    assert 'data-theme="dark"' in text
    for mark in (
        "badge-good",
        "chip-remove",
        "stat-value",
        "gauge",
        "sparkline",
        "stepper",
        "timeline",
        "diff",
        "dialog-drawer",
        "chart-data",
        "pager",
        "field-faulty",
        "empty",
        "notice-bad",
        "meter",
        "progress",
        "definitions",
        "explain",
    ):
        assert mark in text
    assert "style=" not in text


def test_styleguide_is_for_people_who_are_signed_in(client: Client, db: None) -> None:
    assert client.get("/styleguide").status_code == 302
