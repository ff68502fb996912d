"""`tocsin ack`."""

from typing import Annotated

import typer

from tocsin.cli.acting import Asked, act
from tocsin.cli.command import Command, make_app
from tocsin.cli.output import without_empty
from tocsin.cli.server import AsOption, DataOption, JsonOption, ServerOption, WhyOption

app = make_app()

EXAMPLES = """
tocsin ack
tocsin ack INC-2026-001 --severity P1 --as ana
"""


@app.command(cls=Command, epilog=EXAMPLES)
def ack(
    incident: Annotated[
        str, typer.Argument(metavar="[INCIDENT]", help="Its code; not needed if only one is meant.")
    ] = "",
    severity: Annotated[
        str, typer.Option(metavar="CODE", help="How bad it is; confirmed in the same step.")
    ] = "",
    person: AsOption = "",
    why: WhyOption = "",
    server: ServerOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say: I have it.

    The escalation rests, unless the plan escalates until the incident is resolved.
    """
    asked = Asked(server, data, person, why, as_json)
    act(asked, incident, "acknowledge", without_empty({"severity": severity}), states="open")
