"""Three nodes on one PostgreSQL against one: what they take in, and how soon a dead one is missed.

    .venv/bin/python bench/nodes.py [--nodes 1,3] [--seconds 5] [--runs 3] [--deaths 20]

Needs PostgreSQL (`scripts/setup-tests` installs it) and a C compiler. Makes a PostgreSQL server of
its own, with `fsync` on, and prints JSON; `make bench-scale` keeps it with the rest.

Nodes, database and load share the machine: where it has two cores, three nodes do not take in more
than one, and the figure says what a node costs. The time until a dead node's pages are sent by
others does not depend on that, as long as there are cores to spare.
"""

import argparse
import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

import httpx
from instruments import TOKEN, Receiver, build, load
from machine import cores, describe
from systems import Tocsin

ROOT = Path(__file__).parent.parent
FIGURES = ROOT / "trust" / "figures" / "scale.json"
sys.path.insert(0, str(ROOT))

from tests.servers import spare_port  # noqa: E402 - the tests are beside us, not installed
from tests.torture.databases import Postgres, running_pair  # noqa: E402

BATCH, CONNECTIONS, WARM_UP_S = 64, 8, 1.0
OWED = 24
"""Alerts in the one request after which its node is killed, each a page of its own."""

PAGED_WITHIN_S = 30.0


class Node(Tocsin):
    """One of several on the same database."""

    def __init__(self, folder: Path, hook_url: str, database_url: str) -> None:
        """Nothing runs yet."""
        super().__init__(folder, hook_url)
        self._url = database_url

    def _environment(self) -> dict[str, str]:
        return super()._environment() | {"TOCSIN_DATABASE_URL": self._url}


@contextlib.contextmanager
def nodes(count: int, server: Postgres, hook_url: str, folder: Path) -> Iterator[list[Node]]:
    """Start so many nodes on a database of their own."""
    name = f"bench_{count}_{time.monotonic_ns()}"
    server.execute(f"CREATE DATABASE {name} OWNER tocsin")
    url = f"postgresql://tocsin@{server.host_and_port}/{name}"
    made = [Node(folder / f"{name}-{n}", hook_url, url) for n in range(count)]
    try:
        for node in made:
            node.start()
        yield made
    finally:
        for node in made:
            node.close()
        server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def throughput(running: list[Node], seconds: float) -> float:
    """Load all nodes at once, with as many connections in sum as one gets; alerts a second."""
    authorization = running[0].authorization()
    share = max(1, CONNECTIONS // len(running))

    def one(number: int) -> dict[str, Any]:
        return load(
            running[number].port,
            authorization,
            batch=BATCH,
            connections=share,
            warmup=WARM_UP_S,
            seconds=seconds,
            first=number * 100_000_000,
        )

    with ThreadPoolExecutor(len(running)) as pool:
        results = list(pool.map(one, range(len(running))))
    return sum(result["accepted"] for result in results) / seconds


def death(running: list[Node], receiver: Receiver, trial: int) -> tuple[list[float], int]:
    """Have one node accept pages, kill it at once; seconds from its death to each page it owed.

    The second figure counts those that never came. The node is started again.
    """
    node = running[trial % len(running)]
    tokens = [f"{TOKEN}{trial * 1000 + n:06d}" for n in range(OWED)]
    alerts = [
        {"labels": {"alertname": token, "service": token.lower(), "severity": "critical"}}
        for token in tokens
    ]
    headers = {"Authorization": str(node.authorization())}
    answer = httpx.post(
        f"http://127.0.0.1:{node.port}/api/v2/alerts", json=alerts, headers=headers, trust_env=False
    )
    answer.raise_for_status()
    node.kill()
    died = time.monotonic_ns()
    came = receiver.collect(set(tokens), PAGED_WITHIN_S)
    owed = [(at - died) / 1e9 for at in came.values() if at > died]
    node.start()
    return owed, len(tokens) - len(came)


def percentile(values: list[float], share: float) -> float:
    """The value below which this share lies."""
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 3)


def measured(parsed: argparse.Namespace, server: Postgres, folder: Path) -> dict[str, Any]:
    """Do everything; figures by name."""
    figures: dict[str, Any] = {}
    counts = [int(part) for part in parsed.nodes.split(",")]
    rates: dict[int, list[float]] = {count: [] for count in counts}
    for run in range(parsed.runs):
        for count in counts:
            with Receiver(quiet=True) as quiet, nodes(count, server, quiet.url, folder) as running:
                rates[count].append(throughput(running, parsed.seconds))
            say(f"run {run + 1}, {count} node(s): {rates[count][-1]:.0f} alerts/s")
    for count, measured_rates in rates.items():
        if measured_rates:
            figures[f"alerts_per_second_with_{count}_nodes"] = round(median(measured_rates))
    figures["throughput_runs"] = parsed.runs
    most = max(counts)
    with Receiver(quiet=False) as receiver, nodes(most, server, receiver.url, folder) as running:
        owed, slowest, first, lost = [], [], [], 0
        for trial in range(parsed.deaths):
            delays, missing = death(running, receiver, trial)
            lost += missing
            owed += delays
            if delays:
                first.append(min(delays))
                slowest.append(max(delays))
                say(
                    f"death {trial + 1}: {len(delays)} owed, {first[-1]:.2f} to {slowest[-1]:.2f} s"
                )
        say(f"{parsed.deaths} deaths: {len(owed)} pages owed, {lost} never came")
    figures |= {
        "nodes_at_a_death": most,
        "deaths": parsed.deaths,
        "deaths_with_owed_pages": len(slowest),
        "pages_owed": len(owed),
        "pages_lost": lost,
    }
    for name, values in (("first", first), ("any", owed), ("slowest", slowest)):
        if values:
            figures[f"death_to_{name}_owed_page_s_p50"] = percentile(values, 0.5)
            figures[f"death_to_{name}_owed_page_s_p99"] = percentile(values, 0.99)
            figures[f"death_to_{name}_owed_page_s_n"] = len(values)
    return figures


def say(text: str) -> None:
    """Tell how far it is."""
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--nodes", default="1,3", help="how many, with commas between")
    parser.add_argument("--seconds", type=float, default=5.0, help="of load for each run")
    parser.add_argument("--runs", type=int, default=3, help="the median is taken; 0: none")
    parser.add_argument("--deaths", type=int, default=20, help="kill -9 of a node that owes pages")
    parser.add_argument("--write", action="store_true", help=f"keep it in {FIGURES.name} too")
    parsed = parser.parse_args()
    build()
    busy = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as name:
        folder = Path(name)
        with running_pair([spare_port()], settings={"fsync": "on"}) as pair:
            figures = measured(parsed, pair.primary, folder)
        about = describe(folder)
    figures |= {"load_before": round(busy, 2), "cores": cores(), "machine": about}
    print(json.dumps(figures, indent=2))
    if parsed.write:
        kept = json.loads(FIGURES.read_text("utf-8")) if FIGURES.exists() else {}
        FIGURES.write_text(json.dumps(kept | {"nodes": figures}, indent=2) + "\n", "utf-8")
    return 1 if figures["pages_lost"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
