"""`tocsin stand-down`."""

from typing import Annotated

import typer

from tocsin.cli.acting import Asked, act
from tocsin.cli.command import Command, make_app
from tocsin.cli.server import AsOption, DataOption, JsonOption, ServerOption, WhyOption

app = make_app()

EXAMPLES = """
tocsin stand-down --why "the provider repairs it"
tocsin stand-down INC-2026-001 --why "moved to next week" --as dora
"""


@app.command(cls=Command, epilog=EXAMPLES)
def stand_down(
    incident: Annotated[
        str, typer.Argument(metavar="[INCIDENT]", help="Its code; not needed if only one is meant.")
    ] = "",
    person: AsOption = "",
    why: WhyOption = "",
    server: ServerOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """End the response to something that was real.

    It was handled elsewhere, or is not worth it. Everybody who was called hears of it.
    Needs a reason.
    """
    asked = Asked(server, data, person, why, as_json)
    act(asked, incident, "stand-down", states="open,acknowledged")
