"""`tocsin verify`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import typer

from tocsin.cli.command import Command, make_app
from tocsin.cli.output import clean, counted, print_json, say
from tocsin.cli.server import DataOption, JsonOption, ServerOption, connect, pick
from tocsin.cli.trouble import wrong_usage
from tocsin.core.record import Entry, first_break

app = make_app()

EXAMPLES = """
tocsin verify
tocsin verify INC-2026-001
tocsin verify INC-2026-001.json     # exported with `tocsin show --bundle`; needs no server
"""


class BundleEntry(msgspec.Struct):
    """One entry of an exported record, exactly as it is kept."""

    number: int
    text: str
    hash: str


class Bundle(msgspec.Struct):
    """An exported record."""

    format: Literal["tocsin-record-1"]
    incident: str
    entries: list[BundleEntry]
    count: int
    head: str


@app.command(cls=Command, epilog=EXAMPLES)
def verify(
    what: Annotated[
        str,
        typer.Argument(
            metavar="[INCIDENT or FILE]", help="One incident, or an exported one; else all."
        ),
    ] = "",
    server: ServerOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check that nobody has changed the record.

    Every entry carries a hash over itself and the one before, so that any change shows at the
    first entry it touches. The exit code is 1 if the record does not hold.
    """
    if what and _is_file(what):
        found = _offline(Path(what))
    else:
        there = connect(server, data)
        code = pick(there, what) if what else ""
        found = there.get("/api/v1/verify", incident=code)
    if as_json:
        print_json(found)
    else:
        _tell(found)
    if not found["holds"]:
        raise typer.Exit(1)


def _is_file(what: str) -> bool:
    return Path(what).exists() or "/" in what or what.endswith(".json")


def _offline(file: Path) -> dict[str, Any]:
    bundle = _read(file)
    try:
        entries = [Entry(e.number, e.text, bytes.fromhex(e.hash)) for e in bundle.entries]
        head = bytes.fromhex(bundle.head)
    except ValueError:
        raise _no_bundle(file, "a hash in it is no hash") from None
    broken = first_break(bundle.incident, entries, bundle.count, head)
    return {
        "holds": broken is None,
        "first_broken": msgspec.to_builtins(broken),
        "incidents": 1,
        "entries": len(entries),
    }


def _read(file: Path) -> Bundle:
    try:
        return msgspec.json.decode(file.read_bytes(), type=Bundle)
    except FileNotFoundError:
        hint = "An exported record comes from `tocsin show INCIDENT --bundle FILE`."
        raise wrong_usage(f"there is no file {file}", hint) from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise wrong_usage(f"{file} cannot be read: {reason}", "Name another file.") from None
    except msgspec.DecodeError as error:
        raise _no_bundle(file, str(error)) from None
    except UnicodeDecodeError:
        raise _no_bundle(file, "it is no text") from None
    except RecursionError:
        raise _no_bundle(file, "it is nested too deeply") from None


def _no_bundle(file: Path, why: str) -> Exception:
    hint = "Export one with `tocsin show INCIDENT --bundle FILE`."
    return wrong_usage(f"{file} is no exported record: {clean(why)}", hint)


def _tell(found: Mapping[str, Any]) -> None:
    size = f"{counted(found['entries'], 'entry')} of {counted(found['incidents'], 'incident')}"
    if found["holds"]:
        say(("The record holds", "bold green"), f": {size}, each as it was recorded.")
        return
    broken = found["first_broken"]
    code, number = clean(broken["incident"]), broken["number"]
    say(("The record does not hold", "bold red"), f": {code}, {clean(broken['what'])}.")
    before = f"Entries before {number} are as they were recorded. " if number > 1 else ""
    say(f"{before}Keep this copy; a backup shows what stood there.")
