"""`tocsin status-page`."""

from pathlib import Path
from typing import Annotated

import typer

from tocsin.assemble import write_status_page
from tocsin.cli.command import Command, make_app
from tocsin.cli.output import clean, counted, print_json, say
from tocsin.cli.server import DataOption, JsonOption, ServerOption, connect
from tocsin.cli.store import using_store
from tocsin.cli.trouble import Trouble, wrong_usage

app = make_app()

EXAMPLES = """
tocsin status-page write /srv/status      # works while the server is off
tocsin status-page link
tocsin status-page link --new
"""

LINK = "/api/v1/status-page/link"


@app.command(cls=Command, epilog=EXAMPLES)
def status_page(
    do: Annotated[str, typer.Argument(metavar="VERB", help="write, or link.")],
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="Where `write` puts the files.")
    ] = None,
    new: Annotated[
        bool, typer.Option("--new", help="Make another link; the one before opens nothing.")
    ] = False,
    server: ServerOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the public status page as files, or print the link to a private one.

    `write` takes everything from the store and needs no server.
    """
    if do == "write" and folder is not None:
        _write(folder, data, as_json=as_json)
    elif do == "link" and folder is None:
        found = connect(server, data)
        url = clean((found.post(LINK, {}) if new else found.get(LINK))["url"])
        if as_json:
            print_json({"url": url})
        else:
            say(url)
    else:
        raise wrong_usage(
            "say what to do: `write DIR` or `link`", "For example: tocsin status-page write DIR"
        )


def _write(folder: Path, data: Path | None, *, as_json: bool) -> None:
    with using_store(data):
        try:
            changed = write_status_page(data, folder)
        except OSError as error:
            why = error.strerror or "?"
            raise Trouble(f"can't write to {folder}: {why}", "Name another directory.") from None
    if as_json:
        print_json({"directory": str(folder), "changed": changed})
    else:
        say(f"{counted(changed, 'file')} changed in {clean(folder)}")
