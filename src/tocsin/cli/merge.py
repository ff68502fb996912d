"""`tocsin merge`."""

from typing import Annotated

import typer

from tocsin.cli.acting import Asked, act
from tocsin.cli.command import Command, make_app
from tocsin.cli.output import clean, tell
from tocsin.cli.server import AsOption, DataOption, JsonOption, ServerOption, WhyOption

app = make_app()

EXAMPLES = """
tocsin merge INC-2026-002 INC-2026-001 --why "same database"
tocsin merge INC-2026-002 INC-2026-001 --as ana
"""


@app.command(cls=Command, epilog=EXAMPLES)
def merge(
    incident: Annotated[
        str, typer.Argument(metavar="INCIDENT", help="The one that is the same as another.")
    ],
    into: Annotated[
        str, typer.Argument(metavar="INTO", help="The other one, in which it goes on.")
    ],
    person: AsOption = "",
    why: WhyOption = "",
    server: ServerOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say that an incident is the same as another one, and goes on there.

    Its alerts, and later ones of their group, join the other one; it is closed itself, and calls
    nobody any more. It can't be undone, but alerts can leave again: `tocsin split`.
    """
    asked = Asked(server, data, person, why, as_json)
    done = act(asked, incident, "merge", {"into": into})
    if not as_json and done.get("merged_into"):
        tell(f"It goes on as {clean(done['merged_into'])}.")
