"""`tocsin mode`."""

from typing import Annotated

import typer

from tocsin.cli.acting import Asked, act, parted
from tocsin.cli.command import Command, make_app
from tocsin.cli.server import AsOption, DataOption, JsonOption, ServerOption, WhyOption

app = make_app()

EXAMPLES = """
tocsin mode disaster-recovery
tocsin mode INC-2026-001 none --as dora
"""


@app.command(cls=Command, epilog=EXAMPLES)
def mode(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[INCIDENT] MODE",
            help="INCIDENT may be left out if only one is meant.",
        ),
    ],
    person: AsOption = "",
    why: WhyOption = "",
    server: ServerOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Start a mode of the plan, or end it with `none`.

    A mode is a way of working beside the severity, such as disaster recovery.
    """
    asked = Asked(server, data, person, why, as_json)
    incident, rest = parted(words, ["MODE"], EXAMPLES.split("\n")[1])
    mode_id = "" if rest[0] == "none" else rest[0]
    act(asked, incident, "mode", {"mode": mode_id}, states="open,acknowledged,resolved")
