"""Fills a store with as many incidents as an organisation has in decades, in minutes.

A few incidents are lived through by the engine; the others are copies of them, made by the database
itself. Copies have codes, numbers and times of their own, and the timelines of what they are copies
of: for measuring, not for `tocsin verify`.
"""

import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Engine, create_engine, event, make_url, text

from tocsin.core.alerts import Signal, fingerprint
from tocsin.core.incident import commands as c
from tocsin.core.incident.commands import Refusal
from tocsin.engine.actions import act
from tocsin.engine.intake import take_in
from tocsin.engine.rules import Rules
from tocsin.engine.world import World
from tocsin.store.sql_store import SqlStore

START = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
YEAR = timedelta(days=365)
AT_ONCE = 20_000
"""Incidents that one statement copies."""

PLAN = """\
tocsin: 1
plan: crowd
title: A plan for measuring
time_zone: UTC
severities:
  P0: {name: Critical, acknowledge: within 5m}
  P1: {name: High, acknowledge: within 15m}
escalation:
  measured_from: start
  until: acknowledged
  steps:
    - {page: on-call, P0: immediate, P1: immediate}
    - {page: lead, P0: 10m, P1: 1h}
  if_exhausted: {page: [lead], every: 15m}
contacts: {on-call: org, lead: org}
alerts:
  group_by: [alertname]
  otherwise: P0
  resolve_incident: true
ids: {incident: "INC-{n}"}
"""

ORGANISATION = """\
tocsin: 1
organisation: Crowd
time_zone: UTC
people:
  ana: {name: Ana, access: administrator, contacts: [email ana@example.org, inbox]}
  dora: {name: Dora, contacts: [email dora@example.org, inbox]}
recipients:
  on-call: {people: [ana]}
  lead: {people: [dora]}
last_resort: lead
integrations:
  prometheus: {source: alertmanager, owner: lead}
"""


class Crowd:
    """A world over a store, with a clock that is set by hand."""

    def __init__(self, store: SqlStore, url: str) -> None:
        self.now = START
        self.store = store
        self._engine = _quick_engine(url)
        rules = Rules(store)
        problems = rules.activate(("plan.yaml", PLAN), ("org.yaml", ORGANISATION), self.now)
        if wrong := [str(one) for one in problems if one.level == "error"]:
            raise ValueError("\n".join(wrong))
        self.world = World(
            store=store,
            rules=rules,
            channels={},
            sources={},
            now=lambda: self.now,
            wake=lambda: None,
            base_url="http://127.0.0.1",
            node="bench",
            secret=b"s" * 32,
        )

    def alert(self, name: str, **labels: str) -> Signal:
        """Make an alert that nobody has seen."""
        every = {"alertname": name, **labels}
        return Signal(
            integration="prometheus",
            fingerprint=fingerprint("prometheus", every),
            firing=True,
            labels=every,
        )

    def live(self, name: str, notes: int = 0, *, over: bool = False) -> str:
        """Let the engine have an incident with so many notes; return its code."""
        firing = self.alert(name)
        take_in(self.world, [[firing]])
        with self.store.read() as reading:
            code = reading.incidents((), None, 1)[0].incident.code
        said = [c.Note(by="ana", via="page", text="What we saw, said in a sentence.")] * notes
        done = (
            [c.Acknowledge(by="ana", via="page"), c.Resolve(by="ana", via="page")] if over else []
        )
        for command in (*said, *done):
            self.now += timedelta(seconds=30)
            outcome = act(self.world, code, command)
            if isinstance(outcome, Refusal):
                raise ValueError(outcome.reason)
        if over:
            take_in(self.world, [[replace(firing, firing=False, ends_at=self.now)]])
        return code

    def copy(self, code: str, count: int, name: str) -> range:
        """Copy an incident with all that belongs to it; return the numbers of the copies."""
        with self.store.read() as reading:
            kept = reading.incident(code)
        if kept is None:
            raise ValueError(f"there is no incident {code}")
        with self.store.write() as tx:
            numbers = tx.numbers("incident", count)
        began = time.perf_counter()
        for first, last in _pieces(numbers):
            values = {
                "first": first, "last": last, "source": kept.incident.id, "name": name,
                "code": f'"code":"{code}"', "id": f'"id":{kept.incident.id},',
                "before": first - numbers.start, "step": YEAR // timedelta(microseconds=count),
            }  # fmt: skip
            self._copy_piece(values)
            took = time.perf_counter() - began
            done = last - numbers.start + 1
            print(
                f"\r  {done:,} of {count:,} copies of {code}, {took:.0f} s", end="", file=sys.stderr
            )
        print(file=sys.stderr)
        return numbers

    def arm(self, numbers: range, later: timedelta) -> datetime:
        """Let everything else be due `later`; return the second in which these become due."""
        look = text("UPDATE incidents SET look_again_at = look_again_at + :more")
        spread = text(
            "UPDATE incidents SET look_again_at = look_again_at - :more + (id - :first) * :step"
            " WHERE id BETWEEN :first AND :last"
        )
        more = later // timedelta(microseconds=1)
        step = 1_000_000 // len(numbers)
        with self._engine.begin() as connection:
            connection.execute(look, {"more": more})
            these = {"more": more, "first": numbers[0], "last": numbers[-1], "step": step}
            connection.execute(spread, these)
        with self.store.read() as reading:
            due = reading.next_due().incident
        if due is None:
            raise ValueError("nothing is armed")
        return due

    def analyse(self) -> None:
        """Let the database learn what it holds."""
        with self._engine.begin() as connection:
            connection.execute(text("ANALYZE"))

    def _copy_piece(self, values: dict[str, Any]) -> None:
        is_sqlite = self._engine.dialect.name == "sqlite"
        with self._engine.begin() as connection:
            for statement in _COPIES:
                written = statement.replace("{numbers}", _NUMBERS[is_sqlite])
                written = written.replace("{bytes}", _BYTES[is_sqlite])
                wanted = {name: values[name] for name in values if f":{name}" in written}
                connection.execute(text(written), wanted)


