"""Texts from outside, 500 hostile ones of them, in a real browser: nothing of them ever runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request
from ruamel.yaml import YAML
from tests.web.axe import LOOKS, open_context
from tests.web.chromium import Faults, NoChromium, chromium
from tests.web.payloads import LINKS, PAYLOADS
from tests.web.scene.pages import Finder, Found, session_of
from tests.web.scene.story import HERE, Scene, quick_folder, serving

from tocsin.core.incident import commands as c
from tocsin.core.incident.commands import Refusal
from tocsin.engine import actions

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

ROOMS = 16
"""So many pages of each route are looked at; as many rooms hold the notes."""

NOTES_EACH = 40
"""Entries of one incident, so that its page shows all of them."""

TRAP = """
window.__asked = [];
for (const name of ["alert", "confirm", "prompt", "print", "open"]) {
  window[name] = (...said) => { window.__asked.push(`${name}(${said})`); };
}
"""

INTRUDERS = Path(__file__).with_name("intruders.js").read_text("utf-8")


@dataclass
class Watch:
    """A page on which nothing may happen."""

    page: Page
    faults: Faults
    home: str
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", self._requested)
        self.page.on("dialog", lambda dialog: self.asked.append(f"dialog {dialog.message}"))

    def _requested(self, request: Request) -> None:
        if not request.url.startswith((self.home, "data:image/")):
            self.asked.append(f"asked for {request.url}")

    def intruders(self, path: str) -> list[str]:
        """Open a page and return what has got in."""
        self.page.goto(self.home + path)
        self.page.wait_for_load_state("load")
        # Whatever waits for the mouse, the keyboard or an open box gets it.
        self.page.evaluate("document.querySelectorAll('details').forEach((one) => one.open = true)")
        self.page.mouse.move(300, 300)
        self.page.keyboard.press("Tab")
        found = [str(one) for one in self.page.evaluate(INTRUDERS)]
        found += [*self.asked, *self.faults.take()]
        self.asked.clear()
        return [f"{path}: {one}" for one in found]


def marked(number: int) -> str:
    """A payload with its number, by which it is found again on a page."""
    return f"{PAYLOADS[number]} zq{number}z"


def hostile_rules() -> tuple[str, str]:
    """The scene's plan and organisation, with payloads wherever people write texts."""
    yaml = YAML(typ="safe")
    plan: dict[str, Any] = yaml.load((HERE / "plan.yaml").read_text("utf-8"))
    people: dict[str, Any] = yaml.load((HERE / "org.yaml").read_text("utf-8"))
    texts = [clean(marked(number)) for number in range(len(PAYLOADS))]
    short = [text for text in texts if len(text) <= 150]
    plan["title"] = short[0]
    for number, severity in enumerate(plan["severities"].values()):
        severity["name"] = short[10 + number]
        severity["definition"] = short[20 + number]
    for number, fact in enumerate(plan["facts"].values()):
        if isinstance(fact, dict):
            fact["about"] = short[30 + number]
    for number, name in enumerate(plan["audiences"]):
        plan["audiences"][name]["name"] = short[60 + number]
    plan["roles"]["scribe"] = {"name": short[70], "duties": texts[:250]}
    plan["phases"]["assessment"]["name"] = short[71]
    plan["phases"]["assessment"]["steps"] += [
        {"id": f"hostile-{n}", "do": text} for n, text in enumerate(texts[250:300])
    ]
    safe = [text for text in texts if "{{" not in text and "{%" not in text]
    plan["templates"] |= {
        f"hostile-{n}": {"audience": "internal", "text": text} for n, text in enumerate(safe[:60])
    }
    plan["principles"] = texts[300:]
    for number, text in enumerate(short):
        people["people"][f"p{number}"] = {"name": text, "contacts": ["inbox"]}
    people["organisation"] = short[5]
    people["rosters"]["primary"]["rotation"] += [f"p{number}" for number in range(40)]
    texts_of = partial(json.dumps, default=str, ensure_ascii=False)
    return texts_of(plan), texts_of(people)


