"""`tocsin fact`."""

from typing import Annotated

import typer

from tocsin.cli.acting import Asked, act, parted
from tocsin.cli.command import Command, make_app
from tocsin.cli.facts import guessed
from tocsin.cli.facts import parted as parted_fact
from tocsin.cli.server import AsOption, DataOption, JsonOption, ServerOption, WhyOption

app = make_app()

EXAMPLES = """
tocsin fact users_affected=1200
tocsin fact INC-2026-001 data_breach=? --as ana
"""


@app.command(cls=Command, epilog=EXAMPLES)
def fact(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[INCIDENT] NAME=VALUE", help="INCIDENT may be left out if only one is meant."
        ),
    ],
    person: AsOption = "",
    why: WhyOption = "",
    server: ServerOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """State what is observed.

    The plan may raise the severity because of it; it never lowers it. `NAME=?` says that it is in
    doubt.
    """
    asked = Asked(server, data, person, why, as_json)
    incident, rest = parted(words, ["NAME=VALUE"], EXAMPLES.split("\n")[1])
    name, value = parted_fact(rest[0])
    act(
        asked,
        incident,
        "fact",
        {"name": name, "value": guessed(value)},
        states="open,acknowledged,resolved",
    )
