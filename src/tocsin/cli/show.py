"""`tocsin show`."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from tocsin.cli.acting import headline
from tocsin.cli.command import Command, make_app
from tocsin.cli.output import ago, clean, console, countdown, print_json, say, table, tell
from tocsin.cli.server import DataOption, JsonOption, ServerOption, connect, incident_path, pick
from tocsin.cli.timeline import lines
from tocsin.cli.trouble import Trouble

app = make_app()

EXAMPLES = """
tocsin show
tocsin show INC-2026-001
tocsin show INC-2026-001 --bundle INC-2026-001.json
"""

CLOCK_STYLES = {"running": "yellow", "met": "green", "missed": "red", "dropped": "dim"}
DELIVERY_STYLES = {"sent": "green", "failed": "red", "due": "yellow", "cancelled": "dim"}


@app.command(cls=Command, epilog=EXAMPLES)
def show(
    incident: Annotated[
        str, typer.Argument(metavar="[INCIDENT]", help="Its code; not needed if one is open.")
    ] = "",
    bundle: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Save its record, for `tocsin verify` anywhere."),
    ] = None,
    server: ServerOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show an incident: clocks, calls, what comes next, timeline.

    Times are in UTC; how far away they are is counted on the server's clock.
    """
    there = connect(server, data)
    code = pick(there, incident)
    if bundle is not None:
        _save(there.get(incident_path(code, "bundle")), bundle)
        return
    found = there.get(incident_path(code))
    if as_json:
        print_json(found)
        return
    now = there.at or datetime.fromisoformat(found["timeline"][-1]["at"])
    _heading(found, now)
    _clocks(found, now)
    _watches(found, now)
    _tasks(found, now)
    _updates(found, now)
    _called(found, now)
    _ahead(found, now)
    _timeline(found)


def _save(bundle: Any, file: Path) -> None:
    try:
        with file.open("x", encoding="utf-8") as out:
            print_json(bundle, out)
    except FileExistsError:
        raise Trouble(f"{file} exists already", "Name another file; nothing was changed.") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise Trouble(f"{file} cannot be written: {reason}", "Name another place.") from None
    tell(f"{bundle['count']} entries in {file}; `tocsin verify {file}` checks them.")


def _heading(found: dict[str, Any], now: datetime) -> None:
    if found.get("exercise"):
        say(("EXERCISE", "bold cyan"))
    say(*headline(found))
    opened = ago(_at(found["opened_at"]), now)
    word = "confirmed" if found.get("severity_confirmed") else "provisional"
    say((f"Opened {opened}. Severity {word}: {clean(found['severity_why'])}", "dim"))
    for name, fact in sorted(found.get("facts", {}).items()):
        value = str(fact["value"]).lower() if isinstance(fact["value"], bool) else fact["value"]
        say(f"  {clean(name)} = {clean(value)}", (f"  {clean(fact['by'])}", "dim"))
    for role, person in sorted(found.get("roles", {}).items()):
        say(f"  {clean(role)}: {clean(person)}")
    for word in ("phase", "mode", "status"):
        if found.get(word):
            beside = found.get("parallel", []) if word == "phase" else []
            say(f"  {word}: {clean(', '.join([found[word], *beside]))}")


def _section(heading: str) -> None:
    console().print()
    say((heading, "bold"))


def _clocks(found: dict[str, Any], now: datetime) -> None:
    if not found["clocks"]:
        return
    _section("Clocks")
    rows: list[list[str | Text]] = []
    for one in found["clocks"]:
        word = clean(one["state"])
        ended = one.get("ended_at") if word in ("met", "dropped") else None
        at = _at(ended or one["due"])
        due = f"due {countdown(at, now)}" if word == "running" else ago(at, now)
        rows.append([f"  {clean(one['name'])}", Text(word, CLOCK_STYLES.get(word, "")), due])
        rows[-1].append(Text(f"line {one['line']}" if one["line"] else "", "dim"))
    table(["", "", "", ""], rows, {}, headed=False)


