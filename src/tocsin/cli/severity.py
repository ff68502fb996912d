"""`tocsin severity`."""

from typing import Annotated

import typer

from tocsin.cli.acting import Asked, act, parted, refuse_code
from tocsin.cli.command import Command, make_app
from tocsin.cli.server import AsOption, DataOption, JsonOption, ServerOption, WhyOption

app = make_app()

EXAMPLES = """
tocsin severity P1 --why "half of the customers are served"
tocsin severity INC-2026-001 P0
"""


@app.command(cls=Command, epilog=EXAMPLES)
def severity(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[INCIDENT] SEVERITY", help="INCIDENT may be left out if only one is meant."
        ),
    ],
    person: AsOption = "",
    why: WhyOption = "",
    server: ServerOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Confirm or change the severity.

    A severity that a person has set is confirmed; only people lower it.
    """
    asked = Asked(server, data, person, why, as_json)
    incident, rest = parted(words, ["SEVERITY"], EXAMPLES.split("\n")[1])
    if not incident:
        refuse_code(asked, rest[0], "SEVERITY", EXAMPLES.split("\n")[2])
    act(asked, incident, "severity", {"severity": rest[0]}, states="open,acknowledged,resolved")
