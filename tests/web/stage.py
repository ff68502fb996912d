"""A small organisation with a plan, on a real SQLite store, served as it is in production."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from starlette.testclient import TestClient

from tocsin.core.alerts import Signal, fingerprint
from tocsin.engine.intake import take_in
from tocsin.engine.keys import integration_key, operator_key
from tocsin.engine.rules import Rules
from tocsin.engine.tick import tick
from tocsin.engine.world import World
from tocsin.sources.alertmanager.view import AlertmanagerView
from tocsin.sources.deployments.parse import Deployments
from tocsin.store.sql_store import SqlStore, open_store
from tocsin.web.app import make_app
from tocsin.web.sessions import make_sign_in_link
from tocsin.web.site import Site

BASE = "http://tocsin.test"

PLAN = """
tocsin: 1
plan: shop
title: What we do when the shop is down
facts:
  service_availability: [full, degraded, none]
  users_affected: number
severities:
  P0:
    name: Critical
    when: ['service_availability == "none"']
    acknowledge: within 15m
    escalation_policy: required
  P1:
    name: High
    when: ['service_availability == "degraded"']
    acknowledge: within 1h
escalation:
  measured_from: start
  steps:
    - {page: on-call-engineer, P0: immediate (within 5m), P1: immediate (within 5m)}
    - {page: team-lead, P0: 30m, P1: 2h}
  if_exhausted: {page: team-lead, every: 15m}
roles:
  incident-commander: {from: on-call-engineer}
contacts:
  on-call-engineer: see the organisation file
  team-lead: see the organisation file
alerts:
  group_by: [alertname]
  rules:
    - {match: {severity: critical}, severity: P0}
  otherwise: P1
ids: {incident: "INC-{YYYY}-{n:03}"}
"""

ORGANISATION = """
tocsin: 1
organisation: The shop
time_zone: UTC
people:
  ana: {name: Ana Prieto, contacts: [inbox]}
  ben: {name: Ben Okafor, access: administrator, contacts: [inbox, email ben@example.org]}
  vic: {name: Vic Viewer, access: viewer, contacts: [inbox]}
rosters:
  primary: {rotation: [ana, ben], handover: monday 09:00, first_week: 2026-01-05}
recipients:
  on-call-engineer: {roster: primary}
  team-lead: {people: [ben]}
last_resort: team-lead
integrations:
  prometheus: {source: alertmanager, owner: team-lead}
"""


@dataclass
class Stage:
    """The world of one test, with a clock that the test moves."""

    store: SqlStore
    at: datetime = datetime(2026, 11, 10, 10, 0, tzinfo=UTC)  # Ana is on call
    base_url: str = BASE
    ending: bool = False
    world: World = field(init=False)
    site: Site = field(init=False)
    _made: tuple[World, Site, FastAPI] | None = field(init=False, default=None, repr=False)

    def __post_init__(self) -> None:
        with self.store.read() as reading:
            secret = reading.secret()
        self.site = Site(
            version="0.0-test",
            shutting_down=lambda: self.ending,
            alert_view=AlertmanagerView(),
            deployments=Deployments(),
        )
        self.world = World(
            store=self.store,
            rules=Rules(self.store),
            channels={},
            sources={},
            now=lambda: self.at,
            wake=self.site.notifier.changed,
            base_url=self.base_url,
            node="test",
            secret=secret,
        )

    def put_in_force(self, plan: str = PLAN, organisation: str = ORGANISATION) -> None:
        problems = self.world.rules.activate(
            ("plan.yaml", plan), ("org.yaml", organisation), self.at
        )
        assert not [p for p in problems if p.level == "error"], problems

    def later(self, **duration: float) -> None:
        """Move the clock, and let the engine do what has become due."""
        self.at += timedelta(**duration)
        tick(self.world, (), {})

    def alert(self, name: str = "ApiDown", *, severity: str = "critical", **more: Any) -> None:
        """Let an alert come in, as the intake does."""
        labels = {"alertname": name, "severity": severity, **more.pop("labels", {})}
        signal = Signal(
            integration="prometheus",
            fingerprint=fingerprint("prometheus", labels),
            firing=True,
            labels=labels,
            **more,
        )
        take_in(self.world, [[signal]])

    @property
    def operator(self) -> dict[str, str]:
        """Headers with the operator key."""
        return {"Authorization": f"Bearer {operator_key(self.world.secret)}"}

    @property
    def integration(self) -> dict[str, str]:
        """Headers with the integration's key."""
        return {"Authorization": f"Bearer {integration_key(self.world.secret, 'prometheus', 1)}"}

    @property
    def app(self) -> FastAPI:
        """The application, made when it is first asked for, and anew for another world or site."""
        made = self._made
        if made is None or made[0] is not self.world or made[1] is not self.site:
            made = self._made = (self.world, self.site, make_app(self.world, self.site))
        return made[2]

    def client(self, **options: Any) -> TestClient:
        """A fresh browser or program, without cookies."""
        return TestClient(self.app, base_url=self.base_url, follow_redirects=False, **options)

    def signed_in(self, person: str = "ana") -> Browser:
        """A browser in which that person has signed in."""
        browser = Browser(self.client())
        link = make_sign_in_link(self.world, person).removeprefix(self.base_url)
        browser.open(link)
        answer = browser.press("Sign in")
        assert answer.status_code == 303, answer.text
        return browser

    def answer_link(self, person: str = "ana", which: int = 0) -> str:
        """The path of the link in a message to that person, the newest one first."""
        with self.store.read() as reading:
            deliveries = reading.inbox(person, 20)
        return deliveries[which].message.link.removeprefix(self.base_url)