def _tasks(found: dict[str, Any], now: datetime) -> None:
    if not found["tasks"]:
        return
    _section("Left undone" if found["state"] == "closed" else "To do")
    rows: list[list[str | Text]] = []
    group = ""
    for one in found["tasks"]:
        if one["group"] != group:
            group = one["group"]
            rows.append([Text(f"  {clean(group)}", "dim"), "", "", ""])
        due = f"due {countdown(_at(one['due']), now)}" if one.get("due") else ""
        holds = f"before: {', '.join(one['holds'])}" if one["holds"] else ""
        name = Text(clean(one["task"]), "dim")
        rows.append([f"  [ ] {clean(one['text'])} {_wants(one)}".rstrip(), due, clean(holds), name])
    table([""] * 4, rows, {0: 2, 3: 1}, headed=False)


def _wants(task: dict[str, Any]) -> str:
    """What ticking it takes beside its name."""
    if task.get("left"):
        return clean(f"(for each: {', '.join(task['left'])})")
    if task.get("one_of"):
        return clean(f"(one of: {', '.join(task['one_of'])})")
    if task.get("records"):
        return clean(f"(state first: {', '.join(task['records'])})")
    if task.get("answer"):
        return clean(f"(answer: {task['answer']})")
    if task.get("audience"):
        return clean(f"(tell: {task['audience']})")
    return ""


def _watches(found: dict[str, Any], now: datetime) -> None:
    left = [one for one in found.get("watches", []) if not one["passed"]]
    if not left:
        return
    _section("Watches")
    rows: list[list[str | Text]] = [
        [
            f"  {clean(one['watch'])}",
            f"ends {countdown(_at(one['until']), now)}",
            clean(f"before: {one['before']}"),
            Text(f"line {one['line']}", "dim"),
        ]
        for one in left
    ]
    table([""] * 4, rows, {}, headed=False)


def _updates(found: dict[str, Any], now: datetime) -> None:
    if not (found.get("updates") or found.get("proposals")):
        return
    _section("Told")
    rows: list[list[str | Text]] = []
    for one in found["updates"]:
        late = Text("late", "red") if one["stale"] else ""
        following = one.get("next_at")
        then = f"next {countdown(_at(following), now)}" if following and not late else late
        said = f"{one['status']}: {one['text']}" if one["status"] else one["text"]
        rows.append([f"  {clean(one['audience'])}", ago(_at(one["at"]), now), then, clean(said)])
    for one in found["proposals"]:
        waits = Text(f"waits for {clean(' or '.join(one['approval']))}", "yellow")
        rows.append([f"  {clean(one['audience'])}", clean(one["update"]), waits])
        rows[-1].append(clean(one["text"]))
    table([""] * 4, rows, {3: 2}, headed=False)


def _called(found: dict[str, Any], now: datetime) -> None:
    if not found["deliveries"]:
        return
    _section("Called")
    rows: list[list[str | Text]] = []
    for one in found["deliveries"]:
        word = clean(one["state"])
        when = ""
        if one.get("sent_at"):
            when = ago(_at(one["sent_at"]), now)
        elif word == "due":
            when = countdown(_at(one["due_at"]), now)
        rows.append(
            [
                f"  {clean(one['person'])}",
                f"{clean(one['kind'])} by {clean(one['channel'])}",
                Text(word, DELIVERY_STYLES.get(word, "")),
                when,
                clean(one["detail"]),
            ]
        )
    table([""] * 5, rows, {4: 1}, headed=False)


def _ahead(found: dict[str, Any], now: datetime) -> None:
    if not found["ahead"]:
        return
    _section("Next, if nothing happens")
    rows: list[list[str | Text]] = [
        [
            f"  {countdown(_at(one['at']), now)}",
            f"{clean(one['do'])} {clean(', '.join(one['to']))}",
            clean(one["why"]),
            Text(f"line {one['line']}" if one["line"] else "", "dim"),
        ]
        for one in found["ahead"]
    ]
    table([""] * 4, rows, {1: 2, 2: 3}, headed=False)


def _timeline(found: dict[str, Any]) -> None:
    _section("Timeline")
    day = ""
    rows: list[list[str | Text]] = []
    for at, by, what in lines(found["timeline"]):
        here = f"{at:%Y-%m-%d}"
        if here != day:
            rows.append([Text(f"  {here}", "dim"), "", ""])
            day = here
        rows.append([f"  {at:%H:%M:%S}", Text(by, "dim"), what])
    table([""] * 3, rows, {2: 1}, headed=False)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)
