"""`tocsin decide`."""

from typing import Annotated

import typer

from tocsin.cli.acting import Asked, act, parted
from tocsin.cli.command import Command, make_app
from tocsin.cli.server import AsOption, DataOption, JsonOption, ServerOption, WhyOption

app = make_app()

EXAMPLES = """
tocsin decide spend "two more replicas" --amount 400 --as dora
tocsin decide INC-2026-001 strategy "fail over" --option "wait" --option "fail over"
"""


@app.command(cls=Command, epilog=EXAMPLES)
def decide(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[INCIDENT] KIND CHOICE",
            help="INCIDENT may be left out if only one is meant.",
        ),
    ],
    option: Annotated[
        list[str] | None,
        typer.Option(metavar="TEXT", help="What could have been chosen. Repeatable."),
    ] = None,
    amount: Annotated[
        float, typer.Option(metavar="NUMBER", help="What it costs, in the plan's currency.")
    ] = 0,
    person: AsOption = "",
    why: WhyOption = "",
    server: ServerOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put a decision on the record.

    The plan may say who takes decisions of a kind, and up to which amount.
    """
    asked = Asked(server, data, person, why, as_json)
    incident, rest = parted(words, ["KIND", "CHOICE"], EXAMPLES.split("\n")[1])
    body = {"about": rest[0], "choice": rest[1], "options": option or [], "amount": amount}
    act(asked, incident, "decide", body, states="open,acknowledged,resolved")
