"""`tocsin attach`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from tocsin.cli.acting import Asked, parted, report
from tocsin.cli.command import Command, make_app
from tocsin.cli.output import clean, say
from tocsin.cli.server import (
    AsOption,
    DataOption,
    JsonOption,
    ServerOption,
    WhyOption,
    connect,
    incident_path,
    pick,
)
from tocsin.cli.trouble import wrong_usage
from tocsin.core.incident.attaching import AT_MOST

app = make_app()

EXAMPLES = """
tocsin attach graph.png
tocsin attach INC-2026-001 error.log --why "the first failing request" --as ana
"""


@app.command(cls=Command, epilog=EXAMPLES)
def attach(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[INCIDENT] FILE", help="INCIDENT may be left out if only one is meant."
        ),
    ],
    name: Annotated[
        str, typer.Option(metavar="NAME", help="What it is called there; else as FILE is.")
    ] = "",
    person: AsOption = "",
    why: WhyOption = "",
    server: ServerOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Keep a file with an incident.

    It can't be changed afterwards, and `tocsin verify` says whether it is what was attached.
    """
    asked = Asked(server, data, person, why, as_json)
    incident, rest = parted(words, ["FILE"], EXAMPLES.split("\n")[1])
    file = Path(rest[0])
    content = _content(file)
    there = connect(asked.server, asked.data)
    code = pick(there, incident, "open,acknowledged,resolved")
    said = {"name": name or file.name, "as": person, "why": why}
    answer = there.send(
        "POST", incident_path(code, "attachments"), content=content,
        parameters={key: value for key, value in said.items() if value},
    )  # fmt: skip
    done: dict[str, Any] = there.read(answer)
    report(done, as_json=as_json)
    if not as_json and done.get("attachments"):
        say((f"attached: {clean(done['attachments'][-1]['name'])}", "dim"))


def _content(file: Path) -> bytes:
    try:
        if file.stat().st_size > AT_MOST:
            hint = f"Attach a part of it of at most {AT_MOST >> 20} MiB, or note where it lies."
            raise wrong_usage(f"{clean(file)} is too large", hint)
        return file.read_bytes()
    except FileNotFoundError:
        raise wrong_usage(f"there is no file {clean(file)}", "Name another file.") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        hint = "Name another file."
        raise wrong_usage(f"{clean(file)} cannot be read: {reason}", hint) from None
