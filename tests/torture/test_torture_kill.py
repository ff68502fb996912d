"""The long runs of `kill -9` under load: TORTURE_KILLS of them, 200 unless said otherwise."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.databases.postgres import postgres as postgres
from tests.databases.postgres import postgres_url as postgres_url
from tests.servers import Receiver, Setup, TocsinServer, now, wait_until
from tests.torture import figures
from tests.torture.killing import ORGANISATION, PLAN, SECOND_STEP, Run, torture
from tests.torture.verdict import Verdict

pytestmark = [pytest.mark.torture, pytest.mark.timeout(3600)]


RESTARTS = int(os.environ.get("TORTURE_RESTARTS", "30"))  # noqa: TID251
KILLS = int(os.environ.get("TORTURE_KILLS", "200"))  # noqa: TID251


def kept(verdict: Verdict, where: str) -> None:
    """Keep the figures of a run."""
    found: dict[str, figures.Figure] = {
        f"under load on {where}: {name}": n for name, n in verdict.figures.items()
    }
    found[f"under load on {where}: load of the machine"] = os.getloadavg()[0]
    found[f"under load on {where}: problems"] = len(verdict.problems)
    figures.keep("kills", found)


def test_kills_under_load_on_sqlite(tmp_path: Path) -> None:
    verdict = torture(Run(tmp_path, kills=KILLS, seed=3))
    kept(verdict, "SQLite")
    assert list(verdict.problems) == [], verdict
    assert verdict.figures["duplicates"] <= verdict.figures["kills"], verdict


def seconds_to_the_page(server: TocsinServer, receiver: Receiver, name: str) -> float:
    """Kill a server, let a page come due, start it, and say how long that page then took."""
    server.start()
    server.fire(name)
    code = str(server.incidents()[0]["code"])
    wait_until(lambda: receiver.of(code), 10, "the first page")
    first = now()
    server.kill()
    wait_until(lambda: now() > first + SECOND_STEP, 10, "the second is due")
    started = now()
    server.spawn()
    wait_until(lambda: len(receiver.of(code)) > 1, 60, "the second page")
    server.kill()
    return (receiver.of(code)[1].at - started).total_seconds()


def test_how_soon_after_a_kill_the_page_goes_out_that_came_due_meanwhile(tmp_path: Path) -> None:
    waits = []
    with Receiver() as receiver:
        setup = Setup(plan=PLAN, organisation=ORGANISATION, environment=receiver.environment)
        server = TocsinServer(tmp_path, setup)
        try:
            for number in range(RESTARTS):
                waits.append(seconds_to_the_page(server, receiver, f"Own{number}"))
        finally:
            server.close()
    waits.sort()
    figures.keep(
        "kills",
        {
            "from the start to the page that is due: n": len(waits),
            "from the start to the page that is due: median s": round(waits[len(waits) // 2], 2),
            "from the start to the page that is due: p99 s": round(
                waits[-1 - len(waits) // 100], 2
            ),
            "from the start to the page that is due: load of the machine": os.getloadavg()[0],
        },
    )


@pytest.mark.postgres
def test_60_kills_of_two_nodes_on_postgresql(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = str(request.getfixturevalue("postgres_url"))
    verdict = torture(Run(tmp_path, kills=60, seed=4, database_url=url, nodes=2))
    kept(verdict, "PostgreSQL with two nodes")
    assert list(verdict.problems) == [], verdict
    assert verdict.figures["duplicates"] <= verdict.figures["kills"], verdict
