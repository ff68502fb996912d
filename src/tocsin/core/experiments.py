"""Experiments and drills: whether one may start, and what came of it against what it expected."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from tocsin.core.incident.commands import Refusal
from tocsin.core.plan.afterwards.model import Recurring
from tocsin.core.times import words_duration

Verdict = Literal["met", "missed", "n/a"]
Environment = Literal["staging", "production", "none"]


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One run: when something was made to fail, which alerts fired when, and when it was well.

    `held` says whether the hypothesis turned out to be true; None: nobody has said.
    """

    started_at: datetime
    alerts: Mapping[str, datetime] = {}
    well_at: datetime | None = None
    held: bool | None = None
    aborted: str = ""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a run. `detected` and `recovered` compare with the plan's limits."""

    result: Literal["confirmed", "refuted", "aborted", "open"]
    detected: Verdict
    detected_after: timedelta | None
    recovered: Verdict
    recovered_after: timedelta | None
    why: str
    line: int


def may_start(entry: Recurring, environment: Environment) -> Refusal | None:
    """Refuse a run where the plan does not want it, or without what keeps it harmless."""
    if environment != entry.environment:
        return Refusal(
            "drill.environment",
            f"`{entry.id}` is for {_where(entry.environment)} (line {entry.line}),"
            f" not for {_where(environment)}",
            "run it there, or change the plan",
        )
    if environment == "production" and not entry.safeguards:
        return Refusal(
            "drill.safeguards",
            f"nothing keeps `{entry.id}` harmless in production (line {entry.line})",
            "name safeguards in the plan",
        )
    return None


def may_act(entry: Recurring) -> bool:
    """Whether actions on systems are carried out; a drill that is talked through does none."""
    return entry.environment != "none"


def outcome(entry: Recurring, run: Run) -> Outcome:
    """Return what came of a run: an expected alert that did not fire makes it refuted."""
    expected = entry.expects
    alert = expected.alert if expected is not None else ""
    fired = run.alerts.get(alert)
    seen = fired if alert else min(run.alerts.values(), default=None)
    detected_after = None if seen is None else seen - run.started_at
    recovered_after = None if run.well_at is None else run.well_at - run.started_at
    noticed = _against(detected_after, expected.within if expected else None)
    if alert and fired is None:
        noticed = "missed"
    recovered = _against(recovered_after, expected.recovers if expected else None)
    result, why = _result(entry, run, noticed, recovered)
    return Outcome(
        result=result, detected=noticed, detected_after=detected_after, recovered=recovered,
        recovered_after=recovered_after, why=why, line=entry.line,
    )  # fmt: skip


def _result(
    entry: Recurring, run: Run, noticed: Verdict, recovered: Verdict
) -> tuple[Literal["confirmed", "refuted", "aborted", "open"], str]:
    expected = entry.expects
    if run.aborted:
        return "aborted", f"aborted: {run.aborted}"
    if noticed == "missed" and expected is not None:
        limit = f" within {words_duration(expected.within)}" if expected.within else ""
        return "refuted", f"not detected: {expected.alert or 'no alert'} did not fire{limit}"
    if recovered == "missed":
        return "refuted", "it was not well again in time"
    if run.held is None:
        return "open", f"nobody has said whether this is so: {entry.hypothesis or entry.name}"
    said = entry.hypothesis or entry.name
    return ("confirmed", said) if run.held else ("refuted", f"not so: {said}")


def _against(took: timedelta | None, limit: timedelta | None) -> Verdict:
    if limit is None:
        return "n/a"
    return "met" if took is not None and took <= limit else "missed"


def _where(environment: str) -> str:
    return "talking through only" if environment == "none" else environment
