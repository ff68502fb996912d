"""For the commands that open the store themselves: what can be wrong with it, in two lines."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tocsin.cli.server import bad_settings, settings
from tocsin.cli.trouble import Trouble
from tocsin.engine.ports import StoreUnavailable
from tocsin.engine.rules import NoRules
from tocsin.settings import BadSettings, data_directory

STORE_FILE = "tocsin.sqlite3"


@contextmanager
def using_store(data: Path | None) -> Iterator[None]:
    """Turn what goes wrong inside into Trouble; an empty store is never made."""
    found = settings()
    directory = data_directory(data, found)
    if not found.database_url and not (directory / STORE_FILE).exists():
        hint = "Run `tocsin serve` there once, or name the right place with --data or TOCSIN_DATA."
        raise Trouble(f"no server has run with {directory} yet", hint)
    try:
        yield
    except BadSettings as bad:
        raise bad_settings(bad) from None
    except StoreUnavailable as problem:
        raise unavailable(problem) from None
    except NoRules:
        hint = "Run `tocsin serve` once with a plan and an organisation without errors."
        raise Trouble("nothing is in force here yet", hint) from None


def unavailable(problem: StoreUnavailable) -> Trouble:
    """Build the trouble of a store that cannot be used."""
    hint = "Look at TOCSIN_DATABASE_URL, or at the disk of the data directory."
    return Trouble(f"the store: {problem}", hint)
