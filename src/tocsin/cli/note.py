"""`tocsin note`."""

from typing import Annotated

import typer

from tocsin.cli.acting import Asked, act, parted, refuse_code
from tocsin.cli.command import Command, make_app
from tocsin.cli.server import AsOption, DataOption, JsonOption, ServerOption, WhyOption

app = make_app()

EXAMPLES = """
tocsin note "rolled back to 4.2"
tocsin note INC-2026-001 "rolled back to 4.2" --as ana
"""


@app.command(cls=Command, epilog=EXAMPLES)
def note(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[INCIDENT] TEXT", help="INCIDENT may be left out if only one is meant."
        ),
    ],
    person: AsOption = "",
    why: WhyOption = "",
    server: ServerOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put something on the record.

    The note can't be changed afterwards; write another one instead.
    """
    asked = Asked(server, data, person, why, as_json)
    incident, rest = parted(words, ["TEXT"], EXAMPLES.split("\n")[1])
    if not incident:
        refuse_code(asked, rest[0], "TEXT", EXAMPLES.split("\n")[2])
    act(asked, incident, "note", {"text": rest[0]}, states="open,acknowledged,resolved")
