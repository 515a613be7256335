"""The documents say what the code has: every setting, socket, verb, command, right and package, and every link leads somewhere."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands

from crm.environment import VARIABLES
from crm.registry import ROLES, all_sockets, permissions, verbs
from crm.setup.entry import verbs as manage_verbs
from customers.registry import import_resources

ROOT = Path(settings.BASE_DIR)
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
COMMITTED_TEXTS = [
    *DOCUMENTS, *sorted((ROOT / "docs").rglob("*.csv")), ROOT / "LICENSE", ROOT / "pyproject.toml", ROOT / ".env.example",
    ROOT / "requirements.in", ROOT / "requirements.lock",
]  # fmt: skip
# Addresses that documents may name: what the form of the changelog is, and hosts that stand for somebody's own.
HOSTS = {"keepachangelog.com", "localhost", "crm.example.com", "…"}
OWN_APPS = {"crm", "customers", "commerce"}
LARGEST_IMAGE = 200_000

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_FENCED = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)


def _ids(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _hooks(app: str) -> str:
    """The source of what an app plugs: one module or a package of them."""
    return "".join(
        path.read_text(encoding="utf-8")
        for path in sorted((ROOT / app).glob("hooks/*.py")) or [ROOT / app / "hooks.py"]
    )


def _rows(text: str) -> Iterator[list[str]]:
    """The cells of each line of the tables in a document, heads included."""
    for line in text.splitlines():
        if line.startswith("|") and not re.fullmatch(r"[|\s:-]+", line):
            yield [cell.strip() for cell in line.strip().strip("|").split("|")]


def _coded(cell: str) -> list[str]:
    """What stands in `backticks`."""
    return re.findall(r"`([^`]+)`", cell)


def _section(text: str, title: str) -> str:
    """What stands below a heading, up to the next of the same rank."""
    found = re.search(rf"^(#+) {re.escape(title)}$(.*?)(?=^\1 |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"there is no section {title!r}"
    return found[2]


def test_every_setting_is_described() -> None:
    described = [name for row in _rows(_text("docs/operations.md")) for name in _coded(row[0]) if name.isupper()]
    assert sorted(described) == sorted(VARIABLES)


def test_every_socket_is_listed() -> None:
    rows = [row for row in _rows(_section(_text("docs/architecture.md"), "Sockets")) if _coded(row[0])]
    assert [_coded(row[0])[0] for row in rows] == [socket.name for socket in all_sockets()]
    for row in rows:
        assert row[1], row
        assert row[2], row


def test_who_plugs_is_said_of_every_socket() -> None:
    declared = {app: set(re.findall(r"^([a-z_]+)\.plug\(", _hooks(app), re.MULTILINE)) for app in sorted(OWN_APPS)}
    variable = {"customer_fields": "fields"}
    for row in _rows(_section(_text("docs/architecture.md"), "Sockets")):
        if name := next(iter(_coded(row[0])), ""):
            pluggers = {app for app in OWN_APPS if variable.get(name, name) in declared[app]}
            assert {app for app in OWN_APPS if re.search(rf"\b{app}\b", row[2])} == pluggers, name


def test_every_verb_is_described_with_its_label() -> None:
    described = {_coded(row[0])[0]: row for row in _rows(_text("docs/events.md")) if _coded(row[0])}
    assert {name: row[1] for name, row in described.items()} == {verb.name: str(verb.label) for verb in verbs}
    assert [name for name, row in described.items() if not row[2]] == []


def test_every_verb_is_written_somewhere() -> None:
    code = "".join(
        path.read_text(encoding="utf-8")
        for app in OWN_APPS
        for path in (ROOT / app).rglob("*.py")
        if "hooks" not in (path.stem, path.parent.name)
    )
    assert [verb.name for verb in verbs if f'"{verb.name}"' not in code] == []


def test_every_command_is_described() -> None:
    described = {name for row in _rows(_section(_text("README.md"), "All verbs")) for name in _coded(row[0])}
    assert described == {name for name, app in get_commands().items() if app in OWN_APPS} | set(manage_verbs())


def test_every_package_has_its_reason() -> None:
    chosen = re.findall(r"^([A-Za-z0-9][A-Za-z0-9._-]*)", _text("requirements.in"), re.MULTILINE)
    rows = [row for row in _rows(_text("docs/decisions/0002-dependencies.md")) if row[0] != "package"]
    assert sorted(row[0] for row in rows) == sorted(chosen)
    assert [row[0] for row in rows if len(row[1]) < 10] == []


def test_every_right_is_told_in_words() -> None:
    rows = list(_rows(_section(_text("docs/guide/people.md"), "What each role may do")))
    assert rows[0][1:] == list(ROLES)
    assert rows[1:] == [
        [str(right.label), *("yes" if role in right.roles else "–" for role in ROLES)] for right in permissions
    ]


def test_every_column_of_a_file_is_described() -> None:
    text = _text("docs/guide/importing.md")
    for resource in import_resources:
        rows = [row for row in _rows(_section(text, str(resource.label))) if _coded(row[0])]
        described = {name: row for row in rows for name in _coded(row[0])}
        assert sorted(described) == sorted(column.name for column in resource.columns), resource.key
        for column in resource.columns:
            row = described[column.name]
            assert ("*" in row[0]) == column.required, column.name
            assert [alias for alias in column.aliases if alias not in re.split(r"[,;] ", row[1])] == [], column.name


def test_every_module_of_the_kernel_has_its_line() -> None:
    named = {
        name.rstrip("/")
        for row in _rows(_section(_text("docs/architecture.md"), "The kernel's modules"))
        for name in _coded(row[0])
    }
    there = {
        path.name for path in (ROOT / "crm").iterdir()
        if path.name not in ("__init__.py", "__pycache__", "migrations") and (path.is_dir() or path.suffix == ".py")
    }  # fmt: skip
    assert {Path(name).parts[0] for name in named} == there


def test_every_record_is_in_the_index() -> None:
    index = _text("docs/decisions/README.md")
    for path in sorted((ROOT / "docs/decisions").glob("0*.md")):
        title = path.read_text(encoding="utf-8").splitlines()[0]
        assert f"| [{path.name[:4]}]({path.name}) | {title.removeprefix(f'# {path.name[:4]} ')} |" in index


def test_every_named_test_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", _text("docs/testcases.md"))
    assert len(named) > 40
    missing = []
    for name, function in named:
        path = ROOT / name
        tree = ast.parse(path.read_text(encoding="utf-8")) if path.exists() else ast.Module([], [])
        if function not in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}:
            missing.append(f"{name}::{function}")
    assert missing == []


def test_every_case_has_a_state_and_a_reason() -> None:
    rows = [row for row in _rows(_text("docs/testcases.md")) if re.fullmatch(r"[A-Z]\d\d", row[0])]
    assert len({row[0] for row in rows}) == len(rows)
    for number, title, state, where in rows:
        assert state in ("tested", "partly", "open"), number
        assert title, number
        assert where, number
        assert state != "tested" or "`tests/" in where or "tests of" in where, number


def _anchors(path: Path) -> set[str]:
    """The anchors that a reader's program makes of the headings."""
    titles = re.findall(r"^#+ (.+)$", _FENCED.sub("", path.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", DOCUMENTS, ids=_ids)
def test_links_lead_somewhere(path: Path) -> None:
    dead = []
    for target in _LINK.findall(_FENCED.sub("", path.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+://", target):
            continue
        name, _sign, anchor = target.partition("#")
        there = (path.parent / name).resolve() if name else path
        if not there.exists() or not there.is_relative_to(ROOT) or (anchor and anchor not in _anchors(there)):
            dead.append(target)
    assert dead == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=_ids)
def test_files_that_are_named_are_there(path: Path) -> None:
    text = _FENCED.sub("", path.read_text(encoding="utf-8"))
    named = re.findall(r"`((?:crm|customers|commerce|templates|static|tests)/[\w./]+?)/?`", text)
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("path", [path for path in COMMITTED_TEXTS if path.exists()], ids=_ids)
def test_texts_speak_of_the_project_alone(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"(?<![\w.])/(?:work|tmp|home|Users)/\S*", text) == []
    assert set(re.findall(r"https?://([^\s/:)`'\"]+)", text)) - HOSTS == set()
    assert re.findall(r"\b(?:TODO|FIXME|XXX)\b", text) == []
    if path.suffix == ".md":
        assert re.findall(r"(?<![\w&])#\d+\b", text) == []


def test_every_document_is_reached_from_the_readme() -> None:
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        path = waiting.pop()
        if path in seen or path.suffix != ".md" or not path.exists():
            continue
        seen.add(path)
        waiting += [
            (path.parent / target.partition("#")[0]).resolve()
            for target in _LINK.findall(path.read_text(encoding="utf-8"))
        ]
    assert [str(path.relative_to(ROOT)) for path in DOCUMENTS if path not in seen] == []


def test_pictures_are_shown_and_small() -> None:
    shown = {
        (path.parent / target).resolve()
        for path in DOCUMENTS
        for target in _LINK.findall(path.read_text(encoding="utf-8"))
    }
    for picture in sorted((ROOT / "docs/img").iterdir()):
        assert picture in shown, picture.name
        assert picture.stat().st_size < LARGEST_IMAGE, picture.name


def test_the_licence_is_the_one_that_is_declared() -> None:
    assert _text("LICENSE").startswith("MIT License\n")
    assert 'license = "MIT"' in _text("pyproject.toml")
