"""The tables of the simulated store, as plain values, and what one transaction changes of them."""

from collections.abc import Iterator
from typing import Generic, TypeVar

import msgspec

Key = TypeVar("Key")
Row = TypeVar("Row")


class Table(Generic[Key, Row]):
    """Rows by their key, as they were committed last."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows: dict[Key, Row] = {}


class Overlay(Generic[Key, Row]):
    """A table as one transaction sees it: what others have committed, and its own changes."""

    def __init__(self, table: Table[Key, Row]) -> None:
        self.table = table
        self.changed: dict[Key, Row | None] = {}

    def get(self, key: Key) -> Row | None:
        """Return a row, None if there is none."""
        if key in self.changed:
            return self.changed[key]
        return self.table.rows.get(key)

    def put(self, key: Key, row: Row) -> None:
        """Insert or replace a row."""
        self.changed[key] = row

    def drop(self, key: Key) -> None:
        """Remove a row."""
        self.changed[key] = None

    def values(self) -> Iterator[Row]:
        """Return all rows, in the order in which they were first inserted."""
        if not self.changed:
            yield from self.table.rows.values()
            return
        for key, row in self.table.rows.items():
            if key not in self.changed:
                yield row
            elif (mine := self.changed[key]) is not None:
                yield mine
        for key, new in self.changed.items():
            if new is not None and key not in self.table.rows:
                yield new


class Undo(msgspec.Struct, frozen=True):
    """What a row was before a commit that is not on the disk yet."""

    table: str
    key: object
    row: object
