"""`tocsin role`."""

from typing import Annotated

import typer

from tocsin.cli.acting import Asked, act, parted
from tocsin.cli.command import Command, make_app
from tocsin.cli.server import AsOption, DataOption, JsonOption, ServerOption, WhyOption
from tocsin.cli.trouble import wrong_usage

app = make_app()

EXAMPLES = """
tocsin role incident-commander ana
tocsin role INC-2026-001 incident-commander ben --hand-over --why "rolled back, watching" --as ana
"""


@app.command(cls=Command, epilog=EXAMPLES)
def role(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[INCIDENT] ROLE PERSON", help="INCIDENT may be left out if only one is meant."
        ),
    ],
    hand_over: Annotated[
        bool, typer.Option("--hand-over", help="Its holder hands it over; --why says the state.")
    ] = False,
    leave: Annotated[bool, typer.Option("--leave", help="PERSON holds it no longer.")] = False,
    shadow: Annotated[
        bool, typer.Option("--shadow", help="PERSON looks on, in order to learn it.")
    ] = False,
    person: AsOption = "",
    why: WhyOption = "",
    server: ServerOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say who holds a role.

    The plan may say who can hold it, and how it is handed over.
    """
    asked = Asked(server, data, person, why, as_json)
    incident, rest = parted(words, ["ROLE", "PERSON"], EXAMPLES.split("\n")[1])
    if hand_over + leave + shadow > 1:
        raise wrong_usage(
            "--hand-over, --leave and --shadow exclude each other", "Say it in two commands."
        )
    verb = "hand-over" if hand_over else "shadow" if shadow else "role"
    body = {"role": rest[0], "person": rest[1]}
    if leave:
        verb, body = "leave-role", {"role": rest[0], "as": rest[1]}
    act(asked, incident, verb, body, states="open,acknowledged,resolved")