def _quick_engine(url: str) -> Engine:
    """Return an engine of our own for the copies, which need not survive a power cut."""
    address = make_url(url)
    if address.get_backend_name() == "postgresql":
        return create_engine(address.set(drivername="postgresql+psycopg"))
    engine = create_engine(address)

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -262144")

    return engine


_NUMBERS = {
    True: "(WITH RECURSIVE n(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i < :last)"
    " SELECT i FROM n)",
    False: "(SELECT CAST(i AS BIGINT) AS i FROM generate_series("
    "CAST(:first AS BIGINT), CAST(:last AS BIGINT)) AS s(i))",
}
_BYTES = {
    True: "CAST(printf('%016d', i) AS BLOB)",
    False: "decode(lpad(to_hex(i), 32, '0'), 'hex')",
}

_COPIES = (
    "INSERT INTO incidents (id, code, state, severity, group_key, plan, opened_at, look_again_at,"
    " generation, entries, head, snapshot) SELECT i, :name || '-' || i, state, severity, NULL,"
    " plan, opened_at - (i - :first + :before) * :step, look_again_at, generation, entries, head,"
    " replace(replace(snapshot, :code, '\"code\":\"' || :name || '-' || i || '\"'), :id,"
    " '\"id\":' || i || ',') FROM incidents, {numbers} AS numbers WHERE id = :source",
    "INSERT INTO timeline (incident_id, number, text, hash) SELECT i, number, text, hash"
    " FROM {numbers} AS numbers, timeline WHERE incident_id = :source ORDER BY i, number",
    "INSERT INTO alerts (integration, fingerprint, starts_at, ends_at, firing, incident_id,"
    " disposition, text, received_at, updated_at) SELECT integration, {bytes}, starts_at + i,"
    " ends_at, firing, i, disposition, text, received_at, updated_at"
    " FROM alerts, {numbers} AS numbers WHERE incident_id = :source",
    "INSERT INTO deliveries (message_id, incident_id, incident, page, kind, wanted_until, priority,"
    " recipient, person, channel, address, domain, message, state, due_at, created_at, attempts,"
    " claim, detail, sent_at) SELECT message_id || '-' || i, i, :name || '-' || i, page, kind,"
    " wanted_until, priority, recipient, person, channel, address, domain, message, 'sent', due_at,"
    " created_at, attempts, claim, detail, created_at"
    " FROM deliveries, {numbers} AS numbers WHERE incident_id = :source",
)


def _pieces(numbers: range) -> Iterator[tuple[int, int]]:
    for first in range(numbers.start, numbers.stop, AT_ONCE):
        yield first, min(first + AT_ONCE, numbers.stop) - 1
