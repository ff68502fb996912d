"""What must hold after a node was broken off and started again, whatever broke it off.

Everything is read from the store, from what the dead process had promised, and from what the
receiver got. The letters name invariants of reliability.md, section 2.3.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from tests.torture.receiving import Arrival, Inbox
from tests.torture.scenes import Scene
from tests.torture.small_node import AFTER_A_CRASH, DATABASE, NINE, Node

from tocsin.core.incident import events as e
from tocsin.core.incident.fold import replay
from tocsin.engine.ports import Kept, Reading
from tocsin.engine.verify import verify_all

HORIZON = timedelta(minutes=20)
"""How long the node works after the restart: each clock comes due within it."""
LONGEST_STEP = timedelta(minutes=15)
CALLED = ("ana", "ben")
"""Who must have been called by the horizon if nobody answers."""


@dataclass(frozen=True)
class Said:
    """What the broken process had said to those outside, line by line."""

    lines: Sequence[str]

    @property
    def at(self) -> datetime:
        """The time by its clock when it last said anything."""
        return max((datetime.fromisoformat(one.split()[0]) for one in self.lines), default=NINE)

    @property
    def words(self) -> list[str]:
        """The kinds of what it said."""
        return [one.split()[1] for one in self.lines]

    def all(self, word: str) -> list[str]:
        """Return what it said of one kind."""
        found = (one.partition(" ")[2] for one in self.lines)
        return [one.partition(" ")[2] for one in found if one.partition(" ")[0] == word]


@dataclass
class Findings:
    """What was wrong, and the figures."""

    problems: list[str] = field(default_factory=list)
    lost_alerts: int = 0
    lost_clocks: int = 0
    duplicates: int = 0
    most_of_one: int = 0
    refused: int = 0

    def save(self, path: Path) -> None:
        """Leave it where the rig finds it."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @staticmethod
    def load(path: Path) -> Findings:
        """Read what a process has left."""
        return Findings(**json.loads(path.read_text(encoding="utf-8")))


@dataclass
class Trial:
    """One breaking-off: where it was, what was said, and under which name messages come.

    `came` is what had come under other names: in the beginning, which others share.
    """

    folder: Path
    name: str
    inbox: Inbox
    said: Said
    came: Sequence[Arrival]
    kills: int = 1

    def url(self, person: str) -> str:
        """Where a person is in this trial."""
        return self.inbox.url(self.name, person)

    def arrivals(self) -> list[Arrival]:
        """Return what came, the beginning included."""
        return [*self.came, *self.inbox.of(self.name)]


def judge(trial: Trial, scene: Scene) -> Findings:
    """Start on what was left, look, let it go on to the horizon, and look again."""
    findings = Findings(refused=len(trial.said.all("refused")))
    found = findings.problems
    found += file_problems(trial.folder / DATABASE)
    node = Node(trial.folder, trial.url, trial.said.at + AFTER_A_CRASH, lambda line: None)
    found += store_problems(node, trial.said, findings)
    found += scene.after(node, trial.said.words)
    answered = set(_codes(node, lambda kept: _is_answered(kept)))
    came_before = len(trial.arrivals())
    _send_again(node)
    node.work()
    node.work_until(node.now + HORIZON)
    found += store_problems(node, trial.said, findings)
    arrivals = trial.arrivals()
    found += _of_arrivals(node, arrivals, trial.kills, findings)
    late = {one.incident for one in arrivals[came_before:] if one.kind in ("page", "alarm")}
    found += [f"{code} was answered, and paged after the restart (D3)" for code in late & answered]
    found += _of_calls(node, arrivals, findings)
    return findings


def file_problems(path: Path) -> list[str]:
    """Ask SQLite itself."""
    connection = sqlite3.connect(path)
    try:
        whole = [row[0] for row in connection.execute("PRAGMA integrity_check")]
        strays = connection.execute("PRAGMA foreign_key_check").fetchall()
    except sqlite3.DatabaseError as damage:
        return [f"integrity: {damage}"]
    finally:
        connection.close()
    return [f"integrity: {one}" for one in whole if one != "ok"] + [
        f"a row points nowhere: {one}" for one in strays
    ]


def store_problems(node: Node, said: Said, findings: Findings) -> list[str]:
    """Look at what is stored; it must hold at once and for ever."""
    problems = []
    verified = verify_all(node.store)
    if verified.first_broken is not None:
        problems.append(f"the record is broken: {verified.first_broken}")
    with node.store.read() as reading:
        problems += _of_alerts(reading, said, findings)
        counts = reading.counts()
        if counts["unarmed"]:
            findings.lost_clocks += counts["unarmed"]
            problems.append(f"{counts['unarmed']} open incidents have no next look (C1)")
        for kept in _all(reading):
            problems += [
                f"{kept.incident.code}: {one}" for one in _of_incident(reading, kept, node)
            ]
        known = {kept.incident.code: kept for kept in _all(reading)}
    for code in said.all("acknowledged"):
        if code not in known or not _is_answered(known[code]):
            problems.append(f"{code} was acknowledged and does not know it (H1)")
    problems += [
        f"{code} was declared and is lost" for code in said.all("declared") if code not in known
    ]
    return problems


