"""`tocsin metrics`."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer
from rich.text import Text

from tocsin.cli.command import Command, make_app
from tocsin.cli.output import (
    clean,
    counted,
    indented,
    listed,
    print_json,
    say,
    severity,
    table,
    wall_clock,
)
from tocsin.cli.server import DataOption, JsonOption, ServerOption, connect
from tocsin.cli.trouble import wrong_usage
from tocsin.core.metrics.share import counted_as
from tocsin.core.times import words_duration

app = make_app()

EXAMPLES = """
tocsin metrics                                  # the last twelve months
tocsin metrics --from 2026-03 --to 2026-03 --by severity
tocsin metrics mttr --by severity,month
tocsin metrics count --by component --json
tocsin metrics repeats                          # what comes back again and again
"""

MEASURES = {"mttd": "detect", "mtta": "acknowledge", "mttr": "resolve"}
SHORT = {name: short.upper() for short, name in MEASURES.items()}
WHATS = ("count", *MEASURES, "repeats")


@app.command(cls=Command, epilog=EXAMPLES)
def metrics(
    what: Annotated[
        str,
        typer.Argument(metavar="[WHAT]", help=f"{listed(WHATS, 'or')}; all if left out."),
    ] = "",
    start: Annotated[
        str,
        typer.Option("--from", metavar="DAY", help="2026-03-31 or 2026-03; else a year ago."),
    ] = "",
    end: Annotated[
        str, typer.Option("--to", metavar="DAY", help="The last day or month; else today.")
    ] = "",
    by: Annotated[
        str, typer.Option("--by", metavar="WHAT,...", help="month, severity, component.")
    ] = "",
    server: ServerOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say how many incidents there were, and how long they took.

    Over months or years, by month, severity and component; each figure with what it means, of how
    many incidents it is, and how many are left out. Exercises never count. No one is named.
    """
    if what and what not in WHATS:
        raise wrong_usage(f"there is no metric `{clean(what)}`", f"Ask for {listed(WHATS, 'or')}.")
    if what == "repeats" and by:
        raise wrong_usage("repeats are not grouped", "Leave out `--by`.")
    there = connect(server, data)
    path = "/api/v1/metrics/repeats" if what == "repeats" else "/api/v1/metrics"
    wanted = {"from": start, "to": end} | ({} if what == "repeats" else {"by": by})
    found = there.get(path, **wanted)
    if as_json:
        print_json(found)
    elif what == "repeats":
        _tell_repeats(found)
    else:
        _tell(found, what)


def _tell(found: Mapping[str, Any], what: str) -> None:
    zone = clean(found["time_zone"])
    as_of = wall_clock(datetime.fromisoformat(found["as_of"]), zone)
    say((f"{clean(found['first'])} to {clean(found['last'])}", "bold"), f" ({zone}), as of {as_of}")
    if found["pending_incidents"] or found["pending_days"]:
        say((_pending(found), "yellow"))
    say("")
    if what in ("", "count"):
        _tell_count(found)
    shown = [one for one in found["measures"] if what in ("", _word(one))]
    if shown and what != "count":
        table(["", "n", "mean", "median", "target", "met"], map(_row, shown), {0: 1})
        _tell_meaning(shown)
    if what == "" and found["promises"]:
        say("")
        say(("Promises of the plan that ended", "bold"))
        rows = [
            (clean(one["clock"]), _share(one), f"{one['met']} of {one['judged']} met")
            for one in found["promises"]
        ]
        table(["", "", ""], rows, {}, headed=False)
    if found["by"]:
        say("")
        _tell_groups(found, shown if what != "count" else [])


def _pending(found: Mapping[str, Any]) -> str:
    number = found["pending_incidents"]
    if not number:
        return "The figures of the last seconds are being added up."
    many = "1,000 incidents or more" if number >= 1000 else counted(number, "incident")
    return f"What has changed of {many} is not in here yet; it is being added up."


