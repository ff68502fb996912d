"""The files of the page in a directory, which anything can serve when everything else is off."""

import os
from collections.abc import Mapping
from pathlib import Path

from tocsin.web.statuspage.making import INDEX

GOES_AWAY = ("incidents/*.html", "history/*.html", "feed-*.atom")
"""What is not shown any more must not be readable any more."""


def write(folder: Path, files: Mapping[str, bytes]) -> int:
    """Write what differs and return how many files that were; raises OSError.

    Each file is there whole or not at all, and the index comes last: whoever follows a link on it
    finds what it leads to.
    """
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    written = 0
    for path in sorted(files, key=lambda path: path == INDEX):
        written += _write(folder / path, files[path])
    for pattern in GOES_AWAY:
        for found in folder.glob(pattern):
            if found.relative_to(folder).as_posix() not in files:
                found.unlink(missing_ok=True)
                written += 1
    return written


def read(folder: Path) -> dict[str, bytes]:
    """Return the files as they were written last; nothing if none were."""
    if not (folder / INDEX).is_file():
        return {}
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def _write(path: Path, content: bytes) -> bool:
    try:
        if path.read_bytes() == content:
            return False
    except OSError:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    with unfinished.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    unfinished.chmod(0o644)
    unfinished.replace(path)
    return True
