"""Entries of a timeline as lines that people read."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.text import Text

from tocsin.cli.output import clean
from tocsin.core.incident.events import BY_PLAN

Entry = Mapping[str, Any]

STYLES = {
    "opened": "bold",
    "clock_missed": "red",
    "clock_met": "green",
    "nobody_reached": "bold red",
    "alarmed": "bold red",
    "not_delivered": "red",
    "acknowledged": "green",
    "resolved": "green",
    "closed": "green",
}


def lines(timeline: Sequence[Entry]) -> Iterator[tuple[datetime, str, Text]]:
    """Yield for each entry when it happened, by whom, and what, with its reason."""
    for entry in timeline:
        kind = str(entry["kind"])
        what = Text(_what(entry), STYLES.get(kind, ""))
        why, line = clean(entry.get("why", "")), entry.get("line")
        if why:
            what.append(f"; {why}", "dim")
        if line:
            what.append(f" (line {line})", "dim")
        by = clean(entry.get("by", ""))
        yield datetime.fromisoformat(entry["at"]), "" if by == BY_PLAN else by, what


def _what(entry: Entry) -> str:
    kind = str(entry["kind"])
    told = _WORDS.get(kind)
    return clean(told(entry) if told is not None else kind.replace("_", " "))


def _severity(entry: Entry) -> str:
    if entry["severity"] == entry["was"]:
        return f"severity {entry['severity']} confirmed"
    word = "" if entry["confirmed"] else ", provisional"
    return f"severity {entry['was']} -> {entry['severity']}{word}"


def _status(entry: Entry) -> str:
    return f" ({entry['status']})" if entry.get("status") else ""


def _value(entry: Entry) -> str:
    if entry.get("in_doubt"):
        return f"{entry['name']} is in doubt"
    value = entry["value"]
    return f"{entry['name']} = {str(value).lower() if isinstance(value, bool) else value}"


_WORDS: dict[str, Callable[[Entry], str]] = {
    "opened": lambda e: f"opened as {e['severity']}: {e['title']}",
    "severity_changed": _severity,
    "fact_recorded": _value,
    "alerts_joined": lambda e: f"alerts joined: {e['count']} ({', '.join(e['names'])})",
    "alerts_resolved": lambda e: f"alerts over: {e['count']}, still firing: {e['still_firing']}",
    "clock_started": lambda e: f"clock {e['clock']} runs",
    "clock_met": lambda e: f"clock {e['clock']} met",
    "clock_missed": lambda e: f"clock {e['clock']} missed",
    "clock_dropped": lambda e: f"clock {e['clock']} dropped",
    "told": lambda e: f"{e['message']} to {e['to']} ({', '.join(e['people'])})",
    "nobody_reached": lambda e: f"nobody reached as {e['to']}",
    "alarmed": lambda e: f"nobody has answered: alarm {e['count']}",
    "escalation_asked": lambda e: f"{e['to']} asked for",
    "delivered": lambda e: f"{e['message']} delivered to {e['person']} by {e['channel']}",
    "not_delivered": lambda e: (
        f"{e['message']} not delivered to {e['person']} by {e['channel']}: {e['next_try']}"
    ),
    "noted": lambda e: f"note: {e['text']}",
    "update_published": lambda e: f"{e['audience']} told{_status(e)}: {e['text']}",
    "update_proposed": lambda e: (
        f"{e['update']} for {e['audience']} waits for {' or '.join(e['approval'])}: {e['text']}"
    ),
    "update_withdrawn": lambda e: f"{e['update']} for {e['audience']} held back",
    "update_refused": lambda e: f"{e['audience']} cannot be told without a person",
    "audience_forgotten": lambda e: f"{e['audience']} never told",
    "task_armed": lambda e: f"to do: {e['text']} ({e['task']})",
    "task_ordered": lambda e: f"ordered: {e['text']} ({e['task']})",
    "task_ticked": lambda e: f"{e['task']} ticked for {e['member']}",
    "task_done": lambda e: f"{e['task']} done" + (f": {e['choice']}" if e.get("choice") else ""),
    "task_waived": lambda e: f"{e['task']} not needed",
    "task_dropped": lambda e: f"{e['task']} no longer asked for",
    "phase_entered": lambda e: f"phase {e['phase']}" + (" beside it" if e.get("parallel") else ""),
    "watch_started": lambda e: f"watch {e['watch']} runs",
    "watch_passed": lambda e: f"watch {e['watch']} passed",
    "role_taken": lambda e: f"{e['role']}: {e['person']}",
    "role_handed_over": lambda e: f"{e['role']}: {e['was']} -> {e['person']}",
    "role_left": lambda e: f"{e['role']}: {e['person']} left",
    "shadow_joined": lambda e: f"{e['person']} looks on at {e['role']}",
    "stood_down": lambda e: "false alarm" if e.get("false_alarm") else "stood down",
    "mode_changed": lambda e: f"mode {e['mode']} begins" if e["mode"] else f"mode {e['was']} ends",
    "decision_taken": lambda e: f"decision on {e['about']}: {e['choice']}",
    "overruled": lambda e: f"beyond the plan: {e['what']}",
    "second_wanted": lambda e: f"a second person is wanted to {e['what']}",
    "seconded": lambda e: f"agreed with {e['first']} to {e['what']}",
    "floor_waived": lambda e: f"severity may be lower than {e['floor']} demands",
    "restricted": lambda e: f"restricted to {', '.join(e['readers'])}",
    "file_attached": lambda e: f"file {e['attachment']}: {e['name']} ({e['size']} bytes)",
    "moment_pinned": lambda e: f"entry {e['entry']} pinned",
    "moment_unpinned": lambda e: f"entry {e['entry']} unpinned",
    "incident_linked": lambda e: f"{e['relation'].replace('_', ' ')} {e['code']}",
    "alerts_left": lambda e: f"alerts moved to {e['to']}: {e['count']} ({', '.join(e['names'])})",
    "alerts_came_over": lambda e: (
        f"alerts moved here from {e['of']}: {e['count']} ({', '.join(e['names'])})"
    ),
    "merged_into": lambda e: f"merged into {e['into']}, where it goes on",
    "absorbed": lambda e: f"{e['code']} merged into this ({e['severity']}: {e['title']})",
    "carried_over": lambda e: (
        f"brought back from {e['node']}: {e['entries']} entries since {e['since']}"
    ),
    "happened_apart": lambda e: (
        f"in emergency mode on {e['node']} at {e['happened_at']}: {e['what'].replace('_', ' ')}"
        f" by {e['who']}"
    ),
    "glass_broken": lambda e: "glass broken: reads it without being a reader",
}
