"""`tocsin deployments`."""

from datetime import datetime
from typing import Annotated, Any

import typer
from rich.text import Text

from tocsin.cli.command import Command, make_app
from tocsin.cli.output import ago, clean, print_json, table, wall_clock
from tocsin.cli.server import DataOption, JsonOption, ServerOption, connect
from tocsin.cli.trouble import Trouble, parted
from tocsin.core.instants import parse_instant
from tocsin.wallclock import now as read_clock

app = make_app()

EXAMPLES = """
tocsin deployments
tocsin deployments --service checkout --since "2026-03-06 08:00 Europe/Berlin"
"""

GOOD = frozenset({"success", "succeeded", "active"})
BAD = frozenset({"failure", "failed", "error"})


@app.command(cls=Command, epilog=EXAMPLES)
def deployments(
    service: Annotated[str, typer.Option(metavar="NAME", help="Those of one service.")] = "",
    since: Annotated[
        str, typer.Option(metavar="TIME", help="Not before: `2026-03-06 18:00`, with a zone.")
    ] = "",
    until: Annotated[str, typer.Option(metavar="TIME", help="Only before.")] = "",
    server: ServerOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what was rolled out lately, newest first.

    Machines report it to `/in/deployments`; docs/intake.md says how. Times are in UTC.
    """
    now = read_clock()
    there = connect(server, data)
    wanted = {"since": _instant(since, now), "until": _instant(until, now)}
    found = there.get("/api/v1/deployments", service=service, **wanted)
    if as_json:
        print_json(found)
        return
    if not found["deployments"]:
        raise Trouble(
            "no deployment is known", "Let your pipeline report them: docs/intake.md says how."
        )
    rows = [_row(one, there.at or now) for one in found["deployments"]]
    table(["when (UTC)", "", "service", "version", "where", "by", "state"], rows, {3: 2})


def _row(one: dict[str, Any], now: datetime) -> list[str | Text]:
    at = datetime.fromisoformat(one["at"])
    state = clean(one["state"])
    style = "green" if state in GOOD else "red" if state in BAD else ""
    what = " ".join(word for word in (one["version"], one["title"]) if word)
    return [
        wall_clock(at, "UTC"),
        Text(ago(at, now), "dim"),
        Text(clean(one["service"]), "bold"),
        clean(what),
        clean(one["environment"]),
        clean(one["by"]),
        Text(state, style),
    ]


def _instant(text: str, now: datetime) -> str:
    try:
        return parse_instant(text, now, "UTC").isoformat() if text else ""
    except ValueError as error:
        raise parted(error) from None
