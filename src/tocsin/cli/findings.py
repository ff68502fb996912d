"""What `tocsin doctor` looks at, and what it finds."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tocsin.cli.server import Server
from tocsin.settings import Settings

State = Literal["ok", "warning", "problem"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    name: str
    state: State
    what: str
    hint: str = ""


@dataclass(frozen=True)
class Patient:
    """What there is to look at; `status` is None while no server answers."""

    settings: Settings
    data: Path
    organisation_file: Path
    server: Server | None
    status: dict[str, Any] | None

    @property
    def is_here(self) -> bool:
        """Whether the server's data directory is on this machine, as far as can be seen."""
        return self.server is None or (self.data / "server.json").exists()
