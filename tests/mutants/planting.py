"""Known bugs, planted one at a time into a copy of the source: what they are, and how that is done.

`planted/*.yaml` hold lists of bugs. Each says what is wrong (`bug`), which product had it (`from`),
which invariants of the simulator are broken by it (`expects`), and what to change (`edits`: a file
below src/tocsin, the `old` text, which stands there exactly once, and the `new` one).
"""

from __future__ import annotations

import ast
import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec
import yaml  # type: ignore[import-untyped]

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "tocsin"
PLANTED = Path(__file__).parent / "planted"


class Edit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One change to one file, whose name is relative to src/tocsin."""

    file: str
    old: str
    new: str


class Bug(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"origin": "from"}):
    """One known bug; `expects` are the ids of invariants, any of which may find it."""

    id: str
    bug: str
    origin: str
    expects: tuple[str, ...]
    edits: tuple[Edit, ...]


class DoesNotApply(Exception):
    """The text that a bug replaces is not there once: the source has changed since."""


def bugs() -> list[Bug]:
    """Return all known bugs in the order of the files and of what stands in them."""
    found: list[Bug] = []
    for path in sorted(PLANTED.glob("*.yaml")):
        found += msgspec.convert(yaml.safe_load(path.read_text(encoding="utf-8")), list[Bug])
    return found


def edited(bug: Bug) -> dict[str, str]:
    """Return the files that a bug changes, with their new text; raises DoesNotApply."""
    texts: dict[str, str] = {}
    for edit in bug.edits:
        text = texts.get(edit.file) or (SOURCE / edit.file).read_text(encoding="utf-8")
        if (times := text.count(edit.old)) != 1:
            raise DoesNotApply(f"{bug.id}: {edit.file} has the old text {times} times")
        texts[edit.file] = text.replace(edit.old, edit.new)
    return texts


def says_the_same(before: str, after: str) -> bool:
    """Say whether two programs are one and the same; raises SyntaxError if either is none."""
    return ast.dump(ast.parse(before)) == ast.dump(ast.parse(after))


def plant(bug: Bug, folder: Path) -> Path:
    """Copy the source below `folder` and plant a bug there; return what PYTHONPATH has to be.

    Raises DoesNotApply.
    """
    source = folder / bug.id
    shutil.copytree(SOURCE, source / "tocsin", ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in edited(bug).items():
        (source / "tocsin" / name).write_text(text, encoding="utf-8")
    return source


def named(ids: Sequence[str]) -> list[Bug]:
    """Return the bugs with these ids, all if none is named; raises KeyError for an unknown one."""
    by_id = {bug.id: bug for bug in bugs()}
    return [by_id[one] for one in ids] if ids else list(by_id.values())
