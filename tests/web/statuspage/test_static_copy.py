"""A copy of the page served by nothing but a file server, in a real browser."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import which

import pytest
from tests.web.statuspage.conftest import Public

from tocsin.web.statuspage.publisher import Publisher

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("javascript", [True, False])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_copy_works_by_itself(
    public: Public, tmp_path: Path, javascript: bool, width: int
) -> None:
    public.out()
    public.fact("component_api", "down")
    public.say("<b onclick=alert(1)>We look into it.</b> " + "A" * 300)
    # Below a directory, as on a site that has other things as well.
    Publisher(public.stage.world, tmp_path / "deep" / "status").refresh()
    with served(tmp_path) as url, sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context(
            viewport={"width": width, "height": 800}, java_script_enabled=javascript
        )
        page = context.new_page()
        wrong: list[str] = []
        page.on("console", lambda said: wrong.append(said.text))
        page.on("requestfailed", lambda request: wrong.append(request.url))
        page.on("response", lambda got: wrong.append(got.url) if got.status >= 400 else None)
        page.goto(f"{url}/deep/status/index.html")
        assert page.locator("h1").inner_text() == "Partial outage"
        assert page.locator("#component-api .state").inner_text().strip() == "Major outage"
        if javascript:
            inner = page.evaluate("document.documentElement.scrollWidth")
            assert inner <= width
        page.locator(".card.incident h2 a").click()
        assert "Orders fail" in page.locator("h1").inner_text()
        page.locator(".brand").click()
        page.locator("nav a").first.click()
        assert page.locator("h1").inner_text() == "November 2026"
        browser.close()
        assert wrong == []
