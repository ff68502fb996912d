"""`tocsin watch`."""

import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any, Protocol

import typer
from rich.console import RenderableType
from rich.live import Live

from tocsin.cli.command import Command, make_app
from tocsin.cli.output import clean, console, print_json, print_json_line, tell
from tocsin.cli.server import (
    OPEN_STATES,
    AsOption,
    DataOption,
    JsonOption,
    Server,
    ServerOption,
    connect,
    incident_path,
    pick,
)
from tocsin.cli.trouble import Trouble
from tocsin.cli.watch_frame import Now, list_frame, room_frame
from tocsin.cli.watch_news import News
from tocsin.wallclock import now as read_clock

app = make_app()

EXAMPLES = """
tocsin watch
tocsin watch INC-2026-001
tocsin watch INC-2026-001 --once
tocsin watch INC-2026-001 --json | jq -r .kind
"""

EVERYTHING = "open,acknowledged,resolved,closed"


class Watched(Protocol):
    """What is watched: one incident, or all that are open."""

    live: str
    """The path of the stream that tells when something has changed."""

    def look(self) -> Any:
        """Ask the server how things stand; raises Trouble."""

    def frame(self, found: Any, now: Now) -> RenderableType:
        """Draw it for a terminal."""

    def happened(self, found: Any) -> list[Any]:
        """Return what has happened since the last call, an object each."""

    def acknowledge(self, found: Any) -> str:
        """Take it over; return what came of it, in a few words."""


@app.command(cls=Command, epilog=EXAMPLES)
def watch(
    incident: Annotated[
        str, typer.Argument(metavar="[INCIDENT]", help="Its code; without one, all that are open.")
    ] = "",
    once: Annotated[bool, typer.Option("--once", help="Show how it is now, and end.")] = False,
    person: AsOption = "",
    server: ServerOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show an incident live, or all that are open.

    `q` ends it, `a` acknowledges. When the server has been away, it goes on by itself. Without a
    terminal, and with `--json`, it prints what happens as it happens, one JSON object a line.
    """
    there = connect(server, data)
    watched: Watched
    if incident:
        watched = _Room(there, pick(there, incident, EVERYTHING), person)
    else:
        watched = _All(there)
    if once:
        _show_once(there, watched, as_json)
        return
    is_seen = sys.stdout.isatty() and sys.stdin.isatty() and not as_json
    try:
        (_show if is_seen else _follow)(there, watched)
    except KeyboardInterrupt:
        return  # that is how one ends it


class _Room:
    """One incident."""

    def __init__(self, server: Server, code: str, person: str) -> None:
        self._server = server
        self._path = incident_path(code)
        self._person = person
        self._told: int | None = None
        self.code = code
        self.live = self._path.replace("/api/v1", "/live", 1)

    def look(self) -> Any:
        """Return the whole incident."""
        return self._server.get(self._path)

    def frame(self, found: Any, now: Now) -> RenderableType:
        """Draw its room."""
        return room_frame(found, now)

    def happened(self, found: Any) -> list[Any]:
        """Return the entries of its timeline that are new since the last call."""
        entries = found["timeline"]
        told = self._told if self._told is not None else len(entries)
        self._told = len(entries)
        return [{"incident": self.code, **entry} for entry in entries if entry["number"] > told]

    def acknowledge(self, found: Any) -> str:
        """Take it over."""
        if found["state"] != "open":
            return f"it is {clean(found['state'])}: there is nothing to acknowledge"
        self._server.post(f"{self._path}/acknowledge", {"as": self._person} if self._person else {})
        return "acknowledged"


class _All:
    """All incidents that are open or acknowledged, the worst first."""

    live = "/live/incidents?show=current"

    def __init__(self, server: Server) -> None:
        self._server = server
        self._told: dict[str, Any] | None = None

    def look(self) -> Any:
        """Return their rows."""
        rows: list[Any] = []
        cursor = ""
        while True:
            page = self._server.get(
                "/api/v1/incidents", state=OPEN_STATES, limit="200", cursor=cursor
            )
            rows += page["incidents"]
            cursor = page.get("next") or ""
            if not cursor:
                return rows

    def frame(self, found: Any, now: Now) -> RenderableType:
        """Draw them as a list."""
        return list_frame(found, now)

    def happened(self, found: Any) -> list[Any]:
        """Return the rows that are new or different; one that is gone comes with its last state."""
        told = self._told
        self._told = {str(one["code"]): one for one in found}
        if told is None:
            return list(found)
        gone = [self._server.get(incident_path(code)) for code in told if code not in self._told]
        ended = [{name: one[name] for name in told[str(one["code"])]} for one in gone]
        return [one for one in found if told.get(str(one["code"])) != one] + ended

    def acknowledge(self, found: Any) -> str:
        """Which of them would not be clear."""
        return "`tocsin watch INCIDENT` shows one, and `a` acknowledges there"


def _show_once(server: Server, watched: Watched, as_json: bool) -> None:
    found = watched.look()
    if as_json:
        print_json(found if isinstance(found, dict) else {"incidents": found})
        return
    shown = console()
    now = Now(server.at or read_clock(), shown.width, None, live="")
    with shown.capture() as captured:
        shown.print(watched.frame(found, now))
    shown.file.write("\n".join(line.rstrip() for line in captured.get().split("\n")))


def _follow(server: Server, watched: Watched) -> None:
    """Print what happens; the first look may fail, later ones are repeated until they succeed."""
    for one in watched.happened(watched.look()):
        print_json_line(one)
    away = ""
    with News(server, watched.live) as news:
        while True:
            try:
                news.wait()
                happened = watched.happened(watched.look())
            except Trouble as trouble:
                if trouble.what != away:
                    tell(f"{trouble.what}; trying again")
                away = trouble.what
                continue
            if away:
                tell("connected again")
            away = ""
            for one in happened:
                print_json_line(one)


def _show(server: Server, watched: Watched) -> None:
    """Draw until somebody has seen enough."""
    found = watched.look()
    screen = console()
    behind = _behind(server)
    word, said = "live", ""
    with (
        News(server, watched.live, keys=True) as news,
        Live(console=screen, screen=True, auto_refresh=False) as live,
    ):
        while True:
            at = read_clock() - behind
            now = Now(at, screen.width, screen.height, live=word, said=said)
            live.update(watched.frame(found, now), refresh=True)
            key = news.wait(at_most=1.0)
            if key in ("q", "Q", "\x03", "\x04"):
                return
            said = _tried(watched, found) if key in ("a", "A") else said
            if not (news.take() or key):
                continue
            try:
                found = watched.look()
                behind = _behind(server)
                word = "live" if news.is_live else "asking every few seconds"
            except Trouble as trouble:
                word = f"NOT CONNECTED, trying again ({trouble.what})"


def _tried(watched: Watched, found: Any) -> str:
    try:
        return watched.acknowledge(found)
    except Trouble as trouble:
        return f"{trouble.what}. {trouble.hint}".rstrip()


def _behind(server: Server, clock: Callable[[], datetime] = read_clock) -> timedelta:
    """Return how far this machine's clock is ahead of the server's."""
    return clock() - server.at if server.at is not None else timedelta()
