"""The web server as it faces the network: shapes that smuggle a second request past it, bodies that never end, files that are none."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import psutil
import pytest

from crm.setup.server import LARGEST_BODY, build, listen
from tests.timing import swiftly

SECOND = b"GET /second HTTP/1.1\r\nHost: localhost\r\n\r\n"
QUICK = b"GET /quick HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
LARGE = b"x" * 8_388_608
CHUNKED = b"0\r\n\r\n" + SECOND


class Served:
    """Our server around an application that writes down the paths it was asked for and reads bodies to their end."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.listening = listen("127.0.0.1", 0)
        self.address = self.listening.getsockname()
        self.server = build(self.application, self.listening, 2, 0)
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def application(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self.paths.append(environ["PATH_INFO"])
        environ["wsgi.input"].read()
        body = LARGE if environ["PATH_INFO"] == "/large" else b"ok"
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]

    def _serve(self) -> None:
        while not self.ended.is_set():
            self.server.asyncore.loop(timeout=0.05, map=self.server._map, use_poll=True, count=1)
        self.server.close()

    def lets_go(self) -> bool:
        """Are all connections closed that their callers have left? Waits for it."""
        deadline = time.monotonic() + 30
        while self.server.active_channels and time.monotonic() < deadline:
            time.sleep(0.01)
        return not self.server.active_channels

    def stop(self) -> None:
        self.lets_go()
        self.ended.set()
        self.thread.join(30)
        self.server.task_dispatcher.shutdown(timeout=1)

    def send(self, data: bytes, seconds: float = 20) -> bytes:
        """What comes back until the server closes the connection; raises TimeoutError when it stays open."""
        with socket.create_connection(self.address, timeout=seconds) as sock:
            sock.sendall(data)
            return _all(sock)


def _all(sock: socket.socket) -> bytes:
    found = b""
    while True:
        try:
            part = sock.recv(65536)
        except ConnectionResetError:
            return found
        if not part:
            return found
        found += part


@pytest.fixture
def served() -> Iterator[Served]:
    running = Served()
    yield running
    running.stop()


def _post(*headers: bytes, body: bytes = CHUNKED) -> bytes:
    return b"\r\n".join([b"POST /first HTTP/1.1", b"Host: localhost", *headers, b"", body])


SHAPES = {
    "length and chunks": _post(b"Content-Length: 5", b"Transfer-Encoding: chunked"),
    "chunks and length": _post(b"Transfer-Encoding: chunked", b"Content-Length: 5"),
    "two lengths": _post(b"Content-Length: 5", b"Content-Length: 0"),
    "two lengths in one": _post(b"Content-Length: 5, 0"),
    "folded encoding": _post(b"Transfer-Encoding:\r\n chunked", b"Content-Length: 5"),
    "unknown encoding": _post(b"Transfer-Encoding: xchunked", b"Content-Length: 5"),
    "several encodings": _post(b"Transfer-Encoding: gzip, chunked", b"Content-Length: 5"),
    "blank before the colon": _post(b"Transfer-Encoding : chunked", b"Content-Length: 5"),
    "tab in the encoding": _post(b"Transfer-Encoding: \x0bchunked", b"Content-Length: 5"),
    "negative length": _post(b"Content-Length: -5"),
    "signed length": _post(b"Content-Length: +5"),
    "length in hexadecimal": _post(b"Content-Length: 0x5"),
    "huge length": _post(b"Content-Length: 99999999999999999999999"),
    "chunk of a negative size": _post(b"Transfer-Encoding: chunked", body=b"-1\r\n\r\n" + SECOND),
    "chunk of no size": _post(b"Transfer-Encoding: chunked", body=b"zz\r\n\r\n" + SECOND),
    "chunks in HTTP/1.0": _post(b"Transfer-Encoding: chunked", b"Content-Length: 5").replace(
        b"HTTP/1.1", b"HTTP/1.0", 1
    ),
    "bare line feeds": b"POST /first HTTP/1.1\nHost: localhost\nContent-Length: 5\nTransfer-Encoding: chunked\n\n"
    + CHUNKED,
}


@pytest.mark.parametrize("shape", SHAPES)
def test_no_second_request_is_smuggled_in(served: Served, shape: str) -> None:
    answer = served.send(SHAPES[shape])
    assert "/second" not in served.paths, answer
    assert int(answer.split(b" ", 2)[1]) in (400, 413, 501), answer
    assert answer.count(b"HTTP/1.") == 1, answer


def test_requests_that_follow_each_other_are_both_answered(served: Served) -> None:
    first = b"POST /first HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc"
    last = b"GET /second HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    assert served.send(first + last).count(b"200 OK") == 2
    assert served.paths == ["/first", "/second"]


BODIES_WITHOUT_END = {
    "a length beyond the limit": _post(b"Content-Length: %d" % (1 << 30), body=b"0123456789"),
    "chunks beyond the limit": _post(b"Transfer-Encoding: chunked", body=b"%x\r\n" % (1 << 31)),
}


@pytest.mark.parametrize("name", BODIES_WITHOUT_END)
def test_bodies_beyond_the_limit_are_refused_before_they_are_read(served: Served, name: str) -> None:
    before = psutil.Process().memory_info().rss
    with socket.create_connection(served.address, timeout=20) as sock:
        sock.sendall(BODIES_WITHOUT_END[name])
        block, sent = b"x" * 1_048_576, 0
        try:
            while "chunks" in name and sent <= LARGEST_BODY:
                sock.sendall(block)
                sent += len(block)
        except (BrokenPipeError, ConnectionResetError):
            pass
        try:
            answer = _all(sock)
        except TimeoutError:
            answer = b"open"
    assert answer == b"" or b" 413 " in answer.split(b"\r\n")[0], answer
    assert served.paths == []
    assert psutil.Process().memory_info().rss - before < 20 * 1_048_576


def test_a_slow_body_holds_no_thread(served: Served) -> None:
    """More slow senders than threads; somebody else is answered at once."""
    slow = [socket.create_connection(served.address, timeout=20) for _number in range(20)]
    try:
        for sock in slow:
            sock.sendall(b"POST /slow HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nx")
        assert b"200 OK" in swiftly(lambda: served.send(QUICK), 2, time.perf_counter)
        assert set(served.paths) == {"/quick"}
    finally:
        for sock in slow:
            sock.close()


def test_half_a_header_holds_no_thread(served: Served) -> None:
    with ExitStack() as stack:
        for _number in range(300):
            sock = stack.enter_context(socket.create_connection(served.address, timeout=20))
            sock.sendall(b"GET /slow HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        for _number in range(10):
            assert b"200 OK" in swiftly(lambda: served.send(QUICK), 0.5, time.perf_counter)
    assert set(served.paths) == {"/quick"}


def test_slow_readers_hold_no_thread(served: Served) -> None:
    """They ask for eight megabytes each and read none of it."""
    with ExitStack() as stack:
        for _number in range(20):
            sock = stack.enter_context(socket.create_connection(served.address, timeout=20))
            sock.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"200 OK" in swiftly(lambda: served.send(QUICK), 2, time.perf_counter)
    assert served.lets_go(), "what nobody reads any more is kept"


def test_a_body_in_small_chunks_arrives_whole(served: Served) -> None:
    with socket.create_connection(served.address, timeout=20) as sock:
        sock.sendall(
            b"POST /chunks HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        for part in (b"3\r\nabc\r\n", b"1\r\n", b"d\r", b"\n0\r\n\r\n"):
            sock.sendall(part)
            time.sleep(0.02)
        assert b"200 OK" in _all(sock)
    assert served.paths == ["/chunks"]
