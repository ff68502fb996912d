"""`tocsin incidents`."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.text import Text

from tocsin.cli.command import Command, make_app
from tocsin.cli.output import ago, clean, countdown, print_json, say, severity, state, table, tell
from tocsin.cli.server import OPEN_STATES, DataOption, JsonOption, Server, ServerOption, connect
from tocsin.cli.trouble import wrong_usage

app = make_app()

EXAMPLES = """
tocsin incidents
tocsin incidents --all
tocsin incidents --state resolved --json | jq -r '.incidents[].code'
"""


@app.command(cls=Command, epilog=EXAMPLES)
def incidents(
    every: Annotated[bool, typer.Option("--all", help="Those that are over too.")] = False,
    wanted: Annotated[
        str,
        typer.Option(
            "--state", metavar="STATE,...", help="open, acknowledged, resolved or closed."
        ),
    ] = "",
    server: ServerOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List incidents.

    Without options those that are open or acknowledged, newest first.
    """
    if every and wanted:
        raise wrong_usage("`--all` and `--state` say different things", "Leave out one of them.")
    there = connect(server, data)
    found = _every_page(there, wanted or ("" if every else OPEN_STATES))
    if as_json:
        print_json({"incidents": found})
    elif not found:
        say(("No incident is open." if not every and not wanted else "There are none.", "green"))
        if not every and not wanted:
            tell("`tocsin incidents --all` lists those that are over too.")
    else:
        headings = ["incident", "", "state", "title", "opened", "next"]
        table(headings, [_row(one, there.at) for one in found], {3: 1})


def _every_page(server: Server, states: str) -> list[Any]:
    found: list[Any] = []
    cursor = ""
    while True:
        page = server.get("/api/v1/incidents", state=states, limit="200", cursor=cursor)
        found += page["incidents"]
        cursor = page.get("next") or ""
        if not cursor:
            return found


def _row(one: dict[str, Any], now: datetime | None) -> list[str | Text]:
    holder = one.get("acknowledged_by") if one["state"] == "acknowledged" else ""
    where = Text.assemble(state(clean(one["state"])), f" {clean(holder)}" if holder else "")
    title = ("EXERCISE " if one.get("exercise") else "") + clean(one["title"])
    return [
        Text(clean(one["code"]), "bold"),
        severity(clean(one["severity"])),
        where,
        title,
        _when(one["opened_at"], now, ago),
        _when(one.get("next_at"), now, countdown),
    ]


def _when(text: str | None, now: datetime | None, said: Callable[[datetime, datetime], str]) -> str:
    if not text:
        return ""
    at = datetime.fromisoformat(text)
    return said(at, now) if now is not None else clean(text)
