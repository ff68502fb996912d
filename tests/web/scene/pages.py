"""Finds every page of the application by itself: from its routes, and from the links on its pages.

A route whose parameters no link and no line of FILLED fills is named, so that no page goes unseen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urldefrag, urlencode, urljoin, urlsplit

import httpx
from fastapi import FastAPI
from tests.web.scene.story import Scene
from tests.web.stage import Page as Html

from tocsin.core.statuspage.subscribers import Way
from tocsin.engine.keys import status_link_token, subscriber_name, subscriber_token
from tocsin.engine.statuspage import subscribing
from tocsin.web.access import cookie_name
from tocsin.web.app import MACHINE_PATHS, needs_by_route
from tocsin.web.sessions import make_sign_in_link

EACH_ITS_OWN = httpx.Limits(max_keepalive_connections=0)
"""A new connection for each request: a busy machine's server may close an idle one just then."""

NO_PAGES = ("/live/", "/static", *MACHINE_PATHS)
"""Where streams, files and documents for machines are."""

FILLED = {
    "/incidents/{code}": [f"/incidents/INC-2026-00{n}" for n in range(1, 7)],
    "/incidents": ["/incidents", "/incidents?show=closed", "/incidents?show=all"],
}
"""Paths that are to be looked at in any case, by route; the others are found by following links."""

EACH_AT_MOST = 4
"""So many pages of one route are enough, beside those of FILLED."""

QUERIES_AT_MOST = 1
"""So many pages of one route that differ from others by what stands behind the `?` only."""

NO_PAGE = {"/sign-in/oidc": "leads on to the identity provider, and the scene has none"}
"""Routes without a page of ours, each with the reason."""

FAULTS = ("/there-is-no-such-page", "/incidents/INC-1999-001", "/incidents/INC-2026-003")
"""Pages of errors are pages too; the last one is of an incident that Ana may not read."""


@dataclass(frozen=True)
class Found:
    """A page: its path with its query, its route, and who may look at it."""

    path: str
    route: str
    anonymous: bool = False

    @property
    def name(self) -> str:
        """A name for files: `incidents-inc-2026-001`; the secret of a link is no part of it."""
        if "{token}" in self.route:
            return self.route.replace("/{token}", "-link").strip("/").replace("/", "-")
        return re.sub(r"[^a-z0-9]+", "-", self.path.lower()).strip("-")[:80] or "home"


@dataclass
class Finder:
    """Follows links from page to page as `person`, by every route of `app` (the scene's own)."""

    scene: Scene
    person: str = "ana"
    app: FastAPI | None = None
    each_at_most: int = EACH_AT_MOST
    pages: list[Found] = field(default_factory=list)
    uncovered: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._routes = [
            (path, need, _pattern(path))
            for method, path, need in needs_by_route(self.app or self.scene.app)
            if method == "GET" and not path.startswith(NO_PAGES)
        ]
        # Plain paths first: `/incidents/new` is no `/incidents/{code}`.
        self._routes.sort(key=lambda one: ("{" in one[0], one[0]))
        self._count: dict[str, int] = {}
        self._no_page: set[str] = set()
        self._seen: set[str] = set()

    def find(self) -> list[Found]:
        """Return all pages, and set `uncovered` to the routes of which none was found."""
        with signed_in(self.scene, self.person) as known, signed_in(self.scene) as stranger:
            queue = [*self._first()]
            while queue:
                path = queue.pop(0)
                queue += self._look(path, known, stranger)
        self.pages += [Found(path, "an error") for path in FAULTS]
        covered = {page.route for page in self.pages} | self._no_page | NO_PAGE.keys()
        self.uncovered = [path for path, _, _ in self._routes if path not in covered]
        return self.pages

    def _first(self) -> Iterator[str]:
        for paths in FILLED.values():
            yield from paths
        for path, _, _ in self._routes:
            if "{" not in path:
                yield path
        yield from answer_links(self.scene)
        yield from status_links(self.scene)

    def _look(self, path: str, known: httpx.Client, stranger: httpx.Client) -> list[str]:
        route = self._route_of(path)
        if route is None or path in self._seen or self._is_enough(route[0], path):
            return []
        self._seen.add(path)
        anonymous = route[1] in ("public", "answer")
        answer = (stranger if anonymous else known).get(path)
        if answer.is_redirect or not answer.headers.get("content-type", "").startswith("text/html"):
            self._no_page.add(route[0])
            return [_local(self.scene, answer.headers.get("location", ""), path)]
        if answer.status_code != 200:
            return []
        kind = route[0] + "?" * ("?" in path)
        self._count[kind] = self._count.get(kind, 0) + 1
        self.pages.append(Found(path, route[0], anonymous))
        return [_local(self.scene, link, path) for link in Html(answer.text).links]

    def _is_enough(self, route: str, path: str) -> bool:
        if path in FILLED.get(route, ()):
            return False
        if "?" in path:
            return self._count.get(route + "?", 0) >= QUERIES_AT_MOST
        return self._count.get(route, 0) >= self.each_at_most

    def _route_of(self, path: str) -> tuple[str, str] | None:
        plain = urlsplit(path).path
        for route, need, pattern in self._routes:
            if pattern.fullmatch(plain):
                return route, need
        return None


