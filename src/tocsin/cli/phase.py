"""`tocsin phase`."""

from typing import Annotated

import typer

from tocsin.cli.acting import Asked, act, parted
from tocsin.cli.command import Command, make_app
from tocsin.cli.server import AsOption, DataOption, JsonOption, ServerOption, WhyOption

app = make_app()

EXAMPLES = """
tocsin phase recovery
tocsin phase INC-2026-001 recovery --force --why "the fix is out already"
"""


@app.command(cls=Command, epilog=EXAMPLES)
def phase(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[INCIDENT] PHASE", help="INCIDENT may be left out if only one is meant."
        ),
    ],
    force: Annotated[
        bool, typer.Option("--force", help="Go on although something is open; needs --why.")
    ] = False,
    person: AsOption = "",
    why: WhyOption = "",
    server: ServerOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Go on to the next phase of the plan.

    What the plan wants done before is demanded; going back is always possible.
    """
    asked = Asked(server, data, person, why, as_json)
    incident, rest = parted(words, ["PHASE"], EXAMPLES.split("\n")[1])
    body = {"phase": rest[0], "force": force}
    act(asked, incident, "phase", body, states="open,acknowledged,resolved")
