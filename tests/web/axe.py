"""Look at pages with axe, and see whether they fit: `.venv/bin/python -m tests.web.axe [PATH...]`.

Without a path it looks at every page that there is, wide and narrow, light and dark. The pages are
those of the scene (tests/web/scene). Exit 1 if anything was found.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, BrowserContext, Page
from tests.web.chromium import SIZES, Faults, chromium
from tests.web.scene.pages import Finder, Found, session_of
from tests.web.scene.story import Scene, quick_folder, told_and_served

from tocsin.web.access import cookie_name

AXE = Path(__file__).parents[2] / "build" / "npm" / "node_modules" / "axe-core" / "axe.min.js"
MISSING = "axe-core is missing: run `make setup-tests`"
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@dataclass(frozen=True)
class Look:
    """How a page is looked at: on what, in which colours, and by whom."""

    size: str
    scheme: Literal["light", "dark"]
    person: str = "ana"


LOOKS = [
    Look("wide", "light"),
    Look("wide", "dark"),
    Look("narrow", "light"),
    Look("narrow", "dark"),
]

RUN = """\
async (standards) => {
  const found = await axe.run(document, {runOnly: {type: "tag", values: standards}});
  return found.violations.map((rule) => {
    const places = rule.nodes.slice(0, 3).map((node) =>
      `${node.target.join(" ")} (${node.failureSummary.replace(/\\s+/g, " ")})`);
    return `axe ${rule.id}: ${rule.help}: ${rule.nodes.length} times: ${places.join("; ")}`;
  });
}"""

TOO_WIDE = """() => {
  const root = document.documentElement;
  if (root.scrollWidth <= root.clientWidth) return [];
  const wide = [...document.querySelectorAll("body *")].filter(
    (one) => one.getBoundingClientRect().right > root.clientWidth + 1).slice(0, 3);
  const names = wide.map((one) => `${one.tagName.toLowerCase()}.${[...one.classList].join(".")}`);
  return [`the page is ${root.scrollWidth} wide on ${root.clientWidth}: ${names.join(", ")}`];
}"""


def look_at(page: Page, source: str) -> list[str]:
    """Return what is wrong with the page as it stands; `source` is axe."""
    page.evaluate("() => document.fonts.ready")
    page.evaluate(source)
    found: list[Any] = page.evaluate(RUN, STANDARDS)
    return [*map(str, found), *map(str, page.evaluate(TOO_WIDE))]


def open_context(browser: Browser, scene: Scene, look: Look, session: str) -> BrowserContext:
    """Return a browser of that look, at the scene's time; signed in if there is a session."""
    context = browser.new_context(
        viewport=SIZES[look.size], color_scheme=look.scheme, reduced_motion="reduce",
        locale="en-GB", timezone_id="Europe/Berlin", device_scale_factor=1,
    )  # fmt: skip
    context.clock.set_fixed_time(scene.at)
    if session:
        cookie = {"name": cookie_name(scene.world), "value": session, "url": scene.url}
        context.add_cookies([cookie])  # type: ignore[list-item]
    return context


def look_at_all(
    browser: Browser, scene: Scene, pages: Sequence[Found], look: Look, shots: Path | None = None
) -> Iterator[str]:
    """Yield everything that is wrong with these pages in one look; keeps pictures in `shots`."""
    source = AXE.read_text("utf-8")
    for anonymous in (False, True):
        session = "" if anonymous else session_of(scene, look.person)
        context = open_context(browser, scene, look, session)
        # A browser puts every answer with an error into its console, also the wanted ones.
        faults = Faults(context, wanted=("Failed to load resource",))
        page = context.new_page()
        for one in pages:
            if one.anonymous is not anonymous:
                continue
            page.goto(scene.url + one.path)
            where = f"{one.path} ({look.size}, {look.scheme})"
            yield from (f"{where}: {wrong}" for wrong in look_at(page, source))
            yield from (f"{where}: console: {wrong}" for wrong in faults.take())
            if shots is not None:
                file = shots / f"{one.name}-{look.size}-{look.scheme}.png"
                page.screenshot(path=file, full_page=True)
        context.close()


def main() -> int:
    """Look at the pages that the command line names."""
    parser = argparse.ArgumentParser(prog="tests.web.axe", description=__doc__)
    parser.add_argument("paths", nargs="*", metavar="PATH", help="/incidents, for example")
    parser.add_argument("--shots", type=Path, metavar="FOLDER", help="keep pictures there")
    parser.add_argument("--as", dest="person", default="ana", help="who is signed in (ana)")
    parser.add_argument("--list", action="store_true", help="only say which pages there are")
    asked = parser.parse_args()
    if not AXE.exists():
        sys.exit(MISSING)
    if asked.shots is not None:
        asked.shots.mkdir(parents=True, exist_ok=True)
    with quick_folder() as folder, told_and_served(folder) as scene:
        finder = Finder(scene, asked.person)
        pages = finder.find()
        if asked.paths:
            known = {page.path: page for page in pages}
            pages = [known.get(path, Found(path, path)) for path in asked.paths]
        if asked.list:
            sys.stdout.writelines(f"{page.path}  ({page.route})\n" for page in pages)
            sys.stdout.writelines(f"NOT COVERED  {route}\n" for route in finder.uncovered)
            return 0
        count = 0
        with chromium() as browser:
            for look in LOOKS:
                seen = replace(look, person=asked.person)
                for wrong in look_at_all(browser, scene, pages, seen, asked.shots):
                    count += 1
                    sys.stdout.write(wrong + "\n")
        for route in () if asked.paths else finder.uncovered:
            count += 1
            sys.stdout.write(f"no page of {route} was found: fill it in tests/web/scene/pages.py\n")
        sys.stdout.write(f"{len(pages)} pages, {count} findings\n")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
