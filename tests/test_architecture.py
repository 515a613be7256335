"""The shape of the code, where an import linter can't see it: strings, file names, and the ways round the business scope."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models

from crm.clock import uuid7
from crm.models import Business
from crm.pages import Page

ROOT = Path(settings.BASE_DIR)
# From the top down; an app may name only those after it.
APPS = ["commerce", "customers", "crm"]
VOCABULARY = {
    "__init__", "apps", "choices", "querysets", "models", "registry", "queries", "services", "forms", "filters", "tables", "panels",
    "resources", "views", "api", "tasks", "admin", "management", "urls", "hooks", "migrations", "templatetags", "demo", "bench",
}  # fmt: skip
# Packages of one app beside the vocabulary: arithmetic on arrays, which knows neither tables nor pages.
ARITHMETIC = {"commerce": {"clv"}}
# What arithmetic may import besides itself and the standard library.
NUMERIC = {"numpy", "scipy"}
# Who may look past the scope, and why.
UNSCOPED = {
    "crm/access.py": "writes the record of the request's own business",
    "crm/activity.py": "writes the row of the deed's own business",
    "crm/actor.py": "reads a user's memberships, from which the scope is opened",
    "crm/admin/work.py": "shows operators what belongs to no business beside what is of the open ones",
    "crm/alerts.py": "tells of the jobs of all businesses; each message goes to people of the job's own",
    "crm/api/authentication.py": "finds the key, from which the scope is opened",
    "crm/api/idempotency.py": "forgets stored answers of all businesses when they have served their time",
    "crm/bench.py": "measures a business that it opens itself",
    "crm/demo": "makes and removes whole businesses",
    "crm/jobs.py": "finds the job, from which the scope is opened",
    "crm/queue.py": "notes where a job that was just made stands in the queue",
    "crm/schedules.py": "asks for what is due in all businesses, and keeps the service's own schedules, which have none",
    "crm/services/demo.py": "removes whole businesses",
    "crm/services/notifications.py": "a person's notifications are of the open business and of the service, which has none",
    "crm/services/schedules.py": "operators pause and resume schedules, most of which belong to no business",
    "crm/views/service.py": "operators see the background work of the whole service",
    "crm/services/second_factors.py": "a person's sign-in is the same in all businesses: the trail of each tells of it",
    "crm/tasks.py": "removes old jobs of all businesses",
    "crm/work.py": "finds the job, from which the scope is opened, and ends it",
    "crm/passwords.py": "reads the names of a person's businesses, which no password may be",
    "crm/viewing.py": "reads the two memberships of a view, from which the scope is opened",
    "crm/services/people.py": "an invitation is found by its link before anybody is signed in",
    "customers/management/commands/import_orders.py": "follows the job that it has just made",
    "customers/services/bulk.py": "closes the bulk changes of all businesses whose job has ended; each inside its own scope",
    "customers/services/imports.py": "closes the imports of all businesses whose job has ended; each inside its own scope",
}  # fmt: skip
# Names that services offer beside deeds: questions that deeds of several apps share.
NO_DEEDS = {"demo_size", "find_invitation", "is_set_up", "key_digest", "learn_words", "refresh_search"}
# Steps that deeds of several modules share; the deed locks, records the activity and names the actor.
STEPS = {
    "begin_stages", "clean_custom_values", "follow_stages", "keep_unique_phone", "keep_unique_phones_of", "keep_unique_values",
    "note_created_customers", "refresh_icp_scores",
    "refresh_phones", "tag_customers", "untag_customers", "with_custom_columns", "write_seals",
}  # fmt: skip


def _sources(*folders: str) -> Iterator[tuple[Path, str]]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path.relative_to(ROOT), path.read_text(encoding="utf-8")


@pytest.mark.parametrize("app", [a for a in APPS if a != "crm"])
def test_the_files_of_an_app_are_of_the_closed_vocabulary(app: str) -> None:
    names = {path.stem for path in (ROOT / app).iterdir() if path.name != "__pycache__" and path.suffix in ("", ".py")}
    assert names <= VOCABULARY | ARITHMETIC.get(app, set())


def test_arithmetic_imports_numbers_only() -> None:
    for app, packages in ARITHMETIC.items():
        for package in packages:
            for path, text in _sources(f"{app}/{package}"):
                nodes = list(ast.walk(ast.parse(text)))
                modules = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
                modules += [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
                foreign = [name for name in modules if not f"{name}.".startswith(f"{app}.{package}.")]
                assert {name.partition(".")[0] for name in foreign} <= NUMERIC | sys.stdlib_module_names, path


def test_nothing_is_called_by_a_name_that_says_nothing() -> None:
    empty = {"utils", "helpers", "common", "misc", "signals", "util", "helper"}
    assert [str(path) for path, _ in _sources(*APPS) if path.stem in empty or set(path.parts) & empty] == []


def test_no_app_names_a_higher_app_in_a_string() -> None:
    wrong = []
    for place, app in enumerate(APPS):
        higher = APPS[:place]
        for path, text in _sources(app):
            if str(path) in ("crm/settings.py", "crm/urls.py"):
                continue
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    wrong += [
                        f"{path}: {node.value!r}" for name in higher if re.match(rf"{name}[.:][a-z_A-Z]", node.value)
                    ]
    assert wrong == []


def test_templates_of_an_app_link_downwards() -> None:
    wrong = []
    for place, app in enumerate(APPS):
        for path in (ROOT / "templates" / app).rglob("*.html"):
            text = path.read_text(encoding="utf-8")
            wrong += [f"{path.name}: {name}" for name in APPS[:place] if re.search(rf"""["']{name}[:/]""", text)]
    assert wrong == []


