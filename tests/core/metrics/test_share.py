"""What one incident adds."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace
from tests.core.incident.obliged import START, Story

from tocsin.core.incident import commands as c
from tocsin.core.incident.state import Fact, Incident
from tocsin.core.metrics.share import REASONS, Share, day_of, share_of

MINUTE = timedelta(minutes=1)


def share(story: Story, incident: Incident | None = None) -> Share:
    return share_of(story.plan, incident or story.incident, START, None)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"exercise": True}, "exercise"),
        ({"false_alarm": True}, "false alarm"),
        ({"merged_into": "INC-2"}, "merged"),
        ({"exercise": True, "merged_into": "INC-2"}, "exercise"),
    ],
)
def test_exercises_false_alarms_and_what_was_merged_add_nothing(
    changes: dict[str, object], why: str
) -> None:
    story = Story()
    story.do(5, c.Acknowledge(by="ana"))
    found = share(story, replace(story.incident, **changes))
    assert found == Share(day=found.day, severity=found.severity, left_out=why)


def test_the_first_acknowledgement_counts_whatever_comes_later() -> None:
    story = Story()
    story.do(5, c.Acknowledge(by="ana"))
    story.do(6, c.Release(by="ana"))
    assert share(story).took["acknowledge"] == 5 * 60_000
    story.do(30, c.Acknowledge(by="ben"))
    story.do(40, c.Resolve(by="ben"))
    story.do(50, c.Reopen(by="ben"))
    found = share(story)
    assert found.took["acknowledge"] == 5 * 60_000
    assert found.unknown["resolve"] == "not yet"


def test_whoever_was_never_acknowledged_is_no_zero() -> None:
    story = Story()
    assert share(story).unknown["acknowledge"] == "not yet"
    story.do(5, c.Resolve(by="ana"))
    found = share(story)
    assert found.unknown["acknowledge"] == "never acknowledged"
    assert "acknowledge" not in found.took


@pytest.mark.parametrize(
    ("said", "took", "why"),
    [
        ((START - 7 * MINUTE).isoformat(), 7 * 60_000, None),
        (START.isoformat(), 0, None),
        ((START + MINUTE).isoformat(), None, "start after opening"),
        ("around noon", None, "start is not a time"),
        ("2026-03-06T12:00:00", None, "start is not a time"),
        (None, None, "start not stated"),
    ],
)
def test_the_true_start_is_what_somebody_stated(
    said: str | None, took: int | None, why: str | None
) -> None:
    story = Story()
    name = next(one.stated for one in story.plan.afterwards.metrics if one.stated)
    stated = {name: Fact(said, "ana", START)} if said is not None else {}
    found = share(story, replace(story.incident, facts=stated))
    assert found.took.get("detect") == took
    assert found.unknown.get("detect") == why


@pytest.mark.parametrize(("days", "repeats"), [(-1, False), (0, True), (30, True), (31, False)])
def test_a_repeat_is_one_of_its_group_within_thirty_days(days: int, repeats: bool) -> None:
    story = Story()
    before = START - timedelta(days=days)
    assert share_of(story.plan, story.incident, START, before).repeats is repeats
    assert not share(story).repeats


def test_what_the_plan_itself_measures_is_there_with_its_target() -> None:
    story = Story()
    story.do(59, c.Resolve(by="ana"))
    found = share(story)
    assert (found.took["plan mttr"], found.kept["plan mttr"]) == (59 * 60_000, True)
    story = Story()
    story.do(61, c.Resolve(by="ana"))
    assert share(story).kept["plan mttr"] is False


@pytest.mark.parametrize("said", [10**400, 1e300, float("nan"), float("inf"), -1])
def test_a_number_beyond_all_measure_costs_its_own_figure_only(said: float) -> None:
    story = Story()
    story.do(5, c.Acknowledge(by="ana"))
    (first, *others) = story.plan.afterwards.metrics
    asked = replace(first, fact="orders_lost", starts="", stated="", ends="")
    plan = replace(story.plan, afterwards=replace(story.plan.afterwards, metrics=(asked, *others)))
    facts = {"orders_lost": Fact(said, "ana", START)}
    found = share_of(plan, replace(story.incident, facts=facts), START, None)
    assert found.unknown[f"plan {first.id}"] == "not known"
    assert found.took["acknowledge"] == 5 * 60_000


def test_all_reasons_have_words() -> None:
    story = Story()
    assert set(share(story).unknown.values()) <= REASONS.keys()


def test_the_day_is_that_of_the_plans_own_zone() -> None:
    story = Story()
    at = datetime(2026, 3, 6, 23, 30, tzinfo=UTC)
    found = share_of(story.plan, story.incident, at, None)
    assert found.day == day_of(at, story.plan.time_zone)
