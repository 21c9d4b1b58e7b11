"""A headless Chromium for tests of pages: what a page logs and asks for is collected, and most tests want it empty.

Skips where there is no playwright, or no browser (CHROMIUM names another than /usr/bin/chromium).
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path

import pytest

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))


@pytest.fixture(scope="module")
def browser():
    """One browser for the tests of a module."""
    sync_api = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}")
    with sync_api.sync_playwright() as play:
        found = play.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield found
        found.close()


@contextmanager
def opened(browser, file, *, width=1400, theme="light", motion="no-preference", fragment="", quiet=True):
    """A page of a file; afterwards it must have logged nothing and asked for nothing but itself (where `quiet`)."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=theme, reduced_motion=motion, offline=True
    )
    context.set_default_timeout(5000)
    page, told, asked = context.new_page(), [], []
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{Path(file).resolve().as_uri()}{fragment}")
    yield page
    if quiet:
        assert told == []
        assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
        assert len(asked) == 1
    context.close()
