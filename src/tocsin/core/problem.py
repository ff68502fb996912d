"""What is wrong with something a user wrote, said so that it can be cured."""

from typing import Literal

import msgspec

Level = Literal["error", "warning", "note"]


class Problem(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One finding in a plan, organisation or scenario file.

    `line` and `column` count from 1; 0 means that the whole file is meant. `code` is stable
    ("file.unknown-key") and has a heading in docs/problems.md.
    """

    file: str
    line: int
    column: int
    code: str
    level: Level
    what: str
    hint: str

    def __str__(self) -> str:
        return (
            f"{self.file}:{self.line}:{self.column}: {self.level}: {self.what} [{self.code}]\n"
            f"    {self.hint}"
        )
