"""`tocsin break-glass`."""

from typing import Annotated

import typer

from tocsin.cli.acting import Asked, act
from tocsin.cli.command import Command, make_app
from tocsin.cli.server import AsOption, DataOption, JsonOption, ServerOption, WhyOption

app = make_app()

EXAMPLES = """
tocsin break-glass INC-2026-001 --why "its readers cannot be reached" --as emil
tocsin break-glass --why "an audit" --as emil
"""


@app.command(cls=Command, epilog=EXAMPLES)
def break_glass(
    incident: Annotated[
        str, typer.Argument(metavar="[INCIDENT]", help="Its code; not needed if only one is meant.")
    ] = "",
    person: AsOption = "",
    why: WhyOption = "",
    server: ServerOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read a restricted incident without being one of its readers.

    For administrators. Who did it, and why, stands on the record.
    """
    asked = Asked(server, data, person, why, as_json)
    act(asked, incident, "break-glass", states="open,acknowledged,resolved,closed")
