"""`tocsin escalate`."""

from typing import Annotated

import typer

from tocsin.cli.acting import Asked, act, parted
from tocsin.cli.command import Command, make_app
from tocsin.cli.server import AsOption, DataOption, JsonOption, ServerOption, WhyOption

app = make_app()

EXAMPLES = """
tocsin escalate cto --why "customers call"
tocsin escalate INC-2026-001 "level 2"
"""


@app.command(cls=Command, epilog=EXAMPLES)
def escalate(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[INCIDENT] RECIPIENT", help="INCIDENT may be left out if only one is meant."
        ),
    ],
    person: AsOption = "",
    why: WhyOption = "",
    server: ServerOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Call more people now.

    Names a recipient of the plan, or a level of it, as in `level 2`.
    """
    asked = Asked(server, data, person, why, as_json)
    incident, rest = parted(words, ["RECIPIENT"], EXAMPLES.split("\n")[1])
    act(asked, incident, "escalate", {"to": rest[0]})