def _tell_count(found: Mapping[str, Any]) -> None:
    repeats = f", {counted(found['repeats'], 'repeat')}" if found["repeats"] else ""
    say((f"{counted(found['incidents'], 'incident')}{repeats}", "bold"))
    left_out = [counted_as(one["count"], clean(one["why"])) for one in found["left_out"]]
    indented(f"Counted are {clean(found['incidents_means'])}.", 2, "dim")
    if left_out:
        indented(f"Left out: {listed(left_out)}.", 2, "dim")
    if found["repeats"]:
        indented(f"Repeats are {clean(found['repeats_means'])}.", 2, "dim")
    say("")


def _tell_meaning(shown: Sequence[Mapping[str, Any]]) -> None:
    say("")
    for one in shown:
        unknown = [f"{each['count']} {clean(each['why'])}" for each in one["unknown"]]
        without = f" Without: {listed(unknown)}." if unknown else ""
        indented(f"{clean(one['name'])}: {clean(one['means'])}.{without}", 2, "dim")
    say(("  Medians may be off by up to 5 %, or a second; means are exact.", "dim"))


def _row(one: Mapping[str, Any]) -> list[str | Text]:
    short = clean(one["short"])
    name = f"{clean(one['name'])} ({short})" if short in SHORT.values() else clean(one["name"])
    unit = one["unit"]
    met = f"{_share(one)} ({one['met']} of {one['judged']})" if one["judged"] else ""
    target = _value(one["target"], unit) if one["target"] is not None else ""
    return [
        name, f"{one['count']:,}", _value(one["mean"], unit), _value(one["median"], unit),
        target, met,
    ]  # fmt: skip


def _tell_groups(found: Mapping[str, Any], shown: Sequence[Mapping[str, Any]]) -> None:
    by = found["by"]
    names = [one["id"] for one in shown if one["id"] in SHORT]
    heads = [*by, "incidents", "repeats"]
    alone = len(names) == 1
    for name in names:
        heads += [f"{SHORT[name]} mean", "median", "n"] if alone else [SHORT[name]]
    rows = [_group_row(one, by, names) for one in found["groups"]]
    if not rows:
        say("There is nothing in this time.")
        return
    table(heads, rows, {by.index("component"): 1} if "component" in by else {})
    if len(names) > 1:
        ask = f"tocsin metrics mttr --by {','.join(by)}"
        say((f"Means. For medians, and of how many, ask for one: {ask}", "dim"))


def _group_row(one: Mapping[str, Any], by: Sequence[str], names: Sequence[str]) -> list[str | Text]:
    row: list[str | Text] = []
    for what in by:
        word = clean(one["component_name" if what == "component" else what])
        row.append(severity(word) if what == "severity" else word)
    row += [f"{one['incidents']:,}", f"{one['repeats']:,}" if one["repeats"] else ""]
    figures = {each["id"]: each for each in one["measures"]}
    for name in names:
        figure = figures[name]
        row.append(_value(figure["mean"], "seconds"))
        if len(names) == 1:
            row.append(_value(figure["median"], "seconds"))
            row.append(f"{figure['count']:,}" if figure["count"] else "")
    return row


def _tell_repeats(found: Mapping[str, Any]) -> None:
    say((f"{clean(found['first'])} to {clean(found['last'])}", "bold"))
    of = counted(found["incidents"], "incident")
    rate = f" ({found['repeats'] / found['incidents']:.0%})" if found["incidents"] else ""
    say(f"{counted(found['repeats'], 'repeat')} of {of}{rate}.")
    indented(f"Repeats are {clean(found['repeats_means'])}.", 2, "dim")
    if found["groups"]:
        say("")
        rows = [
            (
                f"{one['count']:,}",
                clean(one["newest"]),
                severity(clean(one["severity"])),
                clean(one["title"]),
            )
            for one in found["groups"]
        ]
        table(["times", "newest", "", "title"], rows, {3: 1})


def _word(one: Mapping[str, Any]) -> str:
    return str(one["short"]).lower()


def _share(one: Mapping[str, Any]) -> str:
    return f"{one['met'] / one['judged']:.0%}" if one["judged"] else ""


def _value(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    if unit == "number":
        return f"{value:,.6g}"
    seconds = round(value)
    if value and not seconds:
        return "<1s"
    if seconds >= 3600:
        seconds -= seconds % 60
    return words_duration(timedelta(seconds=seconds)) if seconds else "0s"
