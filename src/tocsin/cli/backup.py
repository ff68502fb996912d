"""`tocsin backup`."""

from pathlib import Path
from typing import Annotated

import typer

from tocsin.assemble import backup as copy_store
from tocsin.cli.command import Command, make_app
from tocsin.cli.output import tell
from tocsin.cli.server import DataOption
from tocsin.cli.store import using_store
from tocsin.cli.trouble import Trouble

app = make_app()

EXAMPLES = """
tocsin backup tocsin-2026-03-06.sqlite3
"""


@app.command(cls=Command, epilog=EXAMPLES)
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file.")],
    data: DataOption = None,
) -> None:
    """Copy the whole record to a file while the server runs.

    To go back, stop the server and put the copy in the data directory as tocsin.sqlite3.
    """
    try:
        with using_store(data):
            copy_store(data, file)
    except FileExistsError:
        hint = "Name another file; nothing was changed."
        raise Trouble(f"{file} exists already", hint) from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise Trouble(f"{file} cannot be written: {reason}", "Name another place.") from None
    tell(f"{file}: {file.stat().st_size:,} bytes. It holds every secret of this installation.")
