"""Experiments and drills: what may start, and what came of it."""

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.core.experiments import Run, may_act, may_start, outcome
from tocsin.core.plan.afterwards.model import Expected, Recurring

START = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
CHAOS = Recurring(
    id="chaos", name="Chaos", kind="chaos", line=7, environment="staging",
    hypothesis="the queue drains",
    expects=Expected(
        alert="QueueStuck", within=timedelta(minutes=5), recovers=timedelta(minutes=10)
    ),
)  # fmt: skip


def after(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def test_an_experiment_for_staging_does_not_start_in_production() -> None:
    assert may_start(CHAOS, "staging") is None
    refused = may_start(CHAOS, "production")
    assert refused is not None
    assert "line 7" in refused.reason


def test_production_needs_safeguards() -> None:
    bare = Recurring(id="day", name="Day", kind="drill", line=3, environment="production")
    refused = may_start(bare, "production")
    assert refused is not None
    assert refused.code == "drill.safeguards"


def test_a_tabletop_carries_nothing_out() -> None:
    assert not may_act(Recurring(id="talk", name="Talk", kind="drill", line=3))
    assert may_act(CHAOS)


@pytest.mark.parametrize(
    ("run", "result", "detected", "recovered"),
    [
        (Run(started_at=START, alerts={"QueueStuck": after(4)}, well_at=after(9), held=True),
         "confirmed", "met", "met"),
        (Run(started_at=START, alerts={"QueueStuck": after(6)}, well_at=after(9), held=True),
         "refuted", "missed", "met"),
        (Run(started_at=START, alerts={"Other": after(1)}, well_at=after(9), held=True),
         "refuted", "missed", "met"),
        (Run(started_at=START, alerts={"QueueStuck": after(4)}, well_at=after(11), held=True),
         "refuted", "met", "missed"),
        (Run(started_at=START, alerts={"QueueStuck": after(4)}, well_at=after(9), held=False),
         "refuted", "met", "met"),
        (Run(started_at=START, alerts={"QueueStuck": after(4)}, well_at=after(9)),
         "open", "met", "met"),
        (Run(started_at=START, aborted="errors above 1 %"), "aborted", "missed", "missed"),
    ],
)  # fmt: skip
def test_what_came_of_it(run: Run, result: str, detected: str, recovered: str) -> None:
    found = outcome(CHAOS, run)
    assert (found.result, found.detected, found.recovered) == (result, detected, recovered)
    assert found.why


def test_without_limits_there_are_no_verdicts() -> None:
    talk = Recurring(id="talk", name="Talk", kind="drill", line=3)
    found = outcome(talk, Run(started_at=START, alerts={"A": after(3)}, held=True))
    assert (found.detected, found.recovered, found.result) == ("n/a", "n/a", "confirmed")
    assert found.detected_after == timedelta(minutes=3)
