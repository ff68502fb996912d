"""`tocsin override`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import typer

from tocsin.cli.command import Command, make_app
from tocsin.cli.output import clean, print_json, say, wall_clock, without_empty
from tocsin.cli.server import (
    AsOption,
    DataOption,
    JsonOption,
    Server,
    ServerOption,
    WhyOption,
    connect,
)
from tocsin.cli.trouble import parted, wrong_usage
from tocsin.core.instants import parse_instant
from tocsin.wallclock import now as read_clock

app = make_app()

PATH = "/api/v1/overrides"

EXAMPLES = """
tocsin override
tocsin override primary ben --to "tomorrow 09:00" --why "Ana is ill"
tocsin override primary ben --from "friday 18:00" --to "monday 09:00"
tocsin override --remove 12
"""


@dataclass(frozen=True)
class _Wanted:
    """What stands on the command line about one override."""

    roster: str
    person: str
    start: str
    end: str
    why: str
    by: str


@app.command(cls=Command, epilog=EXAMPLES)
def override(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ROSTER PERSON]", help="Who is on call instead; else all listed."),
    ] = None,
    start: Annotated[
        str, typer.Option("--from", metavar="TIME", help="`friday 18:00`; else from now on.")
    ] = "",
    end: Annotated[str, typer.Option("--to", metavar="TIME", help="When it is over.")] = "",
    remove: Annotated[
        int, typer.Option("--remove", metavar="NUMBER", min=0, help="Take this one back.")
    ] = 0,
    person: AsOption = "",
    why: WhyOption = "",
    server: ServerOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put somebody else on call for a while, or list such overrides.

    Times without a zone are on the roster's clocks.
    """
    there = connect(server, data)
    given = words or []
    if remove:
        query = {"as": person} if person else {}
        document = there.read(there.send("DELETE", f"{PATH}/{remove}", parameters=query))
    elif not given:
        _list(there, as_json=as_json)
        return
    elif len(given) != 2:
        hint = EXAMPLES.split("\n")[2]
        raise wrong_usage("a roster and a person belong here", f"For example: {hint}")
    else:
        document = _make(there, _Wanted(given[0], given[1], start, end, why, person))
    if as_json:
        print_json(document)
    else:
        _report(document, _zone(there, document["roster"]))


def _make(there: Server, wanted: _Wanted) -> Any:
    if not wanted.end:
        hint = 'Say when it is over: --to "tomorrow 09:00".'
        raise wrong_usage("an override without an end", hint)
    zone = _zone(there, wanted.roster)
    now = read_clock()
    try:
        start = parse_instant(wanted.start or "now", now, zone)
        # `--from "friday 18:00" --to "monday 09:00"`: the Monday after that Friday.
        end = parse_instant(wanted.end, start, zone)
    except ValueError as error:
        raise parted(error) from None
    body = {"roster": wanted.roster, "person": wanted.person}
    body |= {"start": start.isoformat(), "end": end.isoformat()}
    return there.post(PATH, body | without_empty({"why": wanted.why, "as": wanted.by}))


def _zone(there: Server, roster: str) -> str:
    """Return on which clocks a roster is; raises Trouble if there is none."""
    answer = there.get("/api/v1/on-call", roster=roster)
    return str(answer["rosters"][0]["time_zone"])


def _list(there: Server, *, as_json: bool) -> None:
    found = there.get(PATH)
    if as_json:
        print_json(found)
        return
    if not found["overrides"]:
        say("There are no overrides. The rotation says who is on call: ", ("tocsin who", "bold"))
        return
    zones = {one["roster"]: one["time_zone"] for one in there.get("/api/v1/on-call")["rosters"]}
    for one in found["overrides"]:
        _report(one, zones.get(one["roster"], "UTC"))


def _report(one: dict[str, Any], zone: str) -> None:
    start, end = (datetime.fromisoformat(one[name]) for name in ("start", "end"))
    span = f"{wall_clock(start, zone)} to {wall_clock(end, zone)} {zone}"
    removed = " removed" if one["removed_at"] else ""
    say(
        (f"Override {one['id']}{removed}", "bold"),
        f": {clean(one['person'])} for {clean(one['roster'])}, {span}",
    )
    why = f": {clean(one['why'])}" if one["why"] else ""
    say((f"  by {clean(one['made_by'])}{why}", "dim"))
    if one["void"]:
        say(("  void", "yellow"), f": {clean(one['void'])}")
