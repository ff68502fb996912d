"""Work that may be given up."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tocsin.outbound.abandoned import begin

HANGS = """\
import threading
from tocsin.outbound.abandoned import begin
begin(threading.Event().wait, "hangs")
"""


def test_what_the_work_returns_or_raises_comes_out() -> None:
    assert begin(lambda: 7, "returns").result(10) == 7

    def fails() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        begin(fails, "fails").result(10)


def test_a_process_ends_although_somebody_still_works() -> None:
    assert subprocess.run([sys.executable, "-c", HANGS], timeout=20, check=False).returncode == 0
