"""Measure a store that has grown for decades: what is asked all the time must not get slower.

    .venv/bin/python bench/scale.py [--only state,clocks] [--on sqlite,postgresql] [--incidents N]

`make bench-scale`. Without --database on SQLite and on a PostgreSQL of its own. Progress goes to
standard error; figures to standard output and to trust/figures/scale.json.
Exit 0: measured. 2: something is missing.
"""

import argparse
import json
import os
import platform
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from statistics import median

from crowd import PARTS, SECOND, START, Crowd
from instruments import BUILD

from tocsin.core.metrics.period import Period, parts_of
from tocsin.engine.intake import take_in
from tocsin.engine.metrics import ask
from tocsin.engine.summing import Summing
from tocsin.engine.tick import tick
from tocsin.store.sql_store import open_store
from tocsin.web.room import newest, open_room

ROOT = Path(__file__).parents[1]
FIGURES = ROOT / "trust" / "figures" / "scale.json"
NOTES = 14
"""Notes of an incident; with what the engine says it makes 20 entries."""

A_YEAR = Period(date(2025, 11, 23), START.date())
"""The last year: days of the first month one by one, then whole months."""

OPEN = 200
"""Incidents that are open beside the old ones."""

Figures = dict[str, float | int | str]


def timed(what: Callable[[], object], times: int) -> list[float]:
    """Return how long each of so many calls took, in milliseconds, shortest first."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        what()
        took.append((time.perf_counter() - began) * 1000)
    return sorted(took)


def told(name: str, took: list[float], figures: Figures) -> None:
    """Print and keep the middle and the 99th of a hundred."""
    p99 = took[min(len(took) - 1, int(0.99 * len(took)))]
    key = name.replace(" ", "_")
    figures[f"{key}_p50_ms"] = round(median(took), 2)
    figures[f"{key}_p99_ms"] = round(p99, 2)
    figures[f"{key}_n"] = len(took)
    print(f"  {name:<28} p50 {median(took):8.2f} ms  p99 {p99:8.2f} ms  (n = {len(took)})")


def questions(crowd: Crowd, old: range, name: str, figures: Figures) -> None:
    """Measure what people and the engine ask of it all the time."""
    store, world = crowd.store, crowd.world
    draw = random.Random(1)

    def listed() -> None:
        with store.read() as reading:
            assert len(reading.incidents(("open", "acknowledged"), None, 50)) == 50

    def room() -> None:
        found = open_room(world, f"{name}-{draw.choice(old)}", newest(500))
        assert found is not None
        assert len(found.timeline) >= NOTES

    def scanned() -> None:
        with store.read() as reading:
            reading.next_due()

    def due() -> None:
        with store.write() as tx:
            tx.due_incidents(START - timedelta(days=3650), 200)

    def counted() -> None:
        with store.read() as reading:
            reading.counts()

    def year() -> None:
        with store.read() as reading:
            by_month = ask(reading, A_YEAR, START.date(), ("month", "severity"))
            by_component = ask(reading, A_YEAR, START.date(), ("component",))
            assert reading.behind(1000) == (0, 0)
        assert by_month.total.count >= len(old) * 0.9
        assert len(by_component.groups) >= PARTS

    def again() -> None:
        with store.read() as reading:
            assert len(reading.repeated(parts_of(A_YEAR, START.date()), 20)) == 20

    # Whoever has one more question to ask of a large store adds it here: name, question, times.
    for named, question, times in (
        ("open list", listed, 500),
        ("room", room, 1000),
        ("due scan", scanned, 1000),
        ("due scan that locks", due, 300),
        ("figures for metrics", counted, 30),
        ("a year of metrics", year, 500),
        ("what came back in a year", again, 300),
    ):
        question()  # the first time, what is asked is prepared
        told(named, timed(question, times), figures)


def add_up(crowd: Crowd, figures: Figures) -> None:
    """Let the metrics be added up as after an upgrade, but without rests."""
    adding = Summing(crowd.world, time.perf_counter)
    began = time.perf_counter()
    while adding.round():
        crowd.store.tidy()
    took = time.perf_counter() - began
    figures["metrics_added_up_s"] = round(took, 1)
    print(f"  all metrics added up in {took:.0f} s")
    crowd.analyse()


def alerts_cost(crowd: Crowd, first: int) -> float:
    """Return milliseconds for each alert that opens an incident, one commit each."""
    took = timed_each(
        lambda number: take_in(crowd.world, [[crowd.alert(f"Cost{number}")]]), first, 300
    )
    return median(took)


def ticks_cost(crowd: Crowd) -> float:
    """Return milliseconds for each incident that is due and looked at."""
    crowd.now += timedelta(minutes=11)
    looked = 0
    began = time.perf_counter()
    while looked < 300 and (ticked := tick(crowd.world, [], {})).looked_at:
        looked += ticked.looked_at
    return (time.perf_counter() - began) * 1000 / max(1, looked)


def timed_each(what: Callable[[int], object], first: int, times: int) -> list[float]:
    """Return how long each call with numbers from `first` took, in milliseconds."""
    took = []
    for number in range(first, first + times):
        began = time.perf_counter()
        what(number)
        took.append((time.perf_counter() - began) * 1000)
    return took


def state(url: str, asked: argparse.Namespace, figures: Figures) -> None:
    """Measure questions with all the incidents, and what alerts cost on the way there."""
    store = open_store(url)
    try:
        crowd = Crowd(store, url)
        opened = crowd.live("Open", 3)
        crowd.copy(opened, OPEN, "OPEN")
        old = crowd.live("Old", NOTES, over=True)
        there, numbers = 0, range(0)
        for size in (asked.incidents // 100, asked.incidents // 10, asked.incidents):
            numbers = crowd.copy(old, size - there, f"OLD{size}")
            there = size
            store.tidy()
            crowd.analyse()
            cost, tick_cost = alerts_cost(crowd, size), ticks_cost(crowd)
            figures[f"alert_ms_at_{size}"] = round(cost, 3)
            figures[f"due_incident_ms_at_{size}"] = round(tick_cost, 3)
            print(
                f"  with {size:>9,} incidents: {cost:.2f} ms an alert that opens one,"
                f" {tick_cost:.2f} ms an incident that is due"
            )
        with store.read() as reading:
            entries = len(reading.timeline(numbers[0]))
        figures["incidents"] = there
        figures["timeline_entries"] = there * entries
        print(f"  {there:,} incidents, {there * entries:,} timeline entries")
        add_up(crowd, figures)
        questions(crowd, numbers, f"OLD{there}", figures)
    finally:
        store.close()


def clocks(url: str, asked: argparse.Namespace, figures: Figures) -> None:
    """Measure how late clocks are of which so many are due within one second among a crowd."""
    store = open_store(url)
    try:
        crowd = Crowd(store, url)
        code = crowd.live("Armed")
        crowd.copy(code, asked.clocks - asked.due, "LATER", timedelta(days=30))
        crowd.copy(code, asked.due - 1, "DUE", within=SECOND)
        crowd.analyse()
        with store.read() as reading:
            second = reading.next_due().incident
        if second is None:
            raise ValueError("nothing is armed")
        late: list[float] = []
        began = time.perf_counter()
        while len(late) < asked.due:
            since = time.perf_counter() - began
            crowd.now = second + timedelta(seconds=since)
            looked = tick(crowd.world, [], {}).looked_at
            ended = time.perf_counter() - began
            late += [(ended - (len(late) + one) / asked.due) * 1000 for one in range(looked)]
        took = time.perf_counter() - began
        late.sort()
        figures["clocks_armed"] = asked.clocks
        figures["clocks_fired_a_second"] = round(asked.due / took)
        print(
            f"  {asked.clocks:,} armed, {asked.due:,} due within one second, fired in {took:.2f} s"
        )
        told("lateness of a clock", late, figures)
    finally:
        store.close()


@contextmanager
def postgres() -> Iterator[str]:
    """Start a PostgreSQL with a folder of its own; gives its address."""
    program = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
    if program is None:
        raise FileNotFoundError("PostgreSQL is missing: run `make setup-tests`")
    folder = Path(tempfile.mkdtemp(prefix="tocsin-scale-", dir="/var/tmp"))
    shutil.chown(folder, "postgres")
    as_postgres = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    # What would be vacuumed over the years is vacuumed where it is measured, see Crowd.analyse.
    options = f"-k {folder} -c listen_addresses= -c shared_buffers=1GB -c autovacuum=off"
    options += " -c max_wal_size=16GB -c checkpoint_timeout=1h"
    control = [*as_postgres, str(program / "pg_ctl"), "-D", str(folder / "data"), "-w", "-t", "120"]
    quiet = {"stdout": subprocess.DEVNULL, "check": True, "cwd": "/"}
    try:
        subprocess.run(
            [*as_postgres, str(program / "initdb"), "-D", str(folder / "data"), "-U", "postgres"],
            **quiet,
        )
        subprocess.run([*control, "-o", options, "-l", str(folder / "log"), "start"], **quiet)
        try:
            yield f"postgresql://postgres@/postgres?host={folder}"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], **quiet)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def place(kind: str, database: str) -> Iterator[str]:
    """Give the address of an empty store of a kind."""
    if database:
        yield database
    elif kind == "sqlite":
        BUILD.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=BUILD) as folder:
            yield f"sqlite:///{folder}/tocsin.sqlite3"
    else:
        with postgres() as url:
            yield url


def _commit() -> str:
    asked = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()


def main() -> int:
    """Measure what is asked for; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="state,clocks", metavar="WHAT")
    parser.add_argument("--on", default="sqlite,postgresql", metavar="KINDS")
    parser.add_argument("--incidents", type=int, default=1_000_000)
    parser.add_argument("--clocks", type=int, default=1_000_000)
    parser.add_argument("--due", type=int, default=10_000)
    parser.add_argument("--database", default="", metavar="URL", help="an empty database")
    asked = parser.parse_args()
    for kind in ["database"] if asked.database else asked.on.split(","):
        figures: Figures = {}
        for what, measure in (("state", state), ("clocks", clocks)):
            if what not in asked.only.split(","):
                continue
            print(f"{kind}, {what}:", flush=True)
            try:
                with place(kind, asked.database) as url:
                    measure(url, asked, figures)
            except (OSError, subprocess.CalledProcessError) as error:
                print(f"bench: {error}", file=sys.stderr)
                return 2
            _keep(kind, figures)
    return 0


def _keep(kind: str, figures: Figures) -> None:
    """Write what has been found so far: the rest takes long, and may be broken off."""
    found: dict[str, object] = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    before = found.get(kind)
    found |= {
        kind: {**(before if isinstance(before, dict) else {}), **figures},
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "python": platform.python_version(),
        "commit": _commit(),
    }
    FIGURES.parent.mkdir(parents=True, exist_ok=True)
    FIGURES.write_text(json.dumps(found, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
