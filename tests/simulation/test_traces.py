"""One seed is one night: on every machine, in every process, on every version of Python."""

from __future__ import annotations

import subprocess
import sys

from tests.simulation.traces import FILE, found

AGAIN = """\
the same seeds are other nights than those in tests/simulation/traces.txt. If the engine or the
simulator is meant to decide otherwise than before, write it anew: python -m tests.simulation.traces
If nothing was changed, something hangs on the machine, the process or the version of Python.
"""


def test_the_traces_are_those_that_were_recorded() -> None:
    assert found() == FILE.read_text(encoding="utf-8"), AGAIN


def test_neither_the_process_nor_the_order_of_hashes_matters() -> None:
    script = (
        "from tests.simulation.traces import found, quiet\nwith quiet(): print(found(), end='')"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert said[0] == said[1] == found()
