"""`tocsin release`."""

from typing import Annotated

import typer

from tocsin.cli.acting import Asked, act
from tocsin.cli.command import Command, make_app
from tocsin.cli.server import AsOption, DataOption, JsonOption, ServerOption, WhyOption

app = make_app()

EXAMPLES = """
tocsin release INC-2026-001 --why "my shift is over"
"""


@app.command(cls=Command, epilog=EXAMPLES)
def release(
    incident: Annotated[
        str, typer.Argument(metavar="[INCIDENT]", help="Its code; not needed if only one is meant.")
    ] = "",
    person: AsOption = "",
    why: WhyOption = "",
    server: ServerOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give an incident back, so that the next people are called.

    It is open again, and the plan goes on with its steps.
    """
    asked = Asked(server, data, person, why, as_json)
    act(asked, incident, "release", states="acknowledged")
