"""`tocsin tick`."""

from typing import Annotated

import typer

from tocsin.cli.acting import Asked, act, parted
from tocsin.cli.command import Command, make_app
from tocsin.cli.server import AsOption, DataOption, JsonOption, ServerOption, WhyOption

app = make_app()

EXAMPLES = """
tocsin tick recovery/data-integrity
tocsin tick INC-2026-001 rotate-secrets --member github --as ana
"""


@app.command(cls=Command, epilog=EXAMPLES)
def tick(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[INCIDENT] TASK", help="INCIDENT may be left out if only one is meant."
        ),
    ],
    choice: Annotated[
        str, typer.Option(metavar="WAY", help="Which way was taken, where the plan names several.")
    ] = "",
    member: Annotated[
        str, typer.Option(metavar="NAME", help="For which one, where each is ticked singly.")
    ] = "",
    person: AsOption = "",
    why: WhyOption = "",
    server: ServerOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say that a task of the plan is done.

    `tocsin show` lists what is open. The last part of a task's name is enough where it is clear.
    """
    asked = Asked(server, data, person, why, as_json)
    incident, rest = parted(words, ["TASK"], EXAMPLES.split("\n")[1])
    body = {"task": rest[0], "choice": choice, "member": member}
    act(asked, incident, "tick", body, states="open,acknowledged,resolved")