@contextmanager
def open_stage(folder: Path, **options: Any) -> Iterator[Stage]:
    store = open_store(f"sqlite:///{folder / 'tocsin.db'}")
    try:
        yield Stage(store, **options)
    finally:
        store.close()


@dataclass
class Form:
    """A form of a page: where it goes, what is filled in, and what its button says."""

    action: str
    fields: dict[str, str]
    button: str = ""
    others: dict[str, dict[str, str]] = field(default_factory=dict)
    """What further buttons say -> what pressing them sends besides."""


class Page(HTMLParser):
    """What a browser would make of HTML: forms, links, scripts, attributes that run code, text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.scripts: list[str] = []
        self._in: list[str] = []
        self._select = ""
        self._chosen = self._open_option = self._sends = False
        self._pressed: dict[str, str] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        attrs = {name: value or "" for name, value in attributes}
        self.tags.append((tag, attrs))
        self._in.append(tag)
        if tag == "form":
            self.forms.append(Form(attrs.get("action", ""), {}))
        elif tag == "button" and self.forms:
            self._sends = attrs.get("type", "submit") == "submit"
            self._pressed = {attrs["name"]: attrs.get("value", "")} if "name" in attrs else {}
        elif tag in ("input", "textarea", "select") and self.forms and "name" in attrs:
            self._field(tag, attrs)
        elif tag == "option" and self.forms and self._select:
            self._option(attrs)
        elif tag == "a":
            self.links.append(attrs.get("href", ""))

    def _field(self, tag: str, attrs: dict[str, str]) -> None:
        is_off = attrs.get("type") in ("checkbox", "radio") and "checked" not in attrs
        if is_off or attrs.get("type") == "file":
            return
        self._select = attrs["name"] if tag == "select" else ""
        self._chosen = False
        self.forms[-1].fields[attrs["name"]] = attrs.get("value", "")

    def _option(self, attrs: dict[str, str]) -> None:
        """The selected option is sent, else the first one; one without a value sends its text."""
        self._open_option = False
        if "selected" not in attrs and self._chosen:
            return
        self._chosen = True
        self._open_option = "value" not in attrs
        self.forms[-1].fields[self._select] = attrs.get("value", "")

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self._in and self._in[-1] == "option" and self._open_option:
            self.forms[-1].fields[self._select] += data.strip()
        if self._in and self._in[-1] == "script":
            self.scripts.append(data)
        if {"form", "button"} <= set(self._in) and self._sends and data.strip():
            form = self.forms[-1]
            if form.button and self._pressed:
                form.others[data.strip()] = self._pressed
            else:
                form.button += data.strip()

    def handle_endtag(self, tag: str) -> None:
        if tag in self._in:
            while self._in.pop() != tag:
                pass

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def tags_src(self, name: str) -> str:
        """The address of our own file of that name, as the page has it."""
        return next(a["src"] for _, a in self.tags if name in a.get("src", ""))

    @property
    def buttons(self) -> list[str]:
        return [form.button for form in self.forms]


class Browser:
    """A browser without JavaScript: opens pages, fills in forms, presses buttons."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        self.page = Page("")

    def open(self, path: str) -> Page:
        answer = self.client.get(path, follow_redirects=True)
        assert answer.headers["content-type"].startswith("text/html"), answer.text
        self.page = Page(answer.text)
        return self.page

    def press(
        self,
        button: str,
        headers: dict[str, str] | None = None,
        typed: dict[str, str] | None = None,
        **said: str,
    ) -> httpx.Response:
        """Press a button on the page that is open; do not follow where it leads."""
        form = next(f for f in self.page.forms if button == f.button or button in f.others)
        said = {**form.others.get(button, {}), **said}
        browser_says = {"Origin": str(self.client.base_url)} if headers is None else headers
        answer: httpx.Response = self.client.post(
            form.action, data={**form.fields, **said, **(typed or {})}, headers=browser_says
        )
        return answer
