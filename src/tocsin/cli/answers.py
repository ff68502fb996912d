"""`tocsin answers`."""

from typing import Annotated

import typer

from tocsin.cli.command import Command, make_app
from tocsin.cli.output import clean, clean_lines, print_json, say, tell
from tocsin.cli.server import (
    DataOption,
    JsonOption,
    ServerOption,
    connect,
    incident_path,
    pick,
)

app = make_app()

EXAMPLES = """
tocsin answers INC-2026-001
tocsin answers
"""


@app.command(cls=Command, epilog=EXAMPLES)
def answers(
    incident: Annotated[
        str, typer.Argument(metavar="[INCIDENT]", help="Its code; not needed if only one is meant.")
    ] = "",
    server: ServerOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print what support may say to customers.

    The plan's prepared answers, filled with nothing but what is public: the latest status too.
    """
    found = connect(server, data)
    code = pick(found, incident, "open,acknowledged,resolved")
    told = found.get(incident_path(code, "answers"))
    if as_json:
        print_json(told)
        return
    if told["status_at"]:
        say(f"In public: {clean(told['status'])}, said {clean(told['status_at'])}")
    else:
        say("Nothing was said in public yet.")
    for one in told["answers"]:
        say()
        say((clean(one["id"]), "bold"))
        if one["text"]:
            say(clean_lines(one["text"]))
        else:
            tell(f"can't be given yet; not known in public: {clean(', '.join(one['missing']))}")
    if told["speakers"]:
        say()
    for one in told["speakers"]:
        people = f" ({clean(', '.join(one['people']))})" if one["people"] else ""
        say(f"{clean(one['tier'] or 'all others')}: {clean(one['to'])}{people}")
