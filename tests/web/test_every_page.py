"""Every page that there is, found from the routes: nobody is kept out, and nothing complains.

To look at one page: `.venv/bin/python -m tests.web.axe /incidents --shots FOLDER`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from playwright.sync_api import Browser
from tests.web.axe import AXE, LOOKS, MISSING, Look, look_at, look_at_all, open_context
from tests.web.chromium import Faults, NoChromium, chromium
from tests.web.scene.pages import Finder
from tests.web.scene.story import Scene, quick_folder, told_and_served

from tocsin.web.app import make_app
from tocsin.web.pages.forms import Anybody

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    try:
        with chromium() as running:
            yield running
    except NoChromium as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with quick_folder() as folder, told_and_served(folder) as told:
        yield told


@pytest.fixture(scope="module")
def finder(scene: Scene) -> Finder:
    finder = Finder(scene)
    finder.find()
    return finder


def test_every_route_that_gives_a_page_was_found(finder: Finder) -> None:
    assert finder.uncovered == [], "link to them from a page, or fill them in scene/pages.py"
    assert len(finder.pages) > 15


WIDE_LIGHT, *OTHERS, NARROW_DARK = LOOKS
EVERY_LOOK = [
    WIDE_LIGHT,
    # Neither width nor colours are new in these: `make torture` has the time for them.
    *(pytest.param(look, marks=pytest.mark.torture) for look in OTHERS),
    NARROW_DARK,
]


@pytest.mark.parametrize("look", EVERY_LOOK, ids=lambda look: f"{look.size}-{look.scheme}")
def test_no_page_keeps_anybody_out_or_complains(
    browser: Browser, scene: Scene, finder: Finder, look: Look
) -> None:
    """No violation of WCAG 2.2 AA that axe finds, no scrolling sideways, nothing in the console."""
    if not AXE.exists():
        pytest.skip(MISSING)
    found = list(look_at_all(browser, scene, finder.pages, look))
    assert not found, "\n".join(found)


def test_a_page_with_barriers_is_found(browser: Browser, scene: Scene) -> None:
    """The proof of the proof: axe, the width and the console do notice what is wrong."""
    if not AXE.exists():
        pytest.skip(MISSING)
    context = open_context(browser, scene, LOOKS[2], "")
    faults = Faults(context)
    page = context.new_page()
    page.goto(f"{scene.url}/sign-in")
    page.evaluate(
        """() => {
          const image = document.createElement("img");
          image.src = "/static/icon.svg";
          image.width = 900;
          document.querySelector("main").append(image);
          const script = document.createElement("script");
          script.textContent = "window.__pwned = 1";
          document.body.append(script);
        }"""
    )
    found = "\n".join([*look_at(page, AXE.read_text("utf-8")), *faults.take()])
    assert "axe image-alt" in found
    assert "wide on 390" in found
    assert "policy: script-src" in found
    assert page.evaluate("window.__pwned") is None
    context.close()


def test_a_page_that_nothing_leads_to_is_named(scene: Scene) -> None:
    router = APIRouter()

    @router.get("/hidden/{name}")
    async def hidden(name: str, _caller: Anybody) -> HTMLResponse:
        return HTMLResponse(name)

    app = make_app(scene.world, scene.site)
    app.include_router(router)
    finder = Finder(scene, app=app)
    finder.find()
    assert "/hidden/{name}" in finder.uncovered
