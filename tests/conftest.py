"""What holds for every test: what was skipped is said aloud, and in CI a skip is a failure."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator
from pathlib import Path

import pytest
from tests.servers import receiver as receiver
from tests.servers import servers as servers
from tests.servers import tocsin_server as tocsin_server

ROOT = Path(__file__).parent.parent
MISSING = ROOT / ".venv" / "missing-for-tests"  # written by scripts/setup-tests
IN_CI = os.environ.get("CI", "").lower() in {"true", "1"}


def skip_reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """The reason alone, without file and line."""
    detail = report.longrepr
    text = str(detail[2]) if isinstance(detail, tuple) else str(detail)
    return text.removeprefix("Skipped: ")


def fail_if_skipped_in_ci(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure; an expected failure (xfail) stays what it is."""
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        reason = skip_reason(report)
        report.outcome = "failed"
        report.longrepr = f"CI=true allows no skip, and this was skipped: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    fail_if_skipped_in_ci(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    fail_if_skipped_in_ci(report)
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what this machine could not test, just above pytest's closing line."""
    reasons = Counter(skip_reason(report) for report in terminalreporter.stats.get("skipped", []))
    missing = MISSING.read_text(encoding="utf-8").split() if MISSING.exists() else []
    if not reasons and not missing:
        return
    terminalreporter.section("not tested on this machine", yellow=True, bold=True)
    for reason, count in reasons.most_common():
        terminalreporter.line(f"{count} skipped: {reason}", yellow=True)
    if missing:
        terminalreporter.line(f"not to be had here: {', '.join(missing)}", yellow=True)
