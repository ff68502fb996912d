"""`tocsin false-alarm`."""

from typing import Annotated

import typer

from tocsin.cli.acting import Asked, act
from tocsin.cli.command import Command, make_app
from tocsin.cli.server import AsOption, DataOption, JsonOption, ServerOption, WhyOption

app = make_app()

EXAMPLES = """
tocsin false-alarm --why "the probe was broken"
tocsin false-alarm INC-2026-001 --why "a load test" --as dora
"""


@app.command(cls=Command, epilog=EXAMPLES)
def false_alarm(
    incident: Annotated[
        str, typer.Argument(metavar="[INCIDENT]", help="Its code; not needed if only one is meant.")
    ] = "",
    person: AsOption = "",
    why: WhyOption = "",
    server: ServerOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say that there never was any trouble.

    The incident is resolved and no measure counts it; everybody who was called hears of it.
    Needs a reason.
    """
    asked = Asked(server, data, person, why, as_json)
    act(asked, incident, "false-alarm", states="open,acknowledged")