def clean(text: str) -> str:
    """Leave out what no YAML file may hold: it is refused before anybody sees it."""
    kept = (
        letter
        for letter in text
        if letter in "\n\t" or (letter.isprintable() or letter == "\u202e")
    )
    return "".join(kept)[:1500].strip()


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with quick_folder() as folder:
        scene = Scene(folder)
        scene.put_in_force(*hostile_rules())
        codes = alerts(scene)
        codes += titles(scene)
        notes(scene, codes)
        scene.later(minutes=2)
        try:
            with serving(scene):
                yield scene
        finally:
            scene.store.close()


def alerts(scene: Scene) -> list[str]:
    """Alerts whose labels, annotations, names and links are payloads, 50 to an incident."""
    for number in range(len(PAYLOADS)):
        text = marked(number)
        scene.alert(
            "Hostile" if number % 2 else text[:200],
            {"severity": "info", "service": f"s{number // 50}", "place": text, f"l{number}": text},
            {"summary": text, "description": text, "runbook_url": LINKS[number % len(LINKS)]},
            link=LINKS[number % len(LINKS)],
        )
    with scene.store.read() as reading:
        return [one.incident.code for one in reading.incidents((), None, 1000)]


def titles(scene: Scene) -> list[str]:
    """Incidents whose titles are payloads."""
    codes = []
    for number in range(len(PAYLOADS)):
        report = actions.Report(title=marked(number)[:300], by="ben", via="page")
        done = actions.declare(scene.world, report)
        if not isinstance(done, Refusal):
            codes.append(done.code)
    return codes


def notes(scene: Scene, codes: Sequence[str]) -> None:
    """Notes, facts, updates and reasons that are payloads, on the pages of some incidents."""
    # The newest are those to which lists lead first.
    kept = iter(codes[::-1])
    code = ""
    for number in range(len(PAYLOADS)):
        if number % NOTES_EACH == 0:
            code = next(kept)
        text = marked(number)
        actions.act(scene.world, code, c.Note(by="ben", via="page", text=text, why=text))
        fact = c.RecordFact(by="ana", via="page", name="root_cause", value=text[:900], why=text)
        actions.act(scene.world, code, fact)
        if number % 4 == 0:
            for audience in ("internal", "public", "customers"):
                told = c.Publish(by="ana", via="page", audience=audience, text=text, why=text)
                actions.act(scene.world, code, told)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    try:
        with chromium() as running:
            yield running
    except NoChromium as missing:
        pytest.skip(str(missing))


def pages_of(scene: Scene) -> list[Found]:
    """Every kind of page, and as many rooms as show all the notes."""
    finder = Finder(scene, each_at_most=ROOMS)
    pages = finder.find()
    assert len({page.route for page in pages}) > 6
    return pages


def test_there_are_500_and_all_differ() -> None:
    assert len(set(PAYLOADS)) == len(PAYLOADS) >= 500


def test_nothing_that_comes_from_outside_runs(browser: Browser, scene: Scene) -> None:
    pages = pages_of(scene)
    found: list[str] = []
    texts: list[str] = []
    for anonymous in (False, True):
        context = open_context(
            browser, scene, LOOKS[0], "" if anonymous else session_of(scene, "ana")
        )
        context.add_init_script(TRAP)
        watch = Watch(context.new_page(), Faults(context, ("Failed to load resource",)), scene.url)
        for page in pages:
            if page.anonymous is anonymous:
                found += watch.intruders(page.path)
                texts.append(watch.page.content())
        context.close()
    assert not found, "\n".join(found[:60])
    whole = "".join(texts)
    shown = sum(f"zq{number}z" in whole for number in range(len(PAYLOADS)))
    assert shown >= 500, f"only {shown} of {len(PAYLOADS)} payloads stood on a page"


def test_the_trap_does_catch(browser: Browser, scene: Scene) -> None:
    """The proof of the proof: were one of them to get in, it would be noticed."""
    context = open_context(browser, scene, LOOKS[0], "")
    context.add_init_script(TRAP)
    watch = Watch(context.new_page(), Faults(context), scene.url)
    assert watch.intruders("/sign-in") == []
    watch.page.evaluate(
        """() => document.querySelector("main").insertAdjacentHTML("beforeend",
          "<img src=x onerror=alert(1)><iframe></iframe><a href='javascript:alert(1)'>x</a>")"""
    )
    caught = "\n".join(str(one) for one in watch.page.evaluate(INTRUDERS))
    assert "<img onerror" in caught
    assert "<iframe>" in caught
    assert "leads to javascript:" in caught
    context.close()
