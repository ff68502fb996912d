"""`tocsin who`."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from tocsin.cli.command import Command, make_app
from tocsin.cli.files import load_organisation
from tocsin.cli.output import clean, countdown, print_json, say, table, wall_clock
from tocsin.cli.server import DataOption, JsonOption, ServerOption, connect
from tocsin.cli.trouble import Trouble, parted, wrong_usage
from tocsin.core.document import listed, near
from tocsin.core.instants import parse_instant
from tocsin.core.oncall import next_shift, on_call
from tocsin.core.people import Organisation, Roster
from tocsin.wallclock import now as read_clock

app = make_app()

EXAMPLES = """
tocsin who
tocsin who primary --at "friday 18:00"
tocsin who --org org.yaml --at "2026-03-06 18:00 Europe/Berlin"
"""


@app.command(cls=Command, epilog=EXAMPLES)
def who(
    roster: Annotated[
        str, typer.Argument(metavar="[ROSTER]", help="One roster; else all of them.")
    ] = "",
    at: Annotated[
        str,
        typer.Option(
            metavar="TIME",
            help="`friday 18:00`, `2026-03-06 18:00`, with a zone behind it or not; else now.",
        ),
    ] = "",
    org: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Look into this organisation file, without a server."),
    ] = None,
    server: ServerOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say who is on call, until when, and who is next.

    Times without a zone are on the organisation's clocks.
    """
    now = read_clock()
    if org is not None:
        organisation = load_organisation(org)
        zone = organisation.time_zone
        asked = _instant(at, now, zone)
        found = _offline(organisation, roster, asked)
    else:
        there = connect(server, data)
        zone = str(there.get("/api/v1/status").get("time_zone") or "UTC") if at else "UTC"
        wanted = _instant(at, now, zone).isoformat() if at else ""
        answer = there.get("/api/v1/on-call", roster=roster, at=wanted)
        asked, found = datetime.fromisoformat(answer["at"]), answer["rosters"]
        zone = str(answer.get("time_zone") or zone)
    if as_json:
        print_json({"at": asked.isoformat(), "rosters": found})
    else:
        _tell(found, asked, zone, at)


def _tell(found: list[dict[str, Any]], asked: datetime, zone: str, at: str) -> None:
    if not found:
        raise Trouble("there are no rosters", "Add one to the organisation file: `rosters:`.")
    if at:
        say((f"{wall_clock(asked, zone)} {zone}", "dim"))
    table(
        ["roster", "on call", f"until ({zone})", "", "then"],
        [_row(one, asked, zone) for one in found],
        {},
    )


def _row(one: dict[str, Any], asked: datetime, zone: str) -> list[str | Text]:
    until = datetime.fromisoformat(one["until"])
    person = Text.assemble(
        (clean(one["name"]), "bold"),
        f" ({clean(one['person'])})" if one["name"] != one["person"] else "",
        (" by override", "yellow") if one["why"] == "override" else "",
    )
    return [
        clean(one["roster"]),
        person,
        wall_clock(until, zone),
        Text(countdown(until, asked), "dim"),
        clean(one["next"]["person"]),
    ]


def _instant(text: str, now: datetime, zone: str) -> datetime:
    try:
        return parse_instant(text or "now", now, zone)
    except ValueError as error:
        raise parted(error) from None


def _offline(organisation: Organisation, wanted: str, at: datetime) -> list[dict[str, Any]]:
    rosters = organisation.rosters
    if wanted and wanted not in rosters:
        hint = near(wanted, rosters) + (f"Known: {listed(rosters)}." if rosters else "It has none.")
        raise wrong_usage(f"the organisation has no roster `{wanted}`", hint)
    chosen = [rosters[wanted]] if wanted else list(rosters.values())
    return [_duty(organisation, one, at) for one in chosen]


def _duty(organisation: Organisation, roster: Roster, at: datetime) -> dict[str, Any]:
    try:
        shift, after = on_call(roster, at), next_shift(roster, at)
    except (ValueError, OverflowError):
        raise wrong_usage(f"{at:%Y} is out of reach", "Choose a time of this age.") from None
    person = organisation.people.get(shift.person)
    return {
        "roster": roster.id,
        "person": shift.person,
        "name": person.name if person is not None else shift.person,
        "since": shift.start.isoformat(),
        "until": shift.end.isoformat(),
        "why": shift.why,
        "next": {"person": after.person, "from": after.start.isoformat()},
    }
