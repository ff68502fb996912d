"""Fills a store with as many incidents as an organisation has in decades, in minutes.

A few incidents are lived through by the engine; the others are copies of them, made by the database
itself. Copies have codes, numbers and times of their own, and the timelines of what they are copies
of: for measuring, not for `tocsin verify`.
"""

import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import Engine, create_engine, event, make_url, text

from tocsin.core.alerts import Signal, fingerprint
from tocsin.core.incident import commands as c
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.state import Incident
from tocsin.engine.actions import act
from tocsin.engine.intake import take_in
from tocsin.engine.rules import Rules
from tocsin.engine.world import World
from tocsin.store.sql_store import SqlStore

START = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
YEAR = timedelta(days=365)
AT_ONCE = 20_000
"""Incidents that one statement copies."""

SECOND = timedelta(seconds=1)
MICROSECOND = timedelta(microseconds=1)
AT_ITS_TIME = timedelta(0)

PLAN = """\
tocsin: 1
plan: crowd
title: A plan for measuring
time_zone: UTC
facts: {PART_FACTS}
severities:
  P0: {name: Critical, acknowledge: within 5m}
  P1: {name: High, acknowledge: within 15m}
components: {PARTS}
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

PARTS = 20
"""Components, of which copies have hit one each."""

GROUPS = 3_000
"""Groups of alerts that copies belong to: they come back some hundred times a year."""

NAMES = [f"part-{number:02}" for number in range(PARTS)]
PLAN = PLAN.replace(
    "PART_FACTS", ", ".join(f"{name.replace('-', '_')}: [up, down]" for name in NAMES)
).replace("PARTS", ", ".join(f"{name}: {{fact: {name.replace('-', '_')}}}" for name in NAMES))

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
        self._is_sqlite = self._engine.dialect.name == "sqlite"
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
        said = (*said, c.RecordFact(by="ana", via="page", name="part_00", value="down"))
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

    def copy(
        self,
        code: str,
        count: int,
        name: str,
        later: timedelta = AT_ITS_TIME,
        within: timedelta = AT_ITS_TIME,
    ) -> range:
        """Copy an incident with all that belongs to it; return the numbers of the copies.

        They are looked at again `later` than it, one after the other `within` so long.
        """
        with self.store.read() as reading:
            kept = reading.incident(code)
        if kept is None:
            raise ValueError(f"there is no incident {code}")
        with self.store.write() as tx:
            numbers = tx.numbers("incident", count)
        began = time.perf_counter()

        def piece(first: int, last: int) -> int:
            values = {
                "later": later // MICROSECOND, "spread": within // MICROSECOND // count,
                "first": first, "last": last, "source": kept.incident.id, "name": name,
                "code": f'"code":"{code}"', "id": f'"id":{kept.incident.id},',
                "ended": _ended(kept.incident), "opened": _seconds(kept.incident.opened_at),
                "before": first - numbers.start, "count": count,
                "step": YEAR // (MICROSECOND * count),
            }  # fmt: skip
            self._copy_piece(values)
            return last - first + 1

        done = 0
        with ThreadPoolExecutor(1 if self._is_sqlite else 2) as pool:
            for copied in pool.map(piece, *zip(*_pieces(numbers), strict=True)):
                done += copied
                took = time.perf_counter() - began
                progress = f"\r  {done:,} of {count:,} copies of {code}, {took:.0f} s"
                print(progress, end="", file=sys.stderr)
        print(file=sys.stderr)
        return numbers

    def analyse(self) -> None:
        """Let the database learn what it holds, and do what it does over the years by itself."""
        if self._is_sqlite:
            with self._engine.begin() as connection:
                connection.execute(text("ANALYZE"))
            return
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM (ANALYZE)"))
            connection.execute(text("CHECKPOINT"))

    def _copy_piece(self, values: dict[str, Any]) -> None:
        is_sqlite = self._is_sqlite
        with self._engine.begin() as connection:
            for statement in _COPIES:
                written = statement.replace("{numbers}", _NUMBERS[is_sqlite])
                written = written.replace("{bytes}", _BYTES[is_sqlite])
                written = written.replace("{group}", _GROUPS_OF[is_sqlite])
                written = written.replace("{ended}", _ENDED[is_sqlite])
                wanted = {name: values[name] for name in values if f":{name}" in written}
                connection.execute(text(written), wanted)


def _quick_engine(url: str) -> Engine:
    """Return an engine of our own for the copies, which need not survive a power cut."""
    address = make_url(url)
    if address.get_backend_name() == "postgresql":
        engine = create_engine(address.set(drivername="postgresql+psycopg"))

        @event.listens_for(engine, "begin")
        def _hurry(connection: Any) -> None:
            connection.exec_driver_sql("SET LOCAL synchronous_commit = off")

        return engine
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
_GROUPS_OF = {
    True: f"CAST(printf('%016d', i * 7919 % {GROUPS}) AS BLOB)",
    False: f"decode(lpad(to_hex(i * 7919 % {GROUPS}), 32, '0'), 'hex')",
}
"""Of which group a copy is that is over; of what is open there is one in a group."""

_ENDED = {
    True: "strftime('%Y-%m-%dT%H:%M:%SZ', :opened + 60 + i * 7919 % 14400, 'unixepoch')",
    False: "to_char(to_timestamp(:opened + 60 + i * 7919 % 14400) AT TIME ZONE 'UTC',"
    """ 'YYYY-MM-DD"T"HH24:MI:SS"Z"')""",
}
"""When a copy was over: after some time between a minute and four hours."""

_COPIES = (
    "INSERT INTO incidents (id, code, state, severity, group_key, plan, opened_at, look_again_at,"
    " generation, entries, head, snapshot) SELECT i, :name || '-' || i, state, severity,"
    " CASE WHEN state = 'resolved' THEN {group} END,"
    " plan, opened_at - (:count - 1 - i + :first - :before) * :step,"
    " look_again_at + :later + (i - :first + :before) * :spread, generation, entries, head,"
    " replace(replace(replace(replace(replace(snapshot,"
    " :code, '\"code\":\"' || :name || '-' || i || '\"'), :id, '\"id\":' || i || ','),"
    " :ended, '\"resolved_at\":\"' || {ended} || '\"'),"
    " '\"part_00\"', '\"part_' || substr(CAST(100 + i % 20 AS TEXT), 2) || '\"'),"
    ' \'"severity":"P0"\', \'"severity":"P\' || CAST(i % 2 AS TEXT) || \'"\')'
    " FROM incidents, {numbers} AS numbers WHERE id = :source",
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


def _seconds(at: datetime) -> int:
    return int(at.timestamp())


def _ended(incident: Incident) -> str:
    """Return what a snapshot says of its end; something that no snapshot says if it has none."""
    at = incident.resolved_at
    return f'"resolved_at":{msgspec.json.encode(at).decode()}' if at is not None else "\n"


def _pieces(numbers: range) -> Iterator[tuple[int, int]]:
    for first in range(numbers.start, numbers.stop, AT_ONCE):
        yield first, min(first + AT_ONCE, numbers.stop) - 1
