"""A real browser before a real server, with a worker that takes jobs from the real queue."""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django_q.brokers import get_broker
from django_q.signing import SignedPackage
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from crm import queue, work
from crm.models import Lane, Membership, Worker
from tests.factories.crm import PASSWORD

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
CHROMIUM = (
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM") or next((p for p in CHROMIUM if Path(p).exists()), None)
    if path is None:
        pytest.fail("The journeys need Chromium: apt-get install chromium (or set CHROMIUM to its path).")
    # Playwright's own event loop runs in this thread; the ORM is used between its calls, never inside.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        expect.set_options(timeout=30_000)
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def worker(transactional_db: None) -> Iterator[None]:
    """Takes jobs from the queue's broker and runs them, as a worker process does."""
    stop = threading.Event()

    Worker.objects.create(name="journey", capacity=dict.fromkeys(Lane.values, 2))

    def do_jobs() -> None:
        brokers = [get_broker(lane) for lane in Lane.values]
        try:
            while not stop.wait(0.1):
                queue.tend()
                for broker in brokers:
                    for ack, payload in broker.dequeue() or []:
                        work.run(SignedPackage.loads(payload)["args"][0])
                        broker.acknowledge(ack)
        finally:
            connection.close()

    thread = threading.Thread(target=do_jobs)
    thread.start()
    yield
    stop.set()
    thread.join()


class Visit:
    """A browser tab; collects what the page complains about (errors, violations of the content security policy)."""

    def __init__(self, tab: Page, base: str) -> None:
        self.tab, self.base = tab, base
        self.complaints: list[str] = []
        tab.on(
            "console",
            lambda message: self.complaints.append(message.text) if message.type in ("error", "warning") else None,
        )
        tab.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, path: str) -> None:
        self.tab.goto(self.base + path)
        self.tab.wait_for_load_state("networkidle")

    def sign_in(self, member: Membership, password: str = PASSWORD) -> None:
        self.open("/account/sign-in")
        self.tab.get_by_label("E-mail").fill(member.user.email)
        self.tab.get_by_label("Password", exact=True).fill(password)
        self.tab.get_by_role("button", name="Sign in").click()
        self.tab.wait_for_url(f"{self.base}/")


@pytest.fixture
def visit(chromium: Browser, live_server: Any) -> Iterator[Callable[..., Visit]]:
    """Opens a tab: `visit(width=390, dark=True)`."""
    contexts: list[BrowserContext] = []

    def opened(width: int = 1440, height: int = 900, dark: bool = False) -> Visit:
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            locale="en-GB",
        )
        context.set_default_timeout(60_000)
        contexts.append(context)
        return Visit(context.new_page(), live_server.url)

    yield opened
    for context in contexts:
        context.close()
