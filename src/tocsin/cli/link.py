"""`tocsin link`."""

from enum import Enum
from typing import Annotated

import typer

from tocsin.cli.acting import Asked, act, parted
from tocsin.cli.command import Command, make_app
from tocsin.cli.server import AsOption, DataOption, JsonOption, ServerOption, WhyOption

app = make_app()

EXAMPLES = """
tocsin link INC-2026-003 --relation caused_by
tocsin link INC-2026-001 INC-2026-003 --why "same customers" --as ana
"""


class Relation(Enum):
    """What one incident is to another."""

    relates = "relates"
    caused_by = "caused_by"
    duplicates = "duplicates"


@app.command(cls=Command, epilog=EXAMPLES)
def link(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[INCIDENT] OTHER", help="INCIDENT may be left out if only one is meant."
        ),
    ],
    relation: Annotated[
        Relation, typer.Option(help="What INCIDENT is to OTHER.")
    ] = Relation.relates,
    person: AsOption = "",
    why: WhyOption = "",
    server: ServerOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say that two incidents belong together.

    Both timelines say so. Of two that are the same, one can be merged: `tocsin merge`.
    """
    asked = Asked(server, data, person, why, as_json)
    incident, rest = parted(words, ["OTHER"], EXAMPLES.split("\n")[1])
    body = {"to": rest[0], "relation": relation.value}
    act(asked, incident, "link", body, states="open,acknowledged,resolved")
