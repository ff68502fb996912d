"""Wall clocks of processes that can be set while they run, one for each node."""

from __future__ import annotations

import shutil
import struct
import subprocess
from datetime import timedelta
from pathlib import Path

SOURCE = Path(__file__).with_name("skew.c")
MISSING = "setting the clock of a process needs a C compiler (cc)"


def can_set_clocks() -> bool:
    """Whether this machine has what it takes."""
    return shutil.which("cc") is not None


class Clock:
    """The wall clock of those processes that are started with its environment."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._library = folder / "skew.so"
        self._file = folder / "skew"
        command = ["cc", "-O1", "-fPIC", "-shared", "-o", str(self._library), str(SOURCE)]
        subprocess.run(command, check=True, capture_output=True)
        self._file.write_bytes(bytes(8))

    @property
    def environment(self) -> dict[str, str]:
        """What a process must be started with."""
        return {"LD_PRELOAD": str(self._library), "SKEW_FILE": str(self._file)}

    def set(self, ahead: timedelta) -> None:
        """Have the processes be so far ahead of the machine's clock from now on."""
        nanos = int(ahead.total_seconds() * 1_000_000_000)
        with self._file.open("r+b") as file:
            file.write(struct.pack("=q", nanos))
