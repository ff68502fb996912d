"""A real node on a real PostgreSQL that stops, or dies, again and again (invariants H4 and D1).

EMERGENCIES is how often each is done, NIGHTS how many random nights of two nodes are lived through.
"""

from __future__ import annotations

import os
import re
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from tests.engine.nights import Night
from tests.engine.story import ORGANISATION, PLAN
from tests.servers import Receiver, Servers, TocsinServer, now, servers, spare_port, wait_until
from tests.torture import figures
from tests.torture.databases import Postgres

__all__ = ["servers"]

pytestmark = [pytest.mark.torture, pytest.mark.timeout(3600)]

EMERGENCIES = int(os.environ.get("EMERGENCIES", "2"))  # noqa: TID251
NIGHTS = int(os.environ.get("NIGHTS", "60"))  # noqa: TID251

BEGINS_WITHIN_S = 20.0
"""10 s, the steps in which it is looked, and what a busy machine adds."""

BACK_WITHIN_S = 30.0

PEOPLE_BY_WEBHOOK = (
    ORGANISATION.replace(
        'webhooks:\n  ana: {url: "env:ANA_URL", secret: "env:ANA_SECRET"}\n', Receiver.ENDPOINT
    )
    .replace("[email ana@example.org, webhook ana]", "[webhook receiver]")
    .replace("[email ben@example.org]", "[webhook receiver]")
)


@dataclass
class Outages:
    """What came of all outages of one kind."""

    first_pages: list[float] = field(default_factory=list)
    ways_back: list[float] = field(default_factory=list)
    acknowledged: int = 0
    kept: int = 0
    pages: int = 0

    def figures(self, kind: str) -> dict[str, figures.Figure]:
        n = len(self.first_pages)
        return {
            f"{kind}: outages": n,
            f"{kind}: pages sent in emergency mode": self.pages,
            f"{kind}: acknowledgements in emergency mode": self.acknowledged,
            f"{kind}: acknowledgements kept": self.kept,
            f"{kind}: seconds to the first page, median": round(
                statistics.median(self.first_pages), 1
            ),
            f"{kind}: seconds to the first page, most": round(max(self.first_pages), 1),
            f"{kind}: seconds from the store's return to work on it, most": round(
                max(self.ways_back), 1
            ),
        }


class Watched:
    """One node on one server, with a receiver for its pages."""

    def __init__(self, server: TocsinServer, database: Postgres, receiver: Receiver) -> None:
        self.server = server
        self.database = database
        self.receiver = receiver
        self.outages = Outages()

    def outage(self, number: int, take: Callable[[], None], give_back: Callable[[], None]) -> None:
        """Take the store away until somebody is paged and has answered; then give it back."""
        before = len(self.receiver.pages)
        began = now()
        take()
        wait_until(lambda: self.fire(f"Outage{number}"), BEGINS_WITHIN_S, "an alert is taken")
        wait_until(lambda: len(self.receiver.pages) > before, 10, "somebody is paged")
        page = self.receiver.pages[-1]
        assert "Emergency mode" in page.body["data"]["why"]
        self.outages.first_pages.append((page.at - began).total_seconds())
        self.outages.pages += len(self.receiver.pages) - before
        self.answer(page.body["data"]["link"])
        self.outages.acknowledged += 1
        back = now()
        give_back()
        wait_until(lambda: not self.is_alone, BACK_WITHIN_S, "the node goes back")
        self.outages.ways_back.append((now() - back).total_seconds())
        code = page.body["data"]["incident"]
        incident = next(i for i in self.server.incidents() if i["code"] == code)
        self.outages.kept += incident["state"] == "acknowledged"
        ids = [one.id for one in self.receiver.pages]
        assert len(ids) == len(set(ids)), "a page was sent twice"

    def fire(self, name: str) -> bool:
        alert = {"labels": {"alertname": name, "severity": "critical"}}
        headers = {"Authorization": f"Bearer {self.server.integration_key}"}
        address = f"{self.server.url}/api/v2/alerts"
        try:
            answer = httpx.post(address, json=[alert], headers=headers, trust_env=False, timeout=30)
        except httpx.TransportError:
            return False
        assert answer.status_code in (200, 503), answer.text
        return answer.status_code == 200

    def answer(self, link: str) -> None:
        page = httpx.get(link, trust_env=False, timeout=30)
        proof = re.search(r'name="proof" value="([^"]+)"', page.text)
        assert proof is not None, page.text
        done = httpx.post(link, data={"proof": proof[1]}, trust_env=False, timeout=30)
        assert done.status_code == 303, done.text

    @property
    def is_alone(self) -> bool:
        ready = httpx.get(f"{self.server.url}/readyz", trust_env=False, timeout=30).json()
        return any(one.startswith("Emergency mode") for one in ready.get("warnings", []))


@pytest.mark.postgres
@pytest.mark.parametrize("kind", ["stopped", "killed"])
def test_a_database_that_goes_away_again_and_again(
    kind: str, servers: Servers, receiver: Receiver
) -> None:
    with tempfile.TemporaryDirectory(prefix="tocsin-emergency-", dir="/tmp") as folder:
        os.chmod(folder, 0o777)
        database = Postgres(Path(folder) / "database", spare_port())
        database.create()
        try:
            server = servers(
                plan=PLAN,
                organisation=PEOPLE_BY_WEBHOOK,
                database_url=database.url(),
                environment=receiver.environment,
            )
            server.start()
            night = Watched(server, database, receiver)
            wait_until(lambda: not _has_no_journal(server), 20, "the journal has a copy")
            take, give_back = {
                "stopped": (database.freeze, database.thaw),
                "killed": (database.die, database.start),
            }[kind]
            for number in range(EMERGENCIES):
                night.outage(number, take, give_back)
            assert night.outages.kept == night.outages.acknowledged
            verified = server.get("/api/v1/verify")
            assert verified["first_broken"] is None, verified
            figures.keep("emergency", night.outages.figures(f"PostgreSQL {kind}"))
        finally:
            database.close()


def _has_no_journal(server: TocsinServer) -> bool:
    ready = httpx.get(f"{server.url}/readyz", trust_env=False, timeout=30).json()
    return any("no journal" in one for one in ready.get("warnings", []))


def test_many_random_nights_of_two_nodes_lose_nothing() -> None:
    many = settings(
        max_examples=NIGHTS,
        stateful_step_count=20,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    Night.figures.clear()
    run_state_machine_as_test(Night, settings=many)
    found = Night.figures
    assert found["nights"] >= NIGHTS
    figures.keep("emergency", {f"random nights: {name}": n for name, n in sorted(found.items())})
