"""Figures of long runs, as `trust/figures/<topic>.json`: flat, and how they arose."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[2]
FIGURES = ROOT / "trust" / "figures"

Figure = int | float | str


def kept(topic: str) -> dict[str, Figure]:
    """Return the figures of a topic as they stand, {} if there are none."""
    path = FIGURES / f"{topic}.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def keep(topic: str, figures: Mapping[str, Figure]) -> None:
    """Write figures beside those of other names that are there already."""
    FIGURES.mkdir(parents=True, exist_ok=True)
    path = FIGURES / f"{topic}.json"
    unfinished = path.with_suffix(".unfinished")
    whole = {**kept(topic), **figures, **circumstances()}
    unfinished.write_text(json.dumps(whole, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    unfinished.replace(path)


def circumstances() -> dict[str, Figure]:
    """Say when, where and on what a run was made."""
    commit = _git("rev-parse", "--short", "HEAD")
    if _git("status", "--porcelain", "src"):
        commit += " and changes"
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",  # noqa: TID251
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}",
        "python": platform.python_version(),
        "commit": commit or "unknown",
    }


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout.strip()
