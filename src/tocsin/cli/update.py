"""`tocsin update`."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from tocsin.cli.acting import Asked, act
from tocsin.cli.command import Command, make_app
from tocsin.cli.output import clean, indented, print_json, say, tell, without_empty
from tocsin.cli.server import (
    AsOption,
    DataOption,
    JsonOption,
    ServerOption,
    WhyOption,
    connect,
    incident_path,
    is_code,
    pick,
)
from tocsin.cli.trouble import NO, wrong_usage

app = make_app()

EXAMPLES = """
tocsin update --audience stakeholders "rolled back, watching"
tocsin update INC-2026-001 --audience customers --template outage impact="no payments" --next 30m
tocsin update --audience customers --set impact="no payments" --preview
"""

_FIELD = re.compile(r"([a-z][a-z0-9_]*)=(.*)", re.DOTALL)


@app.command(cls=Command, epilog=EXAMPLES)
def update(
    audience: Annotated[str, typer.Option(metavar="AUDIENCE", help="Who is told.")],
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[INCIDENT] [FIELD=VALUE ...] [TEXT]",
            help="INCIDENT may be left out if only one is meant.",
        ),
    ] = None,
    status: Annotated[
        str, typer.Option(metavar="WORD", help="How things stand, in a word of the plan.")
    ] = "",
    template: Annotated[
        str, typer.Option(metavar="TEMPLATE", help="How it is written; else the plan's, or freely.")
    ] = "",
    subject: Annotated[str, typer.Option(metavar="LINE", help="Its headline.")] = "",
    fields: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="What stands in a field; repeatable."),
    ] = None,
    free: Annotated[
        bool, typer.Option("--free", help="By no template, whatever the plan wants.")
    ] = False,
    only_look: Annotated[
        bool,
        typer.Option("--preview", help="Only show it, with all that is in its way; 1 if anything."),
    ] = False,
    soon: Annotated[
        str, typer.Option("--next", metavar="DURATION", help="How soon the next update comes.")
    ] = "",
    person: AsOption = "",
    why: WhyOption = "",
    server: ServerOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell an audience how things stand.

    TEXT goes into the first open question of the template. The plan may ask for more, or for
    somebody's approval; `tocsin approve` gives that.
    """
    asked = Asked(server, data, person, why, as_json)
    incident, values, text = _parted(asked, words or [])
    values |= _set(fields or [])
    body: dict[str, Any] = {
        "audience": audience, "status": status, "template": template, "subject": subject,
        "next": soon, "values": values, "text": text,
    }  # fmt: skip
    if free:
        body["free"] = True
    states = "open,acknowledged,resolved"
    if only_look:
        _show(asked, incident, without_empty(body), states)
        return
    done = act(asked, incident, "update", without_empty(body), states=states)
    if not as_json:
        _say_what_waits(done, audience)


def _set(fields: list[str]) -> dict[str, str]:
    """Read `--set FIELD=VALUE`; the last one counts."""
    values: dict[str, str] = {}
    for word in fields:
        found = _FIELD.fullmatch(word)
        if found is None:
            raise wrong_usage(
                f"`{clean(word)}` is no field with a value",
                'For example: --set impact="no payments"',
            )
        values[found[1]] = found[2]
    return values


def _show(asked: Asked, incident: str, body: dict[str, Any], states: str) -> None:
    """Print an update as it would go out; ends with `NO` if anything is in its way."""
    server = connect(asked.server, asked.data)
    whole = without_empty({"as": asked.person, "why": asked.why}) | body
    seen = server.post(incident_path(pick(server, incident, states), "updates/preview"), whole)
    if asked.as_json:
        print_json(seen)
    else:
        _say_preview(seen)
    if seen["problems"]:
        raise typer.Exit(NO)


def _say_preview(seen: Mapping[str, Any]) -> None:
    if seen["subject"]:
        say((clean(seen["subject"]), "bold"))
    for line in (seen["text"] or "(nothing is written yet)").splitlines():
        indented(line, 2)
    about = [f"{word} {clean(seen[word])}" for word in ("status", "template") if seen[word]]
    if seen["next_at"]:
        about.append(f"next update by {clean(seen['next_at'])[:16].replace('T', ' ')} UTC")
    if about:
        say(("; ".join(about), "dim"))
    for remark in seen["remarks"]:
        say(("the plan would rather not say it so: ", "yellow"), clean(remark))
    for problem in seen["problems"]:
        say(("in its way: ", "bold red"), clean(problem["what"]), f" [{problem['code']}]")
        indented(problem["hint"], 2)
    whom = clean(" or ".join(seen["approval"]))
    if not seen["problems"]:
        tell(f"It would wait for {whom}." if whom else "It would go out at once.")


def _say_what_waits(done: Mapping[str, Any], audience: str) -> None:
    """What still needs somebody must not look as if it had gone out."""
    waiting = [one for one in done.get("proposals", []) if one["audience"] == audience]
    for one in waiting[-1:]:
        whom = clean(" or ".join(one["approval"]))
        say((f"not sent yet: it waits for {whom}", "yellow"))
        tell(f"They approve it with: tocsin approve {clean(done['code'])} {clean(one['update'])}")


def _parted(asked: Asked, words: list[str]) -> tuple[str, dict[str, str], str]:
    """Part the words into the incident ("" if left out), values by field, and the text."""
    values: dict[str, str] = {}
    rest: list[str] = []
    for word in words:
        if field := _FIELD.fullmatch(word):
            values[field[1]] = field[2]
        else:
            rest.append(word)
    if len(rest) > 2:
        raise wrong_usage(
            f"`{clean(rest[-1])}` is one word too many",
            f"For example: {EXAMPLES.splitlines()[1]} (several words need quotes)",
        )
    if len(rest) == 2:
        return rest[0], values, rest[1]
    if not rest:
        return "", values, ""
    is_incident = is_code(connect(asked.server, asked.data), rest[0])
    return (rest[0], values, "") if is_incident else ("", values, rest[0])
