"""One frame of `tocsin watch`: an incident, or all that are open, as a terminal shows them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from tocsin.cli.output import ago, clean, countdown, counted, severity, state
from tocsin.cli.timeline import lines
from tocsin.core.times import words_duration

TWO_COLUMNS_FROM = 100
"""Columns of a terminal in which clocks and calls stand beside tasks and timeline."""

ENTRIES = 40
"""Entries of the timeline, the newest first; a terminal cuts off what does not fit."""

TASKS = 12
CALLS = 8

SEVERE = ("bold white on red", "bold black on dark_orange", "bold black on yellow", "bold on blue")


@dataclass(frozen=True)
class Now:
    """What a frame needs to know beside the incident.

    `at` is the server's time, `height` None where nothing is cut off, `live` says how the server
    is reached, and `said` what came of the last key.
    """

    at: datetime
    width: int
    height: int | None
    live: str
    said: str = ""


def room_frame(found: Any, now: Now) -> RenderableType:
    """Draw one incident: what is wrong, how bad, who leads, what is due next, what to press."""
    left = [_clocks(found, now), _ladder(found, now), _roles(found)]
    right = [_tasks(found, now), _timeline(found)]
    if now.width < TWO_COLUMNS_FROM:
        body: RenderableType = Group(*_spaced([*left, *right]))
    else:
        body = Table.grid(expand=True, padding=(0, 3, 0, 0))
        body.add_column(ratio=9)
        body.add_column(ratio=11)
        body.add_row(Group(*_spaced(left)), Group(*_spaced(right)))
    return Group(_bar(found["code"], now), *_headline(found, now), Text(), body)


def list_frame(found: Sequence[Any], now: Now) -> RenderableType:
    """Draw all that are open: what nobody has taken first, then the worst, then the oldest."""
    title = counted(len(found), "incident") if found else "Nothing is wrong"
    rows = sorted(found, key=lambda one: (one["state"] != "open", _rank(one), one["opened_at"]))
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    for ratio in (None, None, 1, None, None):
        table.add_column(ratio=ratio, no_wrap=ratio is None, overflow="fold")
    for one in rows:
        holder = clean(one.get("acknowledged_by") or "")
        has_it = f"{holder} has it" if holder else "NOBODY has it"
        if now.width < TWO_COLUMNS_FROM:
            about = Text(clean(one["title"]), overflow="fold").append(f"\n{has_it}", "dim")
            cells: list[RenderableType] = [about, "", ""]
        else:
            following = one.get("next_at")
            then = f"next {countdown(_at(following), now.at)}" if following else ""
            cells = [Text(clean(one["title"])), Text(has_it, "" if holder else "bold red"), then]
        opened = Text(words_duration(max(timedelta(), now.at - _at(one["opened_at"]))), "dim")
        code = Text(clean(one["code"]), "bold")
        table.add_row(_badge(one), code.append("\n").append_text(opened), *cells)
    empty = Text("  No incident is open. New ones appear here by themselves.", "green")
    return Group(_bar(title, now), Text(), table if rows else empty)


def _bar(title: object, now: Now) -> RenderableType:
    """The uppermost line: which incident, how fresh, which keys; below it what came of a key."""
    bar = Table.grid(expand=True)
    bar.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    bar.add_column(justify="right", no_wrap=True, overflow="ellipsis")
    away = now.live.startswith("NOT")
    how = Text(now.live, "bold white on red" if away else "green" if now.live == "live" else "dim")
    if now.height is not None and not away:
        how.append("  q quits  a acknowledges", "dim")
    bar.add_row(Text(f"tocsin  {clean(title)}  {now.at:%H:%M:%S} UTC", "bold"), how)
    parts: list[RenderableType] = [bar, Rule(style="dim")]
    if now.said:
        parts.append(Text(now.said, "bold yellow"))
    return Group(*parts)


def _headline(found: Any, now: Now) -> Iterable[RenderableType]:
    exercise = [("EXERCISE ", "bold cyan")] if found.get("exercise") else []
    yield Text.assemble(*exercise, _badge(found), " ", (clean(found["title"]), "bold"))
    word = "confirmed" if found.get("severity_confirmed") else "provisional"
    yield Text(f"severity {word}: {clean(found['severity_why'])}", "dim")
    since = words_duration(max(timedelta(), now.at - _at(found["opened_at"])))
    line = Text.assemble(state(clean(found["state"])), f" for {since}")
    holder = found.get("acknowledged_by")
    if found["state"] == "open":
        line.append("  nobody has it yet", "bold red")
    elif holder:
        line.append(f"  {clean(holder)} has it", "bold")
    for name in ("phase", "status"):
        if found.get(name):
            line.append(f"  {name} {clean(found[name])}")
    if found.get("alerts_total"):
        line.append(
            f"  {found['alerts_firing']} of {counted(found['alerts_total'], 'alert')} firing"
        )
    yield line


def _badge(found: Any) -> Text:
    style = SEVERE[min(_rank(found), len(SEVERE) - 1)]
    name = f" {clean(found.get('severity_name', ''))}".rstrip()
    return Text(f" {severity(clean(found['severity'])).plain}{name} ", style)


def _rank(found: Any) -> int:
    digits = "".join(letter for letter in str(found["severity"]) if letter.isdigit())
    return int(digits) if digits else len(SEVERE)


def _section(heading: str, rows: Sequence[Sequence[RenderableType]], share: int) -> RenderableType:
    """Return rows below a heading; the column `share` gets the room that is left."""
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    for number in range(max(map(len, rows))):
        wide = number == share
        table.add_column(ratio=1 if wide else None, no_wrap=not wide, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return Group(Text(heading, "bold underline"), Padding(table, (0, 0, 0, 1)))


def _spaced(parts: Sequence[RenderableType | None]) -> Iterable[RenderableType]:
    for part in parts:
        if part is not None:
            yield part
            yield Text()


def _clocks(found: Any, now: Now) -> RenderableType | None:
    """The clock rail: what is due, soonest first; what was missed is said in words."""
    rows: list[list[RenderableType]] = []
    for one in sorted(
        found["clocks"], key=lambda clock: (clock["state"] != "running", clock["due"])
    ):
        due = _at(one["due"])
        line = Text(f"line {one['line']}" if one["line"] else "", "dim")
        if one["state"] == "running" and due > now.at:
            rows.append(
                [Text(countdown(due, now.at), _pressing(one, now)), clean(one["name"]), line]
            )
        elif one["state"] in ("running", "missed"):
            over = Text(f"MISSED {ago(due, now.at)}", "bold red")
            rows.append([over, clean(one["name"]), line])
    met = sum(one["state"] == "met" for one in found["clocks"])
    if met:
        rows.append([Text("met", "green"), Text(counted(met, "clock"), "dim"), ""])
    return _section("Clocks", rows, 1) if rows else None


def _pressing(clock: Any, now: Now) -> str:
    start, due = _at(clock["started_at"]), _at(clock["due"])
    return "bold yellow" if (now.at - start) > 0.75 * (due - start) else "bold"


def _ladder(found: Any, now: Now) -> RenderableType | None:
    """Who was called, who has answered, and who is next and when."""
    rows: list[list[RenderableType]] = []
    calls = found["deliveries"][-CALLS:]
    if len(found["deliveries"]) > len(calls):
        rows.append([Text("before", "dim"), f"{len(found['deliveries']) - len(calls)} more", ""])
    for one in calls:
        at = one.get("sent_at") or one.get("due_at")
        who = f"{clean(one['person'])}, {clean(one['kind'])} by {clean(one['channel'])}"
        word = clean(one["state"])
        shown = Text(word, "green" if word == "sent" else "bold red" if word == "failed" else "")
        rows.append([Text(ago(_at(at), now.at) if at else "", "dim"), who, shown])
    holder, taken = found.get("acknowledged_by"), found.get("acknowledged_at")
    if holder and taken:
        when = Text(ago(_at(taken), now.at), "dim")
        rows.append([when, Text(f"{clean(holder)} has answered", "bold green"), ""])
    for one in found["ahead"]:
        when = Text(countdown(_at(one["at"]), now.at), "bold")
        line = Text(f"line {one['line']}" if one["line"] else "", "dim")
        rows.append([when, f"then {clean(one['do'])} {clean(', '.join(one['to']))}", line])
    return _section("Who is called", rows, 1) if rows else None


def _roles(found: Any) -> RenderableType | None:
    holders = found.get("holders") or {name: [who] for name, who in found["roles"].items()}
    rows: list[list[RenderableType]] = [
        [clean(name), Text(clean(", ".join(who)), "bold")] for name, who in holders.items()
    ]
    return _section("Roles", rows, 1) if rows else None


def _tasks(found: Any, now: Now) -> RenderableType | None:
    """What is open, what is due first of it at the top."""
    tasks = sorted(found["tasks"], key=lambda one: (one.get("due") is None, one.get("due") or ""))
    rows: list[list[RenderableType]] = []
    for one in tasks[:TASKS]:
        due = ""
        if one.get("due"):
            at = _at(one["due"])
            due = countdown(at, now.at) if at > now.at else f"MISSED {ago(at, now.at)}"
        style = "bold red" if due.startswith("MISSED") else "bold" if due else ""
        rows.append(["[ ]", clean(one["text"]), Text(due, style)])
    if len(tasks) > TASKS:
        rows.append(["", Text(f"and {len(tasks) - TASKS} more", "dim"), ""])
    heading = f"To do, {len(tasks)} open"
    return _section(heading, rows, 1) if rows else None


def _timeline(found: Any) -> RenderableType | None:
    rows: list[list[RenderableType]] = []
    for at, by, what in reversed(list(lines(found["timeline"][-ENTRIES:]))):
        told = Text.assemble((f"{by}: ", "bold"), what) if by else what
        rows.append([Text(f"{at:%H:%M:%S}", "dim"), told])
    return _section("Timeline, newest first", rows, 1) if rows else None


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)
