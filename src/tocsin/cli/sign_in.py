"""`tocsin sign-in`."""

from typing import Annotated

import typer

from tocsin.cli.command import Command, make_app
from tocsin.cli.output import clean, print_json, tell
from tocsin.cli.server import DataOption, JsonOption, ServerOption, connect

app = make_app()

EXAMPLES = """
tocsin sign-in ana
"""


@app.command("sign-in", cls=Command, epilog=EXAMPLES)
def sign_in(
    person: Annotated[str, typer.Argument(metavar="PERSON", help="As in the organisation file.")],
    server: ServerOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print a link by which a person can sign in once.

    Whoever opens it is that person: hand it over as you would a password. It needs no identity
    provider; the log and the audit say that the glass was broken.
    """
    link = connect(server, data).post("/api/v1/sign-in-links", {"person": person})
    if as_json:
        print_json(link)
        return
    print(clean(link["url"]))
    tell(f"It works once, for {link['person']}, until {link['expires_at']}.")