def answer_links(scene: Scene) -> Iterable[str]:
    """Return answering links: of an incident that is acknowledged, and of one that is not."""
    with scene.store.read() as reading:
        inbox = reading.inbox("ana", 50)
    for code in ("INC-2026-004", "INC-2026-005"):
        for delivery in inbox:
            if delivery.incident == code and delivery.message.link:
                yield _local(scene, delivery.message.link)
                break


def status_links(scene: Scene) -> Iterable[str]:
    """Return links of the status page that stand in messages: of a subscriber, and of a guest."""
    how: Way = "email"
    address = "reader@example.org"
    subscribing.subscribe(scene.world, how, address, ())
    secret = scene.world.secret
    subscriber = subscriber_token(secret, subscriber_name(secret, how, address))
    with scene.store.read() as reading:
        guest = status_link_token(secret, reading.status_link())
    return (f"/status/subscription/{subscriber}", f"/status/link/{guest}")


def _pattern(route: str) -> re.Pattern[str]:
    parts = re.split(r"(\{\w+(?::path)?\})", route)
    kinds = (
        re.escape(part) if not part.startswith("{") else ".*" if ":path" in part else "[^/]+"
        for part in parts
    )
    return re.compile("".join(kinds))


def _local(scene: Scene, link: str, page: str = "/") -> str:
    """Return a link as a path of this site with its query in order, "" if it leads elsewhere."""
    whole = urldefrag(urljoin(scene.url + page, link)).url if link else ""
    if not whole.startswith(scene.url + "/"):
        return ""
    parts = urlsplit(whole)
    query = urlencode(parse_qsl(parts.query))
    return f"{parts.path}?{query}" if query else parts.path


def signed_in(scene: Scene, person: str = "") -> httpx.Client:
    """Return a client that is signed in as `person`, as nobody if that is ""."""
    client = httpx.Client(base_url=scene.url, trust_env=False, timeout=60, limits=EACH_ITS_OWN)
    if person:
        client.cookies.set(cookie_name(scene.world), session_of(scene, person))
    return client


def session_of(scene: Scene, person: str) -> str:
    """Sign a person in by a link, as people do, and return what the cookie holds."""
    with httpx.Client(
        base_url=scene.url, trust_env=False, timeout=60, limits=EACH_ITS_OWN
    ) as client:
        page = Html(client.get(make_sign_in_link(scene.world, person)).text)
        form = next(form for form in page.forms if "code" in form.fields)
        answer = client.post(form.action, data=form.fields, headers={"Origin": scene.url})
        assert answer.status_code == 303, answer.text
        return answer.cookies[cookie_name(scene.world)]
