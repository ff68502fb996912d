"""`tocsin resolve`."""

from typing import Annotated

import typer

from tocsin.cli.acting import Asked, act
from tocsin.cli.command import Command, make_app
from tocsin.cli.server import AsOption, DataOption, JsonOption, ServerOption, WhyOption

app = make_app()

EXAMPLES = """
tocsin resolve
tocsin resolve INC-2026-001 --as ana --why "rolled back"
"""


@app.command(cls=Command, epilog=EXAMPLES)
def resolve(
    incident: Annotated[
        str, typer.Argument(metavar="[INCIDENT]", help="Its code; not needed if only one is meant.")
    ] = "",
    person: AsOption = "",
    why: WhyOption = "",
    server: ServerOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say that the trouble is over.

    Clocks that waited for it stop, and nobody is called any more.
    """
    asked = Asked(server, data, person, why, as_json)
    act(asked, incident, "resolve", states="open,acknowledged")
