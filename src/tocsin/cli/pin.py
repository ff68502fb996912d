"""`tocsin pin`."""

from typing import Annotated

import typer

from tocsin.cli.acting import Asked, act, parted
from tocsin.cli.command import Command, make_app
from tocsin.cli.output import clean
from tocsin.cli.server import AsOption, DataOption, JsonOption, ServerOption, WhyOption
from tocsin.cli.trouble import wrong_usage

app = make_app()

EXAMPLES = """
tocsin pin 12 --why "this was the cause"
tocsin pin INC-2026-001 12 --off --as ana
"""


@app.command(cls=Command, epilog=EXAMPLES)
def pin(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[INCIDENT] ENTRY", help="INCIDENT may be left out if only one is meant."
        ),
    ],
    off: Annotated[bool, typer.Option("--off", help="It does not; take the pin off.")] = False,
    person: AsOption = "",
    why: WhyOption = "",
    server: ServerOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say that an entry of the timeline tells the story.

    `tocsin show --json` numbers the entries.
    """
    asked = Asked(server, data, person, why, as_json)
    incident, rest = parted(words, ["ENTRY"], EXAMPLES.split("\n")[1])
    if not (rest[0].isascii() and rest[0].isdigit()):
        hint = "`tocsin show INCIDENT --json` numbers the entries."
        raise wrong_usage(f"`{clean(rest[0])}` is no number of an entry", hint)
    verb = "unpin" if off else "pin"
    act(asked, incident, verb, {"number": int(rest[0])}, states="open,acknowledged,resolved")
