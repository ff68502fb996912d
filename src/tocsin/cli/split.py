"""`tocsin split`."""

from typing import Annotated

import typer

from tocsin.cli.acting import Asked, act
from tocsin.cli.command import Command, make_app
from tocsin.cli.output import clean, without_empty
from tocsin.cli.server import AsOption, DataOption, JsonOption, ServerOption, WhyOption
from tocsin.cli.trouble import wrong_usage

app = make_app()

EXAMPLES = """
tocsin split INC-2026-001 7 9 --title "Mail is slow"
tocsin split 7 --why "another cause" --as ana
"""


@app.command(cls=Command, epilog=EXAMPLES)
def split(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[INCIDENT] ALERT...", help="Alerts by their ids, as `tocsin show` has them."
        ),
    ],
    title: Annotated[
        str, typer.Option(metavar="TITLE", help="What the new incident is called.")
    ] = "",
    person: AsOption = "",
    why: WhyOption = "",
    server: ServerOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Open another incident for some of the alerts of one.

    The plan in force says how bad it is and who is called. It prints the new incident.
    """
    asked = Asked(server, data, person, why, as_json)
    incident = "" if _is_number(words[0]) else words[0]
    ids = words[1:] if incident else words
    if not ids or not all(_is_number(word) for word in ids):
        wrong = next((word for word in ids if not _is_number(word)), "")
        what = f"`{clean(wrong)}` is no id of an alert" if wrong else "ALERT is missing"
        raise wrong_usage(what, "`tocsin show INCIDENT --json` lists its alerts with their ids.")
    body = without_empty({"alerts": [int(word) for word in ids], "title": title})
    act(asked, incident, "split", body)


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdigit()
