"""`tocsin waive`."""

from typing import Annotated

import typer

from tocsin.cli.acting import Asked, act, parted
from tocsin.cli.command import Command, make_app
from tocsin.cli.server import AsOption, DataOption, JsonOption, ServerOption, WhyOption

app = make_app()

EXAMPLES = """
tocsin waive containment/isolate "nothing is compromised"
tocsin waive INC-2026-001 isolate "nothing is compromised" --as ana
"""


@app.command(cls=Command, epilog=EXAMPLES)
def waive(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[INCIDENT] TASK REASON", help="INCIDENT may be left out if only one is meant."
        ),
    ],
    person: AsOption = "",
    why: WhyOption = "",
    server: ServerOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say that a task of the plan is not needed, and why.

    Only what the plan asks for `if needed`, `if possible`, `if applicable` or `if required`.
    """
    asked = Asked(server, data, person, "", as_json)
    incident, rest = parted(
        [*words, why] if why else words, ["TASK", "REASON"], EXAMPLES.split("\n")[1]
    )
    body = {"task": rest[0], "why": rest[1]}
    act(asked, incident, "waive", body, states="open,acknowledged,resolved")
