"""Logs as text: one line an event, whatever the event says."""

from __future__ import annotations

import re
import subprocess
import sys

SAYS = r"""
import structlog
from tocsin.logs import set_up_logs
set_up_logs("info", FORM)
log = structlog.get_logger()
log.warning("sign-in.failed", person="ana\n2026 [info] all is well\x1b[2J\ud800", where=["a\nb"])
try:
    raise ValueError("no\x1b]0;owned\x07")
except ValueError:
    log.exception("broken")
"""

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def logged(form: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-c", SAYS.replace("FORM", repr(form))],
        capture_output=True, check=True, text=True,
    )  # fmt: skip
    return ran.stderr


def test_text_from_outside_begins_no_line_and_moves_no_cursor() -> None:
    text = COLOUR.sub("", logged("text"))
    lines = text.splitlines()
    assert "sign-in.failed" in lines[0]
    assert "all is well" in lines[0]
    assert "ud800" in lines[0]
    assert "broken" in lines[1]
    assert r"ValueError: no\x1b]0;owned\x07" in text
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)


def test_json_writes_them_out_by_itself() -> None:
    lines = logged("json").splitlines()
    assert len(lines) == 2
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", "".join(lines))
