"""`tocsin reopen`."""

from typing import Annotated

import typer

from tocsin.cli.acting import Asked, act
from tocsin.cli.command import Command, make_app
from tocsin.cli.server import AsOption, DataOption, JsonOption, ServerOption, WhyOption

app = make_app()

EXAMPLES = """
tocsin reopen INC-2026-001 --why "errors are back"
"""


@app.command(cls=Command, epilog=EXAMPLES)
def reopen(
    incident: Annotated[
        str, typer.Argument(metavar="[INCIDENT]", help="Its code; not needed if only one is meant.")
    ] = "",
    person: AsOption = "",
    why: WhyOption = "",
    server: ServerOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say that it was not over.

    The escalation begins anew.
    """
    asked = Asked(server, data, person, why, as_json)
    act(asked, incident, "reopen", states="resolved")
