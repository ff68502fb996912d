"""`tocsin role`."""

from typing import Annotated

import typer

from tocsin.cli.acting import Asked, act, parted
from tocsin.cli.command import Command, make_app
from tocsin.cli.server import AsOption, DataOption, JsonOption, ServerOption, WhyOption

app = make_app()

EXAMPLES = """
tocsin role incident-commander ana
tocsin role INC-2026-001 incident-commander ana
"""


@app.command(cls=Command, epilog=EXAMPLES)
def role(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[INCIDENT] ROLE PERSON", help="INCIDENT may be left out if only one is meant."
        ),
    ],
    person: AsOption = "",
    why: WhyOption = "",
    server: ServerOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say who holds a role."""
    asked = Asked(server, data, person, why, as_json)
    incident, rest = parted(words, ["ROLE", "PERSON"], EXAMPLES.split("\n")[1])
    act(
        asked,
        incident,
        "role",
        {"role": rest[0], "person": rest[1]},
        states="open,acknowledged,resolved",
    )
