"""`tocsin declare`."""

from typing import Annotated

import typer

from tocsin.cli.acting import report
from tocsin.cli.command import Command, make_app
from tocsin.cli.facts import guessed, parted
from tocsin.cli.output import without_empty
from tocsin.cli.server import AsOption, DataOption, JsonOption, ServerOption, WhyOption, connect

app = make_app()

EXAMPLES = """
tocsin declare "Checkout is down" --fact service_availability=none
tocsin declare "Strange logins" --severity P1 --kind security --as ana
"""


@app.command(cls=Command, epilog=EXAMPLES)
def declare(
    title: Annotated[str, typer.Argument(metavar="TITLE", help="What is broken, in a few words.")],
    severity: Annotated[
        str, typer.Option(metavar="CODE", help="The level; without it the facts decide.")
    ] = "",
    fact: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="What is known, or `NAME=?`. Repeatable."),
    ] = None,
    kind: Annotated[str, typer.Option(metavar="KIND", help="The kind of incident.")] = "",
    person: AsOption = "",
    why: WhyOption = "",
    server: ServerOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Open an incident.

    The first people are called at once. Without a severity the plan's criteria decide.
    """
    facts = {name: guessed(value) for name, value in map(parted, fact or [])}
    body = {"title": title} | without_empty(
        {
            "severity": severity,
            "facts": facts,
            "kind": kind,
            "as": person,
            "why": why,
        }
    )
    report(connect(server, data).post("/api/v1/incidents", body), as_json=as_json)
