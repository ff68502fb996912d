"""`tocsin update`."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from tocsin.cli.acting import Asked, act
from tocsin.cli.command import Command, make_app
from tocsin.cli.output import clean, say, tell, without_empty
from tocsin.cli.server import (
    AsOption,
    DataOption,
    JsonOption,
    ServerOption,
    WhyOption,
    connect,
    is_code,
)
from tocsin.cli.trouble import wrong_usage

app = make_app()

EXAMPLES = """
tocsin update --audience stakeholders "rolled back, watching"
tocsin update INC-2026-001 --audience customers --template outage impact="no payments" --next 30m
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

    The plan may ask for more, or for somebody's approval; `tocsin approve` gives that.
    """
    asked = Asked(server, data, person, why, as_json)
    incident, values, text = _parted(asked, words or [])
    body: dict[str, Any] = {
        "audience": audience, "status": status, "template": template, "subject": subject,
        "next": soon, "values": values, "text": text,
    }  # fmt: skip
    states = "open,acknowledged,resolved"
    done = act(asked, incident, "update", without_empty(body), states=states)
    if not as_json:
        _say_what_waits(done, audience)


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