def _of_alerts(reading: Reading, said: Said, findings: Findings) -> Iterator[str]:
    stored: Counter[str] = Counter()
    over = set(said.all("over"))
    ids = {kept.incident.id for kept in _all(reading)}
    for alert in reading.alerts(None, None, 1_000):
        labels = json.loads(alert.text)["labels"]
        name = f"{labels['alertname']}/{labels['instance']}"
        stored[name] += 1
        if alert.disposition not in ("opened", "joined") or alert.incident_id not in ids:
            yield f"alert {name} has the disposition {alert.disposition} (A2)"
        if name in over and alert.firing:
            yield f"alert {name} was reported over and is firing"
    lost = [name for name in said.all("accepted") if not stored[name]]
    findings.lost_alerts = max(findings.lost_alerts, len(lost))
    yield from (f"alert {name} was accepted and is lost (A1)" for name in lost)
    yield from (f"alert {name} is stored {n} times (A2)" for name, n in stored.items() if n > 1)


def _of_incident(reading: Reading, kept: Kept, node: Node) -> Iterator[str]:
    events = [entry.event() for entry in reading.timeline(kept.incident.id)]
    if replay(events) != kept.incident:
        yield "its timeline does not add up to what is stored (A7)"
    there = reading.deliveries(kept.incident.id)
    ordered = Counter(
        (number, person)
        for number, event in enumerate(events, 1)
        if isinstance(event, e.Told)
        for person in event.people
    )
    written = Counter({(d.page, d.person) for d in there})
    if set(ordered) != set(written):
        yield f"ordered {set(ordered)}, written {set(written)} (C2)"
    taken = Counter(
        event.step for event in events if isinstance(event, e.Told) and event.message == "page"
    )
    yield from (f"step {step} was taken {n} times (C2)" for step, n in taken.items() if n > 1)
    if not _is_answered(kept):
        at = kept.look_again_at
        if at is None or at > node.now + LONGEST_STEP:
            yield f"nobody has answered, and its next look is at {at} (C1)"


def _of_arrivals(
    node: Node, arrivals: Sequence[Arrival], kills: int, findings: Findings
) -> Iterator[str]:
    received = Counter(one.id for one in arrivals)
    findings.duplicates = len(set(_repeats(arrivals)))
    findings.most_of_one = max(received.values(), default=0)
    if findings.duplicates > kills:
        yield f"{findings.duplicates} messages came again after {kills} kills (D2)"
    for name, sets in _held(arrivals).items():
        if len(sets) > 1:
            yield f"{name} stood for several sets: who knows its id drops what is new (D2, D7)"
    codes = {(one.id, one.short_code) for one in arrivals}
    if len(codes) != len(received):
        yield "a message came again under another short code (D2)"
    known = set()
    with node.store.read() as reading:
        for kept in _all(reading):
            for one in reading.deliveries(kept.incident.id):
                known.add(one.message.id)
                leaves = one.contact.channel == "webhook"
                if one.state == "sent" and leaves and one.message.id not in received:
                    yield f"{one.message.id} counts as sent and never came (D1)"
                old = one.created_at < node.now - timedelta(minutes=1)
                if one.state == "due" and old and one.contact.address != "broken":
                    yield f"{one.message.id} is stuck after {one.attempts} attempts (D4)"
    yield from (f"{one} came and is not in the store (I2)" for one in received.keys() - known)


def _held(arrivals: Sequence[Arrival]) -> dict[str, set[frozenset[str]]]:
    """Return what each message that came as one held, each time that it came."""
    came: dict[tuple[int, str], set[str]] = defaultdict(set)
    for one in arrivals:
        came[one.at, one.message].add(one.id)
    held: dict[str, set[frozenset[str]]] = defaultdict(set)
    for (_, name), ids in came.items():
        held[name].add(frozenset(ids))
    return held


def _repeats(arrivals: Sequence[Arrival]) -> Iterator[int]:
    """Give the instants of what came again; a bundle that comes again is one such instant."""
    known: set[str] = set()
    for one in sorted(arrivals, key=lambda one: one.at):
        if one.id in known:
            yield one.at
        known.add(one.id)


def _of_calls(node: Node, arrivals: Sequence[Arrival], findings: Findings) -> Iterator[str]:
    """Nobody answers after the restart: everyone whom the plan calls must have been called."""
    for code in _codes(node, lambda kept: not _is_answered(kept)):
        called = {one.person for one in arrivals if one.incident == code}
        for person in CALLED:
            if person not in called:
                findings.lost_clocks += 1
                yield f"{code}: nobody answered, and {person} was never called (C1, D1)"


def _send_again(node: Node) -> None:
    """Say once more what is still the case, as Alertmanager does: nothing new comes of it (A3)."""
    with node.store.read() as reading:
        firing = reading.alerts(None, True, 1_000)
        before = len(reading.incidents((), None, 1_000))
    for alert in firing:
        labels = json.loads(alert.text)["labels"]
        node.fire(labels["instance"], group=labels["alertname"])
    with node.store.read() as reading:
        after = len(reading.incidents((), None, 1_000))
        assert len(reading.alerts(None, True, 1_000)) == len(firing), "a repeat made an alert (A3)"
    assert after == before, "a repeat has opened an incident (A3)"


def _is_answered(kept: Kept) -> bool:
    return kept.incident.state != "open"


def _codes(node: Node, wanted: Callable[[Kept], bool]) -> list[str]:
    with node.store.read() as reading:
        return [kept.incident.code for kept in _all(reading) if wanted(kept)]


def _all(reading: Reading) -> list[Kept]:
    found = (reading.incident(one.incident.code) for one in reading.incidents((), None, 1_000))
    return [kept for kept in found if kept is not None]