def test_foreign_keys_point_downwards() -> None:
    for model in apps.get_models():
        if model._meta.app_label in APPS:
            for field in model._meta.fields:
                if isinstance(field, models.ForeignKey) and field.related_model._meta.app_label in APPS:
                    assert APPS.index(field.related_model._meta.app_label) >= APPS.index(model._meta.app_label), field


def test_only_the_listed_places_look_past_the_scope() -> None:
    found = {
        str(path)
        for path, text in _sources(*APPS)
        if re.search(r"\.unscoped\b", text)
        and str(path) not in UNSCOPED
        and not any(str(path).startswith(f"{p}/") for p in UNSCOPED)
    }
    assert found == set()


def test_the_clock_is_read_in_doors_only() -> None:
    pattern = re.compile(
        r"timezone\.now\(|datetime\.now\(|date\.today\(|datetime\.utcnow\(|clock\.now\(|clock\.today\(business\.time_zone\)"
    )
    rules = [
        (path, text)
        for path, text in _sources(*APPS)
        if "services" in path.parts or path.stem in ("queries", "querysets", "models", "services")
    ]
    assert [str(path) for path, text in rules if pattern.search(text)] == []


def test_no_rule_hides_in_save_or_a_signal() -> None:
    for path, text in _sources(*APPS):
        assert "django.db.models.signals" not in text, path
        tree = ast.parse(text)
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and path.stem == "models":
                assert not [f for f in node.body if isinstance(f, ast.FunctionDef) and f.name in ("save", "delete")], (
                    path,
                    node.name,
                )


def test_services_take_keywords_with_the_actor_first() -> None:
    from crm import services as kernel
    from customers import services as customers

    wrong = []
    for module in (kernel, customers):
        for name in module.__all__:
            function = getattr(module, name)
            code = getattr(getattr(function, "__wrapped__", function), "__code__", None)
            if code is None or name in NO_DEEDS | STEPS:
                continue
            keywords = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
            if code.co_argcount or keywords[0] != "actor":
                wrong.append(f"{module.__name__}.{name}{keywords}")
    assert wrong == []


def test_every_module_says_what_lives_there() -> None:
    assert [
        str(path) for path, text in _sources(*APPS) if text.strip() and not ast.get_docstring(ast.parse(text))
    ] == []


def test_every_model_says_what_it_is_and_shows_itself() -> None:
    for model in apps.get_models():
        if model._meta.app_label in APPS:
            assert model.__doc__, model
            assert not model.__doc__.startswith(f"{model.__name__}("), model
            assert "__str__" in {
                name for base in model.__mro__[:-2] for name in vars(base) if base.__module__.startswith(tuple(APPS))
            }, model


def test_every_page_has_a_permission() -> None:
    def subclasses(cls: type[Page]) -> Iterator[type[Page]]:
        for sub in cls.__subclasses__():
            yield sub
            yield from subclasses(sub)

    for page in subclasses(Page):
        if not page.__dict__.get("abstract"):
            assert page.permission, page


def test_templates_hold_no_inline_script_or_style() -> None:
    pattern = re.compile(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son[a-z]+=|javascript:")
    wrong = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "templates").rglob("*.html")
        if pattern.search(path.read_text(encoding="utf-8"))
    ]
    assert wrong == []


def test_ids_made_here_and_by_the_database_are_alike(db: None) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("select uuidv7()")
        theirs = cursor.fetchone()[0]
    assert (theirs.version, uuid7().version) == (7, 7)
    assert abs((theirs.int >> 80) - (uuid7().int >> 80)) < 60_000
    assert Business._meta.pk.db_default is not None
