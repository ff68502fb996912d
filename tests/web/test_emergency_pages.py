"""What people and machines see of a node that works without its store (invariant H4)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.web.stage import Browser, Stage

from tocsin.engine.emergency.keeper import Keeper
from tocsin.engine.emergency.store import StoreWithJournal
from tocsin.engine.ports import StoreUnavailable
from tocsin.engine.rules import Rules
from tocsin.store.sql_store import SqlStore, open_store

GO_ON = (
    "/centre",
    "/incidents",
    "/incidents/INC-2026-001",
    "/inbox",
    "/on-call",
    "/people",
    "/plan",
    "/declare",
)
"""Pages by which people respond."""

REFUSED = ("/maintenance",)


@dataclass
class Alone:
    """A stage whose store is gone; `seconds` is the clock that nobody sets."""

    stage: Stage
    browser: Browser
    store: StoreWithJournal
    seconds: float = 0.0


@pytest.fixture
def alone(stage: Stage, tmp_path: Path) -> Iterator[Alone]:
    """Ben is signed in, an incident is open, and then the store is lost."""
    stage.alert()
    stage.later(minutes=1)
    browser = stage.signed_in("ben")

    def no_main() -> SqlStore:
        raise StoreUnavailable("the store can't be reached")

    with closing(open_store(f"sqlite:///{tmp_path / 'journal'}")) as journal:
        with stage.store.read() as reading, journal.write() as tx:
            tx.take(reading.copy(tx.known(), stage.at))
        seconds = iter(range(0, 1000, 11))
        store = StoreWithJournal(
            no_main, journal, "web1", (lambda: stage.at, lambda: float(next(seconds)))
        )
        store.begin_work(lambda _: None, 1)
        rules = Rules(store)
        rules.follow()
        stage.world = replace(
            stage.world, store=store, rules=rules, node="web1", emergency=store.emergency
        )
        keeper = Keeper(stage.world, store, lambda: 0.0)
        stage.site = replace(stage.site, degraded=keeper.degraded)
        browser = Browser(stage.client(cookies=browser.client.cookies))
        yield Alone(stage, browser, store)


SENTENCE = "Emergency mode: web1 cannot reach its store since"


@pytest.mark.parametrize("path", GO_ON)
def test_pages_of_the_response_go_on_and_say_so(alone: Alone, path: str) -> None:
    page = alone.browser.client.get(path)
    assert page.status_code == 200, page.text[-2000:]
    assert SENTENCE in page.text
    assert "roster as of 10:01 UTC" in page.text


@pytest.mark.parametrize("path", REFUSED)
def test_what_the_journal_has_no_copy_of_is_refused_with_a_way_out(alone: Alone, path: str) -> None:
    page = alone.browser.client.get(path)
    assert page.status_code == 503
    assert "store.emergency" in page.text
    assert "do this when the store is back" in page.text


def test_whoever_holds_a_link_from_before_acknowledges_by_it(alone: Alone) -> None:
    link = alone.stage.answer_link("ana")
    visitor = Browser(alone.stage.client())
    assert SENTENCE in visitor.open(link).text
    visitor.press(visitor.page.buttons[0])
    with alone.store.read() as reading:
        kept = reading.incident("INC-2026-001")
    assert kept is not None
    assert kept.incident.acknowledged_by == "ana"


def test_a_node_in_an_emergency_is_ready_and_says_that_it_is_not_well(alone: Alone) -> None:
    client = alone.stage.client()
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["warnings"][0].startswith(SENTENCE.replace("web1", "this node"))
    assert "web1" not in ready.text, "names of nodes are nothing for everybody"
    figures = client.get("/metrics", headers=alone.stage.operator).text
    assert "tocsin_emergency_mode 1.0" in figures
    assert "tocsin_store_up 0.0" in figures


def test_what_is_no_part_of_the_response_is_refused_to_programs(alone: Alone) -> None:
    answer = alone.stage.client().post(
        "/api/v1/overrides",
        headers=alone.stage.operator,
        json={
            "roster": "primary",
            "person": "ben",
            "start": "2026-11-10T12:00:00Z",
            "end": "2026-11-10T14:00:00Z",
        },
    )
    assert answer.status_code == 503, answer.text
    assert answer.json()["code"] == "store.emergency"
    assert answer.headers["retry-after"]
