"""Running the command as people do: in this process, which is quick, or in one of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tocsin.cli import main

ROOT = Path(__file__).parents[2]
PLANS = ROOT / "plans"
COMMAND = Path(sys.executable).with_name("tocsin")


@dataclass(frozen=True)
class Ran:
    """What came of a command."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output as one JSON document."""
        return json.loads(self.out)

    @property
    def documents(self) -> list[Any]:
        """Standard output as one JSON document a line."""
        return [json.loads(line) for line in self.out.splitlines()]


class Terminal:
    """Runs commands in this process; `at(columns)` sets how wide the terminal is."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def at(self, columns: int) -> Terminal:
        """Set the width."""
        self._monkeypatch.setenv("COLUMNS", str(columns))
        return self

    def __call__(self, *arguments: str | Path) -> Ran:
        """Run `tocsin ARGUMENTS`."""
        self._capsys.readouterr()
        code = main.run([str(argument) for argument in arguments])
        said = self._capsys.readouterr()
        return Ran(code, said.out, said.err)


def run_alone(*arguments: str | Path, **environment: str) -> Ran:
    """Run `tocsin ARGUMENTS` in a process of its own, with no environment but this one."""
    clean = {"LANG": "C.UTF-8", "COLUMNS": "80", "HOME": "/nonexistent", **environment}
    done = subprocess.run(
        [str(COMMAND), *map(str, arguments)],
        env=clean,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)
