"""One web process: waitress on a listening socket that all web processes share; ends in good order on TERM."""

import logging
import resource
import signal
import socket
import sys
import time
from types import FrameType
from typing import TYPE_CHECKING, Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import TcpWSGIServer, create_server

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

CONNECTIONS = 2000
LARGEST_BODY = 64 * 1024 * 1024
GRACE = 10.0


class StrictParser(HTTPRequestParser):  # type: ignore[misc]  # the package has no types
    """Refuses what a server in front may read otherwise: folded headers, a length beside chunks, chunks in HTTP/1.0."""

    def parse_header(self, header_plus: bytes) -> None:
        if b"\n " in header_plus or b"\n\t" in header_plus:
            raise ParsingError("Folded header")
        super().parse_header(header_plus)
        if "TRANSFER_ENCODING" in self.headers or (self.chunked and "CONTENT_LENGTH" in self.headers):
            raise ParsingError("Transfer-Encoding contradicts the length or the version")


class StrictChannel(HTTPChannel):  # type: ignore[misc]  # the package has no types
    parser_class = StrictParser


def listen(address: str, port: int) -> socket.socket:
    """The shared socket; OSError when the port is taken."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((address, port))
        listening.listen(1024)
    except OSError:
        listening.close()
        raise
    return listening


def build(
    application: "WSGIApplication", listening: socket.socket, threads: int, trusted_proxies: int
) -> TcpWSGIServer:
    """The server around `application`; headers of proxies count only from as many as are named."""
    proxies: dict[str, Any] = (
        {
            "trusted_proxy": "*",
            "trusted_proxy_count": trusted_proxies,
            "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"},
            "clear_untrusted_proxy_headers": True,
        }
        if trusted_proxies
        else {"clear_untrusted_proxy_headers": True}
    )
    server: TcpWSGIServer = create_server(
        application,
        sockets=[listening],
        threads=threads,
        connection_limit=CONNECTIONS,
        channel_timeout=30,
        max_request_body_size=LARGEST_BODY,
        max_request_header_size=65536,
        asyncore_use_poll=True,
        backlog=1024,
        ident="",
        **proxies,
    )
    server.channel_class = StrictChannel
    return server


class WebProcess:
    """Serves until TERM, then finishes what it has begun."""

    def __init__(self, server: TcpWSGIServer) -> None:
        self.server = server
        self.stopping = False

    def stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True
        self.server.pull_trigger()

    def run(self) -> None:
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGINT, self.stop)
        while not self.stopping:
            self._turn(5.0)
        self.server.accepting = False
        self.server.del_channel()
        self.server.socket.close()
        deadline = time.monotonic() + GRACE
        while self._busy() and time.monotonic() < deadline:
            self._turn(0.1)
        self.server.task_dispatcher.shutdown(timeout=1)

    def _turn(self, timeout: float) -> None:
        self.server.asyncore.loop(timeout=timeout, map=self.server._map, use_poll=True, count=1)

    def _busy(self) -> bool:
        channels = [channel for channel in self.server._map.values() if isinstance(channel, HTTPChannel)]
        return any(channel.requests or channel.total_outbufs_len for channel in channels)


def allow_many_connections() -> None:
    """The soft limit of open files is raised as far as the connections need and the system lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS * 2 + 256
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard)
        )


def main(descriptor: int) -> int:
    from django.urls import get_resolver

    from crm.environment import environment
    from crm.garbage import keep_what_is_loaded
    from crm.wsgi import application

    get_resolver().url_patterns  # noqa: B018  (imports every view now: threads that import at once see half-made modules)
    keep_what_is_loaded()
    allow_many_connections()
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    listening = socket.socket(fileno=descriptor)
    WebProcess(build(application, listening, environment.web_threads, environment.trusted_proxies)).run()
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
