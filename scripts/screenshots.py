"""Take pictures of every page there is, wide and narrow, light and dark: `make screenshots`.

    .venv/bin/python -m scripts.screenshots [--only PART]

The pages are found by themselves (tests/web/scene/pages.py), with the story of tests/web/scene on
them. All pictures go to build/screenshots; of those that the docs show, KEPT, the upper part goes
to docs/screenshots as well. Time stands still in them, on the server and in the browser, so that
a picture only changes when a page does.
"""

import argparse
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, FloatRect, Page
from tests.web.axe import LOOKS, open_context
from tests.web.chromium import SIZES, NoChromium, chromium
from tests.web.scene.pages import Finder, Found, answer_links, session_of
from tests.web.scene.story import Scene, quick_folder, told_and_served

ROOT = Path(__file__).parent.parent
ALL = ROOT / "build" / "screenshots"
DOCS = ROOT / "docs" / "screenshots"

NAMES = {
    "/incidents": "incidents",
    "/incidents/INC-2026-004": "incident",
    "/incidents/INC-2026-001": "incident-over",
    "/inbox": "inbox",
    "/on-call": "on-call",
    "/centre": "centre",
    "/desk": "desk",
    "/plan": "plan",
    "/people": "people",
    "/integrations": "integrations",
    "/settings": "settings",
    "/audit": "audit",
    "/account": "account",
    "/status": "status",
    "/sign-in": "sign-in",
    "/declare": "declare",
}
"""Names of pictures that stay when codes and paths change; other pages are called as their path."""

KEPT = {
    "incident-wide-light", "incident-wide-dark", "incident-narrow-light", "incident-narrow-dark",
    "incidents-wide-light", "centre-wide-dark", "on-call-wide-light", "plan-wide-light",
    "status-wide-light", "answer-narrow-light", "inbox-narrow-dark",
}  # fmt: skip
"""What the docs show; a page that does not exist gives no picture."""

TALL = 1500
"""Pixels; more of a page is too much for a document."""

SETTLED = "() => document.fonts.ready.then(() => new Promise((done) => setTimeout(done, 250)))"


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(prog="scripts.screenshots", description="Take pictures.")
    parser.add_argument("--only", default="", metavar="PART", help="pictures with this in the name")
    only = parser.parse_args().only
    if not only:
        shutil.rmtree(ALL, ignore_errors=True)
    ALL.mkdir(parents=True, exist_ok=True)
    DOCS.mkdir(parents=True, exist_ok=True)
    try:
        with quick_folder() as folder, told_and_served(folder) as scene, chromium() as browser:
            taken = list(take_all(browser, scene, only))
    except NoChromium as missing:
        sys.exit(str(missing))
    print(f"{len(taken)} pictures are in {ALL}, {len(KEPT & set(taken))} of them in {DOCS}")
    gone = [] if only else sorted(KEPT - set(taken))
    if gone:
        sys.exit(f"the docs want pictures of pages that are not there: {', '.join(gone)}")


def take_all(browser: Browser, scene: Scene, only: str) -> Iterator[str]:
    """Take the pictures with `only` in their names; yields the names."""
    pages = Finder(scene).find()
    answers = list(answer_links(scene))
    for look in LOOKS:
        for anonymous in (False, True):
            session = "" if anonymous else session_of(scene, look.person)
            context = open_context(browser, scene, look, session)
            page = context.new_page()
            for found in pages:
                name = f"{_name(found, answers)}-{look.size}-{look.scheme}"
                if found.anonymous is anonymous and only in name:
                    _take(page, scene, found, name)
                    yield name
            context.close()


def _take(page: Page, scene: Scene, found: Found, name: str) -> None:
    page.goto(scene.url + found.path)
    page.evaluate(SETTLED)
    page.screenshot(path=ALL / f"{name}.png", full_page=True)
    if name in KEPT:
        size = page.viewport_size or SIZES["wide"]
        whole: int = page.evaluate("() => document.documentElement.scrollHeight")
        top = FloatRect(x=0, y=0, width=size["width"], height=min(whole, TALL))
        page.screenshot(path=DOCS / f"{name}.png", full_page=True, clip=top)


def _name(found: Found, answers: list[str]) -> str:
    """Return a name without what is different each time, such as the secret of a link."""
    if found.path in answers:
        return "answer" if found.path == answers[-1] else "answer-taken"
    return NAMES.get(found.path, found.name)


if __name__ == "__main__":
    main()
