"""`tocsin close`."""

from typing import Annotated

import typer

from tocsin.cli.acting import Asked, act
from tocsin.cli.command import Command, make_app
from tocsin.cli.server import AsOption, DataOption, JsonOption, ServerOption, WhyOption

app = make_app()

EXAMPLES = """
tocsin close INC-2026-001
"""


@app.command(cls=Command, epilog=EXAMPLES)
def close(
    incident: Annotated[
        str, typer.Argument(metavar="[INCIDENT]", help="Its code; not needed if only one is meant.")
    ] = "",
    person: AsOption = "",
    why: WhyOption = "",
    server: ServerOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say that nothing is left to do.

    A closed incident stays closed. The plan may refuse, and says what is missing.
    """
    asked = Asked(server, data, person, why, as_json)
    act(asked, incident, "close", states="resolved")
