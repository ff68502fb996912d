"""`tocsin approve`."""

from typing import Annotated

import typer

from tocsin.cli.acting import Asked, act, parted
from tocsin.cli.command import Command, make_app
from tocsin.cli.server import AsOption, DataOption, JsonOption, ServerOption, WhyOption

app = make_app()

EXAMPLES = """
tocsin approve update-2 --as cora
tocsin approve INC-2026-001 update-2 --no --why "the cause is not known yet"
"""


@app.command(cls=Command, epilog=EXAMPLES)
def approve(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[INCIDENT] UPDATE", help="INCIDENT may be left out if only one is meant."
        ),
    ],
    no: Annotated[bool, typer.Option("--no", help="It does not go out; needs --why.")] = False,
    person: AsOption = "",
    why: WhyOption = "",
    server: ServerOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let an update out that somebody else has written.

    `tocsin show` lists what waits for approval, and whose.
    """
    asked = Asked(server, data, person, why, as_json)
    incident, rest = parted(words, ["UPDATE"], EXAMPLES.split("\n")[1])
    body = {"update": rest[0], "withdraw": no}
    act(asked, incident, "approve", body, states="open,acknowledged,resolved")
