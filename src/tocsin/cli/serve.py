"""`tocsin serve`."""

import errno
import socket
from pathlib import Path
from typing import Annotated

import typer

from tocsin.assemble import BadRules, ServeOptions
from tocsin.assemble import serve as run
from tocsin.cli.command import Command, make_app
from tocsin.cli.files import TextFile, open_text, refused
from tocsin.cli.server import DataOption, bad_settings
from tocsin.cli.store import unavailable
from tocsin.cli.trouble import Trouble, wrong_usage
from tocsin.engine.ports import StoreUnavailable
from tocsin.settings import BadSettings

app = make_app()

EXAMPLES = """
tocsin serve
tocsin serve --plan plan.yaml --org org.yaml --data ./tocsin-data
TOCSIN_DATABASE_URL=postgresql://tocsin@db/tocsin tocsin serve --host 0.0.0.0
"""

LAST_PORT = 65535


@app.command(cls=Command, epilog=EXAMPLES)
def serve(
    data: DataOption = None,
    plan: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The plan; else plan.yaml in the data directory."),
    ] = None,
    org: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The organisation; else org.yaml, likewise."),
    ] = None,
    host: Annotated[str, typer.Option(metavar="HOST", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="N", help="On which port.")] = 8080,
) -> None:
    """Run the server.

    A new data directory begins with a starter plan and organisation. Changed files are put in
    force within seconds; a faulty one is refused, and the last good one stays in force.
    """
    if not 0 < port <= LAST_PORT:
        raise wrong_usage(f"{port} is no port", f"Choose one from 1 to {LAST_PORT}.")
    given = [
        open_text(path, what) for path, what in ((plan, "plan"), (org, "organisation")) if path
    ]
    _free(host, port)
    try:
        run(ServeOptions(data=data, plan=plan, organisation=org, host=host, port=port))
    except BadSettings as bad:
        raise bad_settings(bad) from None
    except BadRules as bad:
        named = {problem.file for problem in bad.problems if problem.file}
        read = {file.name for file in given}
        files = [*given, *(open_text(Path(name)) for name in sorted(named - read))]
        raise refused(bad.problems, files or [TextFile("the plan", b"")]) from None
    except StoreUnavailable as problem:
        raise unavailable(problem) from None
    except OSError as error:
        raise _no_start(error) from None


def _free(host: str, port: int) -> None:
    """Raise Trouble if nobody could listen there, before anything is set up."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError:
        hint = "Use `127.0.0.1` for this machine alone, `0.0.0.0` for everybody."
        raise wrong_usage(f"`{host}` is no address to listen on", hint) from None
    with socket.socket(family, kind, protocol) as trial:
        # As the server itself does: a port that was in use a moment ago is free.
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(address)
        except OSError as error:
            raise _no_listening(error, host, port) from None


def _no_listening(error: OSError, host: str, port: int) -> Trouble:
    if error.errno == errno.EADDRINUSE:
        hint = f"Is a server running already (`tocsin doctor`)? Else choose: --port {port + 1}"
        return Trouble(f"port {port} of {host} is in use", hint)
    if error.errno == errno.EACCES:
        return Trouble(f"port {port} is for administrators only", "Choose one above 1023: --port")
    reason = (error.strerror or str(error)).lower()
    return Trouble(f"cannot listen on {host} port {port}: {reason}", "Choose another --host.")


def _no_start(error: OSError) -> Trouble:
    reason = (error.strerror or str(error)).lower()
    if error.filename:
        hint = "Look at who may write there, or choose another place with --data."
        return Trouble(f"{error.filename}: {reason}", hint)
    return Trouble(f"the server cannot start: {reason}", "`tocsin --debug serve` shows where.")
