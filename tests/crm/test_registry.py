"""Sockets: plugged at start, in order, frozen by the first reading."""

import pytest

from crm import registry
from crm.registry import Permission, Socket


@pytest.fixture(autouse=True)
def _no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_sockets", dict(registry._sockets))


def test_plugs_are_read_in_their_order() -> None:
    socket: Socket[tuple[int, str]] = Socket("numbers", "For this test.", lambda p: p[1], order=lambda p: p[0])
    socket.plug((2, "b"), (1, "a"))
    assert list(socket) == [(1, "a"), (2, "b")]
    assert (len(socket), "a" in socket, "c" in socket, socket["b"], socket.get("c")) == (2, True, False, (2, "b"), None)


def test_a_key_is_plugged_once() -> None:
    socket: Socket[str] = Socket("words", "For this test.", lambda p: p)
    socket.plug("a")
    with pytest.raises(ValueError, match="twice"):
        socket.plug("a")


def test_the_first_reading_freezes_a_socket() -> None:
    socket: Socket[str] = Socket("words", "For this test.", lambda p: p)
    socket.plug("a")
    list(socket)
    with pytest.raises(RuntimeError, match="frozen"):
        socket.plug("b")


def test_a_permission_names_known_roles_only() -> None:
    with pytest.raises(ValueError, match="emperor"):
        Permission("x.y", "x", ("owner", "emperor"))
