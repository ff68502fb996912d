"""How much the store takes: commit groups of new alerts that join incidents, and repeats.

PYTHONPATH=src python bench/store.py [URL] [groups]
"""

import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from statistics import median, quantiles

from tocsin.core.incident import events
from tocsin.core.incident.state import Incident
from tocsin.engine.ports import Alert, Change, Kept
from tocsin.store.sql_store import SqlStore, open_store

START = datetime(2026, 3, 6, 22, 0, tzinfo=UTC)
INCIDENTS = 100
TEXT = '{{"labels": {{{}}}, "annotations": {{"summary": "{}"}}}}'.format(
    ", ".join(f'"label_{n}": "value {n}"' for n in range(12)),
    "The latency of the checkout is far above what was promised. " * 3,
)


def alert(number: int, incident_id: int | None) -> Alert:
    """Make an alert that nobody has seen."""
    return Alert(
        integration="prometheus",
        fingerprint=blake2b(number.to_bytes(8), digest_size=16).digest(),
        starts_at=START,
        ends_at=None,
        firing=True,
        incident_id=incident_id,
        disposition="joined",
        text=TEXT,
        received_at=START + timedelta(microseconds=number),
        updated_at=START,
    )


def incident(number: int) -> Incident:
    """Make an open incident."""
    return Incident(
        id=number,
        code=f"INC-2026-{number:06}",
        title="Checkout is slow",
        state="open",
        severity="P1",
        severity_confirmed=False,
        severity_why="service_availability is degraded",
        plan="0123456789abcdef",
        opened_at=START,
        escalating_since=START,
        group=f"alertname=Slow service=checkout-{number}",
    )


def changed(kept: Kept | None, number: int, count: int) -> Change:
    """Change an incident as joining alerts do."""
    event = events.AlertsJoined(at=START, count=count, names=("Slow",), why="same group")
    now = kept.incident if kept else incident(number)
    return Change(kept, (event,), now, START + timedelta(minutes=15))


def open_incidents(store: SqlStore, first: int) -> None:
    """Open the incidents that a group joins."""
    with store.write() as tx:
        tx.keep([changed(None, first + n, 1) for n in range(INCIDENTS)])


def take(store: SqlStore, first: int, size: int, new: bool) -> float:
    """Take one commit group as the engine does; return the seconds it took."""
    members = [alert(first + n, None) for n in range(size)]
    joining = [alert(first + n, 1 + n % INCIDENTS) for n in range(size)]
    groups = [incident(1 + n).group for n in range(min(size, INCIDENTS))]
    began = time.perf_counter()
    with store.write() as tx:
        known = tx.known_alerts([each.fingerprint for each in members])
        if new:
            assert not known
            kept = tx.latest_of_groups(groups)
            tx.numbers("page", 1)
            tx.keep_alerts(joining, [])
            tx.keep([changed(each, 0, size // len(groups)) for each in kept.values()])
        else:
            assert len(known) == size
            tx.keep_alerts([], list(known.values()))
    return time.perf_counter() - began


def run(url: str, groups: int) -> None:
    """Print rows a second for several sizes of a commit group."""
    store = open_store(url)
    open_incidents(store, 1)
    first = 0
    for size in (1, 64, 512, 4096):
        count = max(10, min(groups * 4, groups * 512 // size))
        for new in (True, False):
            taken = []
            for group in range(count):
                taken.append(take(store, first + group * size, size, new))
                if group % 20 == 0:
                    began = time.perf_counter()
                    store.tidy()
                    taken.append(time.perf_counter() - began)
            rate = count * size / sum(taken)
            worst = max(taken) * 1e3
            p99 = quantiles(taken, n=100)[98] * 1e3
            print(
                f"{'new' if new else 'changed':8} {size:5} a commit: {rate:9,.0f}/s"
                f"  p50 {median(taken) * 1e3:7.2f}  p99 {p99:7.2f}  max {worst:7.2f} ms"
            )
        first += count * size
    store.close()


if __name__ == "__main__":
    number = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    if len(sys.argv) > 1 and sys.argv[1]:
        run(sys.argv[1], number)
    else:
        with tempfile.TemporaryDirectory() as folder:
            run(f"sqlite:///{folder}/bench.db", number)
